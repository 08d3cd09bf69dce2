"""Plain functions in child processes: a crash or a kill hurts one attempt."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from taskbahn.attempt.context import DONE, FAILED, NOTICE, PARKED, SUSPENDED
from taskbahn.errors import ServiceError
from taskbahn.worker.failure import outcome, stopped
from taskbahn.worker.pool import BLOCKED_AFTER, WaitQueue
from taskbahn.worker.pools.childprocess import ChildProcess, Death
from taskbahn.worker.pools.program import ChildProgram

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from taskbahn.attempt.context import AttemptContext, Record
    from taskbahn.worker.outbox import Outbox

LOOK_AHEAD_SECONDS = 0.005  # seconds of work that a child may have in hand
MAX_LOOK_AHEAD_ATTEMPTS = 500  # attempts
UNKNOWN = 1.0  # seconds that a task counts for before its first attempt
WEIGHT = 0.2  # weight of the newest duration in a task's average
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0  # seconds before another try after a child that could not start
ALL = 1 << 30


class ChildCannotStart(ServiceError):
    """A child process ended before it had imported the application."""


class ProcessPool:
    """Runs plain functions in at most *slots* children; see `worker.pool.Pool`.

    Children are started as they are needed, the first one at `start`. A child is given one attempt at a time, or some
    milliseconds' worth of those that are known to be short; what waits behind one that turns out long is taken back.
    """

    log = Logger("taskbahn.worker")

    def __init__(
        self,
        target: str,
        slots: int,
        outbox: Outbox,
        loop: asyncio.AbstractEventLoop,
        on_back: Callable[[list[AttemptContext]], None],
    ) -> None:
        self.slots = slots
        self.children: list[ChildProcess] = []
        self._program = ChildProgram(target)
        self._outbox = outbox
        self._loop = loop
        self._on_back = on_back
        self._line = WaitQueue()
        self._durations: dict[str, float] = {}
        self._wanted_back = 0
        self._first: asyncio.Future[None] | None = None
        self._pause = FIRST_PAUSE
        self._timer: asyncio.TimerHandle | None = None
        self._is_stopped = False
        self._ending: set[asyncio.Task[None]] = set()  # of children that are one too many

    async def start(self) -> None:
        """Start one child and wait for it; raises ChildCannotStart."""
        self._first = self._loop.create_future()
        self._spawn()
        await self._first

    async def stop(self) -> None:
        """End all children."""
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()
        self._line.take_back(None)
        children, self.children = self.children, []
        await asyncio.gather(*(child.end() for child in children))

    def give(self, contexts: Iterable[AttemptContext]) -> None:
        """Queue *contexts*, and give the children what they can take."""
        self._line.extend(contexts)
        self._distribute()

    def take_back(self, count: int | None = None) -> list[AttemptContext]:
        """Give up unstarted attempts; what the children have follows through `on_back`."""
        found = self._line.take_back(count)
        missing = ALL if count is None else count - len(found)
        if missing > 0:
            self._wanted_back = missing
            for child in self.children:
                child.tell("back", None if count is None else missing)
        return found

    def running(self) -> list[AttemptContext]:
        """Return the attempts that run now."""
        found = [child.current() for child in self.children]
        return [context for context in found if context is not None]

    def interrupt(self, context: AttemptContext) -> None:
        """Have the attempt stop in its child, or take it out of the queue."""
        if self._line.remove(context):
            self._outbox.put_here(stopped(context, context.stop_reason))
            return
        for child in self.children:
            if context.key in child.held:
                child.tell("stop", context.job, context.attempt, context.stop, context.stop_reason)

    def chunks_recorded(self, context: AttemptContext, mark: int) -> None:
        """Tell the child that runs it up to which mark its chunks are recorded."""
        for child in self.children:
            if context.key in child.held:
                child.tell("recorded", context.job, context.attempt, mark)

    def told(self, context: AttemptContext, name: str, text: str) -> None:
        """Tell the child that runs it what came from outside."""
        for child in self.children:
            if context.key in child.held:
                child.tell("note", context.job, context.attempt, name, text)

    def abandon(self, context: AttemptContext) -> None:
        """Kill the process that runs the attempt."""
        for child in list(self.children):
            if context.key in child.held:
                child.kill_in(context)

    def blocked(self, now: float) -> list[AttemptContext]:
        """Return attempts that wait for a slot and get none; those behind a long one in a child are asked back first."""
        for child in list(self.children):
            if child.is_deaf(now):
                child.kill_deaf()
        for child in self.children:
            if len(child.held) > 1 and not child.asked_back:
                current = child.current()
                if current is not None and now - current.began > BLOCKED_AFTER:
                    child.asked_back = True
                    child.tell("back", None)
        if any(not child.is_ready for child in self.children):
            self._line.moved(now)  # a new child is about to take attempts
        return self._line.blocked(now)

    def child_ready(self, child: ChildProcess) -> None:
        """Give the child attempts."""
        self._pause = FIRST_PAUSE
        if self._first is not None and not self._first.done():
            self._first.set_result(None)
        self._distribute()

    def child_said(self, child: ChildProcess, records: list[Any]) -> None:
        """Pass outcomes and notices on, and give the child more."""
        passed: list[Record] = []
        for kind, data in records:
            if kind == DONE:
                context = self._answered(child, (data[0], data[1]))
                if context is not None:
                    self._learn(child, context, data[4] - data[3])
            elif kind in (FAILED, SUSPENDED):
                context = self._answered(child, (data["id"], data["attempt"]))
                if context is not None:
                    child.expected -= self._durations.get(context.task, UNKNOWN)
            elif kind == "back":
                self._taken_back(child, data)
                continue
            elif kind == PARKED:
                self._waits(child, (data[0], data[1]), is_parked=data[2])
            elif kind == NOTICE and data[2] == "extend":
                self._extended(child, data)
            passed.append((kind, data))
        if not child.held:
            child.expected = 0.0
        self._outbox.deliver(passed)
        self._distribute()
        self._end_one_too_many(child)

    def suspend_parked(self) -> None:
        """End the attempts that wait without a slot, and those that will."""
        for child in self.children:
            child.tell("leave", None, 0)

    @staticmethod
    def _answered(child: ChildProcess, key: tuple[str, int]) -> AttemptContext | None:
        """Return an attempt whose outcome is here; a thread of it may wait on, but it does not count any more."""
        child.asked_back = False
        if child.parked == key:
            child.parked = None
        return child.held.pop(key, None)

    def _waits(self, child: ChildProcess, key: tuple[str, int], *, is_parked: bool) -> None:
        """The attempt of a child waits, so another child may run what comes; or it goes on."""
        if not is_parked:
            child.parked = None if child.parked == key else child.parked
            return
        if key not in child.held:
            return
        child.parked = key
        if len(child.held) > 1 and not child.asked_back:
            child.asked_back = True
            child.tell("back", None)
        if self._parked() > self.slots:  # each of them is a process
            child.tell("leave", *key)

    def _parked(self) -> int:
        return sum(child.parked is not None for child in self.children)

    def _end_one_too_many(self, child: ChildProcess) -> None:
        """End an idle child if there are more than slots, since some that waited went on."""
        if child.held or child not in self.children or len(self.children) - self._parked() <= self.slots:
            return
        self.children.remove(child)
        ending = self._loop.create_task(child.end())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    def child_died(self, child: ChildProcess, death: Death) -> None:
        """Report the attempt that the child had begun as crashed or stopped; the rest goes to other children."""
        if child in self.children:
            self.children.remove(child)
        if death.reason:
            self.log.error("process {pid}: {why}", pid=child.pid, why=death)
        unstarted = [context for context in child.held.values() if not child.begun(context)]
        for context in child.held.values():
            if not child.begun(context):
                continue
            context.ended = True
            context.started_at = context.started_at or time.time()
            if context.stop is not None:
                self._outbox.put_here(stopped(context, f"{context.stop_reason}; it did not stop, so its process was killed"))
            else:
                self.log.warn("{task}, job {job}: {why}", task=context.task, job=context.job, why=death)
                self._outbox.put_here(outcome(context, kind="crash", error=death.error()))
        self._line.waiting.extendleft(reversed(unstarted))
        if not child.is_ready:
            self._could_not_start(str(death))
        elif not self._is_stopped:
            self._distribute()

    def _could_not_start(self, why: str) -> None:
        error = ChildCannotStart(f"a child process could not import {self._program.target}: {why}")
        if self._first is not None and not self._first.done():
            self._first.set_exception(error)
            return
        self.log.error("{error}; next try in {pause:.1f} s", error=error, pause=self._pause)
        if self._timer is None and not self._is_stopped:
            self._timer = self._loop.call_later(self._pause, self._try_again)
            self._pause = min(LONGEST_PAUSE, self._pause * 2)

    def _try_again(self) -> None:
        self._timer = None
        self._distribute()

    def _spawn(self) -> None:
        try:
            self.children.append(ChildProcess(self._program, self, self._loop))
        except OSError as error:  # the system has no descriptor, process or memory left just now
            self._could_not_start(f"it cannot be started ({error})")

    def _distribute(self) -> None:
        """Give each child its share of the line, the least busy one first; start another child if all are busy."""
        waiting = self._line.waiting
        if not waiting:
            return
        ready = (child for child in self.children if child.is_ready and not child.asked_back and child.parked is None)
        free = sorted(ready, key=lambda child: child.expected)
        share = -(-len(waiting) // max(len(free), 1))
        for child in free:
            self._fill(child, share)
        starting = sum(not child.is_ready for child in self.children)
        if len(waiting) > starting and len(self.children) - self._parked() < self.slots and self._timer is None:
            self._spawn()

    def _fill(self, child: ChildProcess, share: int) -> None:
        waiting, durations = self._line.waiting, self._durations
        given: list[AttemptContext] = []
        room = min(share, MAX_LOOK_AHEAD_ATTEMPTS - len(child.held))
        while waiting and len(given) < room:
            expected = durations.get(waiting[0].task, UNKNOWN)
            if child.expected + expected > LOOK_AHEAD_SECONDS and (child.held or given):
                break
            child.expected += expected
            given.append(waiting.popleft())
        if given:
            child.give(given)

    def _learn(self, child: ChildProcess, context: AttemptContext, duration: float) -> None:
        """Take the task's newest duration, wall-clock seconds, into its average."""
        known = self._durations.get(context.task)
        child.expected -= UNKNOWN if known is None else known
        context.ended = True
        duration = max(duration, 1e-6)
        self._durations[context.task] = duration if known is None else known + WEIGHT * (duration - known)

    def _taken_back(self, child: ChildProcess, keys: list[list[Any]]) -> None:
        found = [child.held.pop((job, attempt), None) for job, attempt in keys]
        contexts = [context for context in found if context is not None]
        child.expected = sum(self._durations.get(context.task, UNKNOWN) for context in child.held.values())
        wanted, rest = contexts[: self._wanted_back], contexts[self._wanted_back :]
        self._wanted_back = max(0, self._wanted_back - len(wanted))
        self._line.waiting.extendleft(rest)  # the child gave them up newest first
        if wanted:
            self._on_back(wanted)

    def _extended(self, child: ChildProcess, data: list[Any]) -> None:
        context = child.held.get((data[0], data[1]))
        if context is not None:
            context.run_within = data[4]
            context.began = context.began or time.monotonic()
