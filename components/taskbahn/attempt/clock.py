"""The time of attempts and of those who wait for them: the system's, unless a simulation has put its own in its place."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Generator
    from threading import Event

    from twisted.internet.defer import Deferred

    from taskbahn.future import Future


class Timer(Protocol):
    """A call that comes later."""

    def cancel(self) -> None:
        """Have it not come."""


class Clock:
    """The system's time.  A simulation changes the attributes of `CLOCK`, for the whole process."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Be the system's time again."""
        self.time: Callable[[], float] = time.time  # seconds since 1970
        self.monotonic: Callable[[], float] = time.monotonic
        self.wait: Callable[[Event, float | None], object] = _wait
        self.block: Callable[[Future[Any], float | None], bool] = _block
        self.awaited: Callable[[Future[Any]], Generator[Any, Any, Any]] = _awaited
        self.deferred: Callable[[Future[Any]], Deferred[Any]] = _deferred
        self.call_later: Callable[[asyncio.AbstractEventLoop, float, Callable[..., Any], Any], Timer] = _call_later


def _wait(gate: Event, seconds: float | None) -> object:
    """Have the thread of an attempt wait for its gate."""
    return gate.wait(seconds)


def _block(future: Future[Any], seconds: float | None) -> bool:
    """Have a thread wait that belongs to no attempt; return whether the future is done."""
    return future.wait(seconds)


def _awaited(future: Future[Any]) -> Generator[Any, Any, Any]:
    """Have a coroutine wait that belongs to no attempt."""
    return (yield from future.__await__())


def _deferred(future: Future[Any]) -> Deferred[Any]:
    """Return a Deferred for code that belongs to no attempt."""
    from taskbahn.future import as_deferred  # late: it is for Twisted code only

    return as_deferred(future)


def _call_later(loop: asyncio.AbstractEventLoop, seconds: float, function: Callable[..., Any], value: Any) -> Timer:
    """Call a function with a value on the loop of an attempt."""
    return loop.call_later(seconds, function, value)


CLOCK = Clock()
