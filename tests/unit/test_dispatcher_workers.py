"""Workers come, go and come back: what becomes of their attempts, and that no place on a worker is lost."""

from __future__ import annotations

from typing import Any

import pytest
from support.dispatching import TASK, Hall, busy, job_id

from taskbahn.protocol import messages
from taskbahn_router.workers.registry import GRACE_SECONDS, HEARTBEAT_SECONDS, MISSED_HEARTBEATS

ONE, TWO, THREE = job_id(1), job_id(2), job_id(3)


def test_a_lost_worker_returns_its_jobs_to_the_queue_after_the_grace(hall: Hall) -> None:
    busy(hall, 2).lost()
    other = hall.worker("other", 5)
    hall.passes(GRACE_SECONDS - 0.1)
    assert (other.take(), hall.state(1)) == ([], "running")
    hall.passes(0.2)
    assert other.take() == [(ONE, 2), (TWO, 2)]
    assert (hall.row(1).crashes, hall.row(1).failures) == (1, 0)
    got = hall.ask(messages.JOB_GET, ONE).answer
    assert [(attempt["attempt"], attempt["outcome"]) for attempt in got["attempts"]] == [(1, "worker_lost"), (2, "")]
    hall.check()


def test_a_worker_back_within_the_grace_keeps_what_it_runs(hall: Hall) -> None:
    busy(hall, 2).lost()
    hall.passes(GRACE_SECONDS - 1)
    back = hall.worker(slots=2, running=[(ONE, 1)])
    hall.passes(GRACE_SECONDS * 3)
    assert back.cancelled == []
    assert back.take() == [(TWO, 2)]
    assert (hall.row(1).attempt, hall.row(1).crashes) == (1, 0)
    assert (hall.row(2).attempt, hall.row(2).crashes) == (2, 1)
    assert back.done((ONE, 1)).call.open
    hall.settle()
    assert hall.state(1) == "succeeded"
    hall.check()


def test_a_worker_back_before_its_loss_is_noticed_replaces_its_session(hall: Hall) -> None:
    old = busy(hall)
    back = hall.worker(running=[(ONE, 1)])
    assert old.asked.error == "worker_id_taken"
    old.lost()
    hall.passes(GRACE_SECONDS * 2)
    back.done((ONE, 1))
    hall.settle()
    assert (hall.state(1), hall.row(1).attempt) == ("succeeded", 1)
    hall.check()


def test_a_session_that_was_replaced_reports_no_more(hall: Hall) -> None:
    old = busy(hall)
    hall.worker(running=[(ONE, 1)])
    assert old.done((ONE, 1)).error == "invalid_request"
    assert hall.state(1) == "running"


def test_a_job_under_way_to_a_replaced_session_is_not_lost(hall: Hall) -> None:
    hall.worker()
    hall.hold_commits()
    hall.submit(delivery="at_most_once")
    hall.settle()
    hall.release_commits()  # decided for the first session
    hall = Hall()
    hall.worker()
    hall.hold_commits()
    hall.submit(delivery="at_most_once")
    hall.settle()
    back = hall.worker()
    hall.release_commits()
    assert back.take() == [(ONE, 2)]
    assert (hall.row(1).crashes, hall.row(1).failures) == (0, 0)
    hall.check()


def test_a_claim_under_way_to_a_lost_worker_is_not_charged(hall: Hall) -> None:
    hall.worker("other", tasks=["b.task"])
    hall.worker().lost()
    hall.submit(delivery="at_most_once")
    hall.settle()
    hall.hold_commits()
    worker = hall.worker()
    worker.lost()
    back = hall.worker()
    hall.release_commits()
    assert back.take() == [(ONE, 2)]
    assert hall.row(1).crashes == 0
    hall.check()


def test_what_a_worker_runs_and_should_not_is_cancelled_there(hall: Hall) -> None:
    busy(hall).lost()
    other = hall.worker("other")
    hall.passes(GRACE_SECONDS + 1)
    assert other.take() == [(ONE, 2)]
    back = hall.worker(running=[(ONE, 1), (THREE, 7)])
    back.take()
    assert [(id, attempt) for id, attempt, _ in back.cancelled] == [(ONE, 1), (THREE, 7)]
    hall.check()


def test_a_late_report_of_an_old_attempt_is_refused_and_told(hall: Hall) -> None:
    busy(hall).lost()
    other = hall.worker("other")
    hall.passes(GRACE_SECONDS + 1)
    assert other.take() == [(ONE, 2)]
    back = hall.worker(slots=2)
    report = back.done((ONE, 1), result='"late"')
    failed = back.failed((ONE, 1))
    noticed = back.notices((ONE, 1), "log", {"message": "late"})
    hall.settle()
    assert report.answer == failed.answer == noticed.answer == {"refused": [[ONE, 1]]}
    assert (hall.state(1), hall.row(1).attempt) == ("running", 2)
    other.done((ONE, 2), result='"good"')
    hall.settle()
    assert hall.row(1).result == '"good"'
    hall.check()


def test_an_outcome_reported_twice_is_recorded_once(hall: Hall) -> None:
    worker = busy(hall)
    asked = hall.ask(messages.JOB_WAIT, [ONE])
    first, second = worker.done((ONE, 1), result="1"), worker.done((ONE, 1), result="2")
    hall.settle()
    third = worker.failed((ONE, 1))
    hall.settle()
    assert first.answer == {"refused": []}
    assert second.answer == third.answer == {"refused": [[ONE, 1]]}
    assert (hall.state(1), hall.row(1).result) == ("succeeded", "1")
    assert asked.outcomes == {ONE: "succeeded"}
    hall.check()


def test_a_report_about_another_workers_job_is_refused(hall: Hall) -> None:
    busy(hall)
    thief = hall.worker("thief")
    report = thief.done((ONE, 1))
    hall.settle()
    assert report.answer == {"refused": [[ONE, 1]]}
    assert hall.state(1) == "running"
    hall.check()


def test_a_worker_that_is_silent_is_given_up(hall: Hall) -> None:
    worker = busy(hall)
    worker.silent = True
    hall.passes((MISSED_HEARTBEATS + 2) * HEARTBEAT_SECONDS)
    assert worker.asked.error == "not_ready"
    hall.passes(GRACE_SECONDS)
    assert hall.state(1) == "ready"
    hall.check()


def test_a_worker_that_beats_is_kept(hall: Hall) -> None:
    worker = busy(hall)
    hall.passes(20 * HEARTBEAT_SECONDS)
    assert worker.asked.call.open
    assert hall.state(1) == "running"


def test_a_worker_without_work_is_forgotten_at_once(hall: Hall) -> None:
    hall.worker().lost()
    assert hall.dispatcher.board.workers == {}


# cancel and retry, and what they leave behind


def test_a_cancelled_running_job_frees_its_place_when_its_attempt_ends(hall: Hall) -> None:
    worker = busy(hall)
    asked = hall.ask(messages.JOB_CANCEL, [ONE], reason="enough")
    hall.submit()
    hall.settle()
    assert asked.answer == ["cancelled"]
    assert (worker.take(), worker.cancelled) == ([], [(ONE, 1, "enough")])
    worker.done((ONE, 1), result='"late"')
    hall.settle()
    assert (hall.state(1), hall.row(1).result) == ("cancelled", None)
    assert worker.take() == [(TWO, 1)]
    hall.check()


@pytest.mark.parametrize("kind, data", [("log", {"message": "late"}), ("chunk", 1), ("progress", {"current": 1})])
def test_a_cancelled_attempt_may_speak_and_keeps_its_place_until_it_ends(hall: Hall, kind: str, data: Any) -> None:
    worker = busy(hall)
    hall.ask(messages.JOB_CANCEL, [ONE])
    hall.submit()
    hall.settle()
    noticed = worker.notices((ONE, 1), kind, data)
    hall.settle()
    assert noticed.answer == {"refused": []}  # a worker forgets what is refused, and does not tell its end
    assert worker.take() == []
    worker.failed((ONE, 1), kind="cancelled")
    hall.settle()
    assert worker.take() == [(TWO, 1)]
    after = worker.notices((ONE, 1), kind, data)
    hall.settle()
    assert after.answer == {"refused": [[ONE, 1]]}
    hall.check()


def test_a_job_cancelled_in_its_first_turn_is_not_assigned(hall: Hall) -> None:
    worker = hall.worker()
    hall.submit()
    hall.ask(messages.JOB_CANCEL, [ONE])
    hall.settle()
    assert (worker.take(), worker.cancelled, hall.state(1)) == ([], [], "cancelled")
    hall.submit()
    hall.settle()
    assert worker.take() == [(TWO, 1)]
    hall.check()


def test_a_job_retried_while_its_cancelled_attempt_still_ends_leaks_no_place(hall: Hall) -> None:
    worker = hall.worker(slots=2)
    hall.submit()
    hall.settle()
    worker.take()
    hall.ask(messages.JOB_CANCEL, [ONE])
    hall.settle()
    hall.ask(messages.JOB_RETRY, [ONE])
    hall.settle()
    assert worker.take() == [(ONE, 2)]
    worker.failed((ONE, 1), kind="cancelled")
    worker.done((ONE, 2))
    hall.settle()
    assert hall.state(1) == "succeeded"
    assert hall.dispatcher.board.workers["w"].room.in_flight == 0
    hall.check()


@pytest.mark.parametrize("running", [True, False])
def test_a_submission_repeated_while_its_job_runs_leaks_no_place(hall: Hall, running: bool) -> None:  # noqa: FBT001
    worker = hall.worker(slots=3)
    hall.submit(id=ONE)
    if running:
        hall.settle()
    hall.submit(id=ONE)
    hall.submit(id=ONE)
    hall.settle()
    assert worker.take() == [(ONE, 1)]
    assert hall.dispatcher.board.workers["w"].room.in_flight == 1
    hall.check()
    worker.done((ONE, 1))
    hall.settle()
    assert hall.dispatcher.board.workers["w"].room.in_flight == 0
    hall.check()


# who may attach


@pytest.mark.parametrize(
    "protocol, who", [(messages.PROTOCOL + 1, "upgrade the router"), (messages.OLDEST_PROTOCOL - 1, "upgrade the worker")]
)
def test_a_worker_of_another_protocol_is_told_who_is_to_be_upgraded(hall: Hall, protocol: int, who: str) -> None:
    asked = hall.ask(messages.WORKER_ATTACH, {"protocol": protocol, "of": "tomorrow"})
    assert asked.error == "unsupported_protocol"
    assert who in str(asked.sent[0][1])
    assert hall.dispatcher.board.workers == {}


def test_a_worker_that_does_not_ask_for_progress_is_refused(hall: Hall) -> None:
    hello = messages.Hello(protocol=1, worker="w", slots=1, tasks=[])
    assert hall.ask(messages.WORKER_ATTACH, messages.plain(hello), progress=False).error == "invalid_request"


def test_a_session_that_did_not_attach_reports_nothing(hall: Hall) -> None:
    busy(hall)
    assert hall.ask(messages.WORKER_REPORT, {"done": [[ONE, 1, "1"]]}, caller=99).error == "invalid_request"
    assert hall.state(1) == "running"


def test_a_task_is_declared_when_its_worker_attaches_and_kept(hall: Hall) -> None:
    hall.worker(tasks=["a.one", "a.two"]).lost()
    hall.settle()
    assert hall.declared == ["a.one", "a.two"]
    hall.restart()
    assert set(hall.dispatcher.board.tasks) == {"a.one", "a.two"}
    assert hall.submit(task="a.one").call.open


def test_a_tasks_options_hold_for_jobs_claimed_after_a_restart(hall: Hall) -> None:
    hall.worker(declaration={"options": {"retries": 1, "retry_backoff": 5.0, "retry_jitter": 0.0}}).lost()
    hall.submit()
    hall.settle()
    hall.restart()
    other = hall.worker(tasks=["b.task"])
    other.lost()
    worker = hall.worker(declaration={"options": {"retries": 1, "retry_backoff": 5.0, "retry_jitter": 0.0}})
    worker.failed(*worker.take())
    hall.settle()
    assert (hall.state(1), hall.row(1).due_at) == ("waiting", hall.wall() + 5)
    assert TASK in hall.dispatcher.board.tasks
