"""An operator drains a worker: it gets no new attempts, finishes what it has, and is told about as it is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from support.dispatching import TASK, WALL, FakeWorker, Hall, job_id

from taskbahn.protocol import messages
from taskbahn.protocol.views import WorkerView
from taskbahn_router.model.state import DispatcherState
from taskbahn_router.workers.admin import MAX_SHOWN_JOBS, MOST_WISHES
from taskbahn_router.workers.registry import GRACE_SECONDS

ONE, TWO, THREE = job_id(1), job_id(2), job_id(3)


def views(hall: Hall) -> dict[str, WorkerView]:
    found = msgspec.convert(hall.ask(messages.VIEW_WORKERS).answer, list[WorkerView])
    return {view.id: view for view in found}


def drain(hall: Hall, id: str = "w", *, wanted: bool = True) -> WorkerView:
    answer = hall.ask(messages.ADMIN_DRAIN, id, wanted).answer
    hall.settle()
    return msgspec.convert(answer, WorkerView)


def running(hall: Hall, jobs: int = 1, slots: int = 3) -> FakeWorker:
    worker = hall.worker(slots=slots)
    for _ in range(jobs):
        hall.submit()
    hall.settle()
    assert len(worker.take()) == jobs
    return worker


def test_a_drained_worker_gets_no_new_attempts_and_finishes_what_it_has(hall: Hall) -> None:
    worker = running(hall)
    view = drain(hall)
    assert (view.drained, view.draining, view.running) == (True, True, 1)
    hall.submit()
    hall.settle()
    assert (worker.take(), hall.state(2)) == ([], "ready")
    worker.done((ONE, 1))
    hall.passes(GRACE_SECONDS * 3)
    assert (worker.take(), hall.state(1), hall.state(2)) == ([], "succeeded", "ready")
    assert "w" in views(hall), "it stays attached"
    hall.check()


def test_others_take_what_a_drained_worker_does_not(hall: Hall) -> None:
    worker = running(hall, slots=100)
    drain(hall)
    other = hall.worker("other")
    hall.submit()
    hall.settle()
    assert (worker.take(), other.take()) == ([], [(TWO, 1)])
    assert not views(hall)["other"].drained
    hall.check()


def test_draining_false_undoes_it_and_starts_waiting_jobs_at_once(hall: Hall) -> None:
    worker = running(hall)
    drain(hall)
    hall.submit()
    hall.settle()
    view = drain(hall, wanted=False)
    assert (view.drained, view.draining) == (False, False)
    assert worker.take() == [(TWO, 1)]
    hall.check()


def test_draining_outlasts_a_reconnect_under_the_same_id_until_undone(hall: Hall) -> None:
    running(hall).lost()
    back = hall.worker(slots=3, running=[(ONE, 1)])
    drain(hall)
    back.lost()
    hall.passes(1.0)
    back = hall.worker(slots=3, running=[(ONE, 1)])
    hall.submit()
    hall.settle()
    assert back.take() == []
    assert views(hall)["w"].drained
    drain(hall, wanted=False)
    assert back.take() == [(TWO, 1)]
    back.lost()
    again = hall.worker(slots=3, running=[(ONE, 1), (TWO, 1)])
    hall.submit()
    hall.settle()
    assert again.take() == [(THREE, 1)]
    hall.check()


def test_a_worker_that_drains_itself_keeps_draining_when_an_operator_undoes(hall: Hall) -> None:
    worker = running(hall)
    drain(hall)
    worker.says(draining=True)
    hall.settle()
    view = drain(hall, wanted=False)
    assert (view.drained, view.draining) == (False, True)
    hall.submit()
    hall.settle()
    assert worker.take() == []
    hall.check()


def test_a_wish_said_twice_is_one_wish(hall: Hall) -> None:
    running(hall)
    assert drain(hall).drained
    assert drain(hall).drained
    assert not drain(hall, wanted=False).drained
    assert not drain(hall, wanted=False).drained


@pytest.mark.parametrize(
    "args, error",
    [
        *((args, "invalid_request") for args in [(), ("w",), ("w", 1), ("w", "true"), (7, True), (None, None), ("\ud800", True)]),
        (("nobody", True), "unknown_worker"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(hall: Hall, args: tuple[Any, ...], error: str) -> None:
    worker = running(hall)
    assert hall.ask(messages.ADMIN_DRAIN, *args).error == error
    hall.submit()
    hall.settle()
    assert worker.take() == [(TWO, 1)]


def test_a_worker_that_is_away_cannot_be_drained(hall: Hall) -> None:
    running(hall).lost()
    assert hall.ask(messages.ADMIN_DRAIN, "w", True).error == "unknown_worker"


def test_wishes_for_workers_that_are_gone_are_bounded(hall: Hall) -> None:
    board: DispatcherState = hall.dispatcher.board
    hall.worker("first")
    drain(hall, id="first")
    board.drained |= dict.fromkeys(f"gone-{number}" for number in range(MOST_WISHES))
    hall.worker("last")
    drain(hall, id="last")
    assert len(board.drained) == MOST_WISHES + 2
    board.drained["one-more"] = None
    drain(hall, wanted=False, id="last")
    drain(hall, id="last")
    assert len(board.drained) == MOST_WISHES + 2
    assert "gone-0" not in board.drained
    assert "first" in board.drained, "it is attached"


def test_a_worker_is_told_about_with_its_vitals_and_what_it_runs(hall: Hall) -> None:
    worker = running(hall, jobs=2)
    fresh = views(hall)["w"]
    assert (fresh.memory, fresh.cpu, fresh.load) == (None, None, None)
    hall.passes(4.0)
    worker.says(vitals=messages.Vitals(memory=5_000_000, cpu=1.5, load=0.25))
    hall.settle()
    hall.passes(1.5)
    view = views(hall)["w"]
    assert (view.memory, view.cpu, view.load) == (5_000_000, 1.5, 0.25)
    assert view.seen == pytest.approx(1.5)
    assert view.jobs == [(ONE, TASK, WALL), (TWO, TASK, WALL)]
    worker.says()
    assert views(hall)["w"].memory == 5_000_000, "a report without vitals leaves them"


def test_streamed_reports_bring_vitals_too(hall: Hall) -> None:
    hall.worker("streams", reports="taskbahn.reports.abc")
    say, _ = hall.heard["taskbahn.reports.abc"]
    say({"vitals": {"memory": 1, "cpu": 0, "load": 2.5}})
    view = views(hall)["streams"]
    assert (view.memory, view.cpu, view.load) == (1, 0.0, 2.5)


@pytest.mark.parametrize(
    "vitals", [{"memory": -1}, {"memory": 2**70}, {"cpu": float("nan")}, {"load": float("inf")}, {"cpu": "much"}, 7]
)
def test_vitals_that_cannot_be_are_refused(hall: Hall, vitals: Any) -> None:
    worker = running(hall)
    asked = hall.ask(messages.WORKER_REPORT, {"vitals": vitals}, caller=worker.asked.call.caller)
    assert asked.error == "invalid_request"
    assert views(hall)["w"].memory is None


def test_of_many_jobs_the_oldest_are_told(hall: Hall) -> None:
    running(hall, jobs=MAX_SHOWN_JOBS + 20, slots=200)
    view = views(hall)["w"]
    assert view.running == MAX_SHOWN_JOBS + 20
    assert [id for id, _, _ in view.jobs] == [job_id(number + 1) for number in range(MAX_SHOWN_JOBS)]
