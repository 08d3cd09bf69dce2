"""A dispatcher with all its parts but Crossbar: time is a `Clock`, the store is in memory, and what goes out is recorded.

Callers and workers meet the dispatcher in a `DispatcherHarness`. Nothing happens before `settle` lets the turns of the loop run.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher

from support.recorded_call import RecordedCall
from support.storing import FakeRunner, FakeSqliteStore, FakeStore
from support.topics import Topics
from taskbahn.errors import TaskbahnError
from taskbahn.protocol import messages
from taskbahn.protocol.states import FINAL_STATES
from taskbahn_router.core.audit import Origin
from taskbahn_router.core.flow_jobs import CHAIN, GROUP
from taskbahn_router.model.pending_call import PendingCall
from taskbahn_router.parts import Parts
from taskbahn_router.procedures import handlers
from taskbahn_router.stores.contract import Filter
from taskbahn_router.stores.rows import JobRow
from taskbahn_router.workers.registry import HEARTBEAT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from taskbahn_router.core.role_limits import Limits

WALL = 1_700_000_000.0
ROUTER_SIDE = "taskbahn_router."  # Twisted names a class's logger for the class
FAILURES: list[str] = []  # failures that reached the log because no code caught them


def _observe(event: dict[str, Any]) -> None:
    if "log_failure" in event and str(event.get("log_namespace", "")).startswith(ROUTER_SIDE):
        FAILURES.append(str(event["log_failure"]))


globalLogPublisher.addObserver(_observe)  # type: ignore[arg-type]  # a function provides the interface
TASK = "a.task"
FLOWS = (CHAIN, GROUP)  # they run without attempts


def job_id(number: int) -> str:
    return f"0192f0c1-2d3e-7abc-8def-{number:012x}"


class FakeWorker:
    """A worker's session: the orders that it got, and the reports that it sends."""

    def __init__(self, harness: DispatcherHarness, asked: RecordedCall, id: str) -> None:
        self.harness = harness
        self.asked = asked
        self.id = id
        self.silent = False
        self._read = 0
        self._beat = harness.clock.seconds()
        self.runs: list[tuple[str, int]] = []  # attempts that it was ordered to run and has not ended yet
        self.cancelled: list[tuple[str, int, str]] = []

    def take(self) -> list[tuple[str, int]]:
        """Read the orders since the last time; return the attempts to run."""
        taken = []
        for order in self.asked.progress[self._read :]:
            taken += [(run[0], run[1]) for run in order.get("run", ())]
            self.cancelled += [(cancel[0], cancel[1], cancel[2]) for cancel in order.get("cancel", ())]
        self._read = len(self.asked.progress)
        self.runs += taken
        return taken

    def says(self, **report: Any) -> RecordedCall:
        """Send a report as it is."""
        return self.harness.ask(messages.WORKER_REPORT, messages.plain(messages.Report(**report)), caller=self.asked.call.caller)

    def done(self, *runs: tuple[str, int], result: str = "1", seconds: float = 1.0) -> RecordedCall:
        """Report successes that took so long each."""
        self._ended(runs)
        return self.says(done=[messages.Done(id, attempt, result, 0.0, seconds) for id, attempt in runs])

    def failed(self, *runs: tuple[str, int], kind: Any = "error", **more: Any) -> RecordedCall:
        self._ended(runs)
        error = {"type": "ValueError", "message": "no"}
        return self.says(failed=[messages.Failed(id=id, attempt=attempt, kind=kind, error=error, **more) for id, attempt in runs])

    def notices(self, run: tuple[str, int], kind: Any, *data: Any) -> RecordedCall:
        return self.says(notices=[messages.Notice(*run, kind, self.harness.wall(), value) for value in data])

    def hands_back(self, *runs: tuple[str, int], draining: bool = False) -> RecordedCall:
        self._ended(runs)
        return self.says(back=list(runs), draining=draining)

    def lost(self) -> None:
        """Its session ended."""
        self.silent = True
        self.asked.gone()

    def beats(self) -> None:
        """Send a heartbeat when it is time."""
        if not self.silent and self.harness.clock.seconds() - self._beat > HEARTBEAT_SECONDS / 2:
            self._beat = self.harness.clock.seconds()
            self.says()

    def _ended(self, runs: Iterable[tuple[str, int]]) -> None:
        self.runs = [run for run in self.runs if run not in runs]


class DispatcherHarness(Topics):
    """One dispatcher after the other over the same store."""

    def __init__(
        self, store: FakeStore | FakeSqliteStore | None = None, role_limits: Mapping[str, Limits] | None = None
    ) -> None:  # fmt: skip
        super().__init__()
        FAILURES.clear()  # those of other tests in this process
        self.clock = Clock()
        self.store = store or FakeStore()
        self.role_limits = role_limits
        self.asked: dict[int, RecordedCall] = {}
        self.ended_sessions: list[tuple[int, str]] = []
        self.published: list[tuple[str, Any]] = []
        self.pushes = 0
        self.watched: set[str] = set()
        self.declared: list[str] = []
        self.heard: dict[str, tuple[Callable[..., None], Deferred[Any]]] = {}  # by procedure: how to stream to it, how to end it
        self.workers: list[FakeWorker] = []
        self.unread: dict[int | None, int] = {}  # bytes that wait for the reader of a session
        self.uniform = 0.0
        self._requests = 0
        self._jobs = 0
        self._open()

    def _open(self) -> None:
        self.writing, self.reading = FakeRunner(), FakeRunner()
        self.parts = Parts(
            self.store, self.writing, self.reading, self, self, clock=self.clock, wall=self.wall, uniform=lambda: self.uniform,
            role_limits=self.role_limits,
        )  # fmt: skip
        self.dispatcher, self.registry = self.parts.dispatcher, self.parts.registry
        self.parts.begin(self.store.open(), self.store.reader())
        self.jobs, self.handlers = self.parts.jobs, handlers(self.parts)
        self.settle()

    # time

    def wall(self) -> float:
        return WALL + self.clock.seconds()

    def settle(self) -> None:
        """Let all turns of the loop run that are due now."""
        while self._next() <= self.clock.seconds():
            self.clock.advance(0)

    def turn(self) -> bool:
        """Run what is next in the event loop, if it is due; `Clock.advance` goes on with what that has called in its turn."""
        clock: Any = self.clock
        if not clock.calls or clock.calls[0].getTime() > clock.seconds():
            return False
        call = clock.calls.pop(0)
        call.called = 1
        call.func(*call.args, **call.kw)
        return True

    def passes(self, seconds: float) -> None:
        """Let time pass, timer by timer."""
        self.settle()
        end = self.clock.seconds() + seconds
        while self._next() <= end:
            self.clock.advance(max(0.0, self._next() - self.clock.seconds()))
            self.settle()
            for worker in self.workers:
                worker.beats()
            self.settle()
        self.clock.advance(max(0.0, end - self.clock.seconds()))
        self.settle()

    def _next(self) -> float:
        calls: list[Any] = list(self.clock.getDelayedCalls())
        return min((call.getTime() for call in calls), default=math.inf)

    def hold_commits(self) -> None:
        """Keep commits on their way until `writing.release`."""
        self.dispatcher.loop._commit_seconds = float("inf")  # none on the spot
        self.writing.holds = True

    def release_commits(self) -> None:
        self.dispatcher.loop._commit_seconds = 0.0
        self.writing.release()
        self.settle()

    def restart(self) -> None:
        """The router dies, with whatever was not committed, and starts again."""
        timers: list[Any] = list(self.clock.getDelayedCalls())
        for timer in timers:
            timer.cancel()
        self.workers.clear()
        self.topics.clear()
        self.patterns.clear()
        self.store.close()
        self._open()

    # calls

    def ask(
        self, procedure: str, *args: Any, caller: int | None = 1, authid: str = "joe", progress: bool = True, **kwargs: Any
    ) -> RecordedCall:  # fmt: skip
        """Call a procedure as Crossbar would; an error of the dispatcher that has no URI is raised here."""
        return self.ask_as(authid, None, procedure, *args, session=caller, progress=progress, **kwargs)

    def ask_as(
        self, authid: str, role: str | None, procedure: str, *args: Any, session: int | None = 1, progress: bool = True, **kwargs: Any
    ) -> RecordedCall:  # fmt: skip
        """Call a procedure as a session of that name and role."""
        self._requests += 1
        call = PendingCall(
            self, self._requests, procedure, list(args), kwargs, caller=session, authid=authid, role=role, wants_progress=progress
        )
        asked = RecordedCall(self, call)
        try:
            self.handlers.get(procedure, self.parts.call_task)(call)
        except TaskbahnError as error:
            call.fail(error)
        return asked

    def submit(self, *args: Any, id: str | None = None, task: str = TASK, follow: bool = False, **options: Any) -> RecordedCall:
        """Submit one job; ids count from 1 when none is given."""
        self._jobs += 1
        call = {"task": task, "id": id or job_id(self._jobs), "args": list(args), "options": options}
        more: dict[str, Any] = {"follow": True} if follow else {}
        return self.ask(messages.SUBMIT, [call], **more)

    def worker(
        self,
        id: str = "w",
        slots: int = 1,
        *,
        tasks: Iterable[str] = (TASK,),
        running: Iterable[tuple[str, int]] = (),
        **more: Any,
    ) -> FakeWorker:
        """Attach a worker, and let the turns run."""
        declared = [messages.TaskDeclaration(name=name, **more.pop("declaration", {})) for name in tasks]
        hello = messages.Hello(protocol=messages.PROTOCOL, worker=id, slots=slots, tasks=declared, running=list(running), **more)
        self._requests += 1
        asked = self.ask(messages.WORKER_ATTACH, messages.plain(hello), caller=1000 + self._requests)
        self.settle()
        assert asked.progress, asked.sent
        worker = FakeWorker(self, asked, id)
        self.workers.append(worker)
        return worker

    # what the dispatcher asks of the outside

    def progress(self, request: int, value: Any) -> None:
        self.asked[request].sent.append(("progress", value))

    def answer(self, request: int, args: list[Any], kwargs: dict[str, Any] | None) -> None:
        self.asked[request].sent.append(("answer", args[0] if args else None, kwargs or {}))

    def fail(self, request: int, error: TaskbahnError) -> None:
        self.asked[request].sent.append(("fail", error))

    def register_procedure(self, uri: str, handler: Callable[[PendingCall], None]) -> Deferred[None]:
        self.handlers[uri] = handler
        return succeed(None)

    def unregister_procedure(self, uri: str) -> None:
        del self.handlers[uri]

    def publish_event(self, topic: str, value: Any) -> None:
        self.published.append((topic, value))

    def is_watched(self, topic: str) -> bool:
        return topic in self.watched

    def watches_jobs(self) -> bool:
        return any(topic.startswith(messages.JOB_TOPIC) for topic in self.watched)

    def call_offer(self, uri: str, args: list[Any], kwargs: dict[str, Any], on_progress: Callable[..., None]) -> Deferred[Any]:
        ends: Deferred[Any] = Deferred()
        self.heard[uri] = (on_progress, ends)
        return ends

    def flush_sockets(self) -> None:
        self.pushes += 1

    def end_session(self, session: int, reason: str) -> None:
        self.ended_sessions.append((session, reason))

    def has_session(self, session: int) -> bool:
        """Return whether a session has joined, and not left."""
        return True

    def origin(self, session: int | None, authid: str | None) -> Origin:
        return Origin(authid, "anonymous", "127.0.0.1", "websocket")

    def unread_bytes(self, session: int | None) -> int:
        return self.unread.get(session, 0)

    def declare(self, task: str) -> None:
        self.declared.append(task)

    def withdraw(self, task: str) -> None:
        self.declared = [name for name in self.declared if name != task]

    def lag(self) -> float:
        return 0.0

    least_lag = lag

    def failed(self, call: PendingCall, failure: Any) -> None:
        call.fail(failure.value if isinstance(failure.value, TaskbahnError) else failure.raiseException())

    # what there is

    def row(self, number: int | str) -> JobRow:
        row = self.store.reader().job(bytes.fromhex((number if isinstance(number, str) else job_id(number)).replace("-", "")))
        assert row is not None
        return row

    def state(self, number: int | str) -> str:
        return self.row(number).state

    def check(self) -> None:
        """Assert that memory and store agree, and that each slot in use has its attempt."""
        failures = FAILURES.copy()
        FAILURES.clear()
        assert failures == []
        state = self.dispatcher.state
        rows = self.store.reader().jobs(Filter(limit=1_000_000)).rows
        counts = Counter(row.state for row in rows)
        assert {state: count for state, count in state.counts.items() if count} == dict(counts)
        ready = Counter(row.partition for row in rows if row.state == "ready")
        assert {partition.id: partition.ready for partition in state.partitions_by_id.values() if partition.ready} == dict(ready)
        assert state.partitions_with_backlog == set(ready)
        assert {partition.id: partition.jobs for partition in state.partitions_by_id.values() if partition.jobs} == dict(
            Counter(row.partition for row in rows)
        )
        for row in rows:
            partition = state.partitions_by_id[row.partition]
            assert state.partitions[row.queue, row.task] is partition
        empty = {id for id, partition in state.partitions_by_id.items() if not partition.jobs}
        assert empty <= state.vacant, "a partition without jobs stays"
        running = {row.id: (row.attempt, row.worker) for row in rows if row.state == "running" and row.task not in FLOWS}
        assert {job.raw: (job.attempt, job.worker_id) for job in state.jobs.values()} == running
        for worker in state.workers.values():
            assert worker.parked <= set(worker.attempts)
            assert worker.room.in_flight == len(worker.attempts) - len(worker.parked)
            assert worker.room.slow == len(worker.slow)
            assert worker.slow <= set(worker.attempts)
        followed = {id for id in self.dispatcher.followers._by_job if self.known(id) in FINAL_STATES}
        assert not followed, "a follower waits for what has ended"

    def known(self, id: str) -> str | None:
        row = self.store.reader().job(bytes.fromhex(id.replace("-", "")))
        return None if row is None else row.state


def busy(harness: DispatcherHarness, jobs: int = 1, id: str = "w", **options: Any) -> FakeWorker:
    """Attach a worker that runs *jobs* jobs."""
    worker = harness.worker(id, slots=jobs)
    for _ in range(jobs):
        harness.submit(**options)
    harness.settle()
    assert len(worker.take()) == jobs
    return worker
