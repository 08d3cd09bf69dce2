"""Pauses of jobs and trees in the dispatcher: what does not start, what running attempts hear, and what people see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import WALL, DispatcherHarness, FakeWorker, busy, job_id

from taskbahn.protocol import messages
from taskbahn.protocol.suspended import PAUSE_NOTE, Suspended

if TYPE_CHECKING:
    from support.recorded_call import RecordedCall


def put(harness: DispatcherHarness, count: int = 1) -> None:
    """Submit jobs while there is no worker."""
    harness.worker("first").lost()
    for _ in range(count):
        harness.submit()
    harness.settle()


def pause(harness: DispatcherHarness, *numbers: int, **words: Any) -> Any:
    asked = harness.ask(messages.JOB_PAUSE, [job_id(number) for number in numbers], **words)
    harness.settle()
    return asked.answer


def resume(harness: DispatcherHarness, *numbers: int) -> Any:
    asked = harness.ask(messages.JOB_RESUME, [job_id(number) for number in numbers])
    harness.settle()
    return asked.answer


def view(harness: DispatcherHarness, number: int) -> dict[str, Any]:
    found: dict[str, Any] = harness.ask(messages.JOB_GET, job_id(number)).answer
    return found


def reasons(harness: DispatcherHarness, number: int) -> dict[str, str]:
    found = harness.ask(messages.JOB_EXPLAIN, job_id(number)).answer
    return {reason["rule"]: reason["why"] for reason in found}


def told(worker: FakeWorker) -> list[Any]:
    return [note for order in worker.asked.progress for note in order.get("notes", ())]


def test_a_paused_job_does_not_start_until_it_is_resumed(harness: DispatcherHarness) -> None:
    put(harness)
    assert pause(harness, 1, reason="too warm") == ["waiting"]
    worker = harness.worker()
    assert worker.take() == []
    assert resume(harness, 1) == ["ready"]
    assert worker.take() == [(job_id(1), 1)]
    harness.check()


def test_a_job_that_is_just_being_accepted_is_paused(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    harness.hold_commits()
    harness.submit()
    harness.clock.advance(0)
    asked = harness.ask(messages.JOB_PAUSE, [job_id(1)])
    harness.release_commits()
    assert asked.answer in (["running"], ["waiting"])
    worker.take()
    assert view(harness, 1)["paused"]["job"] == job_id(1)
    harness.check()


def test_a_running_attempt_hears_that_it_waits_and_goes_on(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    assert pause(harness, 1) == ["running"]
    assert resume(harness, 1) == ["running"]
    assert told(worker) == [[job_id(1), 1, PAUSE_NOTE, "true"], [job_id(1), 1, PAUSE_NOTE, "false"]]
    worker.done((job_id(1), 1))
    harness.settle()
    harness.check()


def test_a_paused_attempt_that_leaves_its_worker_starts_again_after_the_pause(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    pause(harness, 1)
    worker._ended([(job_id(1), 1)])
    worker.says(suspended=[Suspended(id=job_id(1), attempt=1, until=harness.wall())])
    harness.passes(2.0)
    assert (worker.take(), harness.state(1)) == ([], "waiting")
    assert resume(harness, 1) == ["ready"]
    assert worker.take() == [(job_id(1), 2)]
    harness.check()


@pytest.mark.parametrize("is_resumed", [False, True])
def test_a_worker_that_comes_back_hears_what_it_has_missed(harness: DispatcherHarness, *, is_resumed: bool) -> None:
    busy(harness)
    pause(harness, 1)
    harness.restart()
    if is_resumed:
        resume(harness, 1)
    worker = harness.worker(running=[(job_id(1), 1)])
    harness.settle()
    assert told(worker) == [[job_id(1), 1, PAUSE_NOTE, "false" if is_resumed else "true"]]


def test_a_lost_attempt_of_a_paused_job_does_not_start_again(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    pause(harness, 1)
    worker.lost()
    harness.passes(11.0)
    other = harness.worker("other")
    assert (other.take(), harness.state(1)) == ([], "waiting")
    harness.check()
    resume(harness, 1)
    assert other.take() == [(job_id(1), 2)]
    harness.check()


def test_a_pause_ends_by_itself_also_over_a_restart(harness: DispatcherHarness) -> None:
    put(harness, 2)
    pause(harness, 1, within=5.0)
    pause(harness, 2, within=50.0)
    harness.passes(1.0)
    harness.restart()
    worker = harness.worker(slots=2)
    harness.passes(3.0)
    assert worker.take() == []
    harness.passes(2.0)
    assert worker.take() == [(job_id(1), 1)]
    harness.check()


def test_what_has_ended_or_is_unknown_is_not_paused(harness: DispatcherHarness) -> None:
    put(harness)
    harness.ask(messages.JOB_CANCEL, [job_id(1)])
    harness.settle()
    for answers in (pause(harness, 1, 9), resume(harness, 1, 9)):
        assert [answer["error"].rpartition(".")[2] for answer in answers] == ["wrong_state", "unknown_job"]


@pytest.mark.parametrize("within", [0, -1, "soon", True, 1e12, float("nan")])
def test_a_pause_takes_a_time_to_come(harness: DispatcherHarness, within: Any) -> None:
    put(harness)
    assert harness.ask(messages.JOB_PAUSE, [job_id(1)], within=within).error == "invalid_option"


def test_people_see_who_paused_a_job_and_why(harness: DispatcherHarness) -> None:
    put(harness)
    pause(harness, 1, reason="too warm", who="ada", within=60.0)
    assert view(harness, 1)["paused"] == {
        "job": job_id(1), "reason": "too warm", "until": WALL + 60, "paused_by": "ada", "paused_at": WALL,
    }  # fmt: skip
    why = "It is paused by ada since 2023-11-14 22:13:20 UTC: too warm"
    assert view(harness, 1)["place"] == {"why": why, "starts_at": WALL + 60}
    assert reasons(harness, 1)["pause"] == why
    assert "time" not in reasons(harness, 1)
    (listed,) = harness.ask(messages.VIEW_JOBS).answer["jobs"]
    assert listed["paused"] == {}
    resume(harness, 1)
    assert "paused" not in view(harness, 1)
    assert "pause" not in reasons(harness, 1)


def test_watchers_hear_of_a_pause_and_of_its_end(harness: DispatcherHarness) -> None:
    put(harness)
    watch: RecordedCall = harness.ask(messages.JOB_WATCH, job_id(1))
    harness.settle()
    pause(harness, 1, who="ada")
    resume(harness, 1)
    events = [(kind, data and data.get("paused_by") if kind == "pause" else data) for _, kind, data in watch.events]
    assert events == [("state", "waiting"), ("pause", "ada"), ("state", "ready"), ("pause", None)]


def start_flow(harness: DispatcherHarness, *, members: int = 3) -> str:
    call = {"flow": {"chain": [{"group": [{"task": "a.task", "args": [k]} for k in range(members)]}, {"task": "a.task"}]}}
    asked = harness.ask(messages.SUBMIT, [call | {"id": job_id(500)}])
    harness.settle()
    assert asked.answer == [job_id(500)]
    return job_id(500)


def test_a_paused_flow_starts_nothing_and_its_members_say_so(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    flow = start_flow(harness)
    (running,) = worker.take()
    assert pause(harness, 500, reason="too warm") == ["running"]
    assert [note[0] for note in told(worker)] == [running[0]]
    worker.done(running)
    harness.settle()
    assert worker.take() == []
    members = harness.ask(messages.JOB_MEMBERS, flow).answer["jobs"]
    held = [member["id"] for member in members if member["state"] == "waiting" and member["task"] == "a.task"]
    assert len(held) == 3
    found = harness.ask(messages.JOB_GET, held[0]).answer
    assert found["paused"]["job"] == flow
    (reason, *_) = harness.ask(messages.JOB_EXPLAIN, held[0]).answer
    assert reason["why"].startswith(f"The job {flow}, of which it is a part, is paused by joe since")
    assert reason["holders"] == [flow]
    assert next(iter(reasons(harness, 500))) == "pause"
    harness.check()
    assert resume(harness, 500) == ["running"]
    for _ in range(4):
        worker.done(*worker.take())
        harness.settle()
    assert harness.state(500) == "succeeded"
    harness.check()
