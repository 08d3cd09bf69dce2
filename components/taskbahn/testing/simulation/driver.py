"""What happens in a simulation, one thing after the other: dispatcher and clock live on one thread, and one attempt runs at a time.

Nothing happens by itself but answers to requests. The test lets things happen: it waits for a job, or calls `settle` or `advance`.
"""

from __future__ import annotations

import math
import sys
import threading
import traceback
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from taskbahn.errors import NotFinished
from taskbahn.testing.simulation.people import only_people_can_help
from taskbahn.worker.capture import Capture

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.future import Future
    from taskbahn.testing.simulation.node import Node
    from taskbahn.testing.simulation.worker import Worker

PATIENCE_SECONDS = 30.0  # seconds of real time for which an attempt may run without waiting for anything of Taskbahn
LONGEST_SKIP = 366 * 86_400.0  # seconds of the simulation that pass while a test waits for one thing
MOST_JOBS = 5  # jobs that an error names
NOTHING = "nothing is left to do, at any time of the next year"
PEOPLE = (
    "nothing is left to do but what schedules start, and only a person can help on: with node.answer(job, ...), or job.resume()"
)


@dataclass(eq=False)
class Goal:
    """What the test waits for.   until: of the clock, when it waits no longer.   skips: whether time may pass meanwhile."""

    is_met: Callable[[], bool]
    until: float
    skips: bool
    over: Callable[[], object]
    limit: float = math.inf
    error: BaseException | None = None
    future: Future[None] | None = None


@dataclass(eq=False)
class Waiter:
    """A thread of an attempt that waits for its gate, or for a time of the clock."""

    gate: threading.Event
    until: float
    attempt: Any
    release: threading.Event = field(default_factory=threading.Event)


@dataclass(eq=False)
class Alarm:
    """A call on the loop of an attempt that comes at a time of the clock."""

    until: float
    attempt: Any
    call: Callable[[], object]
    alarms: list[Alarm]

    def cancel(self) -> None:
        """Have it not come."""
        if self in self.alarms:
            self.alarms.remove(self)


class Driver:
    """The thread of one simulation; `post` and `run` may be called from any thread."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.worker: Worker
        self.waiters: list[Waiter] = []
        self.alarms: list[Alarm] = []
        self._since = 0.0
        self._calls: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._goals: list[Goal] = []
        self._is_over = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="taskbahn-simulation", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self.post(self._stop)
        self._thread.join()

    def _stop(self) -> None:
        self._is_over = True

    def post(self, function: Callable[..., object], *args: Any) -> None:
        """Have *function* called on the driver's thread soon."""
        self._calls.put(lambda: function(*args))

    def run(self, function: Callable[[], Any]) -> Any:
        """Call *function* on the driver's thread, wait for it and return what it returns."""
        done = threading.Event()
        found: list[Any] = []

        def call() -> None:
            try:
                found.extend((function(), None))
            except BaseException as error:  # noqa: BLE001 - it belongs to the caller
                found.extend((None, error))
            done.set()

        self.post(call)
        done.wait()
        if found[1] is not None:
            raise found[1]
        return found[0]

    def reach(self, is_met: Callable[[], bool], seconds: float | None, *, skips: bool) -> bool:
        """Let things happen until something is true, or a number of seconds of the clock is over; return whether it is.

        Raises NotFinished if there is nothing left that could happen.
        """
        over = threading.Event()
        goal = Goal(is_met, math.inf if seconds is None else seconds, skips, over.set)
        self.post(self._begin, goal)
        over.wait()
        if goal.error is not None:
            raise goal.error
        return is_met()

    def wake(self, is_met: Callable[[], bool], future: Future[None]) -> None:
        """Let things happen until something is true; *future* fails if there is nothing left that could happen."""

        def over() -> None:
            if goal.error is not None:
                future.fail(goal.error)

        goal = Goal(is_met, math.inf, skips=True, over=over, future=future)
        self.post(self._begin, goal)

    def leave(self, future: Future[None]) -> None:
        """Let nothing more happen for *future*: its caller waits no longer."""
        self.post(self._leave, future)

    def _leave(self, future: Future[None]) -> None:
        self._goals = [goal for goal in self._goals if goal.future is not future]

    def _begin(self, goal: Goal) -> None:
        now = self.node.clock.seconds()
        goal.until += now
        goal.limit = now + LONGEST_SKIP
        self._goals.append(goal)

    # on the driver's thread

    def _run(self) -> None:
        while not self._is_over:
            self._serve(wait=not self._goals)
            if self._goals:
                try:
                    self._pursue()
                except BaseException as error:  # noqa: BLE001 - the test is to see it
                    self.fails(error)

    def _serve(self, *, wait: bool, seconds: float | None = None) -> None:
        """Make the calls that have come.  Raises Empty if none comes in time."""
        self._make(self._calls.get(wait, seconds)) if wait else None
        while not self._calls.empty():
            self._make(self._calls.get())

    def _make(self, call: Callable[[], object]) -> None:
        try:
            call()
            self.node.turn()
        except BaseException as error:  # noqa: BLE001 - as above
            self.fails(error)

    def fails(self, error: BaseException) -> None:
        """Have the test see an error."""
        if not self._goals:
            self._error = self._error or error  # the next one gets it
        for goal in list(self._goals):
            self._end(goal, error)

    def _end(self, goal: Goal, error: BaseException | None = None) -> None:
        self._goals.remove(goal)
        goal.error = error
        goal.over()

    def _pursue(self) -> None:
        """Let one thing happen, or time pass until something can."""
        if self._error is not None:
            error, self._error = self._error, None
            self.fails(error)
            return
        for goal in [goal for goal in self._goals if goal.is_met()]:
            self._end(goal)
        if not self._goals or self._step():
            return
        now = self.node.clock.seconds()
        for goal in [goal for goal in self._goals if not goal.skips or goal.until <= now]:
            self._end(goal)
        if self._goals:
            self._pass_time(now)

    def _step(self) -> bool:
        """Go on with one attempt; False if none can."""
        now = self.node.clock.seconds()
        for waiter in self.waiters:
            if waiter.gate.is_set() or waiter.until <= now:
                self.waiters.remove(waiter)
                self._let_run(waiter.attempt, waiter.release.set)
                return True
        for alarm in self.alarms:
            if alarm.until <= now:
                self.alarms.remove(alarm)
                self._let_run(alarm.attempt, alarm.call)
                return True
        found = self.worker.next()
        if found is None:
            return False
        self._let_run(*found)
        return True

    def _let_run(self, attempt: Any, begin: Callable[[], object]) -> None:
        """Let an attempt run until it ends, or waits for something that another one or the clock has to bring."""
        attempt.is_running = True
        capture = Capture()  # a new one for each: pytest exchanges the streams between the parts of a test
        capture.start()
        try:
            begin()
            while attempt.is_running:
                self._serve(wait=True, seconds=PATIENCE_SECONDS)
        except Empty:
            attempt.is_running = False
            raise NotFinished(
                f"the task {attempt.context.task} runs for {PATIENCE_SECONDS:g} s already and waits for nothing of Taskbahn; "
                f"it is here:\n{_place_of(attempt.thread)}",
                job=attempt.context.job,
                timeout=PATIENCE_SECONDS,
            ) from None
        finally:
            capture.stop()

    def _pass_time(self, now: float) -> None:
        """Move the clock to the next time at which something can happen."""
        attempts = [*(waiter.until for waiter in self.waiters), *(alarm.until for alarm in self.alarms)]
        following = min([self.node.next_time(), *attempts])
        target = min(following, *(goal.until for goal in self._goals))
        besides = min([self.node.next_besides_schedules(), *attempts, *(goal.until for goal in self._goals)])
        if target < math.inf and math.isinf(besides) and only_people_can_help(self.node):
            for goal in list(self._goals):
                self._end(goal, self._stuck(PEOPLE))
            return
        for goal in [goal for goal in self._goals if target > goal.limit]:
            self._end(goal, self._stuck())
        if self._goals:
            self.node.clock.rightNow = max(now, target)
            self.worker.beat()  # before the dispatcher looks for workers that are silent
            self.node.turn()

    def _stuck(self, why: str = NOTHING) -> NotFinished:
        lines = self.worker.unfinished(MOST_JOBS)
        jobs = "\n".join(lines) or "all jobs have ended"
        return NotFinished(
            f"the simulation waits for what does not happen: {why}\n{jobs}",
            job="",
            timeout=LONGEST_SKIP,
        )


def _place_of(thread: threading.Thread) -> str:
    frame = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001 - there is no other way
    return "".join(traceback.format_stack(frame)) if frame is not None else "its thread has ended"
