"""Workers come, go and come back: what becomes of their attempts, and that no place on a worker is lost."""

from __future__ import annotations

from typing import Any

import pytest
from support.dispatcher_harness import TASK, DispatcherHarness, busy, job_id

from taskbahn.protocol import messages
from taskbahn_router.workers.registry import GRACE_SECONDS, HEARTBEAT_SECONDS, MISSED_HEARTBEATS

ONE, TWO, THREE = job_id(1), job_id(2), job_id(3)


def test_a_lost_worker_returns_its_jobs_to_the_queue_after_the_grace(harness: DispatcherHarness) -> None:
    busy(harness, 2).lost()
    other = harness.worker("other", 5)
    harness.passes(GRACE_SECONDS - 0.1)
    assert (other.take(), harness.state(1)) == ([], "running")
    harness.passes(0.2)
    assert other.take() == [(ONE, 2), (TWO, 2)]
    assert (harness.row(1).crashes, harness.row(1).failures) == (1, 0)
    got = harness.ask(messages.JOB_GET, ONE).answer
    assert [(attempt["attempt"], attempt["outcome"]) for attempt in got["attempts"]] == [(1, "worker_lost"), (2, "")]
    harness.check()


def test_a_worker_back_within_the_grace_keeps_what_it_runs(harness: DispatcherHarness) -> None:
    busy(harness, 2).lost()
    harness.passes(GRACE_SECONDS - 1)
    back = harness.worker(slots=2, running=[(ONE, 1)])
    harness.passes(GRACE_SECONDS * 3)
    assert back.cancelled == []
    assert back.take() == [(TWO, 2)]
    assert (harness.row(1).attempt, harness.row(1).crashes) == (1, 0)
    assert (harness.row(2).attempt, harness.row(2).crashes) == (2, 1)
    assert back.done((ONE, 1)).call.open
    harness.settle()
    assert harness.state(1) == "succeeded"
    harness.check()


def test_a_worker_back_before_its_loss_is_noticed_replaces_its_session(harness: DispatcherHarness) -> None:
    old = busy(harness)
    back = harness.worker(running=[(ONE, 1)])
    assert old.asked.error == "worker_id_taken"
    old.lost()
    harness.passes(GRACE_SECONDS * 2)
    back.done((ONE, 1))
    harness.settle()
    assert (harness.state(1), harness.row(1).attempt) == ("succeeded", 1)
    harness.check()


def test_a_session_that_was_replaced_reports_no_more(harness: DispatcherHarness) -> None:
    old = busy(harness)
    harness.worker(running=[(ONE, 1)])
    assert old.done((ONE, 1)).error == "invalid_request"
    assert harness.state(1) == "running"


def test_a_job_under_way_to_a_replaced_session_is_not_lost(harness: DispatcherHarness) -> None:
    harness.worker()
    harness.hold_commits()
    harness.submit(delivery="at_most_once")
    harness.settle()
    harness.release_commits()  # decided for the first session
    harness = DispatcherHarness()
    harness.worker()
    harness.hold_commits()
    harness.submit(delivery="at_most_once")
    harness.settle()
    back = harness.worker()
    harness.release_commits()
    assert back.take() == [(ONE, 2)]
    assert (harness.row(1).crashes, harness.row(1).failures) == (0, 0)
    harness.check()


def test_a_claim_under_way_to_a_lost_worker_is_not_charged(harness: DispatcherHarness) -> None:
    harness.worker("other", tasks=["b.task"])
    harness.worker().lost()
    harness.submit(delivery="at_most_once")
    harness.settle()
    harness.hold_commits()
    worker = harness.worker()
    worker.lost()
    back = harness.worker()
    harness.release_commits()
    assert back.take() == [(ONE, 2)]
    assert harness.row(1).crashes == 0
    harness.check()


def test_what_a_worker_runs_and_should_not_is_cancelled_there(harness: DispatcherHarness) -> None:
    busy(harness).lost()
    other = harness.worker("other")
    harness.passes(GRACE_SECONDS + 1)
    assert other.take() == [(ONE, 2)]
    back = harness.worker(running=[(ONE, 1), (THREE, 7)])
    back.take()
    assert [(id, attempt) for id, attempt, _ in back.cancelled] == [(ONE, 1), (THREE, 7)]
    harness.check()


def test_a_late_report_of_an_old_attempt_is_refused_and_answered(harness: DispatcherHarness) -> None:
    busy(harness).lost()
    other = harness.worker("other")
    harness.passes(GRACE_SECONDS + 1)
    assert other.take() == [(ONE, 2)]
    back = harness.worker(slots=2)
    report = back.done((ONE, 1), result='"late"')
    failed = back.failed((ONE, 1))
    noticed = back.notices((ONE, 1), "log", {"message": "late"})
    harness.settle()
    assert report.answer == failed.answer == noticed.answer == {"refused": [[ONE, 1]]}
    assert (harness.state(1), harness.row(1).attempt) == ("running", 2)
    other.done((ONE, 2), result='"good"')
    harness.settle()
    assert harness.row(1).result == '"good"'
    harness.check()


def test_an_outcome_reported_twice_is_recorded_once(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    asked = harness.ask(messages.JOB_WAIT, [ONE])
    first, second = worker.done((ONE, 1), result="1"), worker.done((ONE, 1), result="2")
    harness.settle()
    third = worker.failed((ONE, 1))
    harness.settle()
    assert first.answer == {"refused": []}
    assert second.answer == third.answer == {"refused": [[ONE, 1]]}
    assert (harness.state(1), harness.row(1).result) == ("succeeded", "1")
    assert asked.outcomes == {ONE: "succeeded"}
    harness.check()


def test_a_report_about_another_workers_job_is_refused(harness: DispatcherHarness) -> None:
    busy(harness)
    thief = harness.worker("thief")
    report = thief.done((ONE, 1))
    harness.settle()
    assert report.answer == {"refused": [[ONE, 1]]}
    assert harness.state(1) == "running"
    harness.check()


def test_a_worker_that_is_silent_is_given_up(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    worker.silent = True
    harness.passes((MISSED_HEARTBEATS + 2) * HEARTBEAT_SECONDS)
    assert worker.asked.error == "not_ready"
    harness.passes(GRACE_SECONDS)
    assert harness.state(1) == "ready"
    harness.check()


def test_a_worker_that_beats_is_kept(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    harness.passes(20 * HEARTBEAT_SECONDS)
    assert worker.asked.call.open
    assert harness.state(1) == "running"


def test_a_worker_without_work_is_forgotten_at_once(harness: DispatcherHarness) -> None:
    harness.worker().lost()
    assert harness.dispatcher.state.workers == {}


# cancel and retry, and what they leave behind


def test_a_cancelled_running_job_frees_its_place_when_its_attempt_ends(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    asked = harness.ask(messages.JOB_CANCEL, [ONE], reason="enough")
    harness.submit()
    harness.settle()
    assert asked.answer == ["cancelled"]
    assert (worker.take(), worker.cancelled) == ([], [(ONE, 1, "enough")])
    worker.done((ONE, 1), result='"late"')
    harness.settle()
    assert (harness.state(1), harness.row(1).result) == ("cancelled", None)
    assert worker.take() == [(TWO, 1)]
    harness.check()


@pytest.mark.parametrize("kind, data", [("log", {"message": "late"}), ("chunk", 1), ("progress", {"current": 1})])
def test_a_cancelled_attempt_may_speak_and_keeps_its_place_until_it_ends(
    harness: DispatcherHarness, kind: str, data: Any
) -> None:
    worker = busy(harness)
    harness.ask(messages.JOB_CANCEL, [ONE])
    harness.submit()
    harness.settle()
    noticed = worker.notices((ONE, 1), kind, data)
    harness.settle()
    assert noticed.answer == {"refused": []}  # a worker forgets what is refused, and does not tell its end
    assert worker.take() == []
    worker.failed((ONE, 1), kind="cancelled")
    harness.settle()
    assert worker.take() == [(TWO, 1)]
    after = worker.notices((ONE, 1), kind, data)
    harness.settle()
    assert after.answer == {"refused": [[ONE, 1]]}
    harness.check()


def test_a_job_cancelled_in_its_first_turn_is_not_assigned(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    harness.submit()
    harness.ask(messages.JOB_CANCEL, [ONE])
    harness.settle()
    assert (worker.take(), worker.cancelled, harness.state(1)) == ([], [], "cancelled")
    harness.submit()
    harness.settle()
    assert worker.take() == [(TWO, 1)]
    harness.check()


def test_a_job_retried_while_its_cancelled_attempt_still_ends_leaks_no_place(harness: DispatcherHarness) -> None:
    worker = harness.worker(slots=2)
    harness.submit()
    harness.settle()
    worker.take()
    harness.ask(messages.JOB_CANCEL, [ONE])
    harness.settle()
    harness.ask(messages.JOB_RETRY, [ONE])
    harness.settle()
    assert worker.take() == [(ONE, 2)]
    worker.failed((ONE, 1), kind="cancelled")
    worker.done((ONE, 2))
    harness.settle()
    assert harness.state(1) == "succeeded"
    assert harness.dispatcher.state.workers["w"].room.in_flight == 0
    harness.check()


@pytest.mark.parametrize("running", [True, False])
def test_a_submission_repeated_while_its_job_runs_leaks_no_place(harness: DispatcherHarness, running: bool) -> None:  # noqa: FBT001
    worker = harness.worker(slots=3)
    harness.submit(id=ONE)
    if running:
        harness.settle()
    harness.submit(id=ONE)
    harness.submit(id=ONE)
    harness.settle()
    assert worker.take() == [(ONE, 1)]
    assert harness.dispatcher.state.workers["w"].room.in_flight == 1
    harness.check()
    worker.done((ONE, 1))
    harness.settle()
    assert harness.dispatcher.state.workers["w"].room.in_flight == 0
    harness.check()


# who may attach


@pytest.mark.parametrize(
    "protocol, who", [(messages.PROTOCOL + 1, "upgrade the router"), (messages.OLDEST_PROTOCOL - 1, "upgrade the worker")]
)
def test_the_error_for_another_protocol_says_what_is_to_be_upgraded(harness: DispatcherHarness, protocol: int, who: str) -> None:
    asked = harness.ask(messages.WORKER_ATTACH, {"protocol": protocol, "of": "tomorrow"})
    assert asked.error == "unsupported_protocol"
    assert who in str(asked.sent[0][1])
    assert harness.dispatcher.state.workers == {}


def test_a_worker_that_does_not_ask_for_progress_is_refused(harness: DispatcherHarness) -> None:
    hello = messages.Hello(protocol=1, worker="w", slots=1, tasks=[])
    assert harness.ask(messages.WORKER_ATTACH, messages.plain(hello), progress=False).error == "invalid_request"


def test_a_session_that_did_not_attach_reports_nothing(harness: DispatcherHarness) -> None:
    busy(harness)
    assert harness.ask(messages.WORKER_REPORT, {"done": [[ONE, 1, "1"]]}, caller=99).error == "invalid_request"
    assert harness.state(1) == "running"


def test_a_task_is_declared_when_its_worker_attaches_and_kept(harness: DispatcherHarness) -> None:
    harness.worker(tasks=["a.one", "a.two"]).lost()
    harness.settle()
    assert harness.declared == ["a.one", "a.two"]
    harness.restart()
    assert set(harness.dispatcher.state.tasks) == {"a.one", "a.two"}
    assert harness.submit(task="a.one").call.open


def test_a_tasks_options_hold_for_jobs_claimed_after_a_restart(harness: DispatcherHarness) -> None:
    harness.worker(declaration={"options": {"retries": 1, "retry_backoff": 5.0, "retry_jitter": 0.0}}).lost()
    harness.submit()
    harness.settle()
    harness.restart()
    other = harness.worker(tasks=["b.task"])
    other.lost()
    worker = harness.worker(declaration={"options": {"retries": 1, "retry_backoff": 5.0, "retry_jitter": 0.0}})
    worker.failed(*worker.take())
    harness.settle()
    assert (harness.state(1), harness.row(1).due_at) == ("waiting", harness.wall() + 5)
    assert TASK in harness.dispatcher.state.tasks
