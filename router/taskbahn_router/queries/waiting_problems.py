"""What is wrong for jobs that are ready: what no worker can run, and what waits long for a slot."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from taskbahn.protocol.query_words import quote
from taskbahn.protocol.views import Problem
from taskbahn_router.queries.limit_problems import MAX_ALIKE
from taskbahn_router.text import jobs_waiting, join_names, shell_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from taskbahn_router.queries.facts import Facts, PartitionFacts

UNSERVED_SECONDS = 3.0  # seconds that a ready job may wait without a worker; one that restarts is back by then
LATE_SECONDS = 60.0  # seconds that a ready job may wait for a busy slot, or LATE_TIMES of what its task takes if that is more
LATE_TIMES = 10.0
TASK, QUEUE = "task", "queue"
MAX_QUEUES = 2  # queues without a worker that are a problem each; more of them are one
MAX_IN_COMMAND, MAX_COMMAND = 20, 400  # queues, and characters of them, that a command of a hint may have
NOT_TAKEN_SECONDS = 60.0  # seconds for which a job that a worker's code did not take is a problem; it is tried every 30


def no_workers(facts: Facts) -> Iterator[Problem]:
    if facts.workers or facts.gone or not (facts.has_tasks or facts.partitions):
        return
    yield Problem(
        kind="no_workers",
        level="error" if facts.partitions else "warning",
        sentence=f"No worker is attached, and {_jobs(facts.partitions)} for one."
        if facts.partitions
        else "No worker is attached.",
        hint="Start one, as in `taskbahn worker MODULE:app`; if some should run, see why they ended or cannot reach this node.",
        since=facts.alone_since,
        page="workers",
    )


def unserved(facts: Facts) -> Iterator[Problem]:
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
            page="jobs" if task else "tasks",
            query=f"state:ready task:{quote(task)}" if task else "",
        )
    for queue, partitions in _grouped(
        (partition for partition in old if partition.task in offered and partition.queue not in served), QUEUE, MAX_QUEUES
    ):
        yield Problem(
            kind="queue_not_served",
            level="error",
            sentence=f"{_jobs(partitions)} in {_queues(queue, partitions)}, which no attached worker serves.",
            hint=_how_to_serve(partitions),
            since=_since(partitions),
            page="queues",
            id=queue,
            query=f"state:ready queue:{quote(queue)}" if queue else "",
        )
    known = (partition for partition in old if partition.task in offered and partition.queue in served)
    for task, partitions in _grouped((partition for partition in known if not facts.able(partition)), TASK):
        yield Problem(
            kind="not_together",
            level="error",
            sentence=f"{_jobs(partitions)}: no worker that offers {task or _names(partitions, TASK)} serves {_names(partitions, QUEUE)}.",
            hint="Start a worker that offers the task and serves the queue.",
            since=_since(partitions),
            page="jobs" if task else "tasks",
            query=f"state:ready task:{quote(task)}" if task else "",
        )


def not_taken(facts: Facts) -> Iterator[Problem]:
    """Find tasks whose callers have newer code than a worker."""
    names = facts.not_taken
    for name in names if len(names) <= MAX_ALIKE + 1 else [*names[:MAX_ALIKE], ""]:
        which = name or f"{len(names) - MAX_ALIKE:,} more tasks"
        yield Problem(
            kind="other_code",
            level="warning",
            sentence=f"A worker does not take the arguments of jobs of {which}: its code is not that of their caller.",
            hint="Deploy the same code to all workers. The jobs wait for a worker that takes them, for up to a day.",
            page="jobs" if name else "tasks",
            query=f"state:waiting task:{quote(name)}" if name else "",
        )


def busy(facts: Facts) -> Iterator[Problem]:
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
            query=f"state:ready queue:{quote(queue)}" if queue else "",
        )


def draining(facts: Facts) -> Iterator[Problem]:
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


def _grouped(
    partitions: Iterable[PartitionFacts], by: str, alone: int | None = None
) -> Iterator[tuple[str, list[PartitionFacts]]]:
    """Yield the names with the most ready jobs, each with its partitions, and at last "" with the partitions of all others.

    alone: of more names than this, "" with the partitions of all is yielded at once.
    """
    ready: Counter[str] = Counter()
    groups: dict[str, list[PartitionFacts]] = {}
    for partition in partitions:
        name = getattr(partition, by)
        ready[name] += partition.ready
        groups.setdefault(name, []).append(partition)
    most = len(ready) if len(ready) <= MAX_ALIKE + 1 else MAX_ALIKE
    if alone is not None and len(ready) > alone:
        most = 0
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


def _how_to_serve(partitions: Iterable[PartitionFacts]) -> str:
    """Say how to start a worker for the queues of partitions: by a command that can be copied as it is, or by none."""
    ready: Counter[str] = Counter()
    for partition in partitions:
        ready[partition.queue] += partition.ready
    begin = f"Start a worker for {'it' if len(ready) == 1 else 'them'}"
    names = [name for name, _ in ready.most_common()]  # those with the most ready jobs first
    words = shell_word(",".join(names))
    if (
        len(names) > MAX_IN_COMMAND
        or any(name != name.strip() or {",", "`"} & set(name) for name in names)
        or len(words) > MAX_COMMAND
    ):
        return f"{begin}: `--queues` of `taskbahn worker` takes their names, with commas between them; *Queues* has all of them."
    return f"{begin}, as in `taskbahn worker MODULE:app --queues {words}`."


def _names(partitions: Iterable[PartitionFacts], of: str) -> str:
    return join_names(sorted({getattr(partition, of) for partition in partitions}))
