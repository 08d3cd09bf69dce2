"""What is wrong with workers: lost, waited for, silent, blocked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol.query_words import quote
from taskbahn.protocol.views import Problem
from taskbahn_router.queries.limit_problems import MAX_ALIKE
from taskbahn_router.text import format_duration, join_names, pluralize
from taskbahn_router.workers.registry import GRACE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn_router.queries.facts import Facts
    from taskbahn_router.workers.lost_workers import LostWorker

SILENT_SECONDS = 15.0  # a worker says something every 5 s, and is given up after 30


def gone(facts: Facts) -> Iterator[Problem]:
    """Find workers whose session ended a moment ago, and whose jobs are still theirs."""
    for worker in facts.gone[:MAX_ALIKE]:
        where = f" on {worker.host}" if worker.host else ""
        yield Problem(
            kind="gone_worker",
            level="warning",
            sentence=f"The connection of the worker {worker.id}{where} is lost, which has {pluralize(worker.jobs, 'job')}.",
            hint=f"The node waits {format_duration(GRACE_SECONDS)} for it: until then the jobs count as running, "
            "and a worker that comes back keeps them.",
            since=worker.at,
            page="jobs",
            query=f"state:running worker:{quote(worker.id)}",
        )
    if len(facts.gone) > MAX_ALIKE:
        yield Problem(
            kind="gone_worker",
            level="warning",
            sentence=f"The connections of {pluralize(len(facts.gone) - MAX_ALIKE, 'more worker')} with jobs are lost.",
            hint="Many at once: look at their machines and the network between them and this node.",
            page="workers",
        )


def lost(facts: Facts) -> Iterator[Problem]:
    """Find workers that were lost with jobs."""
    for worker in facts.lost[:MAX_ALIKE]:
        one_job = worker.jobs == 1
        has_failed = worker.failed > 0 and not one_job
        yield Problem(
            kind="lost_worker",
            level="warning",
            sentence=f"The worker {worker.id} on {worker.host or 'an unknown host'} was lost with {_became(worker, facts)}.",
            hint=" ".join(filter(None, (_jobs_of(worker), _is_back(worker), "Was it killed, out of memory, or cut off?"))),
            since=worker.at,
            page="jobs" if one_job or has_failed else "",
            id=worker.ids[0] if one_job else "" if has_failed else worker.id,
            query=f"state:failed worker:{quote(worker.id)}" if has_failed else "",
        )
    if len(facts.lost) > MAX_ALIKE:
        yield Problem(
            kind="lost_worker",
            level="error",
            sentence=f"In the last 15 minutes {pluralize(len(facts.lost) - MAX_ALIKE, 'more worker')} were lost with jobs.",
            hint="Many at once: look at their machines and the network between them and this node.",
            page="workers",
        )


def _became(worker: LostWorker, facts: Facts) -> str:
    """Say how many jobs it had, and what became of them as far as that is recorded."""
    if left := _left_over(worker, facts):
        return f"{_decided(worker, are_taken=False)}; {left}"
    return _decided(worker, are_taken=True)


def _left_over(worker: LostWorker, facts: Facts) -> str:
    """Say which jobs like those that it lost wait, and no attached worker may be given them; empty if there are none."""
    ready = [partition for partition in facts.partitions if (partition.task, partition.queue) in worker.partitions]
    left = sorted((one.queue, one.task) for one in ready if one.ready and not facts.able(one))
    if not left:
        return ""
    queues, tasks = (list(dict.fromkeys(names)) for names in zip(*left, strict=True))
    return f"no attached worker takes {join_names(sorted(tasks))} in {'the queue' if len(queues) == 1 else 'the queues'} {join_names(queues)}"


def _decided(worker: LostWorker, *, are_taken: bool) -> str:
    jobs = pluralize(worker.jobs, "job")
    if worker.failed == worker.jobs:
        return f"{jobs}, which failed for good" if worker.jobs == 1 else f"{jobs}, which all failed for good"
    if worker.queued == worker.jobs:
        if not are_taken:
            return f"{jobs}, which {'waits' if worker.jobs == 1 else 'all wait'}"
        return f"{jobs}, which other workers get" if worker.jobs == 1 else f"{jobs}, which all go to other workers"
    parts = [
        f"{worker.queued:,} queued again" if worker.queued else "",
        f"{worker.failed:,} failed for good" if worker.failed else "",
    ]
    said = ", ".join(filter(None, parts))
    return f"{jobs}: {said}" if said else jobs


def _jobs_of(worker: LostWorker) -> str:
    """Name jobs of which no query says that this worker lost them."""
    if worker.jobs == 1:
        return ""
    more = worker.jobs - len(worker.ids)
    return f"The jobs: {', '.join(f'`{id}`' for id in worker.ids)}{f' and {more:,} more' if more else ''}."


def _is_back(worker: LostWorker) -> str:
    if worker.back_at is None:
        return ""
    later = worker.back_at - worker.at
    return f"A worker of this name is back, {format_duration(later)} later." if later >= 1 else "It came back without them."


def silent(facts: Facts) -> Iterator[Problem]:
    """Find workers that say nothing."""
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


def blocked(facts: Facts) -> Iterator[Problem]:
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
