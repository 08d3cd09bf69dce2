"""A large submission is read in slices: others are served meanwhile, and all that its caller sends stays in its order."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import TASK, DispatcherHarness, job_id
from support.processor import TRIES, fewest_seconds

from taskbahn.protocol import messages
from taskbahn_router.model import limits
from taskbahn_router.submission import slices

if TYPE_CHECKING:
    from support.recorded_call import RecordedCall

    from taskbahn_router.model.turn import TurnEffects
    from taskbahn_router.stores.contract import CommitResult

LARGE, SMALL = 7, 8  # callers
COUNT = 40
LONGEST_SECONDS = 0.03  # of a turn of the event loop: a slice and its last step
PLACED_SECONDS = 0.02  # to place a thousand jobs; 93 ms when each looked at all 500 workers


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> DispatcherHarness:
    """Where each turn reads four calls."""
    monkeypatch.setattr(slices, "SLICE_SECONDS", 0.0)
    monkeypatch.setattr(slices, "TURN_SLICE_SECONDS", 0.0)
    monkeypatch.setattr(slices, "STEPS", 4)
    harness = DispatcherHarness()
    harness.worker().lost()
    harness.settle()
    return harness


def calls(count: int = COUNT, first: int = 1, **options: Any) -> list[dict[str, Any]]:
    """Calls, each in a queue of its own."""
    return [
        {"task": TASK, "id": job_id(number), "args": [], "options": {"queue": f"q{number}", **options}}
        for number in range(first, first + count)
    ]


def large(harness: DispatcherHarness, **more: Any) -> RecordedCall:
    return harness.ask(messages.SUBMIT, calls(), caller=LARGE, **more)


def queues(harness: DispatcherHarness) -> int:
    return len(harness.dispatcher.state.partitions)


def test_another_caller_is_answered_while_it_is_read(harness: DispatcherHarness) -> None:
    asked = large(harness)
    harness.turn()
    quiet = harness.ask(messages.SUBMIT, [{"task": TASK, "id": job_id(99)}], caller=SMALL)
    while not quiet.sent:
        harness.turn()
    assert (asked.sent, queues(harness)) == ([], 1)
    harness.settle()
    assert len(asked.answer) == COUNT
    assert [len(batch.new) for batch in harness.store.commits if batch.new] == [1, COUNT]
    harness.check()


def test_two_large_ones_are_read_in_turn(harness: DispatcherHarness) -> None:
    first, second = large(harness), harness.ask(messages.SUBMIT, calls(COUNT // 2, 100), caller=SMALL)
    harness.settle()
    assert len(first.answer) == 2 * len(second.answer) == COUNT
    assert [len(batch.new) for batch in harness.store.commits if batch.new] == [COUNT // 2, COUNT]
    harness.check()


def test_all_that_its_caller_sends_comes_after_it(harness: DispatcherHarness) -> None:
    asked = large(harness)
    later = harness.ask(messages.SUBMIT, [{"task": TASK, "id": job_id(99)}], caller=LARGE)
    call = harness.ask(TASK, caller=LARGE)
    cancel = harness.ask(messages.JOB_CANCEL, [job_id(COUNT)], caller=LARGE)
    wait = harness.ask(messages.JOB_WAIT, [job_id(COUNT)], caller=LARGE)
    early = harness.ask(messages.JOB_CANCEL, [job_id(COUNT)], caller=SMALL)
    harness.settle()
    assert early.answer[0]["error"].endswith("unknown_job")
    assert (len(asked.answer), len(later.answer), cancel.answer) == (COUNT, 1, ["cancelled"])
    assert wait.outcomes == {job_id(COUNT): "cancelled"}
    assert call.call.open
    seqs = [harness.row(number).seq for number in (*range(1, COUNT + 1), 99)]
    assert seqs == sorted(seqs)
    harness.check()


def test_errors_are_those_of_their_entries(harness: DispatcherHarness) -> None:
    wrong = {"task": "a.other", "id": job_id(99)}
    asked = harness.ask(messages.SUBMIT, [*calls(10), wrong, *calls(1, 11)], caller=LARGE)
    bulk = harness.ask(
        messages.SUBMIT,
        [{"task": TASK, "calls": [[job_id(50 + number), "[[],{}]" if number % 2 else "no"] for number in range(12)]}],
    )
    harness.settle()
    assert [isinstance(answer, str) for answer in asked.answer] == [True] * 10 + [False, True]
    assert (bulk.answer[0]["accepted"], sorted(map(int, bulk.answer[0]["errors"]))) == (6, [0, 2, 4, 6, 8, 10])
    harness.check()


def test_who_goes_away_meanwhile_follows_nothing(harness: DispatcherHarness) -> None:
    asked = large(harness, follow=True)
    call = harness.ask(TASK, caller=LARGE)
    asked.gone()
    call.call.gone(cancelled=True)
    harness.settle()
    assert not harness.dispatcher.followers
    assert harness.state(COUNT) == "ready"
    assert harness.dispatcher.state.counts["cancelled"] == 1
    harness.check()


def test_what_is_not_read_when_the_router_stops_is_turned_away(harness: DispatcherHarness) -> None:
    asked = large(harness)
    harness.dispatcher.accepting = False
    harness.settle()
    assert asked.error == "not_ready"
    assert queues(harness) == 0
    harness.check()


def test_what_is_half_taken_in_when_the_router_stops_is_turned_away(
    harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "PART_LENGTH", 1)
    dispatcher = harness.dispatcher
    asked = large(harness, follow=True)
    while len(dispatcher.state.jobs) < COUNT // 2:
        harness.turn()
    assert (len(dispatcher.state.jobs) < COUNT, dispatcher.fair_queue.jobs) == (True, COUNT)
    dispatcher.accepting = False
    harness.settle()
    assert asked.error == "not_ready"
    assert (dispatcher.state.jobs, dispatcher.fair_queue.jobs, len(dispatcher.followers)) == ({}, 0, 0)
    harness.check()


def test_what_fails_in_a_later_slice_is_answered(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = large(harness)
    monkeypatch.setattr(harness.dispatcher.intake, "_single", lambda *_: 1 / 0)
    harness.settle()
    assert asked.error == "service"


def test_callers_who_name_the_same_new_queues_share_them(harness: DispatcherHarness) -> None:
    first, second = large(harness), harness.ask(messages.SUBMIT, calls(COUNT, 1)[::-1], caller=SMALL)
    others = harness.ask(messages.SUBMIT, [call | {"id": job_id(100 + n)} for n, call in enumerate(calls())], caller=9)
    harness.settle()
    assert len(first.answer) == len(second.answer) == len(others.answer) == COUNT
    assert queues(harness) == COUNT
    harness.check()


def test_a_queue_deleted_while_it_is_named_exists_for_the_job(harness: DispatcherHarness) -> None:
    state = harness.dispatcher.state
    before = state.partition("q1", TASK).id
    worker = harness.worker(queues=["q1"])
    asked = large(harness)
    harness.turn()
    assert state.take_vacant(10) == [before]  # as the commit that prunes its last job does
    harness.settle()
    assert len(asked.answer) == COUNT
    assert state.partitions["q1", TASK].id != before
    assert [run[0] for run in worker.take()] == [job_id(1)]
    harness.check()


def test_more_queues_than_may_be_are_refused_and_nothing_is_changed(
    harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_PARTITIONS", 10)
    harness.ask(messages.SUBMIT, calls(4), caller=SMALL)
    harness.settle()
    before, commits = dict(harness.dispatcher.state.partitions), len(harness.store.commits)
    asked = harness.ask(messages.SUBMIT, calls(7, 4), caller=SMALL)
    harness.settle()
    assert asked.answer  # six are new
    refused = [harness.ask(messages.SUBMIT, [*calls(1, 50), *calls(4)], caller=SMALL), harness.ask(TASK, caller=SMALL)]
    harness.settle()
    assert [one.error for one in refused] == ["too_many_queues"] * 2
    error = refused[0].sent[-1][1]
    assert (error.detail, "10 allowed" in error.message) == ({"named": 1, "queues": 10, "limit": 10}, True)
    assert len(harness.dispatcher.state.partitions) == len(before) + 6
    assert len([batch for batch in harness.store.commits[commits:] if batch.new]) == 1
    harness.check()


def test_there_is_room_again_when_queues_have_ended(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_PARTITIONS", 4)
    worker = harness.worker(slots=4, queues=[f"q{number}" for number in range(1, 5)])
    harness.ask(messages.SUBMIT, calls(4, keep=1))
    harness.settle()
    worker.done(*worker.take())
    assert harness.submit(id=job_id(50), queue="more").error == "too_many_queues"
    harness.passes(150)
    assert harness.submit(id=job_id(50), queue="more").call.open
    harness.settle()
    harness.check()


class ProcessorTime:
    """A clock on which only this process's own work takes time, so that a busy machine changes nothing."""

    def __init__(self, harness: DispatcherHarness) -> None:
        self.callLater = harness.clock.callLater

    def seconds(self) -> float:
        return time.process_time()


def effects_of(harness: DispatcherHarness) -> list[float]:
    """Let the commit that is held be done; return what each turn of its effects took of the processor."""
    held = harness.writing.held.copy()
    harness.writing.held.clear()
    began = time.process_time()
    publish = harness.dispatcher.loop._done

    def published(turn: TurnEffects, result: CommitResult) -> None:
        nonlocal began
        began = time.process_time()  # the commit is over
        publish(turn, result)

    harness.dispatcher.loop._done = published  # type: ignore[method-assign]
    for commit in held:
        commit()
    taken = [time.process_time() - began]
    is_due = True
    while is_due:
        began = time.process_time()
        is_due = harness.turn()
        taken.append(time.process_time() - began)
    return taken


def turns_of(count: int) -> list[float]:
    """Submit *count* calls with a new queue each; return what each turn took of the processor, but for commits."""
    harness = DispatcherHarness()
    harness.worker(slots=4)
    harness.dispatcher.slices._clock = harness.dispatcher.loop._clock = ProcessorTime(harness)
    entries = calls(count)
    harness.hold_commits()  # which are made on another thread
    began = time.process_time()
    asked = harness.ask(messages.SUBMIT, entries)
    taken = [time.process_time() - began]
    is_due = True
    while is_due:
        began = time.process_time()
        is_due = harness.turn()
        taken.append(time.process_time() - began)
    taken += effects_of(harness)
    assert len(asked.answer) == count
    return taken


def test_ten_thousand_new_queues_leave_the_event_loop_free() -> None:
    def longest() -> float:
        taken = turns_of(10_000)
        assert len(taken) > 20
        return max(taken)

    assert fewest_seconds(longest, LONGEST_SECONDS) < LONGEST_SECONDS


def test_a_thousand_jobs_on_five_hundred_workers_are_placed_in_milliseconds() -> None:
    harness, asked = DispatcherHarness(), 0
    for number in range(500):
        harness.worker(f"w{number}", slots=2 * TRIES)
    taken: list[float] = []
    decide = harness.dispatcher.decide

    def timed(delayed: TurnEffects | None = None) -> TurnEffects | None:
        began = time.process_time()
        try:
            turn = decide(delayed)
            if turn is not None:
                turn.decide_all()
            return turn
        finally:
            taken.append(time.process_time() - began)

    def longest() -> float:
        nonlocal asked
        taken.clear()
        harness.ask(messages.SUBMIT, [{"task": TASK, "id": job_id(number)} for number in range(asked + 1, asked + 1001)])
        harness.settle()
        asked += 1000
        return max(taken)

    harness.dispatcher.decide = timed  # type: ignore[method-assign]
    assert fewest_seconds(longest, PLACED_SECONDS, TRIES) < PLACED_SECONDS
    assert sum(len(worker.take()) for worker in harness.workers) == asked
