"""One job's way through the dispatcher: accepted, handed out, reported, and seen only after each commit."""

from __future__ import annotations

import pytest
from support.dispatcher_harness import TASK, DispatcherHarness, job_id

from taskbahn.protocol import messages
from taskbahn_router.workers.registry import GRACE_SECONDS

ONE, TWO, THREE = job_id(1), job_id(2), job_id(3)


def test_a_job_that_starts_at_once_is_inserted_as_running(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    harness.watched.add(messages.JOB_TOPIC + ONE)
    harness.hold_commits()
    asked = harness.submit("x")
    harness.settle()
    assert (asked.sent, harness.published) == ([], [])
    harness.release_commits()
    assert [topic for topic, _ in harness.published] == [messages.JOB_TOPIC + ONE]
    assert asked.answer == [ONE]
    assert worker.asked.progress[1:] == [{"run": [[ONE, 1, TASK, '[["x"],{}]', None]]}]
    inserted = [job for batch in harness.store.commits for job in batch.new]
    assert [(job.state, job.attempt, job.number, job.worker) for job in inserted] == [("running", 1, 2, "w")]
    assert not any(batch.claims for batch in harness.store.commits if batch.new)
    harness.check()


def test_a_job_that_runs_once_costs_two_commits(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    before = len(harness.store.commits)
    harness.submit()
    harness.settle()
    worker.done(*worker.take())
    harness.settle()
    assert len(harness.store.commits) - before == 2


def test_a_job_without_a_worker_goes_to_the_first_that_comes(harness: DispatcherHarness) -> None:
    harness.worker().lost()
    harness.submit()
    harness.settle()
    assert harness.state(1) == "ready"
    worker = harness.worker("later")
    assert worker.take() == [(ONE, 1)]
    assert harness.state(1) == "running"
    harness.check()


def test_a_result_is_answered_after_its_commit(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    asked = harness.submit(follow=True)
    harness.settle()
    harness.hold_commits()
    report = worker.done(*worker.take(), result='{"a":1}')
    harness.settle()
    assert (asked.sent, report.sent) == ([], [])
    harness.release_commits()
    assert asked.sent == [("answer", [ONE], {"outcomes": [[ONE, "succeeded", '{"a":1}', None]]})]
    assert report.answer == {"refused": []}
    assert (harness.row(1).state, harness.row(1).result) == ("succeeded", '{"a":1}')
    harness.check()


def test_a_plain_call_gets_progress_and_then_the_value(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    asked = harness.ask(TASK, 1, a=2)
    harness.settle()
    run = worker.take()[0]
    worker.notices(run, "progress", {"fraction": 0.5})
    harness.settle()
    worker.done(run, result="[1,2]")
    harness.settle()
    assert asked.events == [(2, "state", "running"), (2, "progress", {"fraction": 0.5}), (3, "state", "succeeded")]
    assert asked.answer == [1, 2]
    harness.check()


def test_a_plain_call_of_a_failing_task_gets_its_error(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    asked = harness.ask(TASK, progress=False)
    harness.settle()
    worker.failed(*worker.take())
    harness.settle()
    assert asked.error == "job_failed"
    assert str(asked.sent[0][1]) == "ValueError: no"


def test_a_plain_call_without_progress_gets_none(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    asked = harness.ask(TASK, progress=False)
    harness.settle()
    run = worker.take()[0]
    worker.notices(run, "progress", {"fraction": 0.5})
    worker.done(run, result="null")
    harness.settle()
    assert asked.sent == [("answer", None, {})]


def test_input_during_a_commit_goes_into_one_next_batch(harness: DispatcherHarness) -> None:
    harness.worker(slots=10)
    harness.hold_commits()
    harness.submit()
    harness.settle()
    before = len(harness.store.commits)
    for _ in range(5):
        harness.submit()
        harness.settle()
    harness.release_commits()
    assert [len(batch.new) for batch in harness.store.commits[before:] if batch.new] == [1, 5]
    harness.check()


# order


def test_priority_is_exact_through_one_slot(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    for priority in (0, 5, -3, 5, 0, 9):
        harness.submit(priority=priority)
        harness.settle()
    order = []
    while runs := worker.take():
        order += [id for id, _ in runs]
        worker.done(*runs)
        harness.settle()
    assert order == [job_id(number) for number in (1, 6, 2, 4, 5, 3)]
    harness.check()


def test_among_jobs_of_one_turn_the_higher_priority_starts_first(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    for priority in (0, 5, 9):
        harness.submit(priority=priority)
    harness.settle()
    assert worker.take() == [(THREE, 1)]
    worker.done((THREE, 1))
    harness.settle()
    assert worker.take() == [(TWO, 1)]


def test_a_job_that_was_handed_back_goes_before_one_that_came_later(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    harness.submit()
    harness.settle()
    worker.hands_back(*worker.take())
    harness.submit()
    harness.settle()
    assert worker.take() == [(ONE, 2)]


def test_a_worker_gets_an_attempt_a_slot_in_one_order(harness: DispatcherHarness) -> None:
    harness.worker().lost()
    for _ in range(5):
        harness.submit()
    harness.settle()
    worker = harness.worker(slots=3)
    assert worker.take() == [(ONE, 1), (TWO, 1), (THREE, 1)]
    assert len(worker.asked.progress) == 2
    worker.done((TWO, 1))
    harness.settle()
    assert worker.take() == [(job_id(4), 1)]
    harness.check()


def test_jobs_go_to_the_roomiest_worker(harness: DispatcherHarness) -> None:
    small, large = harness.worker("small", 1), harness.worker("large", 3)
    for _ in range(4):
        harness.submit()
    harness.settle()
    assert (len(small.take()), len(large.take())) == (1, 3)


def test_a_worker_gets_only_jobs_of_its_tasks_and_queues(harness: DispatcherHarness) -> None:
    one = harness.worker("one", tasks=["a.one"], slots=9)
    slow = harness.worker("slow", tasks=["a.one", "a.two"], queues=["slow"], slots=9)
    harness.submit(task="a.one")
    harness.submit(task="a.one", queue="slow")
    harness.submit(task="a.two", queue="slow")
    harness.submit(task="a.two")
    harness.settle()
    assert (one.take(), slow.take()) == ([(ONE, 1)], [(TWO, 1), (THREE, 1)])
    assert harness.state(4) == "ready"


# retries


def test_a_retry_waits_for_its_delay(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    harness.submit(retries=2, retry_backoff=10.0)
    harness.settle()
    worker.failed(*worker.take())
    harness.passes(9.9)
    assert (harness.state(1), worker.take()) == ("waiting", [])
    harness.passes(0.2)
    assert worker.take() == [(ONE, 2)]
    worker.failed((ONE, 2))
    harness.passes(19.9)
    assert worker.take() == []
    harness.passes(0.2)
    assert worker.take() == [(ONE, 3)]
    harness.check()


def test_a_job_that_asks_for_a_retry_without_any_says_so(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    harness.submit(follow=True)
    harness.settle()
    worker.failed(*worker.take(), asked=True)
    harness.settle()
    error = harness.ask(messages.JOB_GET, ONE).answer["error"]
    assert error["message"] == "no; it raised Retry and has no retries: declare some, as in @app.task(retries=3)"
    assert error["message"].endswith(error["reason"])


def test_when_retries_run_out_the_job_fails_and_its_attempts_are_kept(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    asked = harness.submit(retries=1, follow=True)
    harness.settle()
    for _ in range(2):
        worker.failed(*worker.take())
        harness.passes(700)
        worker.says()
    assert asked.outcomes == {ONE: "failed"}
    got = harness.ask(messages.JOB_GET, ONE).answer
    assert (got["state"], got["error"]["type"], got["error"]["reason"]) == (
        "failed",
        "ValueError",
        "it failed 2 times, and retries is 1",
    )
    assert [(attempt["attempt"], attempt["worker"], attempt["outcome"], attempt["error"]["message"]) for attempt in got["attempts"]] == [
        (1, "w", "error", "no"), (2, "w", "error", "no"),
    ]  # fmt: skip
    harness.check()


def test_a_task_that_may_not_be_tried_again_fails_at_once(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    harness.submit(retries=5)
    harness.settle()
    worker.failed(*worker.take(), retry=False)
    harness.settle()
    assert harness.state(1) == "failed"


def test_a_delay_that_the_task_chose_is_taken(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    harness.submit(retries=1)
    harness.settle()
    worker.failed(*worker.take(), delay=100.0)
    harness.settle()
    assert harness.row(1).due_at == harness.wall() + 100


@pytest.mark.parametrize("delay", [-5.0, float("nan"), float("inf")])
def test_a_delay_that_is_no_time_does_not_lose_the_job(harness: DispatcherHarness, delay: float) -> None:
    worker = harness.worker()
    harness.submit(retries=1)
    harness.settle()
    worker.failed(*worker.take(), delay=delay)
    harness.passes(2)
    assert worker.take() == [(ONE, 2)]


def test_attempts_that_crash_count_by_themselves(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    harness.submit(crash_attempts=3)
    harness.settle()
    for _ in range(2):
        worker.failed(*worker.take(), kind="crash")
        harness.settle()
        assert harness.state(1) == "running"
    worker.failed(*worker.take(), kind="crash")
    harness.settle()
    row = harness.row(1)
    assert (row.state, row.attempt, row.crashes, row.failures) == ("failed", 3, 3, 0)
    harness.check()


def test_what_must_never_start_twice_fails_when_its_worker_is_lost(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    harness.submit(delivery="at_most_once", retries=5, crash_attempts=9)
    harness.settle()
    worker.take()
    worker.lost()
    other = harness.worker("other")
    harness.passes(GRACE_SECONDS + 1)
    assert (harness.state(1), other.take()) == ("failed", [])
    harness.check()


def test_a_hand_back_is_not_charged(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    harness.submit(crash_attempts=1)
    harness.settle()
    for attempt in range(1, 6):
        assert worker.take() == [(ONE, attempt)]
        worker.hands_back((ONE, attempt))
        harness.settle()
    row = harness.row(1)
    assert (row.state, row.attempt, row.failures, row.crashes) == ("running", 6, 0, 0)
    harness.check()


def test_a_worker_that_drains_gets_no_more(harness: DispatcherHarness) -> None:
    worker = harness.worker(slots=2)
    harness.submit()
    harness.submit()
    harness.settle()
    worker.take()
    worker.hands_back((ONE, 1), draining=True)
    harness.settle()
    harness.submit()
    harness.settle()
    assert worker.take() == []
    assert harness.worker("other", 5).take() == [(ONE, 2), (THREE, 1)]
    worker.done((TWO, 1))
    harness.settle()
    assert harness.state(2) == "succeeded"
    harness.check()


# time


def test_a_delayed_job_starts_when_its_time_has_come(harness: DispatcherHarness) -> None:
    worker = harness.worker(slots=5)
    harness.submit(delay=30)
    harness.submit(eta=harness.wall() + 20)
    harness.submit(eta=harness.wall() - 20)
    harness.settle()
    assert worker.take() == [(THREE, 1)]
    harness.passes(19.9)
    assert worker.take() == []
    harness.passes(0.2)
    assert worker.take() == [(TWO, 1)]
    harness.passes(10)
    assert worker.take() == [(ONE, 1)]
    harness.check()


def test_a_job_that_does_not_start_in_time_expires(harness: DispatcherHarness) -> None:
    harness.worker().lost()
    asked = harness.submit(start_within=5, follow=True)
    delayed = harness.submit(start_within=5, delay=10, follow=True)
    harness.passes(4.9)
    assert (harness.state(1), harness.state(2)) == ("ready", "waiting")
    harness.passes(0.2)
    assert asked.outcomes == {ONE: "expired"}
    harness.passes(9.8)
    assert (harness.state(2), delayed.outcomes) == ("ready", {})
    harness.passes(0.2)
    assert delayed.outcomes == {TWO: "expired"}
    assert harness.worker("late", 5).take() == []
    harness.check()


def test_a_job_started_in_time_does_not_expire_before_its_retry(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    harness.submit(start_within=5, retries=1, retry_backoff=60, retry_jitter=0)
    harness.settle()
    harness.passes(6)
    worker.failed(*worker.take())
    harness.passes(61)
    assert worker.take() == [(ONE, 2)]


def test_a_job_that_is_handed_back_too_late_expires(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    harness.submit(start_within=5)
    harness.passes(6)
    worker.take()
    worker.hands_back((ONE, 1), draining=True)
    harness.passes(1)
    assert harness.state(1) == "expired"
    harness.check()


def test_thousands_that_are_due_at_once_all_start(harness: DispatcherHarness) -> None:
    harness.worker().lost()
    calls = [{"task": TASK, "id": job_id(number), "options": {"delay": 5}} for number in range(1, 2501)]
    harness.ask(messages.SUBMIT, calls)
    harness.passes(6)
    assert harness.dispatcher.state.counts["ready"] == 2500
    harness.check()
