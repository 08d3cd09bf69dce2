"""Deadlines at the dispatcher: what has not ended by them fails and takes with it what belongs to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import TASK, WALL, DispatcherHarness, busy, job_id
from support.flow_runner import runner_over

from taskbahn.protocol import messages
from taskbahn.protocol.suspended import Suspended
from taskbahn_router.core.wait_reason import WHY_PARKED
from taskbahn_router.stores.contract import Filter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.flow_runner import FlowRunner

ONE, TWO, THREE = job_id(1), job_id(2), job_id(3)
HOUR = 3600.0


@pytest.fixture(params=["memory", "sqlite"])
def runner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FlowRunner]:
    with runner_over(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def harness(runner: FlowRunner) -> DispatcherHarness:
    """A dispatcher over each store, which knows the task and has no worker."""
    runner.worker.lost()
    runner.harness.worker().lost()
    runner.harness.settle()
    return runner.harness


def down_for(harness: DispatcherHarness, seconds: float) -> None:
    """The router dies, and comes back later."""
    harness.settle()
    timers: list[Any] = list(harness.clock.getDelayedCalls())
    for timer in timers:
        timer.cancel()
    harness.clock.advance(seconds)
    harness.restart()


def error_of(harness: DispatcherHarness, id: str) -> dict[str, Any]:
    asked = harness.ask(messages.JOB_GET, id)
    harness.settle()
    error: dict[str, Any] = asked.answer["error"]
    return error


def refused(harness: DispatcherHarness, **options: Any) -> str:
    asked = harness.submit(**options)
    harness.settle()
    (answer,) = asked.answer
    assert answer["error"].endswith("invalid_option")
    return str(answer["message"])


def test_a_job_that_runs_at_its_deadline_fails(harness: DispatcherHarness) -> None:
    worker = busy(harness, finish_within=10)
    harness.passes(9.9)
    assert harness.state(1) == "running"
    harness.passes(0.2)
    assert harness.state(1) == "failed"
    assert error_of(harness, ONE) == {
        "error": "taskbahn.error.deadline_exceeded",
        "type": "DeadlineExceeded",
        "message": "it has not ended by its deadline, 2023-11-14 22:13:30 UTC: attempt 1 was running on worker w",
        "deadline": WALL + 10,
    }
    worker.take()
    assert [(id, attempt) for id, attempt, _ in worker.cancelled] == [(ONE, 1)]
    worker.done((ONE, 1))
    harness.settle()
    assert harness.state(1) == "failed"
    harness.check()


def test_a_ready_job_fails_at_its_deadline_not_before(harness: DispatcherHarness) -> None:
    followed = harness.submit(finish_within=10, follow=True)
    by = harness.submit(finish_by=WALL + 20, follow=True)
    harness.passes(9.9)
    assert followed.outcomes == {}
    harness.passes(0.2)
    assert followed.outcomes == {ONE: "failed"}
    assert error_of(harness, ONE)["message"].endswith("it was ready, and no worker had started attempt 1")
    assert by.outcomes == {}
    harness.passes(10)
    assert by.outcomes == {TWO: "failed"}
    harness.check()


def test_a_retry_does_not_come_after_the_deadline(harness: DispatcherHarness) -> None:
    worker = busy(harness, finish_within=10, retries=3, retry_backoff=60, retry_jitter=0)
    worker.failed((ONE, 1))
    harness.passes(9)
    assert harness.state(1) == "waiting"
    harness.passes(1.1)
    assert harness.state(1) == "failed"
    message = error_of(harness, ONE)["message"]
    assert message.endswith("attempt 2 was not due yet, due 2023-11-14 22:14:20 UTC")
    harness.passes(60)
    assert worker.take() == []
    harness.check()


def test_the_deadline_counts_while_a_function_waits(harness: DispatcherHarness) -> None:
    worker = busy(harness, 2, finish_within=10)
    worker._ended([(ONE, 1)])
    worker.says(suspended=[Suspended(id=ONE, attempt=1, notes=["answer:x"])], parked=[(TWO, 1, True)])
    harness.passes(10.1)
    assert (harness.state(1), harness.state(2)) == ("failed", "failed")
    assert error_of(harness, ONE)["message"].endswith("its function was waiting, without an attempt")
    worker.take()
    assert [id for id, _, _ in worker.cancelled] == [TWO]
    harness.check()


def test_of_a_late_start_and_a_deadline_the_first_counts(harness: DispatcherHarness) -> None:
    for start, finish in ((5, 10), (10, 5), (7, 7)):
        harness.submit(start_within=start, finish_within=finish)
    harness.settle()
    down_for(harness, 60)
    assert [harness.state(number) for number in (1, 2, 3)] == ["expired", "failed", "failed"]
    harness.check()


def test_an_expired_job_says_why_wherever_it_is_read(harness: DispatcherHarness) -> None:
    why = {"message": "it did not start within its start_within"}
    followed = harness.submit(start_within=5, follow=True)
    harness.settle()
    watched = harness.ask(messages.JOB_WATCH, ONE)
    harness.passes(5.1)
    late, listed = harness.ask(messages.JOB_WAIT, [ONE]), harness.ask(messages.VIEW_JOBS)
    again = harness.ask(messages.JOB_WATCH, ONE)
    harness.settle()
    assert [answer["error"] for answer in (watched.answer, again.answer)] == [why, why]
    assert error_of(harness, ONE) == why
    assert listed.answer["jobs"][0]["error"]["message"] == why["message"]
    assert [str(why) in str([*asked.progress, *asked.sent]) for asked in (followed, late)] == [True, True]
    assert [event["data"]["error"] for value in watched.progress for event in value.get("events", ())] == [why]
    down_for(harness, 1)
    assert error_of(harness, ONE) == why
    harness.check()


def test_a_deadline_that_cannot_be_is_refused(harness: DispatcherHarness) -> None:
    harness.worker()
    assert "that moment has passed" in refused(harness, finish_by=WALL - 1)
    assert "that moment has passed" in refused(harness, finish_by=WALL)
    assert "exclude each other" in refused(harness, finish_by=WALL + 5, finish_within=5)
    assert "more than 0, at most a hundred years" in refused(harness, finish_within=0)
    assert "more than 0, at most a hundred years" in refused(harness, finish_within=-1)
    assert "more than 0, at most a hundred years" in refused(harness, finish_within=200 * 365 * 86400.0)
    assert "before it may start" in refused(harness, finish_within=5, delay=5)
    assert "before it may start" in refused(harness, finish_by=WALL + 5, eta=WALL + 6)
    assert harness.store.reader().jobs(Filter()).rows == []


def test_a_call_says_its_deadline_in_place_of_its_task(harness: DispatcherHarness) -> None:
    harness.worker(declaration={"options": {"finish_within": 5}}).lost()
    harness.submit()
    harness.submit(finish_within=10)
    harness.submit(finish_by=WALL + 15)
    plain = harness.ask(TASK)
    harness.settle()
    for seconds, failed in ((5.1, [1]), (5, [1, 2]), (5, [1, 2, 3])):
        harness.passes(seconds)
        assert [number for number in (1, 2, 3) if harness.state(number) == "failed"] == failed
    assert plain.error == "job_failed"
    assert plain.sent[-1][1].detail["type"] == "DeadlineExceeded"
    harness.check()


def test_a_retry_by_hand_is_like_a_new_acceptance(harness: DispatcherHarness) -> None:
    harness.worker(declaration={"options": {"finish_within": 10}}).lost()
    harness.submit()
    harness.submit(finish_by=WALL + 10)
    harness.submit(finish_by=WALL + 100)
    harness.passes(10.1)
    harness.ask(messages.JOB_CANCEL, [THREE])
    harness.ask(messages.JOB_RETRY, [ONE, TWO, THREE])
    harness.passes(5)
    deadlines = [harness.row(number).deadline for number in (1, 2, 3)]
    assert deadlines == [pytest.approx(WALL + 20.1), None, WALL + 100]
    harness.passes(4)
    assert [harness.state(number) for number in (1, 2, 3)] == ["ready"] * 3
    harness.passes(1.1)
    assert [harness.state(number) for number in (1, 2, 3)] == ["failed", "ready", "ready"]
    harness.check()


def test_a_deadline_outlives_the_router(harness: DispatcherHarness) -> None:
    busy(harness, finish_within=20)
    harness.submit(finish_within=10)
    down_for(harness, 15)
    assert harness.state(2) == "failed"
    worker = harness.worker(running=[(ONE, 1)])
    harness.passes(6)
    assert harness.state(1) == "failed"
    worker.take()
    assert [id for id, _, _ in worker.cancelled] == [ONE]
    harness.check()


def explained(harness: DispatcherHarness, id: str) -> list[tuple[str, bool, str]]:
    asked = harness.ask(messages.JOB_EXPLAIN, id)
    harness.settle()
    return [(reason["rule"], reason["open"], reason["why"]) for reason in asked.answer]


IN_TIME = ("deadline", True, "Its deadline has not passed: it fails at 2023-11-14 22:13:30 UTC if it has not ended by then")
TOO_LATE = ("deadline", False, "It will not make its deadline, 2023-11-14 22:13:30 UTC, for it does not start before")


def test_explain_says_whether_a_job_will_make_its_deadline(harness: DispatcherHarness) -> None:
    worker = busy(harness, 2, finish_within=10, retries=1, retry_jitter=0, retry_backoff=10)
    harness.submit(finish_within=10)
    harness.submit(finish_within=10, delay=9)
    harness.settle()
    assert [explained(harness, job_id(number))[-1] for number in (1, 3, 4)] == [IN_TIME] * 3
    worker.failed((ONE, 1))
    worker._ended([(TWO, 1)])
    worker.says(suspended=[Suspended(id=TWO, attempt=1, until=WALL + 11)])
    harness.settle()
    assert [explained(harness, id)[0] for id in (ONE, TWO)] == [TOO_LATE] * 2
    harness.passes(10.1)
    assert [explained(harness, job_id(number)) for number in (1, 2, 3, 4)] == [[]] * 4


def test_explain_says_of_a_parked_job_when_it_fails(harness: DispatcherHarness) -> None:
    worker = busy(harness, 2, finish_within=10)
    worker.says(parked=[(TWO, 1, True)])
    harness.settle()
    assert explained(harness, ONE) == [IN_TIME]
    assert explained(harness, TWO) == [("function", False, WHY_PARKED), IN_TIME]


def test_what_people_see_of_a_job_has_its_deadline(harness: DispatcherHarness) -> None:
    harness.submit(finish_within=10)
    harness.submit()
    harness.settle()
    asked = [harness.ask(messages.JOB_GET, id) for id in (ONE, TWO)]
    listed = harness.ask(messages.VIEW_JOBS)
    harness.settle()
    assert [one.answer.get("deadline") for one in asked] == [WALL + 10, None]
    assert [view.get("deadline") for view in listed.answer["jobs"]] == [None, WALL + 10]
