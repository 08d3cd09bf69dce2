"""Schedules follow the wall clock, which may be set, or jump over a suspension: none fires twice, `catch_up` decides about the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.dispatcher_harness import DispatcherHarness
from support.schedule_calls import FIRST, MINUTE, add, done, history, jobs, view
from support.storing import FakeSqliteStore, FakeStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOUR = 60 * MINUTE


class SetClocks(DispatcherHarness):
    """A harness whose wall clock is set; timers know nothing of that."""

    ahead = 0.0

    def wall(self) -> float:
        return super().wall() + self.ahead

    def sets_clock(self, seconds: float, *, is_seen: bool = True) -> None:
        """Set the wall clock; if that is seen, the service does what it does half a second later."""
        self.ahead += seconds
        if not is_seen:
            return
        if seconds > 0:
            self.parts.firings.fire_at(self.wall())
            self.parts.alarms.watch_at(self.wall())
        else:
            self.parts.schedule_book.compute_again()
        self.settle()


@pytest.fixture(params=["memory", "sqlite"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SetClocks]:
    store = FakeStore() if request.param == "memory" else FakeSqliteStore(tmp_path)
    made = SetClocks(store)
    made.worker("w", slots=100).lost()
    made.passes(FIRST - made.wall() - 30)
    yield made
    assert len({job["id"] for job in jobs(made)}) == len(jobs(made))
    made.check()
    store.close()


def test_a_clock_set_forward_misses_what_is_older_than_the_window(harness: SetClocks) -> None:
    add(harness, overlap="allow", catch_up=150)
    harness.passes(MINUTE)
    harness.sets_clock(HOUR)
    outcomes = history(harness)
    assert outcomes[:2] == [(0, "fired"), (1, "missed")]
    assert outcomes[2:] == [(58, "fired"), (59, "fired"), (60, "fired")]
    harness.passes(MINUTE)
    assert history(harness)[-1] == (61, "fired")


def test_a_suspended_machine_catches_up_in_order(harness: SetClocks) -> None:
    add(harness, overlap="allow", catch_up=2 * HOUR)
    harness.sets_clock(30 * MINUTE)  # the steady clock did not go on meanwhile
    assert history(harness) == [(number, "fired") for number in range(30)]
    harness.passes(MINUTE)
    assert history(harness)[-1] == (30, "fired")


def test_a_jump_that_is_not_seen_is_caught_within_a_minute(harness: SetClocks) -> None:
    add(harness, "far", when="14 23 * * *", catch_up=HOUR)
    harness.sets_clock(HOUR + 45, is_seen=False)
    harness.passes(MINUTE)
    assert history(harness, "far") == [(60, "fired")]


def test_a_clock_set_back_and_forward_again_fires_once_each(harness: SetClocks) -> None:
    add(harness, overlap="allow")
    harness.passes(3 * MINUTE)
    harness.sets_clock(-2 * MINUTE)
    assert view(harness)["due_at"] == FIRST + MINUTE
    harness.passes(MINUTE)
    harness.sets_clock(2 * MINUTE)
    harness.passes(2 * MINUTE)
    fired = [due for due, outcome in history(harness) if outcome == "fired"]
    assert sorted(fired) == [0, 1, 2, 3, 4, 5]
    assert not [outcome for _, outcome in history(harness) if outcome == "missed"]


def test_a_clock_set_back_moves_no_due_time_of_the_past(harness: SetClocks) -> None:
    add(harness, when="0 * * * *", overlap="allow")
    harness.passes(HOUR)
    (fired,) = history(harness)
    harness.sets_clock(-30 * MINUTE)
    harness.passes(45 * MINUTE)
    assert history(harness) == [fired]
    harness.passes(HOUR)
    assert len(history(harness)) == 2


def test_alarms_follow_a_clock_that_is_set(harness: SetClocks) -> None:
    add(harness, overlap="allow", alarm_after=90, when="14 * * * *")
    worker = harness.worker("w", slots=100)
    harness.passes(MINUTE)
    done(harness, worker)
    harness.passes(1)
    assert view(harness)["expected_at"] == FIRST + HOUR
    harness.sets_clock(-10 * MINUTE)
    assert view(harness)["expected_at"] == FIRST, "the due time comes again"
    harness.passes(15 * MINUTE)
    assert view(harness)["expected_at"] == FIRST + HOUR, "it has succeeded before"
    assert history(harness) == [(0, "fired")]
    harness.sets_clock(2 * HOUR)
    assert view(harness)["late_at"] == FIRST + HOUR + 90, "its due time was missed"
    done(harness, worker)
    harness.passes(HOUR)
    done(harness, worker)
    harness.passes(1)
    assert "late_at" not in view(harness)
