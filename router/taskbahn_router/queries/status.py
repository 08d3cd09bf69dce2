"""The state of the whole, for `Status`: looked at once a second, answered from memory."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages
from taskbahn.protocol.outgoing import NODE_QUEUE
from taskbahn.protocol.states import State
from taskbahn_router.metrics import histogram
from taskbahn_router.metrics.queue_age import QueueAges
from taskbahn_router.metrics.recent import STEP
from taskbahn_router.queries.facts import Facts, GoneWorker, LongRun, PartitionFacts, WorkerFacts
from taskbahn_router.queries.failure_grades import FAILURE_SECONDS, Grade, Grades
from taskbahn_router.queries.limit_facts import LimitFacts, disagreements
from taskbahn_router.queries.problems import problems, too_long
from taskbahn_router.queries.schedule_facts import ScheduleFacts
from taskbahn_router.queries.trigger_facts import TriggerFacts, Trouble
from taskbahn_router.queries.waiting_problems import NOT_TAKEN_SECONDS
from taskbahn_router.stores.minutes import minute_of
from taskbahn_router.workers.lost_workers import LostWorkers
from taskbahn_router.workers.registry import AttachChannel

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.protocol.views import Problem
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.model.ports import Runner
    from taskbahn_router.model.state import LiveJob
    from taskbahn_router.stores.contract import Reader
    from taskbahn_router.workers.node_worker import NodeWorker

MAX_LOOKED_AT = 1_000  # partitions, and running jobs in the order in which they came, so that a look stays short


class StatusQuery:
    """Looks, notes gauges for the charts, and has the minutes of the charts stored.

    trouble: why the store takes nothing, empty while it does; lag: by how many seconds the event loop is late.
    """

    node_worker: NodeWorker

    def __init__(
        self, dispatcher: Dispatcher, reader: Reader, runner: Runner, trouble: Callable[[], str], lag: Callable[[], float]
    ) -> None:
        self._dispatcher = dispatcher
        self._state = dispatcher.state
        self._history = dispatcher.history
        self._gauges = QueueAges(dispatcher.state, dispatcher.history)
        self._reader = reader
        self._runner = runner
        self._trouble = trouble
        self._lag = lag
        self.hook_troubles: Callable[[], list[str]] = list
        self.access_problems: Callable[[], list[Problem]] = list
        self.lost_workers = LostWorkers()
        self._problems: list[dict[str, Any]] = []
        self._first_seen: dict[tuple[str, str, str], float] = {}  # problem -> when a look first found it
        self._minute = minute_of(dispatcher.wall())
        self.limits = LimitFacts(dispatcher, reader, runner, dispatcher.history.typical)
        self._schedules = ScheduleFacts(reader, runner)
        self._triggers = TriggerFacts(reader, runner)
        self._is_asking = False
        self._next_question = 0.0
        self._failures: dict[str, tuple[int, int]] = {}
        self._daily: dict[str, tuple[int, int]] = {}
        self._failures_at = -1.0
        self._grading = Grades()
        self._grades: dict[str, Grade] = {}
        # worker -> its hello, its tasks, its queues
        self._alone_since: float | None = None
        self._attached: dict[str, float] = {}  # worker -> since when
        self._offers: dict[str, tuple[messages.Hello, frozenset[str], frozenset[str]]] = {}

    def look(self) -> None:
        """Look at the state; maintenance calls this once a second."""
        now = self._dispatcher.wall()
        self._gauges.look(now)
        self._ask(now)
        self.limits.look(now)
        self._schedules.look(now)
        self._triggers.look(now)
        self._problems = [messages.plain(problem) for problem in self._dated(problems(self._facts(now)), now)]
        if minute_of(now) != self._minute:
            self._minute = minute_of(now)
            self._dispatcher.store_minutes()

    def status(self) -> dict[str, Any]:
        """Return the part of `views.Status` that tells of what happened and what is wrong."""
        minute = self._history.last_minute()
        return {
            "totals": self._history.totals(),
            "failed_lately": self._history.failed_lately(),
            "oldest": self._gauges.oldest(self._dispatcher.wall()),
            "wait": histogram.median_and_95(minute.waits) if minute.waits else None,
            "run": histogram.median_and_95(minute.runs) if minute.runs else None,
            "problems": self._problems,
        }

    def _ask(self, now: float) -> None:
        """Have the store say since when jobs wait; not more often than a chart has buckets."""
        if self._is_asking or not self._state.partitions_with_backlog or now < self._next_question:
            return
        self._is_asking = True

        def read(accepted: dict[int, float]) -> None:
            self._is_asking = False
            self._gauges.learn(accepted)

        def unread(_: Any) -> None:  # the store refuses, which `problems` shows
            self._is_asking = False

        self._next_question = now + STEP
        self._runner.run(self._reader.oldest).addCallbacks(read, unread)

    def _dated(self, found: list[Problem], now: float) -> list[Problem]:
        """Give each problem the time of the look that found it first, unless its rule knows better."""
        keys = [(problem.kind, problem.id, problem.query) for problem in found]
        self._first_seen = {key: self._first_seen.get(key, now) for key in keys}
        for key, problem in zip(keys, found, strict=True):
            if problem.since is None:
                problem.since = self._first_seen[key]
        return found

    def _facts(self, now: float) -> Facts:
        partitions = [
            self._state.partitions_by_id[partition] for partition in islice(self._state.partitions_with_backlog, MAX_LOOKED_AT)
        ]
        if self.node_worker.can_start:  # its jobs are served soon, or it is a problem itself
            partitions = [partition for partition in partitions if partition.queue != NODE_QUEUE]
        workers = self._workers()
        if workers or self._alone_since is None:
            left = max((worker.gone_at for worker in self._state.workers.values() if worker.orders is None), default=now)
            self._alone_since = None if workers else left
        typical = {task: self._history.typical(task) for task in {partition.task for partition in partitions}}
        if self._failures_at != now // STEP:
            self._failures_at, self._failures = now // STEP, self._history.failures(FAILURE_SECONDS)
            self._grades = self._grading.look(self._failures, self._history.newest_failures(FAILURE_SECONDS))
            self._daily = {task: self._day_of(task) for task in self._failures}
        return Facts(
            now=now,
            trouble=self._trouble(),
            lag=self._lag(),
            alone_since=self._alone_since,
            has_tasks=bool(self._state.tasks),
            partitions=[
                PartitionFacts(
                    partition.task, partition.queue, partition.ready, self._gauges.since(partition, now), typical[partition.task]
                )
                for partition in partitions
            ],
            workers=workers,
            failures=self._failures,
            grades=self._grades,
            daily=self._daily,
            gone=self._gone(),
            lost=self.lost_workers.lately(now, self._attached),
            long_runs=self._long_runs(now),
            stalls=self.limits.stalls,
            disagreements=disagreements(self._state, self._dispatcher.limit_book),
            refusals=self._schedules.refusals,
            late=self._schedules.late,
            late_count=self._schedules.late_count,
            node_worker=self.node_worker.trouble,
            access=self.access_problems(),
            not_taken=[name for name, task in self._state.tasks.items() if now - task.not_taken_at < NOT_TAKEN_SECONDS],
            troubles=[*(Trouble("", sentence) for sentence in self.hook_troubles()), *self._triggers.troubles],
        )

    def _day_of(self, task: str) -> tuple[int, int]:
        """Return how many jobs of a task failed in the last 24 hours, and how many succeeded or failed."""
        day = self._history.statistics(task) or {"failed": 0, "succeeded": 0}
        return day["failed"], day["failed"] + day["succeeded"]

    def _workers(self) -> list[WorkerFacts]:
        clock = self._dispatcher.clock.seconds()
        found, known, self._offers = [], self._offers, {}
        self._attached = {worker.id: worker.attached_at for worker in self._state.workers.values() if worker.orders is not None}
        for worker in self._state.workers.values():
            if worker.orders is None:
                continue
            offer = known.get(worker.id)
            if offer is None or offer[0] is not worker.hello:  # the worker is new, or came back
                offer = (worker.hello, *_offered(worker.hello))
            self._offers[worker.id] = offer
            silent = (
                clock - worker.last_heartbeat if isinstance(worker.orders, AttachChannel) else 0.0
            )  # offers send no heartbeats
            room = worker.room
            found.append(WorkerFacts(worker.id, room.slots, room.in_flight, silent, room.open, *offer[1:], worker.blocked()))
        return found

    def _gone(self) -> list[GoneWorker]:
        gone = [worker for worker in self._state.workers.values() if worker.orders is None and worker.attempts]
        return [GoneWorker(worker.id, worker.hello.host, len(worker.attempts), worker.gone_at) for worker in gone]

    def _long_runs(self, now: float) -> list[LongRun]:
        typical: dict[str, float | None] = {}
        found: dict[str, list[LiveJob]] = {}
        for job in islice(self._state.jobs.values(), MAX_LOOKED_AT):
            if job.state is not State.RUNNING or job.started_at is None:
                continue
            task = job.partition.task
            if task not in typical:
                typical[task] = self._history.typical(task)
            if too_long(now - job.started_at, typical[task]):
                found.setdefault(task, []).append(job)
        runs = []
        for task, jobs in found.items():
            first = min(jobs, key=lambda job: job.started_at or now)
            runs.append(LongRun(task, len(jobs), first.id, now - (first.started_at or now), typical[task] or 0.0))
        return runs


def _offered(hello: messages.Hello) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(task.name for task in hello.tasks), frozenset(hello.queues)
