"""Attempts that give their slots back while they wait: parked ones go on in their worker, suspended ones start again from the top."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import WALL, DispatcherHarness, busy, job_id
from support.promise_tables import tables_of

from taskbahn.protocol import messages
from taskbahn.protocol.messages import DeclaredLimit
from taskbahn.protocol.suspended import Suspended
from taskbahn_router.core import wait_circles

if TYPE_CHECKING:
    from support.dispatcher_harness import FakeWorker

ONE, TWO, THREE = job_id(1), job_id(2), job_id(3)
GPU = DeclaredLimit(kind="concurrency", name="gpu", limit=1)


def suspended(harness: DispatcherHarness, worker: FakeWorker, run: tuple[str, int], **waits: Any) -> None:
    worker._ended([run])
    worker.says(suspended=[Suspended(id=run[0], attempt=run[1], **waits)])
    harness.settle()


def notes(harness: DispatcherHarness, id: str = ONE) -> dict[str, str]:
    asked = harness.ask(messages.JOB_NOTES, id)
    harness.settle()
    return dict(asked.answer["notes"])


def test_two_parents_on_two_slots_do_not_deadlock(harness: DispatcherHarness) -> None:
    """They wait for jobs of their own queue, which need the slots that they have."""
    worker = busy(harness, 2)
    for number in (3, 4):
        harness.submit(id=job_id(number))
    harness.settle()
    assert worker.take() == []
    suspended(harness, worker, (ONE, 1), jobs=[THREE])
    suspended(harness, worker, (TWO, 1), jobs=[job_id(4)])
    runs = worker.take()
    assert [id for id, _ in runs] == [THREE, job_id(4)]
    harness.check()
    worker.done(*runs)
    harness.settle()
    assert worker.take() == [(ONE, 2), (TWO, 2)]
    harness.check()


def test_a_suspended_job_is_charged_nothing(harness: DispatcherHarness) -> None:
    worker = busy(harness, 1, start_within=5)
    for attempt in range(1, 6):
        suspended(harness, worker, (ONE, attempt), until=WALL + harness.clock.seconds() + 100)
        assert harness.state(1) == "waiting"
        harness.passes(101)
        assert worker.take() == [(ONE, attempt + 1)]
    row = harness.row(1)
    assert (row.failures, row.crashes, row.attempt) == (0, 0, 6)
    assert notes(harness) == {"@suspensions": "5"}


def test_progress_outlives_a_suspension(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    worker.notices((ONE, 1), "progress", {"fraction": 0.5})
    suspended(harness, worker, (ONE, 1), until=WALL + 1000)
    asked = harness.ask(messages.JOB_GET, ONE)
    harness.settle()
    assert (asked.answer["state"], asked.answer["progress"]["fraction"]) == ("waiting", 0.5)


def test_a_parked_attempt_makes_room_and_takes_it_again(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    harness.submit(id=TWO)
    harness.settle()
    worker.says(parked=[(ONE, 1, True), (ONE, 1, True), (THREE, 1, True)])
    harness.settle()
    assert worker.take() == [(TWO, 1)]
    harness.submit(id=THREE)
    worker.says(parked=[(ONE, 1, False)])
    harness.settle()
    assert harness.dispatcher.state.workers["w"].room.in_flight == 2
    worker.done((TWO, 1))
    harness.settle()
    assert worker.take() == []
    harness.check()
    worker.done((ONE, 1))
    harness.settle()
    assert worker.take() == [(THREE, 1)]
    harness.check()


@pytest.mark.parametrize("end", ["done", "suspended", "cancelled", "lost"])
def test_a_parked_attempt_ends_in_every_way(harness: DispatcherHarness, end: str) -> None:
    worker = busy(harness)
    worker.says(parked=[(ONE, 1, True)])
    harness.settle()
    if end == "done":
        worker.done((ONE, 1))
    elif end == "suspended":
        suspended(harness, worker, (ONE, 1), until=WALL + 1000)
    elif end == "cancelled":
        harness.ask(messages.JOB_CANCEL, [ONE])
        harness.settle()
        worker.failed((ONE, 1), kind="cancelled")
    else:
        worker.lost()
        harness.passes(30)
        worker = harness.worker("w2")
    harness.settle()
    harness.check()
    free = harness.dispatcher.state.workers[worker.id].room
    assert free.in_flight == (end == "lost")


def test_a_worker_that_comes_back_says_what_is_parked(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    worker.says(parked=[(ONE, 1, True)])
    harness.settle()
    worker.lost()
    worker = harness.worker("w", running=[(ONE, 1)])
    harness.check()
    worker.says(parked=[(ONE, 1, True)])
    harness.submit(id=TWO)
    harness.settle()
    assert worker.take() == [(TWO, 1)]
    harness.check()


def test_a_suspended_attempt_gives_its_permits_back(harness: DispatcherHarness) -> None:
    """Else a job that waits for another one under the same limit would wait for ever."""
    worker = harness.worker("w", 5, declaration={"limits": [GPU]})
    harness.submit(id=ONE)
    harness.settle()
    assert worker.asked.progress[-1]["run"][0][5:] == [False, False, True, False]
    harness.submit(id=TWO)
    harness.settle()
    assert worker.take() == [(ONE, 1)]
    suspended(harness, worker, (ONE, 1), jobs=[TWO])
    assert worker.take() == [(TWO, 1)]
    worker.done((TWO, 1))
    harness.settle()
    assert worker.take() == [(ONE, 2)]
    assert {key: gate.used for key, gate in tables_of(harness.store).gates.items()} == {"gpu": 1}


def test_the_worker_of_the_next_attempt_reads_the_notes(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    worker.notices((ONE, 1), "note", {"name": "fetch", "value": "[1]"}, {"name": "fetch", "value": "[2]"})
    suspended(harness, worker, (ONE, 1), until=WALL)
    assert notes(harness) == {"@suspensions": "1", "fetch": "[1]"}
    assert worker.asked.progress[-1]["run"][0][5:] == [False, True, False, False]


def test_a_restart_keeps_what_is_suspended(harness: DispatcherHarness) -> None:
    worker = busy(harness, 2)
    suspended(harness, worker, (ONE, 1), jobs=[TWO])
    harness.restart()
    worker = harness.worker("w", 2, running=[(TWO, 1)])
    assert harness.state(1) == "waiting"
    worker.done((TWO, 1))
    harness.settle()
    assert worker.take() == [(ONE, 2)]
    harness.check()


@pytest.mark.parametrize(
    "report",
    [
        {"suspended": [{"id": ONE, "attempt": 1, "jobs": ["no id"]}]},
        {"suspended": [{"id": ONE, "attempt": 1, "until": 1e300}]},
        {"suspended": [{"id": ONE, "attempt": 1, "notes": [""]}]},
        {"notices": [[ONE, 1, "note", 0.0, {"name": "x"}]]},
        {"notices": [[ONE, 1, "note", 0.0, {"name": "x" * 201, "value": "1"}]]},
        {"notices": [[ONE, 1, "note", 0.0, {"name": "\ud800", "value": "1"}]]},
        {"notices": [[ONE, 1, "note", 0.0, {"name": "x", "value": "[" * 300 + "]" * 300}]]},
    ],
)
def test_a_report_that_cannot_be_changes_nothing(harness: DispatcherHarness, report: dict[str, Any]) -> None:
    worker = busy(harness)
    asked = harness.ask(messages.WORKER_REPORT, report, caller=worker.asked.call.caller)
    harness.settle()
    assert asked.error is not None
    assert (harness.state(1), notes(harness)) == ("running", {})


def test_a_late_suspension_is_refused(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    asked = worker.says(suspended=[Suspended(id=ONE, attempt=7, until=WALL)])
    harness.settle()
    assert asked.answer == {"refused": [[ONE, 7]]}
    assert harness.state(1) == "running"


def explained(harness: DispatcherHarness, number: int) -> list[tuple[str, str]]:
    asked = harness.ask(messages.JOB_EXPLAIN, job_id(number))
    harness.settle()
    return [(reason["rule"], reason["why"]) for reason in asked.answer if not reason["open"]]


def test_a_suspended_job_says_what_its_function_waits_for(harness: DispatcherHarness) -> None:
    worker = busy(harness, 4)
    until = WALL + harness.clock.seconds() + 100
    suspended(harness, worker, (ONE, 1), jobs=[job_id(4)], until=until)
    suspended(harness, worker, (TWO, 1), until=until)
    suspended(harness, worker, (THREE, 1), notes=["b", "a"])
    assert explained(harness, 1) == [
        (f"job:{job_id(4)}", f"Its function waits for the job {job_id(4)} (a.task), which is running"),
        ("time", "Its function goes on then at the latest"),
    ]
    assert explained(harness, 2) == [("time", "Its function sleeps, and goes on then")]
    assert explained(harness, 3) == [
        (f"answer:{name}", f"Its function waits for {name!r}, which is not there yet") for name in ("a", "b")
    ]


def test_what_a_job_has_waited_for_is_no_reason_any_more(harness: DispatcherHarness) -> None:
    """Its function has waited for the first of two; the edge to the other is open while it waits for its delay."""
    worker = busy(harness, 3, retries=3, retry_backoff=50.0)
    suspended(harness, worker, (ONE, 1), jobs=[TWO, THREE])
    worker.done((TWO, 1))
    harness.settle()
    assert worker.take() == [(ONE, 2)]
    worker.failed((ONE, 2))
    harness.settle()
    assert [rule for rule, _ in explained(harness, 1)] == ["time"]


def test_jobs_that_wait_for_each_other_say_so(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a circle that leads further than a commit looks."""
    monkeypatch.setattr(wait_circles, "MAX_JOBS", 0)
    worker = busy(harness, 4)
    for number, other in ((1, 2), (2, 3), (3, 1), (4, 1)):
        suspended(harness, worker, (job_id(number), 1), jobs=[job_id(other)])
    circle = {number: [why for rule, why in explained(harness, number) if rule == "circle"] for number in (1, 2, 3, 4)}
    assert circle[1] == [
        f"Jobs wait for each other in a circle, so none of them goes on: {ONE} → {TWO} → {THREE} → {ONE}; cancel one of them"
    ]
    assert all(circle[number] for number in (2, 3))
    assert not circle[4]  # it waits for one of them, and none for it
    harness.ask(messages.JOB_CANCEL, [TWO])
    harness.settle()
    assert worker.take() == [(ONE, 2)]
