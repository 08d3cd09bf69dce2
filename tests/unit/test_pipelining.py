"""The next turn is decided before the effects of a large one are let out, if nothing in it can meet what memory does not know yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatching import TASK, Hall, job_id

from taskbahn.protocol import messages
from taskbahn_router.dispatcher import pipelining
from taskbahn_router.dispatcher.pipelining import LARGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.dispatching import Asked, FakeWorker

SHORT = 0.0005  # seconds an attempt, so that there is look-ahead


@pytest.fixture
def hall(monkeypatch: pytest.MonkeyPatch) -> Hall:
    monkeypatch.setattr(pipelining, "LARGE", 1)
    return Hall()


@pytest.fixture
def worker(hall: Hall) -> FakeWorker:
    """It has one slot, and its task is known to be short."""
    worker = hall.worker(slots=1)
    hall.submit()
    hall.settle()
    worker.done(*worker.take(), seconds=SHORT)
    hall.settle()
    return worker


def written(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many turns were written, from now on, when the effects of each were shown."""
    before, seen = len(hall.store.commits), []
    show = hall.dispatcher._post_commit.show

    def shown(*args: Any) -> None:
        seen.append(len(hall.store.commits) - before)
        show(*args)

    monkeypatch.setattr(hall.dispatcher._post_commit, "show", shown)
    return seen


def crowd(hall: Hall, worker: FakeWorker, count: int) -> list[tuple[str, int]]:
    """More jobs wait than the worker takes; return what it runs."""
    hall.dispatcher.board.workers["w"].room.open = False
    for _ in range(count):
        hall.submit()
    hall.settle()
    hall.dispatcher.board.workers["w"].room.open = True
    hall.dispatcher.room_changed()
    hall.settle()
    return worker.take()


def test_what_is_large_takes_long_enough() -> None:
    assert LARGE == 100


def test_a_turn_is_written_before_the_previous_turns_effects_are_published(
    hall: Hall, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = crowd(hall, worker, 200)
    assert len(runs) == 41  # a slot, and as many as it does in the time of the look-ahead
    order = written(hall, monkeypatch)
    hall.hold_commits()
    worker.done(*runs[:10], seconds=SHORT)
    hall.settle()
    told = worker.done(*runs[10:], seconds=SHORT)
    accepted = hall.submit()
    hall.settle()
    assert (told.sent, accepted.sent) == ([], [])
    hall.release_commits()
    assert order == [2, 2]
    assert (told.answer, accepted.answer) == ({"refused": []}, [job_id(202)])
    assert [run[0] for run in worker.take()] == [job_id(43 + number) for number in range(41)]
    hall.check()


def test_places_that_the_turn_before_filled_are_not_filled_twice(hall: Hall, worker: FakeWorker) -> None:
    runs = crowd(hall, worker, 200)
    hall.hold_commits()
    worker.done(*runs[:30], seconds=SHORT)
    hall.settle()
    worker.done(*runs[30:31], seconds=SHORT)
    hall.settle()
    hall.release_commits()
    assert len(worker.take()) == 31
    hall.check()


def test_a_job_does_not_overtake_one_that_an_earlier_turn_left(hall: Hall, worker: FakeWorker) -> None:
    runs = crowd(hall, worker, 41)
    hall.hold_commits()
    first = hall.submit()
    hall.settle()
    second = hall.submit()
    worker.done(runs[0], seconds=SHORT)
    hall.settle()
    hall.release_commits()
    assert [run[0] for run in worker.take()] == first.answer
    assert hall.state(second.answer[0]) == "ready"
    hall.check()


def cancel(hall: Hall, worker: FakeWorker, run: tuple[str, int]) -> Asked:
    return hall.ask(messages.JOB_CANCEL, [run[0]])


def lose(hall: Hall, worker: FakeWorker, run: tuple[str, int]) -> None:
    worker.asked.gone()
    hall.passes(30)


def retry(hall: Hall, worker: FakeWorker, run: tuple[str, int]) -> Asked:
    return hall.ask(messages.JOB_RETRY, [job_id(1)])


@pytest.mark.parametrize("meets", [cancel, lose, retry])
def test_what_may_meet_the_turn_before_waits_for_its_effects(
    hall: Hall, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch, meets: Callable[..., Any]
) -> None:
    runs = crowd(hall, worker, 100)
    order = written(hall, monkeypatch)
    hall.hold_commits()
    worker.done(*runs[:10], seconds=SHORT)
    hall.settle()
    meets(hall, worker, runs[20])
    hall.settle()
    hall.release_commits()
    assert order[:2] == [1, 2]
    hall.passes(60)
    hall.check()


def test_a_turn_with_jobs_that_start_at_once_is_shown_first(
    hall: Hall, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their worker may know their ids, and report them before it was given them."""
    order = written(hall, monkeypatch)
    hall.hold_commits()
    hall.submit(delay=0.001)
    hall.submit(delivery="at_most_once")
    hall.settle()
    worker.says(done=[messages.Done(job_id(3), 1, "1", 0.0, 0.0)])
    hall.settle()
    hall.release_commits()
    assert order == [1, 2]
    hall.passes(1)
    hall.check()


def test_a_turn_that_claimed_what_may_take_long_is_shown_first(
    hall: Hall, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = crowd(hall, worker, 100)
    order = written(hall, monkeypatch)
    hall.hold_commits()
    worker.done(*runs[:10], seconds=SHORT)
    hall.settle()
    hall.dispatcher.board.tasks[TASK].seconds_each = None
    hall.submit()
    hall.settle()
    hall.release_commits()
    assert order == [1, 2]


def test_a_refused_turn_undoes_nothing_of_the_one_before(hall: Hall, worker: FakeWorker) -> None:
    runs = crowd(hall, worker, 100)
    hall.hold_commits()
    told = [worker.done(*runs[:10], seconds=SHORT)]
    hall.settle()
    told.append(worker.done(*runs[10:20], seconds=SHORT))
    turned_away = hall.submit()
    hall.settle()
    first, hall.writing.held = hall.writing.held, []
    hall.writing.holds, hall.writing.fails = False, "disk full"
    for commit in first:
        commit()
    hall.settle()
    assert told[0].answer == {"refused": []}
    assert (told[1].sent, turned_away.error) == ([], "store_unavailable")
    hall.writing.fails = ""
    hall.passes(5)
    assert told[1].answer == {"refused": []}
    hall.check()


def test_a_worker_is_filled_although_one_claim_is_bounded(
    hall: Hall, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskbahn_router.dispatcher.assignment.MOST_CLAIMED", 10)
    assert len(crowd(hall, worker, 100)) == 41
    hall.check()
