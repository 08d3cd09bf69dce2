"""What takes long is done in slices, so that it does not hold the event loop: the reading of submissions, and large turns.

Each caller's calls stay in their order. A caller's later calls wait until its submission is read: they may be about its jobs, which
do not exist before. Calls of other callers do not wait.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from twisted.logger import Logger

from taskbahn.errors import ServiceError, TaskbahnError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.ports import Clock

    Steps = Iterator["Rest | None"]
    Handler = Callable[[PendingCall], Steps | None]

SLICE_SECONDS = 0.005  # seconds that a reading takes of one turn of the event loop
TURN_SLICE_SECONDS = 0.02  # seconds that the dispatcher's turn takes of it; with shorter slices each job costs a tenth more
STEPS = 8  # steps of a reading between two looks at the clock; a step takes some 0.05 ms at most
PART_LENGTH = 32  # jobs or outcomes in one step of the dispatcher's turn

T = TypeVar("T")


class Rest(Enum):
    """A step after which the reading of a submission cannot go on, until it is woken."""

    REST = "rest"


def run_slice(steps: Steps, clock: Clock, seconds: float, between: int = 1) -> bool:
    """Do steps for some seconds, looking at the clock after *between* of them; return whether all are done."""
    end = clock.seconds() + seconds
    while True:
        for _ in range(between):
            step = next(steps, clock)
            if step is not None:
                return step is clock
        if clock.seconds() >= end:
            return False


def parts_of(items: Sequence[T]) -> Iterable[Sequence[T]]:
    """Cut a list into parts of which each is a step."""
    if len(items) <= PART_LENGTH:
        return (items,) if items else ()
    return (items[start : start + PART_LENGTH] for start in range(0, len(items), PART_LENGTH))


def each(items: Sequence[T], act: Callable[[T], object]) -> Iterator[None]:
    """Do something to each item of a list, in steps."""
    for part in parts_of(items):
        for item in part:
            act(item)
        yield


class Pending:
    """A call of a caller that waits for its turn, or whose reading is not over."""

    def __init__(
        self, call: PendingCall, handler: Handler | None, wake: Callable[[int | None], None], steps: Steps | None = None
    ) -> None:
        self.call = call
        self.steps = steps
        self._handler = handler
        self._wake = wake
        self._cancelled: bool | None = None  # None while the caller is there
        call.on_gone = self._gone

    def go_on(self, slice_: Callable[[Steps], bool]) -> bool:
        """Read the next part of the call; return whether all is read."""
        if self._handler is not None:
            handler, self._handler = self._handler, None
            self.steps = handler(self.call)
        if self.steps is not None and not slice_(self.steps):
            return False
        if self._cancelled is not None:  # the handler that begins now learns at once that its caller is gone
            on_gone = self.call.on_gone
            if on_gone is not None and on_gone != self._gone:
                on_gone(self._cancelled)
        return True

    def _gone(self, cancelled: bool) -> None:  # noqa: FBT001 - PendingCall.on_gone has one argument
        self._cancelled = cancelled
        self._wake(self.call.caller)


class Slices:
    """Reads the submissions of callers: one slice in a turn of the event loop, from each caller in turn."""

    log = Logger("taskbahn.slices")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lines: dict[int | None, deque[Pending]] = {}
        self._resting: set[int | None] = set()  # callers whose calls rest
        self._is_due = False

    def __bool__(self) -> bool:
        return bool(self._lines)

    def in_order(self, call: PendingCall, handler: Handler) -> None:
        """Handle a call at once, or after the earlier calls of its caller; what a slice leaves goes on in a later turn."""
        line = self._lines.get(call.caller)
        if line is not None:
            line.append(Pending(call, handler, self.wake))
            return
        steps = handler(call)
        if steps is None or self._slice(steps):
            return
        self._lines[call.caller] = deque([Pending(call, None, self.wake, steps)])
        self._schedule()

    def rest(self, caller: int | None) -> Rest:
        """Return the step after which the calls of a caller rest until `wake`."""
        self._resting.add(caller)
        return Rest.REST

    def wake(self, caller: int | None) -> None:
        """Let the calls of a caller go on, if they rest."""
        if caller in self._resting:
            self._resting.discard(caller)
            self._schedule()

    def _schedule(self) -> None:
        if not self._is_due and len(self._lines) > len(self._resting):
            self._is_due = True
            self._clock.callLater(0, self._turn)

    def _slice(self, steps: Steps) -> bool:
        """Go on with reading one submission; return whether it is over."""
        return run_slice(steps, self._clock, SLICE_SECONDS, STEPS)

    def _turn(self) -> None:
        self._is_due = False
        caller = next(caller for caller in self._lines if caller not in self._resting)
        line = self._lines[caller]
        end = self._clock.seconds() + SLICE_SECONDS
        while line and self._is_done(line[0]):
            line.popleft()
            if self._clock.seconds() >= end:
                break
        del self._lines[caller]
        if line:
            self._lines[caller] = line  # behind the other callers
        self._schedule()

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
