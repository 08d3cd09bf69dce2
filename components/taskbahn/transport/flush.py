"""Gives sockets at once what was sent, without the reactor: `TASKBAHN_TUNING=0` leaves that to its next turn.

Twisted's connection tells the reactor before and after that it has something to send, and sends in the reactor's next turn: 40 us a
message. A connection has what is needed to do without (`misfit`); whatever is left, or fails, the reactor does as ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from twisted.internet import abstract, tcp

from taskbahn.workarounds import FLUSH, first, missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Sent = TypeVar("Sent")


def misfit() -> str:
    """Say what of Twisted's connections is not as it is expected here, or nothing."""
    buffer: Any = cast("Any", abstract.FileDescriptor)(object())  # a dummy reactor: nothing here calls it
    return first(
        missing(tcp.Connection, "doWrite", "startWriting", "connected", "disconnecting"),
        missing(buffer, "dataBuffer", "_tempDataBuffer"),
    )


def flush(writers: Iterable[Any]) -> None:
    """Give the sockets of those who have something to send what they have."""
    for writer in writers:
        if can_flush(writer):
            writer.doWrite()  # an error here comes again in the reactor, which handles it


def send_at_once(transport: Any, send: Callable[..., Sent], /, *args: Any, **kwargs: Any) -> Sent:
    """Call a function that sends on a transport, and write the bytes to the socket at once."""
    if not can_flush(transport):
        return send(*args, **kwargs)
    transport.startWriting = _nothing
    try:
        return send(*args, **kwargs)
    finally:
        del transport.startWriting
        if transport.connected:
            transport.doWrite()
            if transport.dataBuffer or transport._tempDataBuffer:  # noqa: SLF001 - the rest, or what fails, is for the reactor
                transport.startWriting()


def can_flush(transport: Any) -> bool:
    """Return whether a transport is a plain TCP connection that is open, and may be flushed."""
    is_open = isinstance(transport, tcp.Connection) and bool(transport.connected) and not transport.disconnecting
    return is_open and FLUSH.is_on(misfit)


def _nothing() -> None:
    """Do nothing, in the place of a method that must not run now."""
