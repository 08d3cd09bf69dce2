"""Waits of attempts: none of them holds a slot that what it waits for may need.

An attempt that waits for a few milliseconds is *parked*: it stays in memory, and its worker may run another one in its slot. What waits
for longer than a process or thread should stay, or for longer than its worker lives, is *suspended*: the attempt ends, and the
dispatcher has the function called again from the top when what it waited for is there. Coroutines stay parked as long as their worker.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from taskbahn.attempt.blocking import is_in_loop
from taskbahn.attempt.context import ACTIVE, SUSPENDED
from taskbahn.attempt.stops import Suspended
from taskbahn.errors import WouldBlock

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from taskbahn.attempt.context import AttemptContext, Record
    from taskbahn.future import Future


T = TypeVar("T")

PARK_AFTER = 0.005  # seconds for which an attempt waits in its slot: telling of it costs more
SUSPEND_AFTER = 30.0  # seconds for which a process or thread is parked
MOST_JOBS = 10_000  # jobs for which one suspended job waits


@dataclass(frozen=True, slots=True)
class Wait:
    """What an attempt waits for: as `protocol.suspended.Suspended`."""

    jobs: Sequence[str] = ()
    every: bool = False
    notes: tuple[str, ...] = ()
    until: float | None = None


class Parking(Protocol):
    """What a pool does for its attempts that wait; from any thread."""

    is_leaving: bool  # the worker stops: what waits is suspended

    def park(self, context: AttemptContext) -> bool:
        """Run another attempt in the slot of this one; False: there is no room for more that wait."""

    def unpark(self, context: AttemptContext) -> None:
        """The attempt goes on."""

    def leave(self, context: AttemptContext) -> None:
        """Have a parked attempt suspended."""


class Waits:
    """The waits of one attempt. suspended: what the job waits for, once the attempt ends for it."""

    def __init__(self, context: AttemptContext, parking: Parking) -> None:
        self.suspended: Wait | None = None
        self._context = context
        self._parking = parking
        self._active: list[Wait] = []  # of coroutines
        self._is_parked = False
        self._gates: list[threading.Event] = []  # of threads
        self._timed = 0

    def wake(self) -> None:
        """Have the threads look that wait here: the attempt has to stop, or to leave; from any thread."""
        for gate in list(self._gates):
            gate.set()

    # threads

    def block(self, future: Future[Any], wait: Wait, timeout: float | None) -> bool:
        """Wait as `Future.wait` does; raises Suspended, and WouldBlock in a thread of the task's own that finds no room."""
        context, parking = self._context, self._parking
        deadline = self._deadline(timeout) if wait.until is None else wait.until
        if future.wait(_within(PARK_AFTER, deadline)):
            return True
        is_own = threading.get_ident() == context.thread
        may_suspend = is_own and not context.is_once
        if may_suspend and context.has_permits:
            raise self._suspend(wait, deadline)
        gate = threading.Event()
        self._gates.append(gate)  # before the worker may order it to leave
        try:
            if not parking.park(context):
                if may_suspend:
                    raise self._suspend(wait, deadline)
                raise WouldBlock("a wait in a thread that the task started", "job.result() in the task's own function")
            future.listen(gate.set)
            try:
                if not (may_suspend and parking.is_leaving):
                    gate.wait(_within(SUSPEND_AFTER if may_suspend else None, deadline))
            finally:
                parking.unpark(context)
        finally:
            self._gates.remove(gate)
        if future.done:
            return True
        context.check()
        if deadline is not None and time.time() >= deadline:
            return False
        if may_suspend:
            raise self._suspend(wait, deadline)
        return self.block(future, wait, None if deadline is None else deadline - time.time())

    def _deadline(self, timeout: float | None) -> float | None:
        """Return until when to wait, seconds since 1970; an attempt that was suspended has it from the one before."""
        if timeout is None:
            return None
        self._timed += 1
        known = self._context.notes.get(f"timeout:{self._timed}")
        return time.time() + timeout if known is None else float(known)

    def _suspend(self, wait: Wait, deadline: float | None) -> Suspended:
        if deadline is not None and wait.until is None:
            self._context.open_output().note(f"timeout:{self._timed}", str(deadline))
            wait = replace(wait, until=deadline)
        self.suspended = wait
        return Suspended("this attempt ends, because its function waits; the function is called again from the top")

    # coroutines

    def awaited(self, future: Future[T], wait: Wait) -> Generator[Any, Any, T]:
        """Await as `Future.__await__` does, on an event loop of asyncio."""
        import asyncio

        self._active.append(wait)
        timer = asyncio.get_running_loop().call_later(PARK_AFTER, self._park_loop)
        try:
            return (yield from future.__await__())
        finally:
            timer.cancel()
            self._active.remove(wait)
            if self._is_parked and not self._active:
                self._is_parked = False
                self._parking.unpark(self._context)

    def _park_loop(self) -> None:
        context, parking = self._context, self._parking
        if context.ended or self._is_parked or not self._active:
            return
        if not context.is_once and (context.has_permits or parking.is_leaving):
            parking.leave(context)
        else:
            self._is_parked = parking.park(context)

    def leave(self) -> bool:
        """Note what the job waits for, as its coroutine is about to be cancelled; False: it does not wait, or may not be called again."""
        if not self._active or self._context.is_once:
            return False
        if len(self._active) == 1:
            self.suspended = self._active[0]
            return True
        moments = [wait.until for wait in self._active if wait.until is not None]
        self.suspended = Wait(
            list(dict.fromkeys(id for wait in self._active for id in wait.jobs)),
            notes=tuple(dict.fromkeys(name for wait in self._active for name in wait.notes)),
            until=min(moments, default=None),
        )
        return True


def wait_here(future: Future[Any], wait: Wait | Callable[[], Wait], timeout: float | None = None) -> bool:
    """Block until *future* is done, at most *timeout* seconds; return whether it is. An attempt gives its slot back meanwhile."""
    context = ACTIVE.get()
    if future.done or context is None or not context.can_wait:
        return future.wait(timeout)
    return context.open_waits().block(future, wait() if callable(wait) else wait, timeout)


def awaited(future: Future[T], wait: Wait | Callable[[], Wait]) -> Generator[Any, Any, T]:
    """Await *future*; an attempt gives its slot back meanwhile."""
    context = ACTIVE.get()
    if future.done or context is None or not context.can_wait or not is_in_loop():
        return (yield from future.__await__())
    return (yield from context.open_waits().awaited(future, wait() if callable(wait) else wait))


class Awaiting(Generic[T]):
    """What `await` waits for as `awaited` does."""

    def __init__(self, future: Future[T], wait: Wait | Callable[[], Wait]) -> None:
        self._future = future
        self._wait = wait

    def __await__(self) -> Generator[Any, Any, T]:
        return awaited(self._future, self._wait)


def suspended(context: AttemptContext, wait: Wait) -> Record:
    """Return the record of an attempt that ends because its function waits."""
    said: dict[str, Any] = {"id": context.job, "attempt": context.attempt, "jobs": list(wait.jobs)[:MOST_JOBS]}
    if wait.every:
        said["every"] = True
    if wait.notes:
        said["notes"] = list(wait.notes)
    if wait.until is not None:
        said["until"] = wait.until
    return SUSPENDED, said


def _within(seconds: float | None, deadline: float | None) -> float | None:
    """Return the seconds to wait: no longer than a deadline, which is in seconds since 1970."""
    left = None if deadline is None else max(0.0, deadline - time.time())
    both = [value for value in (seconds, left) if value is not None]
    return min(both, default=None)
