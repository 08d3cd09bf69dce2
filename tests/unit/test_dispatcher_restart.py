"""A restart of the router: what becomes of attempts, of what waited and of what was on its way."""

from __future__ import annotations

from support.dispatching import Hall, busy, job_id

from taskbahn.protocol import messages
from taskbahn_router.workers.registry import GRACE_SECONDS

ONE, TWO, THREE = job_id(1), job_id(2), job_id(3)


def test_after_a_restart_a_worker_that_comes_back_goes_on(hall: Hall) -> None:
    busy(hall, 2)
    hall.restart()
    assert hall.dispatcher.board.counts["running"] == 2
    back = hall.worker(slots=2, running=[(ONE, 1), (TWO, 1)])
    hall.passes(GRACE_SECONDS * 2)
    assert (back.take(), back.cancelled) == ([], [])
    back.done((ONE, 1))
    hall.settle()
    assert (hall.state(1), hall.state(2)) == ("succeeded", "running")
    hall.check()


def test_after_a_restart_jobs_of_a_missing_worker_go_to_others(hall: Hall) -> None:
    busy(hall, 2)
    hall.restart()
    other = hall.worker("other", 5)
    hall.passes(GRACE_SECONDS - 0.1)
    assert other.take() == []
    hall.passes(0.2)
    assert other.take() == [(ONE, 2), (TWO, 2)]
    hall.check()


def test_after_a_restart_attempts_that_a_worker_no_longer_runs_are_retried(hall: Hall) -> None:
    busy(hall, 2)
    hall.restart()
    back = hall.worker(slots=2, running=[(TWO, 1)])
    assert back.take() == [(ONE, 2)]
    hall.check()


def test_after_a_restart_an_at_most_once_job_without_worker_fails(hall: Hall) -> None:
    busy(hall, delivery="at_most_once")
    hall.restart()
    other = hall.worker("other")
    hall.passes(GRACE_SECONDS + 1)
    assert (other.take(), hall.state(1)) == ([], "failed")


def test_after_a_restart_a_running_job_is_cancelled_without_its_worker(hall: Hall) -> None:
    busy(hall)
    hall.restart()
    hall.ask(messages.JOB_CANCEL, [ONE])
    hall.settle()
    assert hall.state(1) == "cancelled"
    back = hall.worker(running=[(ONE, 1)])
    back.take()
    assert [(id, attempt) for id, attempt, _ in back.cancelled] == [(ONE, 1)]
    hall.passes(GRACE_SECONDS * 2)
    hall.check()


def test_after_a_restart_all_that_waited_is_done(hall: Hall) -> None:
    hall.worker().lost()
    hall.submit()
    hall.submit(delay=20)
    hall.submit(priority=1)
    hall.submit(start_within=60)
    hall.settle()
    hall.restart()
    worker = hall.worker()
    order = []
    for _ in range(6):
        runs = worker.take()
        order += [id for id, _ in runs]
        worker.done(*runs)
        hall.passes(10)
    assert order == [THREE, ONE, job_id(4), TWO]
    hall.check()


def test_after_a_restart_events_go_on_counting_where_they_were(hall: Hall) -> None:
    worker = busy(hall)
    worker.notices((ONE, 1), "log", {"n": 1}, {"n": 2})
    hall.settle()
    hall.restart()
    back = hall.worker(running=[(ONE, 1)])
    back.notices((ONE, 1), "log", {"n": 3})
    hall.settle()
    events = hall.ask(messages.JOB_EVENTS, ONE).answer["events"]
    assert [(event["number"], event["data"]["n"]) for event in events] == [(3, 1), (4, 2), (5, 3)]


def test_what_was_not_committed_when_the_router_died_can_be_sent_again(hall: Hall) -> None:
    worker = busy(hall)
    hall.hold_commits()
    asked, report = hall.submit(id=TWO), worker.done((ONE, 1))
    hall.settle()
    hall.restart()
    assert (asked.sent, report.sent) == ([], [])
    back = hall.worker(slots=2, running=[(ONE, 1)])
    again, reported = hall.submit(id=TWO), back.done((ONE, 1))
    hall.settle()
    assert (again.answer, reported.answer) == ([TWO], {"refused": []})
    assert back.take() == [(TWO, 1)]
    hall.check()
