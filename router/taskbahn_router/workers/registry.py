"""Workers come, go and come back; each session has a lease on its worker's attempts.

A lost session keeps its attempts for a short grace, in which the worker may come back under the same id and say what it still
runs. After a restart of the router the same holds for every worker that had running jobs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from taskbahn.errors import InvalidRequest, NotReady, TaskbahnError, UnsupportedProtocol, WorkerIdTaken
from taskbahn.protocol import messages
from taskbahn.protocol.limits import definitions
from taskbahn.protocol.states import State
from taskbahn.protocol.vitals import Vitals
from taskbahn_router.core.placement import WorkerCapacity
from taskbahn_router.core.reactions import HAS_NOTES, IS_HELD
from taskbahn_router.dispatcher.job_pausing import order_hold
from taskbahn_router.dispatcher.outcomes import release_slot
from taskbahn_router.model.state import AttachedWorker, id_bytes
from taskbahn_router.model.turn import LostAttempt
from taskbahn_router.submission.callers_code import convert
from taskbahn_router.submission.own_jobs import check_declared, check_offers
from taskbahn_router.submission.reports import check_report
from taskbahn_router.submission.submission import check_text
from taskbahn_router.workers.lost_workers import LostWorker, LostWorkers

if TYPE_CHECKING:
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.ports import RouterPort
    from taskbahn_router.model.turn import Acknowledge
    from taskbahn_router.workers.declarations import Declarations
    from taskbahn_router.workers.declared_schedules import DeclaredSchedules
    from taskbahn_router.workers.declared_triggers import DeclaredTriggers
    from taskbahn_router.workers.node_worker import NodeWorker

GRACE_SECONDS = 10.0
HEARTBEAT_SECONDS = 10.0
MISSED_HEARTBEATS = 3
STREAM_GRACE = 1.0
ACKNOWLEDGE_SECONDS = 0.005  # seconds that the acknowledgement of a report may wait for another order
MAX_SLOTS = 10_000
REPORTS = re.compile(re.escape(messages.REPORTS_PREFIX) + r"[0-9A-Za-z]{1,64}")


class AttachChannel:
    """The way to a worker through its standing `taskbahn.worker.attach`."""

    def __init__(self, call: PendingCall) -> None:
        self._call = call

    def order(self, order: dict[str, Any]) -> None:
        """Send a `messages.WorkerOrder`."""
        self._call.progress(order)

    def dismiss(self, error: TaskbahnError) -> None:
        """End its session with an error."""
        self._call.fail(error)


class WorkerRegistry:
    """Keeps the workers of the state."""

    schedules: DeclaredSchedules  # made when the store is open
    node_worker: NodeWorker  # likewise
    triggers: DeclaredTriggers  # likewise
    log = Logger("taskbahn.registry")

    def __init__(self, dispatcher: Dispatcher, port: RouterPort, declarations: Declarations, version: str) -> None:
        self._dispatcher = dispatcher
        self._port = port
        self._state = dispatcher.state
        self._clock = dispatcher.clock
        self._declarations = declarations
        self._version = version
        self._by_caller: dict[int, AttachedWorker] = {}
        self.lost_workers = LostWorkers()
        dispatcher.maintenance.add("heartbeats", self._listen, interval=HEARTBEAT_SECONDS)

    def start(self) -> None:
        """Begin the grace time of workers that had running jobs before a restart."""
        if self._state.running_at_start or self._state.holding_at_start:
            self._clock.callLater(GRACE_SECONDS, self._fail_unclaimed)

    def attach(self, call: PendingCall) -> None:
        """`taskbahn.worker.attach`: the call stays open for as long as the worker's session lives."""
        hello = self._hello(call)
        if not call.wants_progress:
            raise InvalidRequest(
                "taskbahn.worker.attach must be called with receive_progress: orders come as progressive results"
            )
        worker = self.add(hello, AttachChannel(call), call.name)
        if call.caller is not None:
            self._by_caller[call.caller] = worker
        call.on_gone = lambda _: self._gone(call, worker)
        welcome = messages.Welcome(
            protocol=messages.PROTOCOL,
            heartbeat=HEARTBEAT_SECONDS,
            version=self._version,
            since=worker.since,
            suspends=True,
            noted=self._noted(worker),
        )
        call.progress({"welcome": messages.plain(welcome)})
        if hello.reports is not None:
            self._hear(worker, hello.reports)
        self._dispatcher.room_changed()
        self._dispatcher.publisher.flush()

    def report(self, call: PendingCall) -> None:
        """`taskbahn.worker.report`."""
        worker = self._by_caller.get(call.caller or 0)
        if worker is None or worker.orders is None:
            raise InvalidRequest("this session is no attached worker: call taskbahn.worker.attach first")
        self._report(worker, call.args[0] if call.args else None, lambda refused: call.answer({"refused": refused}))

    def _report(self, worker: AttachedWorker, plain: Any, acknowledge: Acknowledge) -> None:
        worker.last_heartbeat = self._clock.seconds()
        report = convert(plain, messages.Report, "a report")
        check_report(report)
        if report.vitals is not None:
            self._learn(worker, report.vitals)
        self._dispatcher.report(acknowledge, worker, report)

    def _learn(self, worker: AttachedWorker, vitals: Vitals) -> None:
        """Take a worker's vitals. While its event loop is blocked it is given no jobs that need it."""
        before, worker.vitals = worker.vitals.blocked, vitals
        blocked = vitals.blocked
        if blocked is not None:
            since = self._dispatcher.wall() - blocked.seconds
            worker.blocked_since = since if worker.blocked_since is None else min(since, worker.blocked_since)
        if (blocked is None) is not (before is None):
            worker.blocked_since = worker.blocked_since if blocked is not None else None
            self._state.serves(worker)
            self._dispatcher.room_changed()

    def _hear(self, worker: AttachedWorker, procedure: str) -> None:
        """Call the procedure through which a worker streams its reports."""
        publisher = self._dispatcher.publisher
        waits = False  # whether an acknowledgement waits

        def recorded(refused: list[list[Any]]) -> None:
            nonlocal waits
            worker.order_recorded(refused)
            if worker.attempts or refused:
                publisher.dirty_workers.add(worker.id)
            elif not waits:  # an idle worker can get this with its next job, which saves a message for each job
                waits = True
                self._clock.callLater(ACKNOWLEDGE_SECONDS, acknowledge)

        def acknowledge() -> None:
            nonlocal waits
            waits = False
            publisher.flush_worker(worker)

        def heard(*values: Any, **_: Any) -> None:
            if worker.orders is not None:
                try:
                    self._report(worker, values[0] if values else None, recorded)
                except TaskbahnError as error:
                    self._dismiss(worker, error)

        def ended(outcome: Any) -> None:
            why = getattr(outcome, "value", "it ended")
            error = NotReady(f"{procedure}, through which this worker reports, cannot be heard ({why}); it may attach again")
            # by then the end of its session, if it ended, is known
            self._clock.callLater(STREAM_GRACE, self._dismiss, worker, error)

        self._port.call_offer(procedure, [], {}, heard).addBoth(ended)

    def _dismiss(self, worker: AttachedWorker, error: TaskbahnError) -> None:
        if worker.orders is not None:
            worker.orders.dismiss(error)
            self.lose(worker)

    def add(self, hello: messages.Hello, orders: Any, owner: str | None = None) -> AttachedWorker:
        """Take a worker on: new, or back within its grace.   owner: the name of its session; no other one comes under its id.

        Raises WorkerIdTaken.
        """
        before = self._state.workers.get(hello.worker)
        if before is not None and before.owner != owner:
            raise WorkerIdTaken(f"the worker id {hello.worker!r} is that of a worker with another login; choose another one")
        wall = self._dispatcher.wall()
        since = wall if hello.since is None else min(wall, hello.since)
        schedules, triggers = self.schedules.check(hello.schedules), self.triggers.check(hello.triggers)
        self._declarations.take_in(self.node_worker.declared_by(hello), since)
        if before is not None and before.orders is not None:
            before.orders.dismiss(
                WorkerIdTaken(f"another session came under the worker id {hello.worker!r}, which must be its own")
            )
            before.orders = None
            before.settle_room()
        self._forget_reports(hello)
        now = self._clock.seconds()
        worker = AttachedWorker(hello.worker, hello, WorkerCapacity(hello.slots), orders, wall, since, now, owner=owner)
        for task in hello.tasks:
            worker.limits.update(definitions(task.name, task.limits, task.fair_key))
        worker.drained = worker.id in self._state.drained
        worker.settle_room()
        self._state.workers[hello.worker] = worker
        self._state.serves(worker)
        self._state.other_code.settle()
        self._reconcile(worker, before)
        self.schedules.attached(schedules, since)
        self.triggers.attached(triggers, since)
        return worker

    def _forget_reports(self, hello: messages.Hello) -> None:
        """Drop the reports that the worker sends again, as its hello says: while the store refuses they must not gather here."""
        self._dispatcher.turn_input.drop_reports(hello.worker, set(hello.running))

    def lose(self, worker: AttachedWorker, *, at_once: bool = False) -> None:
        """A worker's session ended; its attempts stay its own for the grace time."""
        if worker.orders is None or self._state.workers.get(worker.id) is not worker:
            return
        worker.orders = None
        worker.gone_at = self._dispatcher.wall()
        worker.settle_room()
        if self._state.other_code.settle():
            self._dispatcher.room_changed()
        if not any(id in self._state.jobs for id in worker.attempts) or at_once:
            self._fail_permanently(worker)
        else:
            self._clock.callLater(GRACE_SECONDS, self._fail_permanently, worker)

    def _hello(self, call: PendingCall) -> messages.Hello:
        given = call.args[0] if call.args else None
        protocol = given.get("protocol") if isinstance(given, dict) else None
        if isinstance(protocol, int) and not messages.OLDEST_PROTOCOL <= protocol <= messages.PROTOCOL:
            raise UnsupportedProtocol(protocol, messages.OLDEST_PROTOCOL, messages.PROTOCOL)
        hello: messages.Hello = convert(given, messages.Hello, "a worker's hello")
        if not 0 < hello.slots <= MAX_SLOTS:
            raise InvalidRequest(f"a worker has 1 to {MAX_SLOTS:,} slots, not {hello.slots}")
        if not hello.worker or len(hello.worker) > messages.MAX_TASK_NAME:
            raise InvalidRequest(f"a worker's id has 1 to {messages.MAX_TASK_NAME} characters")
        if hello.reports is not None and not REPORTS.fullmatch(hello.reports):
            raise InvalidRequest(
                f"a worker reports through {messages.REPORTS_PREFIX}<letters and digits>, not {hello.reports!r:.100}"
            )
        for text in (hello.worker, hello.host, hello.version, hello.python, *hello.queues):
            check_text("a worker's hello", text)
        check_offers(call.rules, [task.name for task in hello.tasks], hello.queues)
        check_declared(call.rules, messages.plain(hello))
        return hello

    def _reconcile(self, worker: AttachedWorker, before: AttachedWorker | None) -> None:
        """Compare the attempts that the worker says it runs with those in the state."""
        says = dict(worker.hello.running)
        # a job that was cancelled there may run on another worker by now
        jobs = [self._state.jobs.get(id) for id in before.attempts] if before else []
        expected = [job for job in jobs if job is not None and job.worker is before]
        orphans = [job for job in self._state.running_at_start if job.worker_id == worker.id]
        self._state.running_at_start = [job for job in self._state.running_at_start if job.worker_id != worker.id]
        lost = LostWorker(worker.id, worker.hello.host, self._dispatcher.wall())
        offered = {task.name for task in worker.hello.tasks}
        for job in expected + orphans:
            if job.state is not State.RUNNING:
                continue
            if before is not None and job.worker is before:
                release_slot(before, job.id)
            if says.get(job.id) == job.attempt and job.partition.task in offered:  # its role may not offer others
                del says[job.id]
                job.take_slot(worker, job.started_at or self._dispatcher.wall())
                worker.holds_slow([job.id])
                order_hold(worker, job.id, job.attempt, is_held=bool(job.flags & IS_HELD))  # it may have changed meanwhile
                self._dispatcher.publisher.dirty_workers.add(worker.id)
            else:
                error = {"message": f"worker {worker.id} came back without it"}
                self._dispatcher.lost(LostAttempt(job, "worker_lost", error, lost.loses(job.id, job.partition).decided))
        self.lost_workers.add(lost)
        self._end_unnamed(worker, before)
        for id, attempt in says.items():
            worker.order_cancel(id, attempt, "it is no longer this worker's")
            self._dispatcher.publisher.dirty_workers.add(worker.id)

    def _noted(self, worker: AttachedWorker) -> list[tuple[str, int]]:
        """Return the attempts of a worker that is back whose jobs may have got notes meanwhile: their orders were lost."""
        jobs = [self._state.jobs.get(id) for id, _ in worker.hello.running]
        return [(job.id, job.attempt) for job in jobs if job is not None and job.worker is worker and job.flags & HAS_NOTES]

    def _attempt_ended(self, id: str, attempt: int) -> None:
        """The attempt of a job that was cancelled is over with its worker."""
        self._dispatcher.turn_input.add_ended(id_bytes(id), attempt)
        self._dispatcher.loop.schedule_turn()

    def _end_unnamed(self, worker: AttachedWorker, before: AttachedWorker | None) -> None:
        """Attempts of cancelled jobs without which a worker came back are over; of the others it will report the end."""
        named = set(worker.hello.running)
        self._state.holding_at_start -= named
        for id, attempt in before.attempts.items() if before else ():
            job = self._state.jobs.get(id)
            if (id, attempt) not in named and (job is None or job.attempt != attempt):
                self._attempt_ended(id, attempt)

    def _gone(self, call: PendingCall, worker: AttachedWorker) -> None:
        if self._by_caller.get(call.caller or 0) is worker:
            del self._by_caller[call.caller or 0]
        self.lose(worker)

    def _fail_permanently(self, worker: AttachedWorker) -> None:
        if self._state.workers.get(worker.id) is not worker or worker.orders is not None:
            return
        del self._state.workers[worker.id]
        self.schedules.look_for_orphans()
        self.triggers.look_for_orphans()
        lost = LostWorker(worker.id, worker.hello.host, self._dispatcher.wall())
        for id in list(worker.attempts):
            job = self._state.jobs.get(id)
            if job is None or job.attempt != worker.attempts[id]:
                self._attempt_ended(id, worker.attempts[id])
            elif job.worker is worker:
                error = {"type": "WorkerLost", "message": f"worker {worker.id} ({worker.hello.host}) was lost"}
                self._dispatcher.lost(LostAttempt(job, "worker_lost", error, lost.loses(job.id, job.partition).decided))
        self.lost_workers.add(lost)

    def _fail_unclaimed(self) -> None:
        holding, self._state.holding_at_start = self._state.holding_at_start, set()
        for id, attempt in holding:
            self._attempt_ended(id, attempt)
        left, self._state.running_at_start = self._state.running_at_start, []
        lost: dict[str, LostWorker] = {}
        for job in left:
            if job.worker is None and job.state is State.RUNNING:
                error = {
                    "type": "WorkerLost",
                    "message": f"worker {job.worker_id} did not come back after a restart of the router",
                }
                one = lost.setdefault(job.worker_id, LostWorker(job.worker_id, "", self._dispatcher.wall()))
                self._dispatcher.lost(LostAttempt(job, "worker_lost", error, one.loses(job.id, job.partition).decided))
        for one in lost.values():
            self.lost_workers.add(one)

    def _listen(self) -> None:
        silent_since = self._clock.seconds() - MISSED_HEARTBEATS * HEARTBEAT_SECONDS
        for worker in list(self._state.workers.values()):
            if self._dispatcher.loop.error is not None:
                self._have_patience(worker)
            elif worker.orders is not None and worker.last_heartbeat < silent_since and isinstance(worker.orders, AttachChannel):
                self.log.warn("worker {id} was silent for too long and is given up", id=worker.id)
                self._dismiss(worker, NotReady("the worker was silent for too long; it may attach again"))
        self._dispatcher.publisher.flush()

    def _have_patience(self, worker: AttachedWorker) -> None:
        """Keep both sides patient: the worker sends nothing until its report is recorded, and the store refuses."""
        worker.last_heartbeat = self._clock.seconds()
        if isinstance(worker.orders, AttachChannel):
            worker.outbox["waits"] = True
            self._dispatcher.publisher.dirty_workers.add(worker.id)
