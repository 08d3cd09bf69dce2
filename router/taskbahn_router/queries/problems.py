"""What is wrong now, as sentences for one person at three in the morning: values in, values out.

What has been seen is a `Facts`; each rule below makes problems of it. The worst come first: what stops everything before what
stops one task, errors before warnings.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from taskbahn.protocol.query_words import quote
from taskbahn.protocol.views import Problem
from taskbahn_router.queries import (
    limit_problems,
    node_problems,
    schedule_facts,
    trigger_facts,
    waiting_problems,
    worker_problems,
)
from taskbahn_router.queries.failure_grades import Grade, grade_of, is_bad_day
from taskbahn_router.queries.limit_problems import MAX_ALIKE
from taskbahn_router.text import format_duration, join_names, pluralize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn_router.queries.facts import Facts

MOST = 20  # problems in one answer
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
        worker_problems.gone,
        worker_problems.lost,
        worker_problems.silent,
        worker_problems.blocked,
        _limits,
        lambda facts: iter(facts.access),
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
        span = "24 hours" if task in slow else "10 minutes"
        yield Problem(
            kind="failing",
            level="error"
            if grades.get(task) == Grade.ERROR or (task in slow and grade_of(failed, ended) == Grade.ERROR)
            else "warning",
            sentence=f"{share} jobs of {task or 'rare tasks'} that ended in the last {span} failed.",
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
