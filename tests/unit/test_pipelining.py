"""The dispatcher decides the next turn before it publishes a large one, if nothing in it depends on what memory lacks yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import TASK, DispatcherHarness, job_id
from support.recorded_call import RecordedCall

from taskbahn.protocol import messages
from taskbahn_router.dispatcher import pipelining
from taskbahn_router.dispatcher.pipelining import LARGE_TURN_ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.dispatcher_harness import FakeWorker
    from support.recorded_call import RecordedCall

SHORT = 0.0005  # seconds an attempt, so that there is look-ahead


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> DispatcherHarness:
    monkeypatch.setattr(pipelining, "LARGE_TURN_ROWS", 1)
    return DispatcherHarness()


@pytest.fixture
def worker(harness: DispatcherHarness) -> FakeWorker:
    """It has one slot, and its task is known to be short."""
    worker = harness.worker(slots=1)
    harness.submit()
    harness.settle()
    worker.done(*worker.take(), seconds=SHORT)
    harness.settle()
    return worker


def written(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many turns were written, from now on, when the effects of each were shown."""
    before, seen = len(harness.store.commits), []
    show = harness.dispatcher._post_commit.show

    def shown(*args: Any) -> Iterator[None]:
        seen.append(len(harness.store.commits) - before)
        return show(*args)

    monkeypatch.setattr(harness.dispatcher._post_commit, "show", shown)
    return seen


def crowd(harness: DispatcherHarness, worker: FakeWorker, count: int) -> list[tuple[str, int]]:
    """More jobs wait than the worker takes; return what it runs."""
    harness.dispatcher.state.workers["w"].room.open = False
    for _ in range(count):
        harness.submit()
    harness.settle()
    harness.dispatcher.state.workers["w"].room.open = True
    harness.dispatcher.room_changed()
    harness.settle()
    return worker.take()


def test_what_is_large_takes_long_enough() -> None:
    assert LARGE_TURN_ROWS == 100


def test_a_turn_is_written_before_the_previous_turns_effects_are_published(
    harness: DispatcherHarness, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = crowd(harness, worker, 200)
    assert len(runs) == 41  # a slot, and as many as it does in the time of the look-ahead
    order = written(harness, monkeypatch)
    harness.hold_commits()
    worker.done(*runs[:10], seconds=SHORT)
    harness.settle()
    told = worker.done(*runs[10:], seconds=SHORT)
    accepted = harness.submit()
    harness.settle()
    assert (told.sent, accepted.sent) == ([], [])
    harness.release_commits()
    assert order == [2, 2]
    assert (told.answer, accepted.answer) == ({"refused": []}, [job_id(202)])
    assert [run[0] for run in worker.take()] == [job_id(43 + number) for number in range(41)]
    harness.check()


def test_places_that_the_turn_before_filled_are_not_filled_twice(harness: DispatcherHarness, worker: FakeWorker) -> None:
    runs = crowd(harness, worker, 200)
    harness.hold_commits()
    worker.done(*runs[:30], seconds=SHORT)
    harness.settle()
    worker.done(*runs[30:31], seconds=SHORT)
    harness.settle()
    harness.release_commits()
    assert len(worker.take()) == 31
    harness.check()


def test_a_job_does_not_overtake_one_that_an_earlier_turn_left(harness: DispatcherHarness, worker: FakeWorker) -> None:
    runs = crowd(harness, worker, 41)
    harness.hold_commits()
    first = harness.submit()
    harness.settle()
    second = harness.submit()
    worker.done(runs[0], seconds=SHORT)
    harness.settle()
    harness.release_commits()
    assert [run[0] for run in worker.take()] == first.answer
    assert harness.state(second.answer[0]) == "ready"
    harness.check()


def cancel(harness: DispatcherHarness, worker: FakeWorker, run: tuple[str, int]) -> RecordedCall:
    return harness.ask(messages.JOB_CANCEL, [run[0]])


def lose(harness: DispatcherHarness, worker: FakeWorker, run: tuple[str, int]) -> None:
    worker.asked.gone()
    harness.passes(30)


def retry(harness: DispatcherHarness, worker: FakeWorker, run: tuple[str, int]) -> RecordedCall:
    return harness.ask(messages.JOB_RETRY, [job_id(1)])


@pytest.mark.parametrize("meets", [cancel, lose, retry])
def test_what_may_meet_the_turn_before_waits_for_its_effects(
    harness: DispatcherHarness, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch, meets: Callable[..., Any]
) -> None:
    runs = crowd(harness, worker, 100)
    order = written(harness, monkeypatch)
    harness.hold_commits()
    worker.done(*runs[:10], seconds=SHORT)
    harness.settle()
    meets(harness, worker, runs[20])
    harness.settle()
    harness.release_commits()
    assert order[:2] == [1, 2]
    harness.passes(60)
    harness.check()


def test_a_turn_with_jobs_that_start_at_once_is_shown_first(
    harness: DispatcherHarness, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their worker may know their ids, and report them before it was given them."""
    order = written(harness, monkeypatch)
    harness.hold_commits()
    harness.submit(delay=0.001)
    harness.submit(delivery="at_most_once")
    harness.settle()
    worker.says(done=[messages.Done(job_id(3), 1, "1", 0.0, 0.0)])
    harness.settle()
    harness.release_commits()
    assert order == [1, 2]
    harness.passes(1)
    harness.check()


def test_a_turn_that_claimed_what_may_take_long_is_shown_first(
    harness: DispatcherHarness, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = crowd(harness, worker, 100)
    order = written(harness, monkeypatch)
    harness.hold_commits()
    worker.done(*runs[:10], seconds=SHORT)
    harness.settle()
    harness.dispatcher.state.tasks[TASK].seconds_each = None
    harness.submit()
    harness.settle()
    harness.release_commits()
    assert order == [1, 2]


def test_a_refused_turn_undoes_nothing_of_the_one_before(harness: DispatcherHarness, worker: FakeWorker) -> None:
    runs = crowd(harness, worker, 100)
    harness.hold_commits()
    told = [worker.done(*runs[:10], seconds=SHORT)]
    harness.settle()
    told.append(worker.done(*runs[10:20], seconds=SHORT))
    turned_away = harness.submit()
    harness.settle()
    first, harness.writing.held = harness.writing.held, []
    harness.writing.holds, harness.writing.fails = False, "disk full"
    for commit in first:
        commit()
    harness.settle()
    assert told[0].answer == {"refused": []}
    assert (told[1].sent, turned_away.error) == ([], "store_unavailable")
    harness.writing.fails = ""
    harness.passes(5)
    assert told[1].answer == {"refused": []}
    harness.check()


def test_a_worker_is_filled_although_one_claim_is_bounded(
    harness: DispatcherHarness, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskbahn_router.dispatcher.assignment.MAX_CLAIMED", 10)
    assert len(crowd(harness, worker, 100)) == 41
    harness.check()
