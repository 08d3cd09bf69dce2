"""What is wrong now, as sentences for one person at three in the morning: values in, values out.

What has been seen is a `Facts`; each rule below makes problems of it. The worst come first: what stops everything before what
stops one task, errors before warnings.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.protocol.views import Problem
from taskbahn_router.queries import limit_problems, node_problems, schedule_facts, trigger_facts
from taskbahn_router.queries.limit_problems import MAX_ALIKE
from taskbahn_router.text import format_duration, jobs_waiting, join_names, pluralize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from taskbahn_router.queries.limit_problems import Declared, Stall
    from taskbahn_router.queries.schedule_facts import Lateness, Refusal
    from taskbahn_router.queries.trigger_facts import Trouble

MOST = 20  # problems in one answer
UNSERVED_SECONDS = 3.0  # seconds that a ready job may wait without a worker; one that restarts is back by then
LATE_SECONDS = 60.0  # seconds that a ready job may wait for a busy slot, or LATE_TIMES of what its task takes if that is more
LATE_TIMES = 10.0
FAILURES = 5  # failed jobs of a task within `FAILURE_SECONDS`
FAILURE_SECONDS = 600.0
FAILURE_SHARE, BAD_SHARE = 0.2, 0.5
BAD_FAILURES = 20
SILENT_SECONDS = 15.0  # a worker says something every 5 s, and is given up after 30
LONG_SECONDS = 60.0  # seconds that an attempt may run, or LONG_TIMES of what is typical if that is more
LONG_TIMES = 10.0
TASK, QUEUE = "task", "queue"


class PartitionFacts(NamedTuple):
    """A queue with ready jobs of a task; since: when the oldest of them became ready; typical: seconds that one takes."""

    task: str
    queue: str
    ready: int
    since: float
    typical: float | None = None


class WorkerFacts(NamedTuple):
    """An attached worker; silent: seconds since its last word; takes: it takes new jobs."""

    id: str
    slots: int
    running: int
    silent: float
    takes: bool
    tasks: frozenset[str]
    queues: frozenset[str]
    blocked: dict[str, Any] | None = None  # `views.BlockedView`


class LongRun(NamedTuple):
    """Running jobs of a task that have run for much longer than is typical; job: the one that runs for the longest, in seconds."""

    task: str
    number: int
    job: str
    longest: float
    typical: float


@dataclass(frozen=True)
class Facts:
    """What was seen. trouble: why the store takes nothing, as a sentence; failures: task -> how many failed, and of how many."""

    now: float
    trouble: str = ""
    lag: float = 0.0  # seconds by which the event loop is late
    has_tasks: bool = False
    partitions: list[PartitionFacts] = field(default_factory=list)
    workers: list[WorkerFacts] = field(default_factory=list)
    failures: dict[str, tuple[int, int]] = field(default_factory=dict)
    long_runs: list[LongRun] = field(default_factory=list)
    stalls: list[Stall] = field(default_factory=list)
    disagreements: dict[str, list[Declared]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    late: list[Lateness] = field(default_factory=list)  # the first of the schedules that are late
    late_count: int = 0  # how many they are
    node_worker: str = ""  # why the node's own worker does not stay
    troubles: list[Trouble] = field(default_factory=list)

    @cached_property
    def kinds(self) -> dict[tuple[frozenset[str], frozenset[str]], list[WorkerFacts]]:
        """The workers, grouped by the tasks that they offer and the queues that they serve."""
        found: dict[tuple[frozenset[str], frozenset[str]], list[WorkerFacts]] = {}
        for worker in self.workers:
            found.setdefault((worker.tasks, worker.queues), []).append(worker)
        return found

    def able(self, partition: PartitionFacts) -> list[WorkerFacts]:
        """Return the workers that may be given such jobs."""
        fitting = [
            workers for (tasks, queues), workers in self.kinds.items() if partition.task in tasks and partition.queue in queues
        ]  # fmt: skip
        return fitting[0] if len(fitting) == 1 else list(chain.from_iterable(fitting))

    def older(self, seconds: float) -> list[PartitionFacts]:
        """Return the partitions with jobs that have been ready for longer than that."""
        return [partition for partition in self.partitions if self.now - partition.since > seconds]


def problems(facts: Facts) -> list[Problem]:
    """Return what is wrong, the worst first; at most `MOST`."""
    found: list[Problem] = []
    for rule in (
        _store,
        _no_workers,
        _unserved,
        _node_worker,
        _schedules,
        _failing,
        _busy,
        _draining,
        _silent,
        _blocked,
        _limits,
        _long,
        _lag,
    ):
        found += rule(facts)
    found.sort(key=lambda problem: problem.level != "error")  # stable: the order of the rules stays
    return found[:MOST]


def too_long(seconds: float, typical: float | None) -> bool:
    """Return whether an attempt has run for far longer than is typical of its task."""
    return typical is not None and seconds > long_after(typical)


def long_after(typical: float) -> float:
    """Return after how many seconds an attempt of a task is far beyond what is typical of it."""
    return max(LONG_SECONDS, LONG_TIMES * typical)


def _store(facts: Facts) -> Iterator[Problem]:
    if facts.trouble:
        yield Problem(
            kind="store",
            level="error",
            sentence=f"Nothing can be recorded: {facts.trouble}.",
            hint="No job is accepted or ended until this is mended. Workers keep their results and report them then.",
            page="settings",
        )


def _no_workers(facts: Facts) -> Iterator[Problem]:
    if facts.workers or not (facts.has_tasks or facts.partitions):
        return
    yield Problem(
        kind="no_workers",
        level="error" if facts.partitions else "warning",
        sentence=f"No worker is attached, and {_jobs(facts.partitions)} for one."
        if facts.partitions
        else "No worker is attached.",
        hint="Start one, as in `taskbahn worker photos:app`; if some should run, see why they ended or cannot reach this node.",
        since=min((partition.since for partition in facts.partitions), default=None),
        page="workers",
    )


def _unserved(facts: Facts) -> Iterator[Problem]:
    """Find jobs that no attached worker can run, however long they wait."""
    if not facts.workers:
        return
    offered = frozenset[str]().union(*(tasks for tasks, _ in facts.kinds))
    served = frozenset[str]().union(*(queues for _, queues in facts.kinds))
    old = facts.older(UNSERVED_SECONDS)
    for task, partitions in _grouped((partition for partition in old if partition.task not in offered), TASK):
        yield Problem(
            kind="task_not_offered",
            level="error",
            sentence=f"{_jobs(partitions)}, and no attached worker offers {task or _names(partitions, TASK)}.",
            hint="Start a worker whose application has the task. If it was renamed or removed, cancel the jobs.",
            since=_since(partitions),
            page="jobs",
            query=f"state:ready task:{task}" if task else "state:ready",
        )
    for queue, partitions in _grouped(
        (partition for partition in old if partition.task in offered and partition.queue not in served), QUEUE
    ):
        yield Problem(
            kind="queue_not_served",
            level="error",
            sentence=f"{_jobs(partitions)} in {_queues(queue, partitions)}, which no attached worker serves.",
            hint=f"Start a worker for it, as in `taskbahn worker photos:app --queues {queue or 'NAME'}`.",
            since=_since(partitions),
            page="queues",
            id=queue,
            query=f"state:ready queue:{queue}" if queue else "state:ready",
        )
    known = (partition for partition in old if partition.task in offered and partition.queue in served)
    for task, partitions in _grouped((partition for partition in known if not facts.able(partition)), TASK):
        yield Problem(
            kind="not_together",
            level="error",
            sentence=f"{_jobs(partitions)}: no worker that offers {task or _names(partitions, TASK)} serves {_names(partitions, QUEUE)}.",
            hint="Start a worker that offers the task and serves the queue.",
            since=_since(partitions),
            page="jobs",
            query=f"state:ready task:{task}" if task else "state:ready",
        )


def _node_worker(facts: Facts) -> Iterator[Problem]:
    yield from node_problems.worker_ended(facts.node_worker)


def _schedules(facts: Facts) -> Iterator[Problem]:
    yield from schedule_facts.late(facts.late, facts.late_count)
    yield from chain(schedule_facts.refused(facts.refusals), trigger_facts.refused(facts.troubles))


def _failing(facts: Facts) -> Iterator[Problem]:
    bad = {
        task: counts
        for task, counts in facts.failures.items()
        if counts[0] >= FAILURES and counts[0] >= FAILURE_SHARE * counts[1]
    }  # fmt: skip
    worst = sorted(bad, key=lambda task: -bad[task][0])
    for task in worst[:MAX_ALIKE]:
        failed, ended = bad[task]
        share = f"All {failed:,}" if failed == ended else f"{failed:,} of {ended:,}"
        yield Problem(
            kind="failing",
            level="error" if failed >= BAD_FAILURES and failed >= BAD_SHARE * ended else "warning",
            sentence=f"{share} jobs of {task or 'rare tasks'} that ended in the last 10 minutes failed.",
            hint="See the errors by their kind; when the cause is mended, retry the jobs from there.",
            page="errors",
            query=f"state:failed task:{task} since:1h" if task else "state:failed since:1h",
        )
    if len(worst) > MAX_ALIKE:
        yield Problem(
            kind="failing",
            level="warning",
            sentence=f"Jobs of {len(worst) - MAX_ALIKE:,} more tasks fail: {join_names(worst[MAX_ALIKE:])}.",
            hint="Many failures at once often have one cause: something that all of them need.",
            page="errors",
            query="state:failed since:1h",
        )


def _busy(facts: Facts) -> Iterator[Problem]:
    """Find jobs that have waited long for a slot."""
    late = []
    for partition in facts.older(LATE_SECONDS):
        if facts.now - partition.since > LATE_TIMES * (partition.typical or 0.0):
            takers = [worker for worker in facts.able(partition) if worker.takes]
            if takers and all(worker.running >= worker.slots for worker in takers):
                late.append(partition)
    for queue, partitions in _grouped(late, QUEUE):
        yield Problem(
            kind="busy",
            level="warning",
            sentence=f"{_jobs(partitions)} in {_queues(queue, partitions)} for a free slot: all slots are busy.",
            hint="Start more workers or give them more slots; jobs that must not wait can have a higher priority.",
            since=_since(partitions),
            page="queues",
            id=queue,
            query=f"state:ready queue:{queue}" if queue else "state:ready",
        )


def _draining(facts: Facts) -> Iterator[Problem]:
    """Find jobs that only draining workers could run."""
    left: list[PartitionFacts] = []
    ids: set[str] = set()
    for partition in facts.older(UNSERVED_SECONDS):
        able = facts.able(partition)
        if able and not any(worker.takes for worker in able):
            left.append(partition)
            ids |= {worker.id for worker in able}
    if left:
        yield Problem(
            kind="draining",
            level="error",
            sentence=f"{_jobs(left)} for {_names(left, TASK)}, and who could run that is draining: {join_names(sorted(ids))}.",
            hint="Start another worker, or let a drained one take jobs again.",
            since=_since(left),
            page="workers",
            id=min(ids) if len(ids) == 1 else "",
        )


def _silent(facts: Facts) -> Iterator[Problem]:
    if facts.trouble:  # while the store refuses, jobs wait for it as well
        return
    silent = sorted((worker for worker in facts.workers if worker.silent > SILENT_SECONDS), key=lambda worker: -worker.silent)
    for worker in silent[:MAX_ALIKE]:
        yield Problem(
            kind="silent_worker",
            level="warning",
            sentence=f"The worker {worker.id}, which has {pluralize(worker.running, 'job')}, is silent.",
            hint="After 30 s it is given up and others get its jobs. Is its machine overloaded, suspended or out of reach?",
            since=facts.now - worker.silent,
            page="workers",
            id=worker.id,
        )
    if len(silent) > MAX_ALIKE:
        yield Problem(
            kind="silent_worker",
            level="warning",
            sentence=f"Not heard for {SILENT_SECONDS:.0f} s or longer: {pluralize(len(silent) - MAX_ALIKE, 'more worker')}.",
            hint="Many at once: look at the network between them and this node.",
            page="workers",
        )


def _blocked(facts: Facts) -> Iterator[Problem]:
    """Find workers whose event loop does not answer."""
    blocked = sorted(
        ((worker, worker.blocked) for worker in facts.workers if worker.blocked is not None),
        key=lambda one: float(one[1]["since"]),
    )
    for worker, what in blocked[:MAX_ALIKE]:
        who = f"A job of {what['task']}" if what["task"] else "Code that a task left behind"
        yield Problem(
            kind="blocked_worker",
            level="error",
            sentence=f"{who} blocks the event loop of the worker {worker.id} at {what['at']}.",
            hint="Its other async tasks do not run meanwhile. Cancel the job to end that; the task should await there, or be a plain `def`.",
            since=what["since"],
            page="workers",
            id=worker.id,
        )
    if len(blocked) > MAX_ALIKE:
        yield Problem(
            kind="blocked_worker",
            level="error",
            sentence=f"The event loop is blocked of {pluralize(len(blocked) - MAX_ALIKE, 'more worker')}.",
            hint="Many at once: the same task probably blocks all of them; `taskbahn workers` shows where.",
            page="workers",
        )


def _limits(facts: Facts) -> Iterator[Problem]:
    yield from limit_problems.stalled(facts.stalls, facts.now)
    yield from limit_problems.disagreeing(facts.disagreements)


def _long(facts: Facts) -> Iterator[Problem]:
    for run in sorted(facts.long_runs, key=lambda run: -run.longest)[:MAX_ALIKE]:
        who = "A job" if run.number == 1 else pluralize(run.number, "job")
        verb = "runs" if run.number == 1 else "run"
        yield Problem(
            kind="long_running",
            level="warning",
            sentence=f"{who} of {run.task} {verb} for far longer than the typical {format_duration(run.typical)}.",
            hint="It may hang: see its log and progress, and cancel it if so. `run_within` gives a task a limit.",
            since=facts.now - run.longest,
            page="jobs",
            id=run.job if run.number == 1 else "",
            query=f"state:running task:{run.task}",
        )


def _lag(facts: Facts) -> Iterator[Problem]:
    yield from node_problems.is_late(facts.lag)


def _grouped(partitions: Iterable[PartitionFacts], by: str) -> Iterator[tuple[str, list[PartitionFacts]]]:
    """Yield the names with the most ready jobs, each with its partitions, and at last "" with the partitions of all others."""
    ready: Counter[str] = Counter()
    groups: dict[str, list[PartitionFacts]] = {}
    for partition in partitions:
        name = getattr(partition, by)
        ready[name] += partition.ready
        groups.setdefault(name, []).append(partition)
    most = len(ready) if len(ready) <= MAX_ALIKE + 1 else MAX_ALIKE
    for name, _ in ready.most_common(most):
        yield name, groups.pop(name)
    if groups:
        yield "", [partition for rest in groups.values() for partition in rest]


def _since(partitions: Iterable[PartitionFacts]) -> float:
    return min(partition.since for partition in partitions)


def _jobs(partitions: Iterable[PartitionFacts]) -> str:
    return jobs_waiting(sum(partition.ready for partition in partitions))


def _queues(queue: str, partitions: Iterable[PartitionFacts]) -> str:
    return f"the queue {queue}" if queue else f"the queues {_names(partitions, QUEUE)}"


def _names(partitions: Iterable[PartitionFacts], of: str) -> str:
    return join_names(sorted({getattr(partition, of) for partition in partitions}))
