"""The router's log, in which nothing that a stranger has sent passes for a line of its own, moves a cursor, or turns text around.

Crossbar, Autobahn and Twisted put parts of messages into theirs. So it is done where all lines go, and not where each is made.
"""

from __future__ import annotations

from typing import Any, cast

import txaio
from twisted.logger import ILogObserver, formatEvent, globalLogPublisher
from zope.interface import implementer

from taskbahn.protocol.plain_text import plain_text
from taskbahn_router.crossbar_edge import stranger_lines

LEVELS = ("none", "critical", "error", "warn", "info", "debug", "trace")  # as txaio has them
BOUNDED = "taskbahn_bounded"  # where an event has what `stranger_lines` has made of it, for all observers alike
INDENT = "\n    "  # of the lines of an event after its first one
NEXT_LINES = str.maketrans({"\x0b": "\n", "\x0c": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n"})


def plain_event(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event whose text is plain, and has no line that looks like the first one of another event."""
    text = formatEvent(event)
    failure = event.get("log_failure")
    if failure is not None:
        text = f"{text}\n{failure.getTraceback()}"
    text = INDENT.join(plain_text(line) for line in text.translate(NEXT_LINES).rstrip("\n").split("\n"))
    return {**{name: value for name, value in event.items() if name != "log_failure"}, "log_format": "{plain}", "plain": text}


@implementer(ILogObserver)
class PlainObserver:
    """Hands plain events to another observer."""

    def __init__(self, observer: Any) -> None:
        self._observer = observer

    def __call__(self, event: Any) -> None:
        """Pass on an event, if it is to be seen at all."""
        if BOUNDED not in event:
            event[BOUNDED] = stranger_lines.bounded(dict(event))
        event = event[BOUNDED]
        if event is None:
            return
        level = getattr(event.get("log_level"), "name", "info")
        if level not in LEVELS or LEVELS.index(level) <= LEVELS.index(cast("Any", txaio).get_global_log_level()):
            self._observer(plain_event(event))


def set_up_log() -> None:
    """Have all observers that there are get plain events from now on; safe twice."""
    for observer in list(globalLogPublisher._observers):  # noqa: SLF001 - Twisted has no other way to know them
        if not isinstance(observer, PlainObserver):
            globalLogPublisher.removeObserver(observer)
            globalLogPublisher.addObserver(PlainObserver(observer))  # type: ignore[arg-type]  # zope says what it provides
