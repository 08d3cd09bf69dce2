"""Waits of coroutines that end after some time: on an event loop of asyncio, or on Twisted's reactor."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from taskbahn.attempt.blocking import is_in_loop
from taskbahn.attempt.clock import CLOCK
from taskbahn.attempt.moments import moment_now
from taskbahn.attempt.waiting import Awaiting, Wait
from taskbahn.future import Future

if TYPE_CHECKING:
    from taskbahn.attempt.waiting import Deadline, Waited


async def wait_within(future: Future[Any], wait: Waited | None, deadline: Deadline | None) -> bool:
    """Await *future*, at most until *deadline*; return whether it is done. An attempt gives its slot back meanwhile.

    wait: what a later attempt can wait for instead; None: nothing, so the attempt stays.
    """
    over: Future[None] = Future()
    future.listen(lambda: over.resolve(None))
    if deadline is None:
        await Awaiting(over, wait)
        return True
    timer = _timer(deadline.left(), over)
    try:
        await Awaiting(over, None if wait is None else _until(wait, deadline))
    finally:
        timer.cancel()
    return future.done


def _until(wait: Waited, deadline: Deadline) -> Wait:
    """Return what a suspended attempt waits for: as the blocking twin does."""
    asked = wait() if callable(wait) else wait
    return replace(asked, until=moment_now() + deadline.left(), note=deadline.name) if asked.until is None else asked


def _timer(seconds: float, over: Future[None]) -> Any:
    if is_in_loop():
        import asyncio  # late: a program without loops does not pay for it

        return CLOCK.call_later(asyncio.get_running_loop(), seconds, over.resolve, None)
    import twisted.internet.reactor  # late: it installs one where there is none

    installed: Any = twisted.internet.reactor
    return _Cancellable(installed.callLater(seconds, over.resolve, None))


class _Cancellable:
    """A timer of Twisted that may be cancelled when it has fired."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def cancel(self) -> None:
        """Have it not come."""
        if self._call.active():
            self._call.cancel()
