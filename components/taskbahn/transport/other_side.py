"""Whether the other side of a connection speaks TLS where the address does not, or the other way round, as far as can be seen."""

from __future__ import annotations

from typing import Any

from taskbahn.transport.address import UNIX, parse_address, shown_address

OTHER = {"ws": "wss", "wss": "ws", "rs": "rss", "rss": "rs"}
ALERT = b"\x15\x03"  # the first bytes of an alert of TLS, with which it answers what is no TLS
SILENT = "something accepts the connection there, and says nothing"


def with_other_scheme(url: str) -> str:
    """Return the same place with TLS for without, or without for with, to be shown."""
    scheme, _, port = parse_address(url)
    authority, slash, path = shown_address(url).partition("://")[2].partition("/")
    named = authority if authority.endswith(f":{port}") else f"{authority}:{port}"  # what is usual differs between the schemes
    return f"{OTHER[scheme]}://{named}{slash}{path}"


def speaks_tls(protocol: Any) -> bool:
    """Return whether the other side has answered with an alert of TLS."""
    return _heard(protocol).startswith(ALERT)


def hint(url: str, protocol: Any) -> str:
    """Return what may help where the other side has closed the connection at once; empty where nothing speaks for that.

    What has got through a handshake of TLS, or has said something else, is of the kind that the address says.
    """
    scheme = parse_address(url).scheme
    if scheme in ("wss", "rss"):
        is_done = getattr(protocol.transport, "_handshakeDone", True)
        return "" if is_done else f"perhaps nothing speaks TLS there: try {with_other_scheme(url)}"
    if scheme == UNIX or _heard(protocol):
        return ""
    return f"perhaps that port speaks TLS: try {with_other_scheme(url)}"


def silence(url: str) -> str:
    """Return what may be where nothing is said. To RawSocket a port with TLS says nothing, for it waits for a whole record."""
    tls = f"; perhaps that port speaks TLS: try {with_other_scheme(url)}" if parse_address(url).scheme == "rs" else ""
    return f"{SILENT}{tls}"


def _heard(protocol: Any) -> bytes:
    """Return what came before the connection was open: Autobahn keeps it, by another name for each transport."""
    found: bytes = getattr(protocol, "_handshake_bytes", b"") or getattr(protocol, "data", b"") or b""
    return found
