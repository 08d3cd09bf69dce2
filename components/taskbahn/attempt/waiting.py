"""Waits of attempts: none of them holds a slot that what it waits for may need.

An attempt that waits for a few milliseconds is *parked*: it stays in memory, and its worker may run another one in its slot. What waits
for longer than a process or thread should stay, or for longer than its worker lives, is *suspended*: the attempt ends, and the
dispatcher has the function called again from the top when what it waited for is there. Coroutines stay parked as long as their worker.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar, cast

from taskbahn.attempt.blocking import is_in_loop
from taskbahn.attempt.clock import CLOCK
from taskbahn.attempt.context import ACTIVE, SUSPENDED
from taskbahn.attempt.moments import moment_now, seconds_until
from taskbahn.attempt.stops import Suspended
from taskbahn.errors import InvalidRequest
from taskbahn.protocol import messages
from taskbahn.protocol.suspended import OVER_NOTE, circle_note, over_note

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Generator, Sequence

    from twisted.internet.defer import Deferred

    from taskbahn.attempt.context import AttemptContext, Record
    from taskbahn.future import Future


T = TypeVar("T")

PARK_AFTER = 0.005  # seconds for which an attempt waits in its slot: telling of it costs more
SUSPEND_AFTER = 30.0  # seconds for which a process or thread is parked
LOOK_AGAIN = 0.05  # seconds until coroutines look whether what they wait for is still on its way
MOST_JOBS = 10_000  # jobs for which one suspended job waits


@dataclass(frozen=True, slots=True)
class Wait:
    """What an attempt waits for: as `protocol.suspended.Suspended`.  note: name of the note that tells `until` to later attempts."""

    jobs: Sequence[str] = ()
    every: bool = False
    notes: tuple[str, ...] = ()
    until: float | None = None
    replaced_by: str | None = None
    note: str = ""


Waited = Wait | Callable[[], Wait]  # what is waited for; a function where finding that takes time, for most waits are short


class Deadline(NamedTuple):
    """When a call has waited for long enough, however many waits it makes.

    when: monotonic.   name: of the note that tells it to later attempts; "": there is none.
    """

    when: float
    name: str = ""

    def left(self) -> float:
        """Return the seconds until then, at least 0."""
        return max(0.0, self.when - CLOCK.monotonic())


class Parking(Protocol):
    """What a pool does for its attempts that wait; from any thread."""

    is_leaving: bool  # the worker stops: what waits is suspended

    def park(self, context: AttemptContext, *, may_suspend: bool) -> bool:
        """Run another attempt in the slot of this one; False: there is no room for more that wait.

        may_suspend: whether the attempt ends then; one that does not keeps its slot, so there is nearly always room for it.
        """

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
        self._active: list[Waited] = []  # of coroutines
        self._holds = False  # whether the coroutines have parked the attempt
        self._parked = 0  # waits for which it is parked: of its threads, and one for all coroutines
        self._counting = threading.Lock()
        self._gates: list[threading.Event] = []  # of threads
        self._timed: Counter[str] = Counter()  # by item of a chunk
        self._stays_since: float | None = None  # since when coroutines wait in their slot for what is on its way
        self._look: asyncio.TimerHandle | None = None

    def wake(self) -> None:
        """Have the threads look that wait here: the attempt has to stop, or to leave; from any thread."""
        for gate in list(self._gates):
            gate.set()

    def deadline(self, timeout: float) -> Deadline:
        """Return until when a call waits that begins now; an attempt that was suspended has it from the one before."""
        if (
            threading.get_ident() != self._context.thread
        ):  # it is never suspended, and the order of threads is another one each time
            return Deadline(CLOCK.monotonic() + timeout)
        scope = "" if self._context.memory is None else self._context.memory.scope
        self._timed[scope] += 1
        name = f"timeout:{scope}{self._timed[scope]}"
        known = self._context.notes.get(name)
        return Deadline(CLOCK.monotonic() + (timeout if known is None else seconds_until(float(known))), name)

    def _check(self, wait: Waited | None) -> None:
        """Refuse a wait for what never comes; the dispatcher has noted a circle that the attempt before would have closed."""
        job = self._context.job
        if isinstance(wait, Wait) and job in wait.jobs:
            raise InvalidRequest(f"job {job} would wait for its own end, which never comes")
        noted = self._context.notes.get(circle_note(self._context.attempt - 1))
        if noted is None or wait is None:
            return
        circle, asked = messages.from_json(noted), _told(wait)
        if asked.until is None and circle[0] in asked.jobs:
            raise InvalidRequest(
                f"job {job} would wait for its own end, in a circle of jobs: {' → '.join((job, *circle, job))}; "
                "have one of them end without the result of the next, or wait with a timeout"
            )

    def _park(self, *, may_suspend: bool) -> bool:
        """Give the slot back when the first of several waits begins."""
        with self._counting:
            if not self._parked and not self._parking.park(self._context, may_suspend=may_suspend):
                return False
            self._parked += 1
            return True

    def _unpark(self) -> None:
        """Go on when the last of several waits is over."""
        with self._counting:
            self._parked -= 1
            if not self._parked:
                self._parking.unpark(self._context)

    def replaced(self, by: str) -> Suspended:
        """Note that another job takes the place of the attempt's; return what ends the attempt."""
        self.suspended = Wait(replaced_by=by)
        return Suspended("this attempt ends, because another job takes its place")

    # threads

    def block(self, future: Future[Any], wait: Waited | None, deadline: Deadline | None, *, stays: bool = False) -> bool:
        """Wait as `Future.wait` does; raises Suspended if the function may be called again for *wait*.

        stays: it is parked as long as its worker lives, and not for SUSPEND_AFTER seconds alone.
        """
        if future.wait(_within(PARK_AFTER, deadline)):
            return True
        context = self._context
        if deadline is not None and not deadline.left():  # also of an attempt with permits, which would be suspended for nothing
            context.check()
            return False
        if deadline is None:
            self._check(wait)
        may_suspend = wait is not None and threading.get_ident() == context.thread and not context.is_once
        stays_here = may_suspend and context.has_permits
        if stays_here and not self._is_over(wait):
            raise self._suspend(wait, deadline)
        gate = threading.Event()
        self._gates.append(gate)  # before the worker may order it to leave
        try:
            is_parked = not stays_here and self._park(may_suspend=may_suspend)
            try:
                if stays_here or is_parked or not may_suspend:
                    future.listen(gate.set)
                    self._stay(future, gate, deadline, may_suspend=may_suspend, stays=stays)
            finally:
                if is_parked:
                    self._unpark()
        finally:
            self._gates.remove(gate)
        if future.done:
            return True
        context.check()
        if deadline is not None and not deadline.left():
            return False
        raise self._suspend(wait, deadline)

    def _stay(
        self, future: Future[Any], gate: threading.Event, deadline: Deadline | None, *, may_suspend: bool, stays: bool
    ) -> None:
        """Wait in this thread, as long as a thread may."""
        if may_suspend:
            if not self._parking.is_leaving:
                CLOCK.wait(gate, None if stays else _within(SUSPEND_AFTER, deadline))
            return
        is_over = False
        while not (is_over or future.done or self._context.stop is not None):
            CLOCK.wait(gate, None if deadline is None else deadline.left())
            gate.clear()  # it is set as well to have it leave, which it does not
            is_over = deadline is not None and not deadline.left()

    def _is_over(self, wait: Waited | None) -> bool:
        """Return whether the jobs of a wait have ended, as an earlier attempt has learnt: what they gave is on its way."""
        notes = self._context.notes
        if wait is None or not any(name.startswith(OVER_NOTE) for name in notes):
            return False
        asked = _told(wait)
        jobs = list(dict.fromkeys(list(asked.jobs)[:MOST_JOBS]))  # as `suspended` names them, and the store without repetitions
        if asked.every:
            return bool(jobs) and over_note(jobs, every=True) in notes
        return any(over_note([id], every=False) in notes for id in jobs)

    def _suspend(self, wait: Waited | None, deadline: Deadline | None) -> Suspended:
        asked = _told(wait) if wait is not None else Wait()
        if deadline is not None and asked.until is None:
            asked = replace(asked, until=moment_now() + deadline.left(), note=deadline.name)
        self._remember(asked)
        self.suspended = asked
        return Suspended("this attempt ends, because its function waits; the function is called again from the top")

    def _remember(self, wait: Wait) -> None:
        """Note when a wait is over: the attempt that comes then would begin it from the start."""
        if wait.note:
            self._context.open_output().note(wait.note, str(wait.until))

    # coroutines

    def awaited(self, future: Future[T], wait: Waited | None) -> Generator[Any, Any, T]:
        """Await as `Future.__await__` does, on an event loop of asyncio."""
        import asyncio

        self._check(wait)
        active = _NOTHING if wait is None else wait
        self._active.append(active)
        timer = asyncio.get_running_loop().call_later(PARK_AFTER, self._park_loop)
        try:
            return (yield from future.__await__())
        finally:
            timer.cancel()
            self._active.remove(active)
            if self._holds and not self._active:
                self._holds = False
                self._unpark()

    def _park_loop(self) -> None:
        context, parking = self._context, self._parking
        if context.ended or self._holds or not self._active:
            return
        if not context.is_once and (context.has_permits or parking.is_leaving):
            if not parking.is_leaving and self._stays_in_loop():
                self._look_again()
                return
            parking.leave(context)
        if self.suspended is None:
            self._holds = self._park(may_suspend=False)

    def _stays_in_loop(self) -> bool:
        """Return whether what coroutines wait for is on its way, and for no longer than the threads of an attempt would wait."""
        now = CLOCK.monotonic()
        if not any(self._is_over(wait) for wait in self._active):
            self._stays_since = None
            return False
        self._stays_since = now if self._stays_since is None else self._stays_since
        return now - self._stays_since < SUSPEND_AFTER

    def _look_again(self) -> None:
        """Have the coroutines look again soon: those that wait still may have nothing on its way then."""
        import asyncio  # late, as above

        if self._look is not None:
            self._look.cancel()
        self._look = asyncio.get_running_loop().call_later(LOOK_AGAIN, self._park_loop)

    def leave(self) -> bool:
        """Note what the job waits for, as its coroutine is about to be cancelled; False: it does not wait, or may not be called again."""
        active = [_told(wait) for wait in self._active if wait is not _NOTHING]
        if not active or self._context.is_once:
            return False
        for wait in active:
            self._remember(wait)
        if len(active) == 1:
            self.suspended = active[0]
            return True
        moments = [wait.until for wait in active if wait.until is not None]
        self.suspended = Wait(
            list(dict.fromkeys(id for wait in active for id in wait.jobs)),
            notes=tuple(dict.fromkeys(name for wait in active for name in wait.notes)),
            until=min(moments, default=None),
        )
        return True


_NOTHING = Wait()  # of a coroutine that waits for what no later attempt could wait for


def deadline_in(timeout: float | None) -> Deadline | None:
    """Return until when a call waits that begins now; timeout: seconds, None for as long as it takes."""
    if timeout is None:
        return None
    context = ACTIVE.get()
    if context is None or not context.can_wait:
        return Deadline(CLOCK.monotonic() + timeout)
    return context.open_waits().deadline(timeout)


def wait_here(future: Future[Any], wait: Waited | None, deadline: Deadline | None = None) -> bool:
    """Block until *future* is done, at most until *deadline*; return whether it is. An attempt gives its slot back meanwhile.

    wait: what a later attempt can wait for instead; None: nothing, so the attempt stays.
    """
    context = ACTIVE.get()
    if future.done or context is None or not context.can_wait:
        return future.done or CLOCK.block(future, None if deadline is None else deadline.left())
    return context.open_waits().block(future, wait, deadline)


def awaited(future: Future[T], wait: Waited | None) -> Generator[Any, Any, T]:
    """Await *future*; an attempt gives its slot back meanwhile.  wait: as for `wait_here`."""
    context = ACTIVE.get()
    if future.done or (context is not None and context.can_wait and not is_in_loop()):
        return (yield from future.__await__())
    if context is None or not context.can_wait:
        return cast("T", (yield from CLOCK.awaited(future)))
    return (yield from context.open_waits().awaited(future, wait))


def deferred(future: Future[T]) -> Deferred[T]:
    """Return a Deferred for *future*, which is waited for as by `awaited`; an attempt keeps its slot."""
    context = ACTIVE.get()
    if future.done or (context is not None and context.can_wait):
        from taskbahn.future import as_deferred  # late: most attempts have no Twisted code

        return as_deferred(future)
    return CLOCK.deferred(future)


class Awaiting(Generic[T]):
    """What `await` waits for as `awaited` does."""

    def __init__(self, future: Future[T], wait: Waited | None) -> None:
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
    if wait.replaced_by is not None:
        said["replaced_by"] = wait.replaced_by
    return SUSPENDED, said


def _told(wait: Waited) -> Wait:
    return wait() if callable(wait) else wait


def _within(seconds: float, deadline: Deadline | None) -> float:
    """Return the seconds to wait: no longer than a deadline."""
    return seconds if deadline is None else min(seconds, deadline.left())
