"""A schedule says why it starts no job, and a job which schedule has started it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.dispatcher_harness import TASK, DispatcherHarness
from support.schedule_calls import FIRST, MINUTE, add, done, edit, history, jobs
from support.storing import FakeSqliteStore, FakeStore

from taskbahn.protocol import messages
from taskbahn.protocol.schedule_fields import DeclaredSchedule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["memory", "sqlite"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DispatcherHarness]:
    store = FakeStore() if request.param == "memory" else FakeSqliteStore(tmp_path)
    made = DispatcherHarness(store)
    made.passes(FIRST - made.wall() - 30)
    yield made
    store.close()


def waits(harness: DispatcherHarness, id: str = "s") -> list[tuple[str, str]]:
    asked = harness.ask(messages.VIEW_SCHEDULE_WAITS, id)
    harness.settle()
    assert not any(reason["open"] for reason in asked.answer)
    return [(reason["rule"], reason["why"]) for reason in asked.answer]


def of_job(harness: DispatcherHarness, id: str) -> list[str]:
    """Return what a job says of its schedule."""
    asked = harness.ask(messages.JOB_EXPLAIN, id)
    harness.settle()
    return [reason["why"] for reason in asked.answer if reason["rule"] == "schedule"]


def test_a_schedule_that_is_well_waits_for_its_time_only(harness: DispatcherHarness) -> None:
    harness.worker("w")
    add(harness)
    assert waits(harness) == [("time", "It is due at 2023-11-14 22:14:00 UTC")]
    asked = harness.ask(messages.VIEW_SCHEDULE_WAITS, "t")
    harness.settle()
    assert asked.error == "invalid_schedule"


def test_a_schedule_says_that_no_worker_offers_its_task(harness: DispatcherHarness) -> None:
    worker = harness.worker("w")
    add(harness, call={"task": TASK})
    worker.lost()
    harness.passes(20)
    assert waits(harness)[0] == ("workers", f"No attached worker offers {TASK}: its jobs wait for one")
    harness.passes(MINUTE)
    (job,) = jobs(harness)
    rule, why = waits(harness)[1]
    assert rule == f"job:{job['id']}"
    assert why == f"Its last job, {job['id']}, is ready: due times are skipped until it ends"
    assert "is due" in waits(harness)[2][1]


def test_a_schedule_whose_task_disappears_stays_and_says_so(harness: DispatcherHarness) -> None:
    harness.worker("w").lost()
    add(harness)
    harness.passes(20)
    del harness.dispatcher.state.tasks[TASK]
    assert waits(harness)[0] == ("task", f"No worker has declared {TASK}: its jobs are refused until one does")
    harness.passes(MINUTE)
    assert history(harness) == [(0, "refused")]
    first, second, third = waits(harness)
    assert first[0] == "trouble"
    assert TASK in first[1]
    assert (second[0], third[0]) == ("task", "time")
    worker = harness.worker("w")
    harness.passes(MINUTE)
    done(harness, worker)
    assert history(harness) == [(0, "refused"), (1, "fired")]
    assert [rule for rule, _ in waits(harness)] == ["time"]


def test_a_paused_schedule_says_who_paused_it(harness: DispatcherHarness) -> None:
    harness.worker("w")
    add(harness)
    harness.ask(messages.SCHEDULE_PAUSE, "s", reason="holidays", who="bob", until=FIRST + 9.5 * MINUTE)
    harness.settle()
    asked = harness.ask(messages.VIEW_SCHEDULE_WAITS, "s")
    harness.settle()
    assert asked.answer[0] == {
        "rule": "pause", "open": False, "why": "It is paused by bob since 2023-11-14 22:13:30 UTC: holidays", "opens_at": FIRST + 570,
    }  # fmt: skip
    assert waits(harness)[1] == ("time", "It is due at 2023-11-14 22:24:00 UTC")
    harness.passes(10 * MINUTE + 25)
    assert [rule for rule, _ in waits(harness)] == ["time"], "its pause is over"


def test_an_orphaned_schedule_says_so(harness: DispatcherHarness) -> None:
    declared = DeclaredSchedule(id="s", spec={"when": "* * * * *", "call": {"task": TASK}})
    harness.worker("old", schedules=[declared]).lost()
    harness.passes(15)
    harness.worker("new")
    ((rule, why),) = waits(harness)
    assert (rule, "no attached worker declares it" in why, "taskbahn schedules resume" in why) == ("orphaned", True, True)


def test_a_schedule_that_is_over_says_why(harness: DispatcherHarness) -> None:
    worker = harness.worker("w", slots=9)
    add(harness, times=1)
    add(harness, "t", end=FIRST + 30)
    add(harness, "u", when={"kind": "dates", "dates": ["2023-11-14T22:14:00Z"]})
    harness.passes(2 * MINUTE)
    done(harness, worker)
    assert waits(harness) == [("times", "It has fired 1 time, as often as it may")]
    assert waits(harness, "t") == [("end", "Its last due time is over: it ended at 2023-11-14 22:14:30 UTC")]
    assert waits(harness, "u") == [("end", "Its last due time is over: it has no later one")]


def test_due_times_that_wait_say_for_what(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    harness.worker("w", slots=9)
    add(harness, overlap="buffer_all")
    add(harness, "t", overlap="allow")
    harness.passes(MINUTE)
    assert waits(harness)[0][1].endswith("is running: due times wait for its end")
    harness.passes(2 * MINUTE)
    assert waits(harness)[0][1].endswith("is running: 2 due times wait for its end")
    assert [rule for rule, _ in waits(harness, "t")] == ["time"]
    monkeypatch.setattr("taskbahn_router.submission.backpressure.MAX_QUEUED", 0)
    harness.passes(MINUTE)
    assert waits(harness, "t")[0][1] == "It was due at 2023-11-14 22:17:00 UTC, and fires as soon as the queue has room"
    edit(harness, "t", overlap="skip")


def test_a_job_says_which_schedule_started_it(harness: DispatcherHarness) -> None:
    harness.worker("w").lost()
    add(harness, overlap="allow")
    add(harness, "flow", call={"flow": {"chain": [{"task": TASK}, {"task": TASK}]}}, times=1)
    harness.passes(MINUTE)
    found = [of_job(harness, job["id"]) for job in jobs(harness)]
    assert ["The schedule s started it for its due time 2023-11-14 22:14:00 UTC, 0 ms after that"] in found
    assert found.count(["The schedule flow started it for its due time 2023-11-14 22:14:00 UTC, 0 ms after that"]) == 2, (
        "its members"
    )
    asked = harness.ask(messages.SCHEDULE_RUN, "s")
    harness.settle()
    assert of_job(harness, asked.answer) == ["The schedule s started it besides its due times: by hand, or by a backfill"]
    first = next(job["id"] for job in jobs(harness) if job["caller"] == "schedule:s")
    harness.ask(messages.SCHEDULE_DELETE, "s")
    harness.settle()
    assert of_job(harness, first) == ["The schedule s started it, for a due time that its history has no more"]
    other = harness.submit()
    harness.settle()
    assert of_job(harness, other.answer[0]) == []
