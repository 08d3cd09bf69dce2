"""What a start leaves out works as it does in a process that leaves nothing out."""

import subprocess
import sys
from pathlib import Path

from support.switches import everything_on

# Every way to use what is deferred, by code that knows nothing of that; the lines must be the same in a process without.
USES = """
import sys
from pathlib import Path
if sys.argv[1] == "started":
    from taskbahn.fast_start import lazy_modules
    from taskbahn.cli import starting
    starting.begin()
    import taskbahn.client.client, taskbahn.client.requests, taskbahn.worker.service, taskbahn.worker.run
    held = [value for module in list(sys.modules.values()) for value in vars(module).values()]
    held = [value for value in held if type(value) in (lazy_modules.DeferredModule, lazy_modules.Name)]
    modules = {value.__name__ for value in held if type(value) is lazy_modules.DeferredModule}
    names = {value._name for value in held if type(value) is lazy_modules.Name}
    assert {"numpy", "bjdata", "autobahn.wamp.auth"} <= modules and {"Error", "CertificateOptions"} <= names, (modules, names)
    starting.end()
    assert not [name for name in starting.UNUSED if name in sys.modules]
else:
    import taskbahn.client.client, taskbahn.client.requests, taskbahn.worker.service, taskbahn.worker.run
    assert "taskbahn.fast_start.lazy_modules" not in sys.modules

# by those that hold deferred modules, first
from autobahn.wamp.serializer import CBORObjectSerializer, UBJSONSerializer
from email.mime import text
print(UBJSONSerializer()._serializer.serialize({"a": 1}), CBORObjectSerializer().serialize({"a": text.MIMEText("b")})[:4])
from autobahn.flatbuffers.number_types import Uint16Flags, to_numpy_type
print(to_numpy_type(Uint16Flags))
from twisted.python.compat import cookielib
print(len(cookielib.CookieJar()))
from autobahn.twisted import wamp
print(sorted(wamp.auth.create_authenticator("ticket", authid="a", ticket="t").authextra or ()))
import autobahn.util, autobahn.twisted.util
print(autobahn.util._is_tls_error(OSError()), isinstance(1, autobahn.twisted.util.TLSMemoryBIOProtocol))
from twisted.internet import endpoints
from twisted.internet.epollreactor import EPollReactor
Path(sys.argv[2], "broken.pem").write_text("no certificate")
try:
    print(endpoints.clientFromString(EPollReactor(), f"ssl:localhost:1:caCertsDir={sys.argv[2]}"))
except Exception as error:
    print(type(error))

# and by those who import them
import bjdata, numpy, numpy.linalg
print(numpy.linalg.norm(numpy.array([3.0, 4.0])), bjdata.loadb(bjdata.dumpb([1, 2])))
import OpenSSL, OpenSSL.SSL
from twisted.internet.ssl import CertificateOptions, optionsForClientTLS
from twisted.protocols.tls import TLSMemoryBIOFactory
print(type(CertificateOptions), type(OpenSSL), OpenSSL.SSL is sys.modules["OpenSSL.SSL"])
for value in (endpoints.SSLError, endpoints.CertificateOptions, endpoints._TLSMemoryBIOFactory, autobahn.twisted.util.Connection):
    print(value is not None and issubclass(value, object), isinstance(None, value), str(value.__name__))
print(endpoints.SSLError is OpenSSL.SSL.Error, endpoints._TLSMemoryBIOFactory is TLSMemoryBIOFactory)
print(endpoints.wrapClientTLS(optionsForClientTLS("localhost"), None)._wrapperFactory(None).__class__ is TLSMemoryBIOFactory)
"""


def test_what_a_start_leaves_out_is_the_same_as_elsewhere_when_used(tmp_path: Path) -> None:
    said = {}
    for kind in ("plain", "started"):
        done = subprocess.run(
            [sys.executable, "-c", USES, kind, str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
            timeout=50,
            env=everything_on(),
        )
        assert done.returncode == 0, done.stderr
        said[kind] = done.stdout.splitlines()
    assert said["started"] == said["plain"]
    assert len(said["plain"]) > 10
