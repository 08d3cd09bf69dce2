"""Submissions are read in slices, so that a large one does not hold the event loop; each caller's calls stay in their order.

A caller's later calls wait until its submission is read: they may be about its jobs, which do not exist before. Those of others do not.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from twisted.logger import Logger

from taskbahn.errors import ServiceError, TaskbahnError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.ports import Clock

    Handler = Callable[[PendingCall], Iterator[None] | None]

SLICE_SECONDS = 0.005  # of the event loop, in one turn
STEPS = 8  # between two looks at the clock: a step takes some 0.05 ms at most


class Pending:
    """A call of a caller that waits for its turn, or whose reading is not over."""

    def __init__(self, call: PendingCall, handler: Handler | None, steps: Iterator[None] | None = None) -> None:
        self.call = call
        self.steps = steps
        self._handler = handler
        self._cancelled: bool | None = None  # None: its caller is there
        call.on_gone = self._gone

    def go_on(self, slice_: Callable[[Iterator[None]], bool]) -> bool:
        """Do the next part; return whether all is done."""
        if self._handler is not None:
            handler, self._handler = self._handler, None
            self.steps = handler(self.call)
        if self.steps is not None and not slice_(self.steps):
            return False
        if self._cancelled is not None:  # what is begun now hears at once that its caller is gone
            on_gone = self.call.on_gone
            if on_gone is not None and on_gone != self._gone:
                on_gone(self._cancelled)
        return True

    def _gone(self, cancelled: bool) -> None:  # noqa: FBT001 - Call.on_gone has one argument
        self._cancelled = cancelled


class Slices:
    """What callers sent and is not read yet: one slice in a turn of the event loop, from each caller in turn."""

    log = Logger("taskbahn.slices")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lines: dict[int | None, deque[Pending]] = {}

    def __bool__(self) -> bool:
        return bool(self._lines)

    def in_order(self, call: PendingCall, handler: Handler) -> None:
        """Have a call handled: at once, or after those that its caller sent before it; what is not done in a slice goes on later."""
        line = self._lines.get(call.caller)
        if line is not None:
            line.append(Pending(call, handler))
            return
        steps = handler(call)
        if steps is None or self._slice(steps):
            return
        if not self._lines:
            self._clock.callLater(0, self._turn)
        self._lines[call.caller] = deque([Pending(call, None, steps)])

    def _slice(self, steps: Iterator[None]) -> bool:
        """Go on with a reading; return whether it is over."""
        end = self._clock.seconds() + SLICE_SECONDS
        while True:
            for _ in range(STEPS):
                if next(steps, self) is self:
                    return True
            if self._clock.seconds() >= end:
                return False

    def _turn(self) -> None:
        caller, line = next(iter(self._lines.items()))
        end = self._clock.seconds() + SLICE_SECONDS
        while line and self._is_done(line[0]):
            line.popleft()
            if self._clock.seconds() >= end:
                break
        del self._lines[caller]
        if line:
            self._lines[caller] = line  # behind the others
        if self._lines:
            self._clock.callLater(0, self._turn)

    def _is_done(self, pending: Pending) -> bool:
        try:
            return pending.go_on(self._slice)
        except TaskbahnError as error:
            pending.call.fail(error)
        except Exception as error:  # noqa: BLE001 - the edge of the loop: whatever it is, the caller gets an answer
            procedure = pending.call.procedure
            self.log.failure("{procedure} failed", procedure=procedure)
            pending.call.fail(
                ServiceError(f"an internal error in {procedure}: {type(error).__name__}; the router's log has more")
            )
        return True
