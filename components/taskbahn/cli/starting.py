"""How the commands start: without what Autobahn and Twisted import and a connection of Taskbahn hardly ever uses.

`main` calls `begin`. A command calls `end` when it has imported its modules; a worker before it imports its user's tasks.
A program that only imports `taskbahn` does none of this, and neither does a command with `TASKBAHN_FAST_START=0`.
"""

from __future__ import annotations

import gc
import os
from importlib import import_module
from types import MappingProxyType

from taskbahn.fast_start.lazy_modules import Deferral, defer
from taskbahn.workarounds import FAST_START

UNUSED = MappingProxyType(
    {
        "numpy": (),  # Autobahn's FlatBuffers, and bjdata
        "bjdata": (),  # UBJSON
        "autobahn.wamp.auth": (),  # brings cryptography, passlib and argon2
        "http.cookiejar": (),  # brings urllib.request; a name that Twisted has for Python 2
        "email.mime.text": ("MIMEText",),  # CBOR
        "hyperlink": (),  # redirects, of a server
        # TLS, which only addresses with wss: and rss: need
        "OpenSSL": ("SSL",),
        "OpenSSL.SSL": ("Connection", "Error"),
        "twisted.internet.ssl": (
            "Certificate",
            "CertificateOptions",
            "KeyPair",
            "PrivateCertificate",
            "optionsForClientTLS",
            "trustRootFromCertificates",
        ),
        "twisted.protocols._sni": ("SNIConnectionCreator", "TLSServerEndpoint", "autoReloadingDirectoryOfPEMs"),
        "twisted.protocols.tls": ("TLSMemoryBIOFactory", "TLSMemoryBIOProtocol"),
    }
)
# What is imported stays: to look through all of it after each 700 new objects takes a quarter of the time.
COLLECT_AFTER_OBJECTS = 100_000  # new objects, after which the garbage collector looks at them
# To prepare Autobahn's compiled helpers takes 40 ms, to do without them 0.2 us for each byte that is sent by WebSocket.
NO_SPEEDUP_BYTES = 50_000  # bytes to send, below which the compiled helpers are not worth their time

_threshold: tuple[int, int, int] | None = None
_deferral: Deferral | None = None


def begin() -> None:
    """Begin the start of this process, a command of Taskbahn."""
    global _threshold, _deferral  # noqa: PLW0603 - one process, one start
    if not FAST_START.is_wanted:
        return
    _threshold = gc.get_threshold()
    gc.set_threshold(COLLECT_AFTER_OBJECTS, *_threshold[1:])
    _deferral = defer(UNUSED)


def load_connection(sends: int = 0) -> None:
    """Import what speaks with the router, and end the start. *sends*: the bytes that will be sent, about."""
    if _threshold is not None and sends <= NO_SPEEDUP_BYTES:
        os.environ.setdefault("AUTOBAHN_USE_NVX", "0")
    import_module("taskbahn.client.client")
    import_module("taskbahn.client.requests")
    end()


def end() -> None:
    """End the start: from now on imports and the garbage collector do what they always do. Safe without `begin`, and twice."""
    global _threshold  # noqa: PLW0603
    if _threshold is None or _deferral is None:
        return
    _deferral.end()
    gc.freeze()
    gc.set_threshold(*_threshold)
    _threshold = None
