"""One job's way through the dispatcher: accepted, handed out, reported, and seen only after each commit."""

from __future__ import annotations

import pytest
from support.dispatching import TASK, Hall, job_id

from taskbahn.protocol import messages
from taskbahn_router.workers.registry import GRACE_SECONDS

ONE, TWO, THREE = job_id(1), job_id(2), job_id(3)


def test_a_job_that_starts_at_once_is_inserted_as_running(hall: Hall) -> None:
    worker = hall.worker()
    hall.watched.add(messages.JOB_TOPIC + ONE)
    hall.hold_commits()
    asked = hall.submit("x")
    hall.settle()
    assert (asked.sent, hall.published) == ([], [])
    hall.release_commits()
    assert [topic for topic, _ in hall.published] == [messages.JOB_TOPIC + ONE]
    assert asked.answer == [ONE]
    assert worker.asked.progress[1:] == [{"run": [[ONE, 1, TASK, '[["x"],{}]', None]]}]
    inserted = [job for batch in hall.store.commits for job in batch.new]
    assert [(job.state, job.attempt, job.number, job.worker) for job in inserted] == [("running", 1, 2, "w")]
    assert not any(batch.claims for batch in hall.store.commits if batch.new)
    hall.check()


def test_a_job_that_runs_once_costs_two_commits(hall: Hall) -> None:
    worker = hall.worker()
    before = len(hall.store.commits)
    hall.submit()
    hall.settle()
    worker.done(*worker.take())
    hall.settle()
    assert len(hall.store.commits) - before == 2


def test_a_job_without_a_worker_goes_to_the_first_that_comes(hall: Hall) -> None:
    hall.worker().lost()
    hall.submit()
    hall.settle()
    assert hall.state(1) == "ready"
    worker = hall.worker("later")
    assert worker.take() == [(ONE, 1)]
    assert hall.state(1) == "running"
    hall.check()


def test_a_result_is_answered_after_its_commit(hall: Hall) -> None:
    worker = hall.worker()
    asked = hall.submit(follow=True)
    hall.settle()
    hall.hold_commits()
    report = worker.done(*worker.take(), result='{"a":1}')
    hall.settle()
    assert (asked.sent, report.sent) == ([], [])
    hall.release_commits()
    assert asked.sent == [("answer", [ONE], {"outcomes": [[ONE, "succeeded", '{"a":1}', None]]})]
    assert report.answer == {"refused": []}
    assert (hall.row(1).state, hall.row(1).result) == ("succeeded", '{"a":1}')
    hall.check()


def test_a_plain_call_gets_progress_and_then_the_value(hall: Hall) -> None:
    worker = hall.worker()
    asked = hall.ask(TASK, 1, a=2)
    hall.settle()
    run = worker.take()[0]
    worker.notices(run, "progress", {"fraction": 0.5})
    hall.settle()
    worker.done(run, result="[1,2]")
    hall.settle()
    assert asked.events == [(2, "state", "running"), (2, "progress", {"fraction": 0.5}), (3, "state", "succeeded")]
    assert asked.answer == [1, 2]
    hall.check()


def test_a_plain_call_of_a_failing_task_gets_its_error(hall: Hall) -> None:
    worker = hall.worker()
    asked = hall.ask(TASK, progress=False)
    hall.settle()
    worker.failed(*worker.take())
    hall.settle()
    assert asked.error == "job_failed"
    assert str(asked.sent[0][1]) == "ValueError: no"


def test_a_plain_call_without_progress_gets_none(hall: Hall) -> None:
    worker = hall.worker()
    asked = hall.ask(TASK, progress=False)
    hall.settle()
    run = worker.take()[0]
    worker.notices(run, "progress", {"fraction": 0.5})
    worker.done(run, result="null")
    hall.settle()
    assert asked.sent == [("answer", None, {})]


def test_input_during_a_commit_goes_into_one_next_batch(hall: Hall) -> None:
    hall.worker(slots=10)
    hall.hold_commits()
    hall.submit()
    hall.settle()
    before = len(hall.store.commits)
    for _ in range(5):
        hall.submit()
        hall.settle()
    hall.release_commits()
    assert [len(batch.new) for batch in hall.store.commits[before:] if batch.new] == [1, 5]
    hall.check()


# order


def test_priority_is_exact_through_one_slot(hall: Hall) -> None:
    worker = hall.worker()
    for priority in (0, 5, -3, 5, 0, 9):
        hall.submit(priority=priority)
        hall.settle()
    order = []
    while runs := worker.take():
        order += [id for id, _ in runs]
        worker.done(*runs)
        hall.settle()
    assert order == [job_id(number) for number in (1, 6, 2, 4, 5, 3)]
    hall.check()


def test_among_jobs_of_one_turn_the_higher_priority_starts_first(hall: Hall) -> None:
    worker = hall.worker()
    for priority in (0, 5, 9):
        hall.submit(priority=priority)
    hall.settle()
    assert worker.take() == [(THREE, 1)]
    worker.done((THREE, 1))
    hall.settle()
    assert worker.take() == [(TWO, 1)]


def test_a_job_that_was_handed_back_goes_before_one_that_came_later(hall: Hall) -> None:
    worker = hall.worker()
    hall.submit()
    hall.settle()
    worker.hands_back(*worker.take())
    hall.submit()
    hall.settle()
    assert worker.take() == [(ONE, 2)]


def test_a_worker_gets_an_attempt_a_slot_in_one_order(hall: Hall) -> None:
    hall.worker().lost()
    for _ in range(5):
        hall.submit()
    hall.settle()
    worker = hall.worker(slots=3)
    assert worker.take() == [(ONE, 1), (TWO, 1), (THREE, 1)]
    assert len(worker.asked.progress) == 2
    worker.done((TWO, 1))
    hall.settle()
    assert worker.take() == [(job_id(4), 1)]
    hall.check()


def test_jobs_go_to_the_roomiest_worker(hall: Hall) -> None:
    small, large = hall.worker("small", 1), hall.worker("large", 3)
    for _ in range(4):
        hall.submit()
    hall.settle()
    assert (len(small.take()), len(large.take())) == (1, 3)


def test_a_worker_gets_only_jobs_of_its_tasks_and_queues(hall: Hall) -> None:
    one = hall.worker("one", tasks=["a.one"], slots=9)
    slow = hall.worker("slow", tasks=["a.one", "a.two"], queues=["slow"], slots=9)
    hall.submit(task="a.one")
    hall.submit(task="a.one", queue="slow")
    hall.submit(task="a.two", queue="slow")
    hall.submit(task="a.two")
    hall.settle()
    assert (one.take(), slow.take()) == ([(ONE, 1)], [(TWO, 1), (THREE, 1)])
    assert hall.state(4) == "ready"


# retries


def test_a_retry_waits_for_its_delay(hall: Hall) -> None:
    worker = hall.worker()
    hall.submit(retries=2, retry_backoff=10.0)
    hall.settle()
    worker.failed(*worker.take())
    hall.passes(9.9)
    assert (hall.state(1), worker.take()) == ("waiting", [])
    hall.passes(0.2)
    assert worker.take() == [(ONE, 2)]
    worker.failed((ONE, 2))
    hall.passes(19.9)
    assert worker.take() == []
    hall.passes(0.2)
    assert worker.take() == [(ONE, 3)]
    hall.check()


def test_when_retries_run_out_the_job_fails_and_its_attempts_are_kept(hall: Hall) -> None:
    worker = hall.worker()
    asked = hall.submit(retries=1, follow=True)
    hall.settle()
    for _ in range(2):
        worker.failed(*worker.take())
        hall.passes(700)
        worker.says()
    assert asked.outcomes == {ONE: "failed"}
    got = hall.ask(messages.JOB_GET, ONE).answer
    assert (got["state"], got["error"]["type"], got["error"]["reason"]) == (
        "failed",
        "ValueError",
        "it failed 2 times, and retries is 1",
    )
    assert [(attempt["attempt"], attempt["worker"], attempt["outcome"], attempt["error"]["message"]) for attempt in got["attempts"]] == [
        (1, "w", "error", "no"), (2, "w", "error", "no"),
    ]  # fmt: skip
    hall.check()


def test_a_task_that_may_not_be_tried_again_fails_at_once(hall: Hall) -> None:
    worker = hall.worker()
    hall.submit(retries=5)
    hall.settle()
    worker.failed(*worker.take(), retry=False)
    hall.settle()
    assert hall.state(1) == "failed"


def test_a_delay_that_the_task_chose_is_taken(hall: Hall) -> None:
    worker = hall.worker()
    hall.submit(retries=1)
    hall.settle()
    worker.failed(*worker.take(), delay=100.0)
    hall.settle()
    assert hall.row(1).due_at == hall.wall() + 100


@pytest.mark.parametrize("delay", [-5.0, float("nan"), float("inf")])
def test_a_delay_that_is_no_time_does_not_lose_the_job(hall: Hall, delay: float) -> None:
    worker = hall.worker()
    hall.submit(retries=1)
    hall.settle()
    worker.failed(*worker.take(), delay=delay)
    hall.passes(2)
    assert worker.take() == [(ONE, 2)]


def test_attempts_that_crash_count_by_themselves(hall: Hall) -> None:
    worker = hall.worker()
    hall.submit(crash_attempts=3)
    hall.settle()
    for _ in range(2):
        worker.failed(*worker.take(), kind="crash")
        hall.settle()
        assert hall.state(1) == "running"
    worker.failed(*worker.take(), kind="crash")
    hall.settle()
    row = hall.row(1)
    assert (row.state, row.attempt, row.crashes, row.failures) == ("failed", 3, 3, 0)
    hall.check()


def test_what_must_never_start_twice_fails_when_its_worker_is_lost(hall: Hall) -> None:
    worker = hall.worker()
    hall.submit(delivery="at_most_once", retries=5, crash_attempts=9)
    hall.settle()
    worker.take()
    worker.lost()
    other = hall.worker("other")
    hall.passes(GRACE_SECONDS + 1)
    assert (hall.state(1), other.take()) == ("failed", [])
    hall.check()


def test_a_hand_back_is_not_charged(hall: Hall) -> None:
    worker = hall.worker()
    hall.submit(crash_attempts=1)
    hall.settle()
    for attempt in range(1, 6):
        assert worker.take() == [(ONE, attempt)]
        worker.hands_back((ONE, attempt))
        hall.settle()
    row = hall.row(1)
    assert (row.state, row.attempt, row.failures, row.crashes) == ("running", 6, 0, 0)
    hall.check()


def test_a_worker_that_drains_gets_no_more(hall: Hall) -> None:
    worker = hall.worker(slots=2)
    hall.submit()
    hall.submit()
    hall.settle()
    worker.take()
    worker.hands_back((ONE, 1), draining=True)
    hall.settle()
    hall.submit()
    hall.settle()
    assert worker.take() == []
    assert hall.worker("other", 5).take() == [(ONE, 2), (THREE, 1)]
    worker.done((TWO, 1))
    hall.settle()
    assert hall.state(2) == "succeeded"
    hall.check()


# time


def test_a_delayed_job_starts_when_its_time_has_come(hall: Hall) -> None:
    worker = hall.worker(slots=5)
    hall.submit(delay=30)
    hall.submit(eta=hall.wall() + 20)
    hall.submit(eta=hall.wall() - 20)
    hall.settle()
    assert worker.take() == [(THREE, 1)]
    hall.passes(19.9)
    assert worker.take() == []
    hall.passes(0.2)
    assert worker.take() == [(TWO, 1)]
    hall.passes(10)
    assert worker.take() == [(ONE, 1)]
    hall.check()


def test_a_job_that_does_not_start_in_time_expires(hall: Hall) -> None:
    hall.worker().lost()
    asked = hall.submit(start_within=5, follow=True)
    delayed = hall.submit(start_within=5, delay=10, follow=True)
    hall.passes(4.9)
    assert (hall.state(1), hall.state(2)) == ("ready", "waiting")
    hall.passes(0.2)
    assert asked.outcomes == {ONE: "expired"}
    hall.passes(9.8)
    assert (hall.state(2), delayed.outcomes) == ("ready", {})
    hall.passes(0.2)
    assert delayed.outcomes == {TWO: "expired"}
    assert hall.worker("late", 5).take() == []
    hall.check()


def test_a_job_started_in_time_does_not_expire_before_its_retry(hall: Hall) -> None:
    worker = hall.worker()
    hall.submit(start_within=5, retries=1, retry_backoff=60, retry_jitter=0)
    hall.settle()
    hall.passes(6)
    worker.failed(*worker.take())
    hall.passes(61)
    assert worker.take() == [(ONE, 2)]


def test_a_job_that_is_handed_back_too_late_expires(hall: Hall) -> None:
    worker = hall.worker()
    hall.submit(start_within=5)
    hall.passes(6)
    worker.take()
    worker.hands_back((ONE, 1), draining=True)
    hall.passes(1)
    assert hall.state(1) == "expired"
    hall.check()


def test_thousands_that_are_due_at_once_all_start(hall: Hall) -> None:
    hall.worker().lost()
    calls = [{"task": TASK, "id": job_id(number), "options": {"delay": 5}} for number in range(1, 2501)]
    hall.ask(messages.SUBMIT, calls)
    hall.passes(6)
    assert hall.dispatcher.board.counts["ready"] == 2500
    hall.check()
