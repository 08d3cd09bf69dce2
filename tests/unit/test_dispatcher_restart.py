"""A restart of the router: what becomes of attempts, of what waited and of what was on its way."""

from __future__ import annotations

from support.dispatcher_harness import DispatcherHarness, busy, job_id

from taskbahn.protocol import messages
from taskbahn_router.workers.registry import GRACE_SECONDS

ONE, TWO, THREE = job_id(1), job_id(2), job_id(3)


def test_after_a_restart_a_worker_that_comes_back_goes_on(harness: DispatcherHarness) -> None:
    busy(harness, 2)
    harness.restart()
    assert harness.dispatcher.state.counts["running"] == 2
    back = harness.worker(slots=2, running=[(ONE, 1), (TWO, 1)])
    harness.passes(GRACE_SECONDS * 2)
    assert (back.take(), back.cancelled) == ([], [])
    back.done((ONE, 1))
    harness.settle()
    assert (harness.state(1), harness.state(2)) == ("succeeded", "running")
    harness.check()


def test_after_a_restart_jobs_of_a_missing_worker_go_to_others(harness: DispatcherHarness) -> None:
    busy(harness, 2)
    harness.restart()
    other = harness.worker("other", 5)
    harness.passes(GRACE_SECONDS - 0.1)
    assert other.take() == []
    harness.passes(0.2)
    assert other.take() == [(ONE, 2), (TWO, 2)]
    harness.check()


def test_after_a_restart_attempts_that_a_worker_no_longer_runs_are_retried(harness: DispatcherHarness) -> None:
    busy(harness, 2)
    harness.restart()
    back = harness.worker(slots=2, running=[(TWO, 1)])
    assert back.take() == [(ONE, 2)]
    harness.check()


def test_after_a_restart_an_at_most_once_job_without_worker_fails(harness: DispatcherHarness) -> None:
    busy(harness, delivery="at_most_once")
    harness.restart()
    other = harness.worker("other")
    harness.passes(GRACE_SECONDS + 1)
    assert (other.take(), harness.state(1)) == ([], "failed")


def test_after_a_restart_a_running_job_is_cancelled_without_its_worker(harness: DispatcherHarness) -> None:
    busy(harness)
    harness.restart()
    harness.ask(messages.JOB_CANCEL, [ONE])
    harness.settle()
    assert harness.state(1) == "cancelled"
    back = harness.worker(running=[(ONE, 1)])
    back.take()
    assert [(id, attempt) for id, attempt, _ in back.cancelled] == [(ONE, 1)]
    harness.passes(GRACE_SECONDS * 2)
    harness.check()


def test_after_a_restart_all_that_waited_is_done(harness: DispatcherHarness) -> None:
    harness.worker().lost()
    harness.submit()
    harness.submit(delay=20)
    harness.submit(priority=1)
    harness.submit(start_within=60)
    harness.settle()
    harness.restart()
    worker = harness.worker()
    order = []
    for _ in range(6):
        runs = worker.take()
        order += [id for id, _ in runs]
        worker.done(*runs)
        harness.passes(10)
    assert order == [THREE, ONE, job_id(4), TWO]
    harness.check()


def test_after_a_restart_events_go_on_counting_where_they_were(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    worker.notices((ONE, 1), "log", {"n": 1}, {"n": 2})
    harness.settle()
    harness.restart()
    back = harness.worker(running=[(ONE, 1)])
    back.notices((ONE, 1), "log", {"n": 3})
    harness.settle()
    events = harness.ask(messages.JOB_EVENTS, ONE).answer["events"]
    assert [(event["number"], event["data"]["n"]) for event in events] == [(3, 1), (4, 2), (5, 3)]


def test_what_was_not_committed_when_the_router_died_can_be_sent_again(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    harness.hold_commits()
    asked, report = harness.submit(id=TWO), worker.done((ONE, 1))
    harness.settle()
    harness.restart()
    assert (asked.sent, report.sent) == ([], [])
    back = harness.worker(slots=2, running=[(ONE, 1)])
    again, reported = harness.submit(id=TWO), back.done((ONE, 1))
    harness.settle()
    assert (again.answer, reported.answer) == ([TWO], {"refused": []})
    assert back.take() == [(TWO, 1)]
    harness.check()
