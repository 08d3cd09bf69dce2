"""Modules that are deferred while a process starts: not run by an import, and true for their users, and for later imports."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from support.shelves import Ran, shelf
from support.switches import everything_on

from taskbahn.fast_start.lazy_modules import Deferral, DeferredModule, defer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# each file says in RAN that its code has run
SHELF = {
    "attic/__init__.py": "from attic.trunk import Trunk, Stuck; size = 3",
    "attic/trunk.py": "class Stuck(Exception): pass\nclass Trunk:\n    lid = 'shut'\n    def open(self): raise Stuck",
    "attic/lamp.py": "import attic; light = attic.size * 10",
    # another module, which imports all that, and uses some
    "house.py": """
import attic, attic.trunk
from attic.trunk import Trunk, Stuck
def lift(heavy=None):
    try:
        (heavy or Trunk().open)()
    except Stuck:
        return 'stuck'
    except ZeroDivisionError:
        return 'another'
""",
}
TABLE = {"attic": (), "attic.trunk": ("Trunk", "Stuck")}


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ran]:
    """The list of those modules whose code has run."""
    with shelf(tmp_path, monkeypatch, SHELF) as ran:
        yield ran
        for finder in [each for each in sys.meta_path if isinstance(each, Deferral)]:
            finder.end()


def started() -> Any:
    """A module that was imported while the others were deferred."""
    start = defer(TABLE)
    house = import_module("house")
    start.end()
    return house


def test_an_import_runs_nothing_and_leaves_nothing_for_those_who_come_later(ran: Ran) -> None:
    house = started()
    assert ran == ["house"]
    assert type(house.attic) is DeferredModule
    assert "attic.trunk.Trunk" in repr(house.Trunk)
    assert not [name for name in sys.modules if name.split(".")[0] == "attic"]

    names: dict[str, Any] = {}
    exec("import attic.trunk, attic.lamp\nfrom attic import trunk", names)  # noqa: S102 - imports are what is tested
    assert ran == ["house", "attic", "attic.trunk", "attic.lamp"]
    for module in (names["attic"], names["trunk"]):
        assert type(module) is type(sys)
        assert module is sys.modules[module.__name__]
    assert house.attic.size == 3
    assert house.Trunk.lid == "shut"


def test_the_first_use_imports_the_true_one_and_the_others_are_true_from_then_on(ran: Ran) -> None:
    house = started()
    assert house.attic.size == 3
    assert ran == ["house", "attic", "attic.trunk"]
    assert isinstance(sys.modules["attic.trunk"].Trunk(), house.Trunk)
    assert house.Trunk is sys.modules["attic"].Trunk
    assert "Stuck" in repr(house.Stuck)
    assert issubclass(house.Stuck, Exception)


def test_what_is_caught_by_except_is_the_true_class_by_the_time_it_can_be_raised(ran: Ran) -> None:
    assert started().lift() == "stuck"
    assert ran == ["house", "attic", "attic.trunk"]


def test_what_is_set_in_a_deferred_module_is_set_in_the_true_one(ran: Ran) -> None:
    house = started()
    house.attic.size = 5
    assert sys.modules["attic"].size == 5
    assert ran == ["house", "attic", "attic.trunk"]


@pytest.mark.parametrize(
    "code", ["import attic; attic.size", "from attic import size", "import attic.lamp", "import attic; attic.size = 3"]
)
def test_a_use_while_the_process_starts_runs_what_is_used(ran: Ran, code: str) -> None:
    """With a version of a library that does so nothing is gained, and nothing is wrong."""
    start = defer(TABLE)
    names: dict[str, Any] = {}
    exec(f"import house\n{code}", names)  # noqa: S102
    assert [name for name in ran if name != "attic.lamp"] == ["house", "attic"]
    start.end()
    assert [name for name in ran if name != "attic.lamp"] == ["house", "attic", "attic.trunk"]
    assert not [name for name in TABLE if isinstance(sys.modules[name], DeferredModule)]
    assert names["house"].attic.size == 3
    assert names["house"].lift() == "stuck"
    assert issubclass(sys.modules["attic"].Stuck, Exception)
    assert sys.modules["attic.trunk"] is sys.modules["attic"].trunk
    assert import_module("attic.lamp").light == 30
    assert ran.count("attic.lamp") == 1


def test_what_is_there_already_or_is_not_installed_stays_as_it_is(ran: Ran) -> None:
    attic = import_module("attic")
    start = defer({**TABLE, "attic_of_nobody": ()})
    assert import_module("house").attic is attic
    with pytest.raises(ModuleNotFoundError, match="attic_of_nobody"):
        import_module("attic_of_nobody")
    start.end()
    start.end()
    assert sys.modules["attic"] is attic
    with pytest.raises(AttributeError, match="nothing_there"):
        _ = attic.nothing_there


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


def test_whoever_uses_what_a_start_leaves_out_gets_what_he_gets_elsewhere(tmp_path: Path) -> None:
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
