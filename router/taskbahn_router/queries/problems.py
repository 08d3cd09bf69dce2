"""What is wrong now, as sentences for one person at three in the morning: values in, values out.

What has been seen is a `Facts`; each rule below makes problems of it. The worst come first: what stops everything before what
stops one task, errors before warnings.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from taskbahn.protocol.query_words import quote
from taskbahn.protocol.views import Problem
from taskbahn_router.queries import limit_problems, node_problems, schedule_facts, trigger_facts, waiting_problems
from taskbahn_router.queries.failure_grades import Grade, grade_of, is_bad_day
from taskbahn_router.queries.limit_problems import MAX_ALIKE
from taskbahn_router.text import format_duration, join_names, pluralize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn_router.queries.facts import Facts

MOST = 20  # problems in one answer
SILENT_SECONDS = 15.0  # a worker says something every 5 s, and is given up after 30
LONG_SECONDS = 60.0  # seconds that an attempt may run, or LONG_TIMES of what is typical if that is more
LONG_TIMES = 10.0


def problems(facts: Facts) -> list[Problem]:
    """Return what is wrong, the worst first; at most `MOST`."""
    found: list[Problem] = []
    for rule in (
        _store,
        waiting_problems.no_workers,
        waiting_problems.unserved,
        waiting_problems.not_taken,
        _node_worker,
        _schedules,
        _failing,
        waiting_problems.busy,
        waiting_problems.draining,
        _lost,
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


def _node_worker(facts: Facts) -> Iterator[Problem]:
    yield from node_problems.worker_ended(facts.node_worker)


def _schedules(facts: Facts) -> Iterator[Problem]:
    yield from schedule_facts.late(facts.late, facts.late_count)
    yield from chain(schedule_facts.refused(facts.refusals), trigger_facts.refused(facts.troubles))


def _failing(facts: Facts) -> Iterator[Problem]:
    grades = {task: facts.grades.get(task, grade_of(*counts)) for task, counts in facts.failures.items()}
    bad = {task: counts for task, counts in facts.failures.items() if grades[task]}
    slow = {task: counts for task, counts in facts.daily.items() if task not in bad and is_bad_day(*counts)}
    bad |= slow
    worst = sorted(bad, key=lambda task: -bad[task][0])
    for task in worst[:MAX_ALIKE]:
        failed, ended = bad[task]
        share = f"All {failed:,}" if failed == ended else f"{failed:,} of {ended:,}"
        # a job that was retried counts in the day once for each end
        what, span = ("runs", "24 hours") if task in slow else ("jobs", "10 minutes")
        yield Problem(
            kind="failing",
            level="error"
            if grades.get(task) == Grade.ERROR or (task in slow and grade_of(failed, ended) == Grade.ERROR)
            else "warning",
            sentence=f"{share} {what} of {task or 'rare tasks'} that ended in the last {span} failed.",
            hint="See the errors by their kind; when the cause is mended, retry the jobs from there.",
            page="errors",
            query=f"state:failed task:{quote(task)} since:1h" if task else "state:failed since:1h",
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


def _lost(facts: Facts) -> Iterator[Problem]:
    for worker in facts.lost[:MAX_ALIKE]:
        yield Problem(
            kind="lost_worker",
            level="warning",
            sentence=f"The worker {worker.id} on {worker.host or 'an unknown host'} was lost with {pluralize(worker.jobs, 'job')}.",
            hint="Others get its jobs, unless these may not start twice. Was it killed, out of memory, or cut off?",
            since=worker.at,
            page="jobs",
            query=f"worker:{quote(worker.id)}",
        )
    if len(facts.lost) > MAX_ALIKE:
        yield Problem(
            kind="lost_worker",
            level="error",
            sentence=f"In the last 15 minutes {pluralize(len(facts.lost) - MAX_ALIKE, 'more worker')} were lost with jobs.",
            hint="Many at once: look at their machines and the network between them and this node.",
            page="workers",
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
            query=f"state:running task:{quote(run.task)}",
        )


def _lag(facts: Facts) -> Iterator[Problem]:
    yield from node_problems.is_late(facts.lag)
