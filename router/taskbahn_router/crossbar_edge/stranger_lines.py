"""What the log has of a connection on which no session has logged in: one short line at the level `info`.

Crossbar and Autobahn warn of what they cannot read, with all that came, once for each piece of it. While such a piece is worked on, all
that they say is about it: of each connection the first warning is kept, cut, one line and no traceback. Knows neither of the two.
"""

from __future__ import annotations

from typing import Any

from twisted.logger import LogLevel, formatEvent

OF_OTHERS = ("autobahn.", "crossbar.")  # the loggers that speak of what came
MOST_SENT = 80  # characters of what was sent
MOST_LATER = 2_000  # likewise, of what is said later, when it is not known whether there is a session
MOST_CHARACTERS = 300  # of the line
WARNINGS = (LogLevel.warn, LogLevel.error, LogLevel.critical)
NOT_SENT = ("log_format", "tb")  # of the fields of an event; a traceback ends with what was wrong
TLS_HELLO = b"\x16\x03"  # a record of a handshake, and the major version
SPEAKS_TLS = "it speaks TLS to a port without: use ws://, http:// or rs:// there, or start the node with --tls-cert"


class Stranger:
    """Who a piece of data is from.   has_line: whether the log has its line."""

    __slots__ = ("has_line", "peer")

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.has_line = False


class _Speaking:
    """Whose data is being worked on; the process has one thread for that."""

    who: Stranger | None = None


def begin(who: Stranger) -> None:
    """Note that the data of a stranger is worked on from now on."""
    _Speaking.who = who


def end() -> None:
    """Note that it is worked on no more, or that a session has logged in."""
    _Speaking.who = None


def takes_line() -> bool:
    """Return whether there may be a line about the stranger whose data is worked on, which then has it."""
    who = _Speaking.who
    if who is None:
        return True
    is_free, who.has_line = not who.has_line, True
    return is_free


def bounded(event: dict[str, Any]) -> dict[str, Any] | None:
    """Return an event as it goes to the log, and None for one that does not."""
    who = _Speaking.who
    if not str(event.get("log_namespace", "")).startswith(OF_OTHERS):
        return event
    if who is None:
        return event | _short(event, MOST_LATER) if event.get("log_level") in WARNINGS else event
    level = event.get("log_level")
    if level is LogLevel.info:
        return {**event, "log_level": LogLevel.debug}  # as that there is no cookie, or the reason of the warning that follows
    if level not in WARNINGS:
        return event
    if not takes_line():
        return None
    kept = {name: value for name, value in event.items() if name != "log_failure"}
    return {**kept, "log_level": LogLevel.info, "log_format": "{peer}: {why}", "peer": who.peer, "why": _sentence(event)}


def _sentence(event: dict[str, Any]) -> str:
    """Return what an event says, with little of what was sent; of a traceback its last line, which says what was wrong."""
    text = formatEvent(event | _short(event, MOST_SENT))
    lines = [line for line in (text or str(getattr(event.get("log_failure"), "value", ""))).splitlines() if line.strip()]
    return (lines[-1] if lines else "")[:MOST_CHARACTERS]


def _short(event: dict[str, Any], most: int) -> dict[str, str]:
    """Return the fields of an event that are longer than that, cut: they may be what was sent."""
    return {
        name: _cut(value, most)
        for name, value in event.items()
        if isinstance(value, str | bytes) and (len(value) > most or most == MOST_SENT) and name not in NOT_SENT
    }


def _cut(value: str | bytes, most: int) -> str:
    """Return the beginning of what was sent; of bytes with escapes."""
    text = " ".join(value.split()) if isinstance(value, str) else repr(value[:most])[2:-1]
    return text if len(text) <= most and len(value) <= most else f"{text[:most]}…"
