"""Failures that a retry has mended are no problem any more, and no failure is counted twice for one job."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.dispatcher_harness import TASK
from support.watched import Watched

from taskbahn.protocol import messages
from taskbahn_router.metrics.recent import KEPT, STEP
from taskbahn_router.queries.failure_grades import Grade, Grades, grade_of

JOBS = 9


def failing(watched: Watched) -> list[tuple[str, str]]:
    return [(problem.level, problem.sentence) for problem in watched.status().problems if problem.kind == "failing"]


def run_all(watched: Watched, *, fails: bool) -> list[str]:
    """Run all ready jobs; return their ids."""
    worker = watched.harness.worker(slots=100)
    runs = worker.take()
    if fails:
        worker.failed(*runs)
    else:
        worker.done(*runs)
    watched.harness.settle()
    worker.lost()
    watched.passes(6)
    return [id for id, _ in runs]


def retry(watched: Watched, ids: list[str]) -> None:
    for id in ids:
        watched.harness.ask(messages.JOB_RETRY, id, progress=False)
    watched.harness.settle()


def test_failures_are_no_problem_when_a_retry_has_made_them_good() -> None:
    watched = Watched()
    watched.harness.worker().lost()  # the task is declared
    for _ in range(JOBS):
        watched.harness.submit()
    ids = run_all(watched, fails=True)
    sentence = f"All {JOBS} jobs of {TASK} that ended in the last 10 minutes failed."
    assert failing(watched) == [("warning", sentence)]
    retry(watched, ids)
    assert sorted(run_all(watched, fails=True)) == sorted(ids)
    assert failing(watched) == [("warning", sentence)], "each job counts once"
    assert watched.status().failed_lately == JOBS
    retry(watched, ids[:5])
    run_all(watched, fails=False)
    assert failing(watched) == []
    assert watched.status().failed_lately == 4
    assert watched.history.failures(600.0) == {TASK: (4, 9)}
    retry(watched, ids[5:])
    assert watched.history.failures(600.0) == {}
    assert watched.status().failed_lately == 0


def test_what_failed_long_ago_takes_nothing_from_what_fails_now() -> None:
    watched = Watched()
    watched.harness.worker().lost()  # the task is declared
    for _ in range(JOBS):
        watched.harness.submit()
    ids = run_all(watched, fails=True)
    watched.passes(KEPT * STEP + 60)
    assert failing(watched) == []
    retry(watched, ids)
    run_all(watched, fails=True)
    assert watched.history.failures(600.0) == {TASK: (JOBS, JOBS)}
    assert watched.status().failed_lately == JOBS


def test_the_times_of_a_group_are_those_of_its_jobs_now() -> None:
    watched = Watched()
    watched.harness.worker().lost()  # the task is declared
    for _ in range(2):
        watched.harness.submit()
    ids = run_all(watched, fails=True)
    (before,) = watched.harness.ask(messages.VIEW_ERRORS).answer["groups"]
    watched.passes(100)
    retry(watched, ids[:1])
    run_all(watched, fails=True)
    (group,) = watched.harness.ask(messages.VIEW_ERRORS).answer["groups"]
    assert (group["count"], group["first_at"]) == (2, before["first_at"]), "the oldest is that of the other job"
    retry(watched, ids)
    run_all(watched, fails=True)
    (group,) = watched.harness.ask(messages.VIEW_ERRORS).answer["groups"]
    assert group["first_at"] == group["last_at"] > before["first_at"] + 100
    attempts = watched.harness.ask(messages.JOB_GET, ids[1]).answer["attempts"]
    assert attempts[0]["ended_at"] == before["first_at"], "the job itself keeps all its attempts"


@given(
    windows=st.lists(st.tuples(st.integers(1, 50), st.integers(0, 200), st.booleans()), min_size=1, max_size=8),
)
def test_a_grade_rises_only_with_a_new_failure(windows: list[tuple[int, int, bool]]) -> None:
    grades, mark, before = Grades(), 0, Grade.ERROR
    for failed, succeeded, is_new in windows:
        mark += is_new
        counts = failed, failed + succeeded
        grade = grades.look({TASK: counts}, {TASK: mark})[TASK]
        if is_new:
            assert grade == grade_of(*counts)
        else:
            assert grade <= before
        assert grade <= grade_of(*counts)
        before = grade
    assert grades.look({}, {}) == {}
    assert grades.look({TASK: (40, 40)}, {TASK: mark})[TASK] is Grade.ERROR, "what was fine is forgotten"
