"""Schedules fire by the clock, once each, and what becomes of due times is in their history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import FAILURES, TASK, DispatcherHarness, FakeWorker
from support.schedule_calls import FIRST, MINUTE, add, done, edit, history, jobs, view
from support.storing import FakeSqliteStore, FakeStore

from taskbahn.errors import InvalidSchedule
from taskbahn.protocol import messages
from taskbahn_router.dispatcher import schedule_specs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from taskbahn.protocol.scheduling import ScheduleSpec


@pytest.fixture(params=["memory", "sqlite"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DispatcherHarness]:
    store = FakeStore() if request.param == "memory" else FakeSqliteStore(tmp_path)
    made = DispatcherHarness(store)
    made.worker("other", tasks=["other.task"])
    made.worker("w", slots=3).lost()
    made.settle()
    yield made
    store.close()


def worker(harness: DispatcherHarness, slots: int = 100) -> FakeWorker:
    return harness.worker("w", slots=slots)


def test_a_schedule_fires_at_each_due_time(harness: DispatcherHarness) -> None:
    found = add(harness)
    assert (found["due_at"], found["words"], found["changed_by"]) == (FIRST, "every minute, UTC", "ada")
    at_work = worker(harness)
    for _ in range(3):
        harness.passes(MINUTE)
        done(harness, at_work)
    assert history(harness) == [(0, "fired"), (1, "fired"), (2, "fired")]
    assert [job["state"] for job in jobs(harness)] == ["succeeded"] * 3
    assert view(harness)["fired"] == 3
    harness.check()


def test_the_job_of_a_schedule_waits_for_a_worker(harness: DispatcherHarness) -> None:
    add(harness)
    harness.passes(2 * MINUTE)
    assert [job["state"] for job in jobs(harness)] == ["ready"]
    assert history(harness) == [(0, "fired"), (1, "skipped")]
    harness.check()


def test_a_restart_around_a_firing_fires_once(harness: DispatcherHarness) -> None:
    add(harness, overlap="allow")
    harness.hold_commits()
    harness.passes(MINUTE)
    harness.restart()
    harness.passes(1)
    assert history(harness) == [(0, "fired")]
    harness.restart()
    harness.passes(1)
    assert (history(harness), len(jobs(harness))) == ([(0, "fired")], 1)
    harness.check()


def test_what_was_missed_fires_within_the_window(harness: DispatcherHarness) -> None:
    add(harness, overlap="allow", catch_up=190)
    harness.clock.advance(60 * MINUTE)  # the dispatcher was away
    harness.restart()
    harness.passes(1)
    outcomes = history(harness)
    assert [outcome for _, outcome in outcomes] == ["missed", "fired", "fired", "fired"]
    assert outcomes[-1][0] == outcomes[1][0] + 2
    assert len(jobs(harness)) == 3
    harness.check()


def test_a_buffered_due_time_fires_when_the_job_ends(harness: DispatcherHarness) -> None:
    add(harness, overlap="buffer_one")
    at_work = worker(harness)
    harness.passes(3 * MINUTE)
    assert history(harness) == [(0, "fired"), (1, "buffered"), (2, "skipped")]
    done(harness, at_work)
    assert history(harness)[3:] == [(1, "fired")]
    harness.check()


def test_a_buffered_due_time_outlasts_a_restart(harness: DispatcherHarness) -> None:
    add(harness, overlap="buffer_all")
    harness.passes(2 * MINUTE)
    harness.restart()
    harness.settle()
    at_work = worker(harness)
    done(harness, at_work)
    assert history(harness) == [(0, "fired"), (1, "buffered"), (1, "fired")]
    harness.check()


def test_the_next_firing_cancels_the_job_before(harness: DispatcherHarness) -> None:
    add(harness, overlap="cancel_other")
    at_work = worker(harness)
    harness.passes(2 * MINUTE)
    assert [job["state"] for job in jobs(harness)] == ["cancelled", "running"]
    at_work.take()
    assert "cancel_other" in at_work.cancelled[0][2]
    harness.check()


def test_due_times_wait_for_room(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    add(harness, overlap="allow", catch_up=1)
    monkeypatch.setattr("taskbahn_router.submission.backpressure.MAX_QUEUED", 0)
    harness.passes(2 * MINUTE)
    assert history(harness) == []
    monkeypatch.undo()
    harness.passes(2)
    assert history(harness) == [(0, "fired"), (1, "fired")]
    harness.check()


def test_more_than_a_page_is_due_at_once(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskbahn_router.dispatcher.schedule_firing.PAGE", 2)
    monkeypatch.setattr("taskbahn_router.dispatcher.schedule_firing.MOST_IN_FLIGHT", 4)
    for number in range(11):
        add(harness, f"s{number}", overlap="allow")
    harness.passes(2 * MINUTE)
    for number in range(11):
        assert history(harness, f"s{number}") == [(0, "fired"), (1, "fired")]
    assert len(jobs(harness)) == 22
    harness.check()


def test_a_refused_submission_is_in_the_history(harness: DispatcherHarness) -> None:
    add(harness)
    del harness.dispatcher.state.tasks[TASK]
    harness.passes(2 * MINUTE)
    assert [outcome for _, outcome in history(harness)] == ["refused", "refused"]
    assert TASK in view(harness)["trouble"]["message"]
    worker(harness)
    harness.passes(MINUTE)
    assert history(harness)[2:] == [(2, "fired")]
    assert "trouble" not in view(harness)


def test_an_edit_that_makes_it_right_ends_the_trouble(harness: DispatcherHarness) -> None:
    add(harness, when="* * * * *")
    del harness.dispatcher.state.tasks[TASK]
    harness.passes(MINUTE)
    assert TASK in view(harness)["trouble"]["message"]
    asked = harness.ask(messages.SCHEDULE_EDIT, "s", {"note": "mended?"})
    harness.settle()
    assert asked.error == "unknown_task"
    assert "trouble" in view(harness), "what is refused changes nothing"
    assert "trouble" not in edit(harness, call={"task": "other.task"})


def test_a_due_time_fires_although_the_next_one_cannot_be_found(
    harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(harness)
    add(harness, "t", overlap="allow")
    monkeypatch.setattr("taskbahn_router.dispatcher.schedule_firing.following", unfindable(schedule_specs.following, "s"))
    harness.passes(3 * MINUTE)
    assert history(harness) == [(0, "fired")]
    assert history(harness, "t") == [(0, "fired"), (1, "fired"), (2, "fired")], "the others go on"
    found = view(harness)
    assert ("due_at" in found, "2,000 candidates" in found["trouble"]["message"]) == (False, True)
    harness.restart()
    harness.passes(MINUTE)
    assert history(harness) == [(0, "fired")]
    monkeypatch.undo()
    found = edit(harness, note="it fires again")
    assert ("trouble" in found, found["due_at"] > harness.wall()) == (False, True)


def test_a_schedule_that_fails_in_the_dispatcher_holds_up_no_other(
    harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(harness)
    add(harness, "t", overlap="allow")
    real = schedule_specs.call_of

    def broken(spec: ScheduleSpec, due: float, last_success: float | None) -> dict[str, Any]:
        if spec.overlap == "skip":
            raise ValueError("no such zone any more")
        return real(spec, due, last_success)

    monkeypatch.setattr("taskbahn_router.dispatcher.schedule_firing.call_of", broken)
    harness.passes(3 * MINUTE)
    assert history(harness) == [(0, "refused"), (1, "refused"), (2, "refused")]
    assert "no such zone any more" in view(harness)["trouble"]["message"]
    assert history(harness, "t") == [(0, "fired"), (1, "fired"), (2, "fired")]
    FAILURES.clear()


def unfindable(real: Callable[..., Any], id: str) -> Callable[..., Any]:
    """Return what computes the times of all schedules but one."""

    def following(spec: ScheduleSpec, schedule: str, moment: float) -> Any:
        if schedule == id:
            raise InvalidSchedule("the search ends after 2,000 candidates")
        return real(spec, schedule, moment)

    return following


def test_a_schedule_fires_its_times_and_up_to_its_end(harness: DispatcherHarness) -> None:
    add(harness, overlap="allow", times=2)
    add(harness, "t", overlap="allow", end=FIRST + MINUTE, start=FIRST + MINUTE)
    harness.passes(5 * MINUTE)
    assert history(harness) == [(0, "fired"), (1, "fired")]
    assert history(harness, "t") == [(1, "fired")]


def test_arguments_have_the_due_time(harness: DispatcherHarness) -> None:
    call = {"kwargs": {"day": "{@due:%Y-%m-%d}", "since": "{@last_success}"}}
    add(harness, when={"kind": "cron", "line": "59 23,0 * * *", "zone": "Europe/Berlin"}, call=call)
    at_work = worker(harness)
    harness.passes(3600)
    done(harness, at_work)
    harness.passes(3600)
    sent = [messages.from_json(harness.row(job["id"]).packed)[1] for job in jobs(harness)]
    assert sent == [
        {"day": "2023-11-14", "since": None},
        {"day": "2023-11-15", "since": "2023-11-14T23:59:00+01:00"},
    ]


def test_a_paused_schedule_fires_again_after_its_time(harness: DispatcherHarness) -> None:
    add(harness, overlap="allow")
    asked = harness.ask(messages.SCHEDULE_PAUSE, "s", reason="holiday", until=FIRST + 2 * MINUTE + 1, who="bob")
    harness.settle()
    assert asked.answer["pause"]["reason"] == "holiday"
    harness.passes(4 * MINUTE)
    assert history(harness) == [(3, "fired")]
    harness.ask(messages.SCHEDULE_PAUSE, "s")
    harness.passes(2 * MINUTE)
    harness.ask(messages.SCHEDULE_RESUME, "s")
    harness.passes(MINUTE)
    assert history(harness) == [(3, "fired"), (6, "fired")]


@pytest.mark.parametrize(
    "spec",
    [
        {"when": "* * * *"},
        {"when": "0 0 30 2 *"},
        {"zone": "Europe/Atlantis"},
        {"when": {"kind": "every", "interval": 0}},
        {"call": {"task": "un.known"}},
        {"call": {"id": "x"}},
        {"start": 5.0, "end": 4.0},
        {"end": 4.0},
        {"overlap": "sometimes"},
        {"call": {"args": ["{@duo}"]}},
        {"catch_up": -1},
        {"words": 1},
    ],
)
def test_a_bad_schedule_is_refused_and_nothing_stored(harness: DispatcherHarness, spec: dict[str, Any]) -> None:
    call = {"task": TASK, **spec.get("call", {})}
    asked = harness.ask(messages.SCHEDULE_ADD, "s", {"when": "* * * * *", **spec, "call": call})
    harness.settle()
    assert asked.error in {"invalid_schedule", "unknown_task"}
    everything = harness.ask(messages.VIEW_SCHEDULES)
    harness.settle()
    assert everything.answer["schedules"] == []


def test_a_clock_that_is_set_back_fires_nothing_twice(harness: DispatcherHarness) -> None:
    add(harness, overlap="allow")
    harness.passes(3 * MINUTE)
    back = 2 * MINUTE
    wall = harness.wall
    for part in (harness.dispatcher, harness.parts):
        part.wall = lambda: wall() - back
    harness.parts.schedule_book.compute_again()
    harness.passes(4 * MINUTE)
    assert history(harness) == [(number, "fired") for number in range(5)]
    harness.check()


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_large_flow_of_a_schedule_is_stored_whole(harness: DispatcherHarness, *, by_hand: bool) -> None:
    flow = {"group": [{"task": TASK, "args": [number]} for number in range(3_000)]}
    asked = harness.ask(messages.SCHEDULE_ADD, "s", {"when": "* * * * *", "call": {"flow": flow}})
    harness.settle()
    assert asked.answer["id"] == "s"
    if by_hand:
        asked = harness.ask(messages.SCHEDULE_RUN, "s")
        harness.settle()
        assert isinstance(asked.answer, str)
    else:
        harness.passes(MINUTE)
    assert harness.dispatcher.state.counts["ready"] == 3_000
    harness.check()
