"""A schedule with `alarm_after` is late when no job succeeds in time, whatever the reason, until one does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import TASK, DispatcherHarness
from support.schedule_calls import FIRST, MINUTE, add, done, edit, failed, history, jobs, view
from support.storing import FakeSqliteStore, FakeStore

from taskbahn.protocol import messages
from taskbahn.protocol.scheduling import ALARMS_TOPIC

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["memory", "sqlite"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DispatcherHarness]:
    store = FakeStore() if request.param == "memory" else FakeSqliteStore(tmp_path)
    made = DispatcherHarness(store)
    made.worker("w", slots=3).lost()
    made.settle()
    made.passes(FIRST - made.wall() - 30)  # half a minute before the first due time
    yield made
    made.check()
    store.close()


def late_at(harness: DispatcherHarness, id: str = "s") -> float | None:
    """Return since when a schedule is late, in minutes from the first due time on."""
    found = view(harness, id).get("late_at")
    return None if found is None else (found - FIRST) / MINUTE


def said(harness: DispatcherHarness) -> list[tuple[bool, str]]:
    """Return what subscribers hear of alarms."""
    return [(alarm["is_late"], alarm["sentence"]) for topic, alarm in harness.published if topic == ALARMS_TOPIC]


def problem(harness: DispatcherHarness) -> dict[str, Any] | None:
    """Return the problem of schedules that are late, if there is one."""
    for _ in range(2):  # the first look asks the store
        harness.passes(5.1)
        harness.parts.status.look()
        harness.settle()
    return next((one for one in harness.parts.status.status()["problems"] if one["kind"] == "schedule_late"), None)


def test_a_schedule_whose_jobs_succeed_is_never_late(harness: DispatcherHarness) -> None:
    add(harness, alarm_after=90)
    worker = harness.worker("w", slots=100)
    for number in range(5):
        harness.passes(MINUTE)
        done(harness, worker)
        harness.passes(1)
        assert view(harness)["expected_at"] == FIRST + (number + 1) * MINUTE
    assert (late_at(harness), said(harness)) == (None, [])


def test_an_alarm_comes_so_long_after_the_due_time(harness: DispatcherHarness) -> None:
    found = add(harness, alarm_after=90)
    assert (found["expected_at"], found["alarm_at"]) == (FIRST, FIRST + 90)
    harness.passes(30 + 89)
    assert late_at(harness) is None
    harness.passes(2)
    assert late_at(harness) == 1.5
    ((is_late, sentence),) = said(harness)
    assert is_late
    assert sentence.startswith("The schedule s is late: no job for its due time 2023-11-14 22:14:00 UTC, or a later one")
    assert sentence.endswith("which is ready.")
    shown = problem(harness)
    assert shown is not None
    assert (shown["level"], shown["id"], shown["since"]) == ("error", "s", FIRST + 90)
    assert "taskbahn explain" in shown["hint"]
    harness.passes(10 * MINUTE)
    assert len(said(harness)) == 1, "it is said once"


def test_a_success_ends_the_alarm(harness: DispatcherHarness) -> None:
    add(harness, alarm_after=90)
    harness.passes(3 * MINUTE)
    assert late_at(harness) == 1.5
    done(harness, harness.worker("w", slots=100))
    harness.passes(1)
    assert late_at(harness) is None
    assert said(harness)[1] == (False, "The schedule s is late no more: a job has succeeded.")
    assert view(harness)["expected_at"] == FIRST + 3 * MINUTE, "those that were skipped for the job count as its own"
    assert problem(harness) is None


def test_a_schedule_whose_jobs_keep_failing_is_late(harness: DispatcherHarness) -> None:
    add(harness, alarm_after=90)
    worker = harness.worker("w", slots=100)
    for _ in range(3):
        harness.passes(MINUTE)
        failed(harness, worker)
    harness.passes(1)
    assert late_at(harness) == 1.5
    assert "its newest job" in said(harness)[0][1]
    found = problem(harness)
    assert found is not None
    assert found["sentence"].endswith(" failed.")
    assert "retry the job" in found["hint"]
    harness.passes(MINUTE)
    done(harness, worker)
    harness.passes(1)
    assert late_at(harness) is None


def test_a_retry_that_succeeds_ends_the_alarm(harness: DispatcherHarness) -> None:
    add(harness, when="0 * * * *", alarm_after=90)
    worker = harness.worker("w", slots=100)
    harness.passes(60 * MINUTE)
    failed(harness, worker)
    harness.passes(2 * MINUTE)
    assert late_at(harness) is not None
    harness.ask(messages.JOB_RETRY, [jobs(harness)[0]["id"]])
    harness.settle()
    done(harness, worker)
    harness.passes(11)
    assert late_at(harness) is None


def test_a_job_that_hangs_makes_its_schedule_late(harness: DispatcherHarness) -> None:
    add(harness, alarm_after=150, overlap="skip")
    harness.worker("w", slots=100)
    harness.passes(4 * MINUTE)
    assert history(harness) == [(0, "fired"), (1, "skipped"), (2, "skipped"), (3, "skipped")]
    assert late_at(harness) == 2.5
    assert "was skipped for the job" in said(harness)[0][1]
    assert "which is running" in said(harness)[0][1]


def test_a_refused_submission_makes_its_schedule_late(harness: DispatcherHarness) -> None:
    add(harness, alarm_after=90)
    del harness.dispatcher.state.tasks[TASK]
    harness.passes(3 * MINUTE)
    assert late_at(harness) == 1.5
    assert "was refused" in said(harness)[0][1]
    harness.passes(5)
    kinds = [one["kind"] for one in harness.parts.status.status()["problems"]]
    assert problem(harness) is not None
    assert "schedule_refused" not in kinds


def test_an_alarm_outlasts_a_restart(harness: DispatcherHarness) -> None:
    add(harness, alarm_after=90)
    harness.passes(2 * MINUTE)
    assert late_at(harness) == 1.5
    harness.restart()
    harness.passes(1)
    assert (late_at(harness), len(said(harness))) == (1.5, 1)
    done(harness, harness.worker("w", slots=100))
    harness.passes(11)
    assert late_at(harness) is None


def test_what_the_node_missed_is_an_alarm_when_it_starts(harness: DispatcherHarness) -> None:
    add(harness, alarm_after=90, catch_up=1, when="14 22 * * *")
    harness.clock.advance(60 * MINUTE)  # the dispatcher was away
    harness.restart()
    harness.passes(1)
    assert (history(harness), late_at(harness)) == ([(0, "missed")], 1.5)
    found = problem(harness)
    assert found is not None
    assert "the node was down or asleep" in found["sentence"]
    assert "backfill" in found["hint"]


def test_a_paused_schedule_is_not_late(harness: DispatcherHarness) -> None:
    add(harness, alarm_after=90)
    add(harness, "t", alarm_after=90)
    harness.passes(2 * MINUTE)
    assert late_at(harness) == 1.5
    for id in ("s", "t"):
        harness.ask(messages.SCHEDULE_PAUSE, id)
    harness.passes(10 * MINUTE)
    assert (late_at(harness), late_at(harness, "t"), "expected_at" in view(harness)) == (None, None, False)
    harness.ask(messages.SCHEDULE_RESUME, "s")
    harness.settle()
    expected = view(harness)["expected_at"]
    assert expected > harness.wall()
    harness.passes(expected + 91 - harness.wall())
    assert late_at(harness) == (expected + 90 - FIRST) / MINUTE


def test_jitter_moves_the_alarm(harness: DispatcherHarness) -> None:
    found = add(harness, alarm_after=90, jitter=30, when="0 * * * *")
    assert found["alarm_at"] == found["next_at"] + 90


def test_an_edit_moves_the_alarm(harness: DispatcherHarness) -> None:
    add(harness)
    assert "alarm_at" not in view(harness)
    assert edit(harness, alarm_after=90)["alarm_at"] == FIRST + 90
    assert edit(harness, alarm_after=600)["alarm_at"] == FIRST + 600
    harness.passes(3 * MINUTE)
    assert late_at(harness) is None
    edit(harness, alarm_after=60)
    harness.passes(1)
    assert late_at(harness) == 1
    assert edit(harness, note="x")["late_at"] == FIRST + 60, "what is no matter of times changes no alarm"
    edit(harness, alarm_after=600)
    harness.passes(1)
    assert late_at(harness) is None
    edit(harness, alarm_after=None)
    assert "expected_at" not in view(harness)


def test_the_last_due_time_of_a_schedule_is_expected_too(harness: DispatcherHarness) -> None:
    add(harness, alarm_after=90, times=2)
    worker = harness.worker("w", slots=100)
    harness.passes(MINUTE)
    done(harness, worker)
    harness.passes(MINUTE)
    failed(harness, worker)
    harness.passes(2 * MINUTE)
    assert (late_at(harness), "due_at" in view(harness)) == (2.5, False)
    harness.ask(messages.JOB_RETRY, [jobs(harness)[-1]["id"]])
    harness.settle()
    done(harness, worker)
    harness.passes(11)
    assert (late_at(harness), "expected_at" in view(harness)) == (None, False)


def test_late_schedules_beyond_a_page_recover(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskbahn_router.dispatcher.schedule_alarms.PAGE", 2)
    ids = [f"s{number}" for number in range(5)]
    for id in ids:
        add(harness, id, alarm_after=90)
    harness.passes(3 * MINUTE)
    assert {late_at(harness, id) for id in ids} == {1.5}
    found = problem(harness)
    assert found is not None
    assert found["id"] == "s0"
    harness.restart()
    done(harness, harness.worker("w", slots=100))
    harness.passes(40)
    assert {late_at(harness, id) for id in ids} == {None}


@pytest.mark.parametrize("value", [0, -1, "soon", 1e12, True])
def test_a_bad_alarm_is_refused(harness: DispatcherHarness, value: Any) -> None:
    spec = {"when": "* * * * *", "call": {"task": TASK}, "alarm_after": value}
    asked = harness.ask(messages.SCHEDULE_ADD, "s", spec)
    harness.settle()
    assert asked.error == "invalid_schedule"
