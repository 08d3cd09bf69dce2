"""What happens in the dispatcher is counted once, kept by minutes, and found again after a restart."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from support.dispatcher_harness import TASK, WALL, DispatcherHarness, busy, job_id
from support.watched import Watched

from taskbahn.errors import InvalidName, InvalidRequest, UnknownTask
from taskbahn.protocol import messages
from taskbahn_router.dispatcher.dispatcher import KEEP_MINUTES
from taskbahn_router.metrics.daily import MAX_TASKS
from taskbahn_router.metrics.histogram import step_of
from taskbahn_router.metrics.recent import MAX_NAMED, Bucket, Recent
from taskbahn_router.metrics.recorder import Recorder
from taskbahn_router.metrics.tally import Tally

NEAR = 0.046  # of a duration in a histogram


@pytest.fixture
def watched() -> Watched:
    made = Watched()
    made.harness.worker().lost()
    return made


def test_everything_that_happens_to_jobs_is_counted_once(watched: Watched) -> None:
    harness = watched.harness
    worker = harness.worker(slots=10)
    for _ in range(6):
        harness.submit(retries=1, retry_delays=[30])
    harness.submit(id=job_id(1))  # is there already
    harness.submit(start_within=3, queue="unserved")
    harness.submit(queue="unserved")
    harness.settle()
    runs = worker.take()
    worker.done(runs[0], runs[1], seconds=2.0)
    worker.failed(runs[2])
    worker.failed(runs[3], retry=False)
    worker.hands_back(runs[4])
    harness.ask(messages.JOB_CANCEL, [runs[5][0], job_id(9), job_id(9), job_id(77)])
    watched.passes(5)
    counts = {"accepted": 8, "succeeded": 2, "failed": 1, "cancelled": 2, "expired": 1, "retried": 1, "again": 0}
    assert msgspec.to_builtins(watched.status().totals) == counts
    chart = msgspec.to_builtins(watched.ask(seconds=60))
    assert {name: sum(filter(None, chart[name])) for name in counts} == counts
    (view,) = harness.ask(messages.VIEW_TASKS).answer
    del counts["retried"], counts["again"]
    assert {name: view["statistics"][name] for name in counts} == counts
    assert view["statistics"]["run"] == pytest.approx(2.0, rel=NEAR)
    assert view["statistics"]["last_at"] == pytest.approx(harness.wall(), abs=5.1)
    rates = [queue["rate"] for queue in harness.ask(messages.VIEW_QUEUES).answer]
    assert rates == [pytest.approx(3 / 5), 0.0], "what was cancelled or expired is apart"
    harness.check()


def test_the_wait_is_from_ready_to_started(watched: Watched) -> None:
    watched.one_job(wait=7)
    watched.one_job(delay=20, wait=25)  # ready after 20
    chart = watched.ask(seconds=60)
    assert [round(wait) for wait in chart.wait if wait is not None] == [7, 5]
    assert list(watched.status().wait or ()) == [pytest.approx(5, rel=NEAR), pytest.approx(7, rel=NEAR)]


def test_a_second_start_of_unknown_readiness_counts_no_wait(watched: Watched) -> None:
    worker = watched.harness.worker()
    watched.harness.submit()
    watched.harness.settle()
    watched.passes(30)
    worker.hands_back(*worker.take(), draining=True)
    watched.passes(1)
    assert watched.harness.worker("another").take() == [(job_id(1), 2)]
    waits = watched.history.last_minute().waits
    assert sum(waits.values()) == 1


def test_a_chart_ends_now_and_has_gaps_where_nothing_was_measured(watched: Watched) -> None:
    watched.passes(62)
    watched.one_job()
    for seconds, step, buckets in [(60, 5, 12), (900, 5, 180), (901, 60, 16), (3600, 60, 60), (21600, 60, 360), (86400, 300, 288),
                                   (604800, 3600, 168)]:  # fmt: skip
        chart = watched.ask(seconds=seconds)
        now = watched.harness.wall()
        assert (chart.step, len(chart.accepted), chart.start % step) == (step, buckets, 0)
        assert chart.start + (buckets - 1) * step <= now < chart.start + buckets * step
        assert chart.accepted[-1] == 1
        assert len({len(column) for column in msgspec.to_builtins(chart).values() if isinstance(column, list)}) == 1
    assert watched.ask(seconds=3600).accepted[-3:] == [None, 0, 1]
    assert watched.ask(seconds=3600).waiting[-3:] == [None, 0, 0]


def test_gauges_are_in_the_chart_of_all_and_of_each_task(watched: Watched) -> None:
    watched.harness.submit()
    watched.harness.submit(delay=1000)
    watched.passes(12)
    chart, mine = watched.ask(seconds=60), watched.ask(seconds=60, task=TASK)
    assert (chart.waiting[-2:], chart.running[-2:]) == ([2, 2], [0, 0])
    assert chart.oldest[-1] == pytest.approx(12, abs=1.1)
    assert mine.waiting[-2] == 1  # of those that wait for a time the memory has no tasks
    assert mine.oldest[-2] == pytest.approx(9, abs=1.1)


@pytest.mark.parametrize("cleanly", [True, False])
def test_after_a_restart_the_minutes_are_there_and_go_on(watched: Watched, *, cleanly: bool) -> None:
    watched.one_job(seconds=3.0)
    watched.passes(125)
    watched.one_job(fails=True)
    watched.passes(5)
    before = watched.ask(seconds=3600)
    watched.restart(cleanly=cleanly)
    after = watched.ask(seconds=3600)
    if cleanly:
        assert (after.accepted, after.failed, after.run) == (before.accepted, before.failed, before.run)
    else:
        assert after.accepted[:-1] == before.accepted[:-1]
    assert watched.history.typical(TASK) == pytest.approx(3.0, rel=NEAR)
    watched.one_job()
    watched.passes(60)  # the minute in which it began is stored in two parts
    assert sum(filter(None, watched.ask(seconds=3600).accepted)) == (3 if cleanly else 2)
    assert sum(filter(None, watched.ask(seconds=3600, task=TASK).accepted)) == (3 if cleanly else 2)
    statistics = watched.harness.ask(messages.VIEW_TASKS).answer[0]["statistics"]
    assert (statistics["succeeded"], statistics["failed"]) == ((2, 1) if cleanly else (2, 0))
    assert watched.status().totals.accepted == 1


def test_nothing_is_counted_twice_or_missed_while_minutes_are_being_stored(watched: Watched) -> None:
    watched.one_job()
    watched.passes(30)
    watched.harness.hold_commits()
    watched.passes(30)
    assert watched.history._minutes._storing
    assert sum(filter(None, watched.ask(seconds=3600).accepted)) == 1
    watched.harness.release_commits()
    assert not watched.history._minutes._storing
    assert sum(filter(None, watched.ask(seconds=3600).accepted)) == 1


def test_minutes_of_a_refused_commit_are_stored_later(watched: Watched) -> None:
    watched.one_job()
    watched.harness.store.refuses = "the disk is full"
    watched.passes(130)
    assert [problem.kind for problem in watched.status().problems] == ["store", "no_workers"]
    watched.harness.store.refuses = ""
    watched.passes(70)
    rows = watched.harness.store.reader().minutes(0, 2**40, "")
    assert [row.accepted for row in rows] == [1, 0, 0]
    assert sum(filter(None, watched.ask(seconds=3600).accepted)) == 1


def test_minutes_older_than_a_week_are_dropped(watched: Watched) -> None:
    store = watched.harness.store
    old = Tally().row(int(WALL - KEEP_MINUTES - 60) // 60 * 60, "")
    watched.harness.dispatcher.turn_input.add_minutes([old])
    watched.harness.dispatcher.loop.schedule_turn()
    watched.harness.settle()
    watched.passes(61)
    assert [row.at > WALL - 100 for row in store.reader().minutes(0, 2**40, "")] == [True]


@pytest.mark.parametrize(
    "given",
    [
        {"seconds": 59},
        {"seconds": 604_801},
        {"seconds": "60"},
        {"seconds": True},
        {"seconds": float("nan")},
        {"seconds": 10**400},
    ],
)
def test_a_span_out_of_bounds_is_refused(watched: Watched, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="seconds must be a number, 60 to 604,800"):
        watched.ask(**given)


@pytest.mark.parametrize(
    "task, error", [("no.such", UnknownTask), (5, InvalidRequest), ("no name", InvalidName), ("\ud800", InvalidName)]
)
def test_a_task_that_no_worker_declared_has_no_history(watched: Watched, task: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        watched.ask(task=task)


@pytest.mark.parametrize("jump", [-1e6, -3600.0, -30.0, 30.0, 1e6])
def test_a_clock_that_jumps_stops_no_counting(jump: float) -> None:
    harness = DispatcherHarness()
    now = WALL
    history = Recorder(harness.dispatcher.state, lambda: now)
    history.turn(now).tasks[TASK] = one = Tally()
    one.accepted = 1
    now += jump
    history.turn(now).tasks.setdefault(TASK, Tally()).accepted += 1
    now += 10
    assert history.totals()["accepted"] == 2
    assert sum(tally.accepted for _, tally in history.minutes(TASK)[1]) == 2
    assert history.statistics(TASK) is not None
    assert sum(row.accepted for row in history.take_minutes(all_of_them=True) if not row.task) == 2


def test_what_is_typical_follows_the_newest_runs_and_outlives_the_day(watched: Watched) -> None:
    history = watched.history

    def stored(hours_ago: float, seconds: float, count: int) -> None:
        tally = Tally()
        tally.succeeded, tally.runs = count, {step_of(seconds): count}
        history.load(int(WALL - hours_ago * 3600), {TASK: tally})

    assert history.typical(TASK) is None
    watched.one_job(seconds=9.0)
    assert history.typical(TASK) == pytest.approx(9.0, rel=NEAR)
    history._bucket.tasks.clear()
    stored(100, 8.0, 1)
    assert history.typical(TASK) == pytest.approx(8.0, rel=NEAR)
    stored(10, 4.0, 50)
    assert history.typical(TASK) == pytest.approx(4.0, rel=NEAR)
    stored(1, 2.0, 30)
    assert history.typical(TASK) == pytest.approx(2.0, rel=NEAR)
    assert history._days.of(TASK).succeeded == 80  # type: ignore[union-attr]
    history.turn(WALL + 30 * 3600)
    history.turn(WALL + 30 * 3600 + 10)
    assert history._days.of(TASK) is None
    assert history.typical(TASK) == pytest.approx(2.0, rel=NEAR)


def test_the_tasks_with_a_history_of_their_own_are_bounded(watched: Watched) -> None:
    history = watched.history
    bucket = history.turn(WALL)
    for number in range(MAX_TASKS + 5):
        history._tally(bucket, f"task.number{number}").accepted += 1
    assert len(bucket.tasks) == MAX_TASKS + 1
    assert bucket.tasks[""].accepted == 5
    history.turn(WALL + 5)
    history._tally(history.turn(WALL + 5), "another.one").accepted += 1
    assert history.totals()["accepted"] == MAX_TASKS + 6
    assert history.statistics("another.one") is None


def test_fine_buckets_are_bounded_in_time_and_in_names() -> None:
    fine = Recent()
    for number in range(400):
        bucket = Bucket(int(WALL) + 5 * number)
        bucket.tasks = {str(name): Tally() for name in range(300)}
        fine.add(bucket)
    kept = list(fine)
    assert len(kept) == 180
    assert sum(len(bucket.tasks) for bucket in kept) <= MAX_NAMED
    assert [bucket.is_named for bucket in kept] == sorted(bucket.is_named for bucket in kept)  # the newest are


def test_the_oldest_jobs_wait_begins_when_it_is_ready(watched: Watched) -> None:
    watched.harness.submit(delay=3600)
    watched.passes(1)
    assert watched.status().oldest is None
    watched.harness.clock.advance(3590)
    watched.passes(15)
    oldest = watched.status().oldest
    assert oldest is not None
    assert watched.harness.wall() - oldest < 10
    watched.restart(cleanly=True)
    watched.passes(2)  # what was before is known from the store alone
    assert watched.status().oldest == WALL


def kinds(watched: Watched) -> list[tuple[str, str]]:
    return [(problem.kind, problem.id or problem.query) for problem in watched.status().problems]


def test_what_is_wrong_is_seen_at_the_board(watched: Watched) -> None:
    harness = watched.harness
    watched.one_job(seconds=2.0)
    worker = harness.worker("w", tasks=("b.task", "other.task"))
    harness.submit(task="b.task")
    harness.submit()
    harness.submit(queue="mail", task="b.task")
    watched.passes(5)
    assert kinds(watched) == [("task_not_offered", "state:ready task:a.task"), ("queue_not_served", "mail")]
    harness.submit(task="b.task")
    another = harness.worker("x")
    assert another.take()
    watched.passes(70)
    assert kinds(watched) == [
        ("queue_not_served", "mail"), ("busy", "default"), ("long_running", another.runs[0][0]),
    ]  # fmt: skip
    harness.ask(messages.ADMIN_DRAIN, "w", True)
    watched.passes(2)
    assert kinds(watched) == [("queue_not_served", "mail"), ("draining", "w"), ("long_running", another.runs[0][0])]
    worker.silent = True
    watched.passes(18)
    assert kinds(watched)[2:] == [("silent_worker", "w"), ("long_running", another.runs[0][0])]
    since = {problem.kind: problem.since for problem in watched.status().problems}
    watched.passes(3)
    assert {problem.kind: problem.since for problem in watched.status().problems} == since
    harness.check()


def test_a_lost_worker_and_what_no_worker_can_take_are_seen(watched: Watched) -> None:
    harness = watched.harness
    harness.submit()
    harness.settle()
    worker = harness.worker()
    assert worker.take()
    worker.lost()
    watched.passes(2)
    assert [problem.kind for problem in watched.status().problems] == ["gone_worker"]
    watched.passes(10)
    assert [problem.id for problem in watched.status().problems if problem.kind == "lost_worker"] == [job_id(1)]
    other = harness.worker("v")
    watched.passes(2)
    harness.submit(queue="odd one")
    harness.settle()
    (task,) = harness.ask(messages.VIEW_TASKS).answer
    assert task["unserved"] == {"odd one": 1}
    other.lost()
    watched.passes(2)
    (task,) = harness.ask(messages.VIEW_TASKS).answer
    assert task["unserved"]["odd one"] == 1
    back = harness.worker()
    watched.passes(2)
    (problem,) = (problem for problem in watched.status().problems if problem.kind == "lost_worker")
    assert "A worker of this name is back" in problem.hint
    back.lost()


def test_no_worker_is_said_since_the_last_one_left(watched: Watched) -> None:
    harness = watched.harness
    worker = harness.worker()
    harness.submit(queue="never served")
    watched.passes(300)
    worker.lost()
    left = harness.wall()
    watched.passes(5)
    (problem,) = watched.status().problems
    assert problem.kind == "no_workers"
    assert problem.since == pytest.approx(left, abs=1.5)
    watched.passes(60)
    assert watched.status().problems[0].since == problem.since


def test_a_worker_that_came_back_without_its_jobs_is_seen_as_lost(watched: Watched) -> None:
    busy(watched.harness, 2)
    busy_again = watched.harness.worker(slots=2, running=[(job_id(1), 1)])
    watched.passes(2)
    (problem,) = (problem for problem in watched.status().problems if problem.kind == "lost_worker")
    assert problem.sentence == "The worker w on an unknown host was lost with 1 job, which other workers get."
    assert (problem.id, "It came back without them." in problem.hint) == (job_id(2), True)
    busy_again.lost()


def test_a_worker_that_stays_away_after_a_restart_is_seen_as_lost(watched: Watched) -> None:
    busy(watched.harness, 2)
    watched.restart(cleanly=False)
    watched.passes(12)
    (problem,) = (problem for problem in watched.status().problems if problem.kind == "lost_worker")
    wait = "2 jobs, which all wait; no attached worker takes a.task in the queue default"
    assert problem.sentence == f"The worker w on an unknown host was lost with {wait}."


def test_a_problem_of_unknown_age_is_there_since_it_was_first_seen(watched: Watched) -> None:
    watched.one_job()
    watched.passes(10)
    (problem,) = watched.status().problems
    assert (problem.kind, problem.level) == ("no_workers", "warning")
    assert problem.since == pytest.approx(WALL, abs=1.1)
    harness = watched.harness
    worker = harness.worker()
    watched.passes(1)
    assert watched.status().problems == []
    worker.lost()
    watched.passes(1)
    (problem,) = watched.status().problems
    assert problem.since == pytest.approx(harness.wall(), abs=1.1)


def test_a_refused_firing_is_seen_until_one_starts_its_job(watched: Watched) -> None:
    harness = watched.harness
    for number in range(6):
        harness.ask(messages.SCHEDULE_ADD, f"s{number}", {"when": "* * * * *", "call": {"task": "a.task"}})
    harness.settle()
    harness.ask(messages.SCHEDULE_ADD, "paused", {"when": "* * * * *", "call": {"task": "a.task"}})
    harness.settle()
    del harness.dispatcher.state.tasks["a.task"]
    watched.passes(70)
    harness.ask(messages.SCHEDULE_PAUSE, "paused")
    watched.passes(6)
    found = [problem for problem in watched.status().problems if problem.kind == "schedule_refused"]
    assert [(problem.page, problem.id) for problem in found] == [("schedules", id) for id in ("s0", "s1", "s2", "s3", "")]
    assert found[0].sentence.startswith("The schedule s0 did not start its job: ")
    assert found[4].sentence == "The jobs of 2 more schedules were refused, too."
    harness.worker()
    watched.passes(70)
    assert [problem.kind for problem in watched.status().problems if problem.kind == "schedule_refused"] == []
