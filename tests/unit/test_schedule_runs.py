"""Jobs of schedules besides their due times: one by hand, and those of a past period, in slices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import TASK, DispatcherHarness
from support.recorded_call import RecordedCall
from support.schedule_calls import FIRST, MINUTE, add, history, jobs, view
from support.storing import FakeSqliteStore, FakeStore

from taskbahn.protocol import messages
from taskbahn.protocol.unique_fields import DeclaredUnique
from taskbahn_router.dispatcher import schedule_specs
from taskbahn_router.submission import slices

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOUR = 60 * MINUTE
MODULE = "taskbahn_router.dispatcher.schedule_runs"


@pytest.fixture(params=["memory", "sqlite"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DispatcherHarness]:
    store = FakeStore() if request.param == "memory" else FakeSqliteStore(tmp_path)
    made = DispatcherHarness(store)
    made.worker("w").lost()
    made.settle()
    yield made
    made.check()
    store.close()


def backfill(harness: DispatcherHarness, since: float, until: float, **words: Any) -> RecordedCall:
    """Backfill a period that begins and ends before the first due time, by these seconds."""
    asked = harness.ask(messages.SCHEDULE_BACKFILL, "s", FIRST - since, FIRST - until, **words)
    harness.settle()
    return asked


def ids(harness: DispatcherHarness) -> list[str]:
    return [job["id"] for job in jobs(harness)]


def test_a_run_by_hand_is_no_firing(harness: DispatcherHarness) -> None:
    add(harness)
    asked = harness.ask(messages.SCHEDULE_RUN, "s")
    harness.settle()
    assert ids(harness) == [asked.answer]
    assert (history(harness), view(harness).get("fired", 0)) == ([], 0)


def test_a_run_that_is_asked_for_again_starts_one_job(harness: DispatcherHarness) -> None:
    add(harness)
    answers = []
    for key in ("a", "a", "b", "", ""):
        asked = harness.ask(messages.SCHEDULE_RUN, "s", key=key)
        harness.settle()
        answers.append(asked.answer)
        harness.restart()
    assert answers[0] == answers[1]
    assert ids(harness) == [answers[0], *answers[2:]]
    assert len(set(answers)) == 4


def test_a_backfill_starts_the_jobs_of_a_period(harness: DispatcherHarness) -> None:
    add(harness, call={"args": ["{@due:%H:%M}"]})
    asked = backfill(harness, 5 * MINUTE, 3 * MINUTE)
    assert ids(harness) == asked.answer
    assert [messages.from_json(harness.row(id).packed)[0] for id in asked.answer] == [["22:09"], ["22:10"], ["22:11"]]
    assert backfill(harness, 5 * MINUTE - 1, 5 * MINUTE - 2).answer == []
    assert len(ids(harness)) == 3


def test_the_same_period_starts_again_unless_its_key_is_the_same(harness: DispatcherHarness) -> None:
    add(harness)
    first = backfill(harness, 3 * MINUTE, MINUTE, key="november")
    again = backfill(harness, 4 * MINUTE, MINUTE, key="november")
    assert again.answer[1:] == first.answer, "a longer period starts what is missing"
    assert len(ids(harness)) == 4
    assert set(backfill(harness, 3 * MINUTE, MINUTE).answer).isdisjoint(ids(harness)[:4])
    assert len(ids(harness)) == 7


def test_a_backfill_goes_in_slices(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{MODULE}.SLICE_JOBS", 25)
    add(harness)
    asked = backfill(harness, HOUR, MINUTE)
    assert asked.progress == [{"started": 25, "of": 60}, {"started": 50, "of": 60}, {"started": 60, "of": 60}]
    assert (len(asked.answer), harness.dispatcher.state.counts["ready"]) == (60, 60)


def test_no_turn_of_the_loop_has_much_of_a_backfill(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    longest, steps = 0, 0

    def counted(*args: Any) -> Any:
        nonlocal steps
        steps += 1
        return real(*args)

    real = schedule_specs.following
    monkeypatch.setattr(f"{MODULE}.following", counted)
    monkeypatch.setattr(f"{MODULE}.SLICE_SECONDS", 0.0)
    add(harness)
    asked = harness.ask(messages.SCHEDULE_BACKFILL, "s", FIRST - HOUR, FIRST - MINUTE)
    before = steps
    while harness.turn():
        longest, before = max(longest, steps - before), steps
    assert (len(asked.answer), steps) == (60, 61)
    assert longest <= 2 * slices.STEPS


def test_too_many_due_times_start_no_job(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{MODULE}.MAX_BACKFILL", 59)
    add(harness)
    assert backfill(harness, HOUR, MINUTE).error == "too_large"
    assert ids(harness) == []


def test_a_full_queue_refuses_a_backfill_as_a_whole(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskbahn_router.submission.backpressure.MAX_QUEUED", 59)
    monkeypatch.setattr(f"{MODULE}.SLICE_JOBS", 25)
    add(harness)
    assert backfill(harness, HOUR, MINUTE).error == "queue_full"
    assert ids(harness) == []


def test_a_backfill_that_has_begun_waits_for_room(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{MODULE}.SLICE_JOBS", 25)
    add(harness)
    asked = harness.ask(messages.SCHEDULE_BACKFILL, "s", FIRST - HOUR, FIRST - MINUTE)
    while not asked.progress:
        assert harness.turn()
    with monkeypatch.context() as full:
        full.setattr("taskbahn_router.submission.backpressure.MAX_QUEUED", 50)
        harness.passes(3)
        assert asked.sent[-1] == ("progress", {"started": 50, "of": 60})
    harness.passes(2)
    assert len(asked.answer) == 60


def test_a_backfill_ends_when_its_caller_cancels_it(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{MODULE}.SLICE_JOBS", 25)
    add(harness)
    for cancelled, started in ((True, 50), (False, 50 + 60)):
        asked = harness.ask(messages.SCHEDULE_BACKFILL, "s", FIRST - HOUR, FIRST - MINUTE)
        while not asked.progress:
            assert harness.turn()
        asked.gone(cancelled=cancelled)
        harness.passes(3)
        assert harness.dispatcher.state.counts["ready"] == started


def test_what_a_rule_refuses_is_in_the_answer(harness: DispatcherHarness) -> None:
    unique = DeclaredUnique(during="active", on_conflict="refuse")
    harness.worker("u", tasks=["unique.task"], declaration={"unique": unique}).lost()
    add(harness, call={"task": "unique.task"})
    answer = backfill(harness, 3 * MINUTE, MINUTE).answer
    assert [isinstance(one, dict) for one in answer] == [False, True, True]
    assert harness.dispatcher.state.counts["ready"] == 1


def test_a_backfill_whose_submission_is_refused_starts_nothing(harness: DispatcherHarness) -> None:
    add(harness)
    del harness.dispatcher.state.tasks[TASK]
    assert backfill(harness, 3 * MINUTE, MINUTE).error == "unknown_task"


@pytest.mark.parametrize("since, until", [(0, -1), (1, 2), (True, 1), ("x", 1), (None, 1), (1e12, 1)])
def test_a_period_that_is_none_is_refused(harness: DispatcherHarness, since: Any, until: Any) -> None:
    add(harness)
    moments = [FIRST - one if isinstance(one, int) and not isinstance(one, bool) else one for one in (since, until)]
    asked = harness.ask(messages.SCHEDULE_BACKFILL, "s", *moments)
    harness.settle()
    assert asked.error == "invalid_option"
    long = harness.ask(messages.SCHEDULE_BACKFILL, "s", FIRST - 9, FIRST - 1, key="x" * 201)
    harness.settle()
    assert long.error == "invalid_option"
