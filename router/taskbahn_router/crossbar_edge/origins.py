"""Where a session comes from, as Crossbar knows it: for the audit."""

from __future__ import annotations

import re
from typing import Any

from taskbahn_router.core.audit import Origin

PEER = re.compile(r"tcp[46]:\[?(.+?)\]?:\d+")  # as `autobahn.twisted.util.peer2str` writes it
LONGEST = 200  # characters of an address


def origin_of(session: Any, authid: str | None) -> Origin:
    """Return the origin of one of Crossbar's sessions; None: it has left."""
    if session is None:
        return Origin(authid)
    transport = getattr(session, "_transport", None)  # nothing public leads from a session of the router to its transport
    details = getattr(transport, "transport_details", None)
    role = getattr(session, "_authrole", None)
    return Origin(
        authid or getattr(session, "_authid", None), role, address_of(getattr(details, "peer", None)), _words(transport, details)
    )


def address_of(peer: Any) -> str | None:
    """Return the address without its port, which is another one with each connection."""
    if not isinstance(peer, str):
        return None
    found = PEER.fullmatch(peer)
    return (found[1] if found else peer)[:LONGEST]


def _words(transport: Any, details: Any) -> str | None:
    if transport is None:
        return None
    words = ["rawsocket" if "RawSocket" in type(transport).__name__ else "websocket"]
    if str(getattr(details, "peer", "")).startswith("unix"):
        words.append("unix socket")
    if getattr(details, "is_secure", False):
        words.append("tls")
    return ", ".join(words)
