"""The worker of a simulation: it runs attempts in threads of this process, one at a time, in the order in which they can go on."""

from __future__ import annotations

import asyncio
import math
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec
from twisted.internet.defer import Deferred

from taskbahn.attempt.context import ACTIVE, DONE, FAILED, NOTICE, PARKED, SUSPENDED, AttemptContext
from taskbahn.protocol import messages
from taskbahn.testing.simulation.attempts import Attachment, Attempt, AttemptLoop
from taskbahn.testing.simulation.driver import Alarm, Waiter
from taskbahn.testing.simulation.standstill import Standstill
from taskbahn.worker.execution import AttemptContexts, conclude, execute, execute_async
from taskbahn.worker.failure import outcome, stopped
from taskbahn.worker.inputs import InputReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from taskbahn.app import Taskbahn
    from taskbahn.attempt.context import Record
    from taskbahn.testing.shared_connections import SharedConnections
    from taskbahn.testing.simulation.driver import Driver
    from taskbahn.testing.simulation.node import Node

FIRST_SESSION = 100
KINDS = {
    DONE: "done",
    FAILED: "failed",
    NOTICE: "notices",
    SUSPENDED: "suspended",
    PARKED: "parked",
}  # of records: fields of a report
LOST = "the worker was lost"


class Worker:
    """Runs what the dispatcher orders; what its attempts say is delivered at once.

    It is the `RecordSink` of its attempts, and the `Parking` of those that wait.
    """

    def __init__(
        self, app: Taskbahn, driver: Driver, node: Node, slots: int, queues: Sequence[str] | None, connections: SharedConnections
    ) -> None:
        self.is_leaving = False
        self.loses_next = False  # the next attempt that ends takes the worker along
        self._app = app
        self._driver = driver
        self._node = node
        self._slots = slots
        self._connections = connections
        self._queues = queues  # None: all in which there are jobs
        self._number = 0
        self._attachments: list[Attachment] = []
        self._new_context = AttemptContexts().new
        self._attempts: dict[tuple[str, int], Attempt] = {}
        self._all: list[Attempt] = []  # also the lost ones, until their threads end
        self._ready: deque[Attempt] = deque()
        self._woken: deque[tuple[Attempt, Callable[[], object]]] = deque()
        self._standstill = Standstill(node.clock.seconds)
        self._inputs = InputReader(self._ask, self._give, self._hand_back, app.tasks)

    @property
    def has_waiting(self) -> bool:
        """Whether attempts have begun and wait."""
        return any(attempt.thread.ident is not None for attempt in self._attempts.values())

    def attach(self, queues: Iterable[str] | None = None) -> None:
        """Come to the dispatcher for these queues, as another worker than the ones before; None: for those that it has at first."""
        self._number += 1
        queues = queues or ((messages.DEFAULT_QUEUE,) if self._queues is None else self._queues)
        attachment = Attachment(FIRST_SESSION + self._number, list(queues))
        self._attachments.append(attachment)
        hello = messages.Hello(
            protocol=messages.PROTOCOL,
            worker=f"simulated-{self._number}",
            slots=self._slots,
            tasks=[task.declaration() for task in self._app.tasks.values()],
            queues=attachment.queues,
            schedules=list(self._app.declared_schedules.values()),
            triggers=list(self._app.declared_triggers.values()),
        )
        refused: list[BaseException] = []
        attachment.caller = self._node.call(
            messages.WORKER_ATTACH,
            [messages.plain(hello)],
            {},
            session=attachment.session,
            on_answer=lambda _: None,
            on_fail=refused.append,
            on_progress=lambda order: self._obey(attachment, order),
        )
        self._node.turn()
        if refused:
            raise refused[0]

    def beat(self) -> None:
        """Say that it is there."""
        for attachment in self._attachments:
            self._report(attachment, {})

    def next(self) -> tuple[Attempt, Callable[[], object]] | None:
        """Return an attempt that can go on or begin, and how."""
        if self._woken:
            return self._woken.popleft()
        if self._ready:
            attempt = self._ready.popleft()
            self._standstill.begins(attempt.context)
            return attempt, attempt.thread.start
        served = [queue for attachment in self._attachments for queue in attachment.queues]
        if self._queues is None and (queues := self._node.unserved(served)):
            self.attach(sorted(queues))
            return self.next()
        return None

    def unfinished(self, most: int) -> list[str]:
        """Return a line for each of the first jobs that have not ended: what they wait for."""
        lines: list[str] = []

        def found(page: Any) -> None:
            for job in page["jobs"]:
                lines.append(f"{job['task']} {job['id']} is {job['state']}")
                self._driver.node.call(
                    messages.JOB_EXPLAIN,
                    [job["id"]],
                    {},
                    session=FIRST_SESSION,
                    on_answer=lambda reasons: lines.extend(f"  {reason['why']}" for reason in reasons),
                    on_fail=lambda error: lines.append(f"  {error}"),
                )

        self._node.call(
            messages.VIEW_JOBS,
            [],
            {"state": ["ready", "waiting", "running"], "limit": most},
            session=FIRST_SESSION,
            on_answer=found,
            on_fail=lambda error: lines.append(str(error)),
        )
        return lines

    def lose(self) -> None:
        """Lose the worker: nothing of what its attempts do from now on is heard; another one comes."""
        lost, self._attempts = list(self._attempts.values()), {}
        self._ready = deque(attempt for attempt in self._ready if attempt not in lost)
        for attempt in lost:
            attempt.is_lost = True
            self._stop(attempt, "refused", LOST)
        attachments, self._attachments = self._attachments, []
        for attachment in attachments:
            if attachment.caller is not None:
                self._node.leave(attachment.caller)
        self._node.turn()
        self.attach()

    def stop(self) -> None:
        """End what still waits."""
        self._ready.clear()
        for attempt in self._all:
            attempt.is_lost = True
            if attempt.thread.ident is not None:
                self._stop(attempt, "back", "the simulation has ended")

    # orders

    def _obey(self, attachment: Attachment, plain: Any) -> None:
        order = msgspec.convert(plain, messages.WorkerOrder)
        for job, number, name, text in order.notes:
            if (attempt := self._attempts.get((job, number))) is not None:
                attempt.context.told(name, text)
        for one in order.run:
            self._begin(attachment, one)
        for job, number, reason in order.cancel:
            self._cancel((job, number), reason or "the job was cancelled")
        if order.back:
            self._take_back(attachment, order.back)

    def _begin(self, attachment: Attachment, one: messages.Attempt) -> None:
        context = AttemptContext(one.id, one.attempt, one.task, one.packed, one.run_within, self)
        context.can_park, context.has_permits, context.is_once = True, one.has_permits, one.is_once
        context.deadline = one.deadline
        context.parking = self
        task = self._app.tasks.get(one.task)
        if task is None:
            error = {"type": "UnknownTask", "message": f"this application has no task {one.task!r}"}
            self._attempts[context.key] = Attempt(context, attachment, self._run)
            self.put(outcome(context, kind="error", error=error, retry=True))
            return
        attempt = self._attempts[context.key] = Attempt(context, attachment, self._run_loop if task.pool == "loop" else self._run)
        if one.lacks_inputs or one.has_notes:
            self._inputs.read(context, inputs=one.lacks_inputs, notes=one.has_notes)
        else:
            self._ready.append(attempt)
            self._all.append(attempt)

    def _give(self, context: AttemptContext) -> None:
        attempt = self._attempts.get(context.key)
        if attempt is not None:
            self._ready.append(attempt)
            self._all.append(attempt)

    def _hand_back(self, contexts: Iterable[AttemptContext]) -> None:
        for context in contexts:
            attempt = self._attempts.pop(context.key, None)
            if attempt is not None:
                self._report(attempt.attachment, {"back": [context.key]})

    def _take_back(self, attachment: Attachment, most: int) -> None:
        found = [attempt for attempt in self._ready if attempt.attachment is attachment][-most:]
        for attempt in found:
            self._ready.remove(attempt)
        self._hand_back([attempt.context for attempt in found])

    def _cancel(self, key: tuple[str, int], reason: str) -> None:
        attempt = self._attempts.get(key)
        if attempt is None:
            return
        if attempt in self._ready:
            self._ready.remove(attempt)
            attempt.context.stop, attempt.context.stop_reason = "cancelled", reason
            self.put(stopped(attempt.context, reason))
        else:
            self._stop(attempt, "cancelled", reason)

    @staticmethod
    def _stop(attempt: Attempt, kind: Any, reason: str) -> None:
        context = attempt.context
        if context.stop is not None or context.ended:
            return
        context.stop, context.stop_reason = kind, reason
        if attempt.loop is not None:
            attempt.loop.call_soon_threadsafe(lambda: attempt.coroutine.cancel(reason) if attempt.coroutine else None)
        if context.waits is not None:
            context.waits.wake()

    def _ask(self, procedure: str, *args: Any, **kwargs: Any) -> Deferred[Any]:
        asked: Deferred[Any] = Deferred()
        self._node.call(procedure, list(args), kwargs, session=FIRST_SESSION, on_answer=asked.callback, on_fail=asked.errback)
        return asked

    # what attempts say

    def put(self, record: Record) -> None:
        """Take a record; from any thread."""
        self._driver.post(self._deliver, record)

    def touch(self, context: AttemptContext) -> None:
        """Note that the progress has changed: it is sent when the attempt waits or ends."""

    def _deliver(self, record: Record) -> None:
        kind, data = record
        key = (data["id"], data["attempt"]) if isinstance(data, dict) else (data[0], data[1])
        attempt = self._attempts.get(key)
        if attempt is None or attempt.is_lost:
            return
        ends = kind in (DONE, FAILED, SUSPENDED)
        if ends and self.loses_next:
            self.loses_next = False
            self.lose()
            return
        if ends:
            del self._attempts[key]
            if kind == FAILED and attempt.context.stop in ("back", "refused"):
                return
        mark = data[5] if kind == NOTICE and len(data) > 5 else 0  # noqa: PLR2004 - `messages.Notice`
        output = attempt.context.output
        self._report(
            attempt.attachment, {KINDS[kind]: [data]}, None if output is None or not mark else lambda: output.recorded(mark)
        )
        if kind == SUSPENDED:
            self._standstill.waits(attempt.context, data)

    def _report(self, attachment: Attachment, report: dict[str, Any], recorded: Callable[[], object] | None = None) -> None:
        self._node.call(
            messages.WORKER_REPORT,
            [messages.plain(report)],
            {},
            session=attachment.session,
            on_answer=lambda _: recorded() if recorded else None,
            on_fail=self._driver.fails,
        )

    # attempts that wait

    def park(self, context: AttemptContext, *, may_suspend: bool) -> bool:
        """Note that an attempt gives its slot back; from its thread."""
        self._say_progress(context)
        self.put((PARKED, [*context.key, True]))
        attempt = self._attempts.get(context.key)
        if attempt is not None and attempt.loop is not None:
            attempt.loop.rest()
        return True

    def unpark(self, context: AttemptContext) -> None:
        """The attempt goes on; from its thread."""
        attempt = self._attempts.get(context.key)
        if attempt is not None and attempt.loop is not None:
            attempt.loop.go_on()
        self.put((PARKED, [*context.key, False]))

    def leave(self, context: AttemptContext) -> None:
        """Have a parked attempt suspended."""
        attempt = self._attempts.get(context.key)
        if attempt is None or attempt.coroutine is None or context.waits is None:
            return
        if context.stop is None and context.waits.leave():
            attempt.coroutine.cancel()

    def rests(self, attempt: Attempt) -> None:
        """Note that the coroutines of an attempt wait; from its loop."""
        self._driver.post(self._rest, attempt)

    @staticmethod
    def _rest(attempt: Attempt) -> None:
        attempt.is_running = False

    def wakes(self, attempt: Attempt, wake: Callable[[], object]) -> None:
        """Have a loop woken when it is the turn of its attempt; from any thread."""
        self._driver.post(self._woken.append, (attempt, wake))

    def wait(self, gate: threading.Event, seconds: float | None) -> None:
        """Wait in a thread of an attempt, until its gate is open and it is its turn, or for so long by the clock."""
        context = ACTIVE.get()
        attempt = None if context is None else next((one for one in self._all if one.context is context), None)
        if attempt is None:
            gate.wait(seconds)
            return
        waiter = Waiter(gate, math.inf if seconds is None else seconds, attempt)
        self._driver.post(self._wait, waiter)
        waiter.release.wait()

    def _wait(self, waiter: Waiter) -> None:
        waiter.until += self._node.clock.seconds()
        self._driver.waiters.append(waiter)
        waiter.attempt.is_running = False

    def call_later(self, loop: asyncio.AbstractEventLoop, seconds: float, function: Callable[..., Any], value: Any) -> Any:
        """Call a function on the loop of an attempt at a time of the clock."""
        attempt = next((one for one in self._all if one.loop is loop), None)
        if attempt is None:
            return loop.call_later(seconds, function, value)
        alarms = self._driver.alarms
        alarm = Alarm(self._node.clock.seconds() + seconds, attempt, lambda: None, alarms)

        def come() -> None:
            assert attempt.loop is not None  # noqa: S101 - it was found by it
            attempt.loop._wake(function, value, context=None)  # noqa: SLF001 - of this module

        alarm.call = come
        alarms.append(alarm)
        return alarm

    # on the threads of attempts

    def _run(self, attempt: Attempt) -> None:
        context = attempt.context
        with self._connections.here():
            record = self._new_context().run(execute, self._app.tasks[context.task], context)
        self._end(attempt, record)

    def _run_loop(self, attempt: Attempt) -> None:
        loop = attempt.loop = AttemptLoop(self, attempt)
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            record = runner.run(self._coroutine(attempt), context=self._new_context())
        self._end(attempt, record)

    async def _coroutine(self, attempt: Attempt) -> Record:
        context = attempt.context
        ACTIVE.set(context)
        async with self._connections.in_loop():
            attempt.coroutine = asyncio.ensure_future(execute_async(self._app.tasks[context.task], context))
            record = await attempt.coroutine
        context.ended = True
        conclude(context)
        return record

    def _say_progress(self, context: AttemptContext) -> None:
        output = context.output
        if output is not None and output.is_changed:
            self.put(output.progress_record(0.0))

    def _end(self, attempt: Attempt, record: Record) -> None:
        self.put(record)
        self._driver.post(self._ended, attempt)

    def _ended(self, attempt: Attempt) -> None:
        attempt.is_running = False
        if attempt in self._all:
            self._all.remove(attempt)
