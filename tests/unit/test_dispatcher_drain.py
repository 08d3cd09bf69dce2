"""An operator drains a worker: it gets no new attempts, finishes those that it has, and its views say so."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from support.dispatcher_harness import TASK, WALL, DispatcherHarness, FakeWorker, job_id

from taskbahn.protocol import messages
from taskbahn.protocol.views import WorkerView
from taskbahn.protocol.vitals import Vitals
from taskbahn_router.model.state import DispatcherState
from taskbahn_router.workers.admin import MAX_SHOWN_JOBS, MAX_WISHES
from taskbahn_router.workers.registry import GRACE_SECONDS

ONE, TWO, THREE = job_id(1), job_id(2), job_id(3)


def views(harness: DispatcherHarness) -> dict[str, WorkerView]:
    found = msgspec.convert(harness.ask(messages.VIEW_WORKERS).answer, list[WorkerView])
    return {view.id: view for view in found}


def drain(harness: DispatcherHarness, id: str = "w", *, wanted: bool = True) -> WorkerView:
    answer = harness.ask(messages.ADMIN_DRAIN, id, wanted).answer
    harness.settle()
    return msgspec.convert(answer, WorkerView)


def running(harness: DispatcherHarness, jobs: int = 1, slots: int = 3) -> FakeWorker:
    worker = harness.worker(slots=slots)
    for _ in range(jobs):
        harness.submit()
    harness.settle()
    assert len(worker.take()) == jobs
    return worker


def test_a_drained_worker_gets_no_new_attempts_and_finishes_what_it_has(harness: DispatcherHarness) -> None:
    worker = running(harness)
    view = drain(harness)
    assert (view.drained, view.draining, view.running) == (True, True, 1)
    harness.submit()
    harness.settle()
    assert (worker.take(), harness.state(2)) == ([], "ready")
    worker.done((ONE, 1))
    harness.passes(GRACE_SECONDS * 3)
    assert (worker.take(), harness.state(1), harness.state(2)) == ([], "succeeded", "ready")
    assert "w" in views(harness), "it stays attached"
    harness.check()


def test_others_take_what_a_drained_worker_does_not(harness: DispatcherHarness) -> None:
    worker = running(harness, slots=100)
    drain(harness)
    other = harness.worker("other")
    harness.submit()
    harness.settle()
    assert (worker.take(), other.take()) == ([], [(TWO, 1)])
    assert not views(harness)["other"].drained
    harness.check()


def test_draining_false_undoes_it_and_starts_waiting_jobs_at_once(harness: DispatcherHarness) -> None:
    worker = running(harness)
    drain(harness)
    harness.submit()
    harness.settle()
    view = drain(harness, wanted=False)
    assert (view.drained, view.draining) == (False, False)
    assert worker.take() == [(TWO, 1)]
    harness.check()


def test_draining_outlasts_a_reconnect_under_the_same_id_until_undone(harness: DispatcherHarness) -> None:
    running(harness).lost()
    back = harness.worker(slots=3, running=[(ONE, 1)])
    drain(harness)
    back.lost()
    harness.passes(1.0)
    back = harness.worker(slots=3, running=[(ONE, 1)])
    harness.submit()
    harness.settle()
    assert back.take() == []
    assert views(harness)["w"].drained
    drain(harness, wanted=False)
    assert back.take() == [(TWO, 1)]
    back.lost()
    again = harness.worker(slots=3, running=[(ONE, 1), (TWO, 1)])
    harness.submit()
    harness.settle()
    assert again.take() == [(THREE, 1)]
    harness.check()


def test_a_worker_that_drains_itself_keeps_draining_when_an_operator_undoes(harness: DispatcherHarness) -> None:
    worker = running(harness)
    drain(harness)
    worker.says(draining=True)
    harness.settle()
    view = drain(harness, wanted=False)
    assert (view.drained, view.draining) == (False, True)
    harness.submit()
    harness.settle()
    assert worker.take() == []
    harness.check()


def test_a_wish_said_twice_is_one_wish(harness: DispatcherHarness) -> None:
    running(harness)
    assert drain(harness).drained
    assert drain(harness).drained
    assert not drain(harness, wanted=False).drained
    assert not drain(harness, wanted=False).drained


@pytest.mark.parametrize(
    "args, error",
    [
        *((args, "invalid_request") for args in [(), ("w",), ("w", 1), ("w", "true"), (7, True), (None, None), ("\ud800", True)]),
        (("unknown", True), "unknown_worker"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(
    harness: DispatcherHarness, args: tuple[Any, ...], error: str
) -> None:
    worker = running(harness)
    assert harness.ask(messages.ADMIN_DRAIN, *args).error == error
    harness.submit()
    harness.settle()
    assert worker.take() == [(TWO, 1)]


def test_a_worker_that_is_away_cannot_be_drained(harness: DispatcherHarness) -> None:
    running(harness).lost()
    assert harness.ask(messages.ADMIN_DRAIN, "w", True).error == "unknown_worker"


def test_wishes_for_workers_that_are_gone_are_bounded(harness: DispatcherHarness) -> None:
    state: DispatcherState = harness.dispatcher.state
    harness.worker("first")
    drain(harness, id="first")
    state.drained |= dict.fromkeys(f"gone-{number}" for number in range(MAX_WISHES))
    harness.worker("last")
    drain(harness, id="last")
    assert len(state.drained) == MAX_WISHES + 2
    state.drained["one-more"] = None
    drain(harness, wanted=False, id="last")
    drain(harness, id="last")
    assert len(state.drained) == MAX_WISHES + 2
    assert "gone-0" not in state.drained
    assert "first" in state.drained, "it is attached"


def test_a_worker_is_shown_with_its_vitals_and_what_it_runs(harness: DispatcherHarness) -> None:
    worker = running(harness, jobs=2)
    fresh = views(harness)["w"]
    assert (fresh.memory, fresh.cpu, fresh.load) == (None, None, None)
    harness.passes(4.0)
    worker.says(vitals=Vitals(memory=5_000_000, cpu=1.5, load=0.25))
    harness.settle()
    harness.passes(1.5)
    view = views(harness)["w"]
    assert (view.memory, view.cpu, view.load) == (5_000_000, 1.5, 0.25)
    assert view.seen == pytest.approx(1.5)
    assert view.jobs == [(ONE, TASK, WALL), (TWO, TASK, WALL)]
    worker.says()
    assert views(harness)["w"].memory == 5_000_000, "a report without vitals leaves them"


def test_streamed_reports_bring_vitals_too(harness: DispatcherHarness) -> None:
    harness.worker("streams", reports="taskbahn.reports.abc")
    say, _ = harness.heard["taskbahn.reports.abc"]
    say({"vitals": {"memory": 1, "cpu": 0, "load": 2.5}})
    view = views(harness)["streams"]
    assert (view.memory, view.cpu, view.load) == (1, 0.0, 2.5)


@pytest.mark.parametrize(
    "vitals", [{"memory": -1}, {"memory": 2**70}, {"cpu": float("nan")}, {"load": float("inf")}, {"cpu": "much"}, 7]
)
def test_vitals_that_cannot_be_are_refused(harness: DispatcherHarness, vitals: Any) -> None:
    worker = running(harness)
    asked = harness.ask(messages.WORKER_REPORT, {"vitals": vitals}, caller=worker.asked.call.caller)
    assert asked.error == "invalid_request"
    assert views(harness)["w"].memory is None


def test_of_many_jobs_the_oldest_are_shown(harness: DispatcherHarness) -> None:
    running(harness, jobs=MAX_SHOWN_JOBS + 20, slots=200)
    view = views(harness)["w"]
    assert view.running == MAX_SHOWN_JOBS + 20
    assert [id for id, _, _ in view.jobs] == [job_id(number + 1) for number in range(MAX_SHOWN_JOBS)]
