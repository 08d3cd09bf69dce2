"""Ids that callers choose, and that have jobs of other tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import TASK, DispatcherHarness, job_id
from support.job_states import bring

from taskbahn.protocol import messages
from taskbahn.protocol.states import State

if TYPE_CHECKING:
    from support.dispatcher_harness import FakeWorker

ONE, TWO, THREE = job_id(1), job_id(2), job_id(3)
OTHER = "other.task"


def wrong(task: str = TASK, expected: str = OTHER) -> dict[str, Any]:
    return {"error": "taskbahn.error.wrong_task", "job": ONE, "task": task, "expected": expected}


def named(error: dict[str, Any]) -> dict[str, Any]:
    return {"error": error["error"], **error["detail"]}


@pytest.mark.parametrize("follow", [True, False])
@pytest.mark.parametrize("state", list(State))
def test_the_id_of_another_tasks_job_is_refused_in_each_state(
    harness: DispatcherHarness, worker: FakeWorker, state: State, *, follow: bool
) -> None:
    harness.worker("other", tasks=[OTHER])
    bring(harness, worker, state)
    before = harness.row(ONE)
    again = harness.submit(id=ONE, task=OTHER, follow=follow)
    harness.settle()
    assert (named(again.answer[0]), again.outcomes) == (wrong(), {})
    assert "give a new id, or none" in again.answer[0]["message"]
    assert harness.row(ONE) == before
    harness.check()


@pytest.mark.parametrize("declaration", [{}, {"limits": [{"kind": "concurrency", "name": "few", "limit": 9}]}], ids=str)
def test_of_many_calls_those_with_ids_of_other_jobs_are_refused(
    harness: DispatcherHarness, worker: FakeWorker, declaration: dict[str, Any]
) -> None:
    harness.worker("other", slots=5, tasks=[OTHER], declaration=declaration)
    bring(harness, worker, State.SUCCEEDED)
    calls = [[TWO, "wrong"], [ONE, "[[],{}]"], [THREE, "[[],{}]"]]
    asked = harness.ask(messages.SUBMIT, [{"task": OTHER, "calls": calls}])
    harness.settle()
    assert (asked.answer[0]["accepted"], asked.answer[0]["errors"].keys()) == (1, {"0", "1"})
    assert named(asked.answer[0]["errors"]["1"]) == wrong()
    assert (harness.known(TWO), harness.known(THREE)) == (None, "running")
    harness.check()


def test_a_flow_with_the_id_of_another_job_is_refused(harness: DispatcherHarness, worker: FakeWorker) -> None:
    bring(harness, worker, State.SUCCEEDED)
    asked = harness.ask(messages.SUBMIT, [{"flow": {"chain": [{"task": TASK}, {"task": TASK}]}, "id": ONE}], follow=True)
    harness.settle()
    assert (named(asked.answer[0]), asked.outcomes) == (wrong(expected="taskbahn.chain"), {})
    assert sum(harness.dispatcher.state.counts.values()) == 1
    harness.check()


def test_of_two_tasks_in_one_turn_the_first_has_the_id(harness: DispatcherHarness, worker: FakeWorker) -> None:
    harness.worker("other", tasks=[OTHER])
    asked = harness.ask(messages.SUBMIT, [{"task": TASK, "id": ONE}, {"task": OTHER, "id": ONE}], follow=True)
    harness.settle()
    worker.done(*worker.take())
    harness.settle()
    assert asked.answer[0] == ONE
    assert (named(asked.answer[1]), asked.outcomes) == (wrong(), {ONE: "succeeded"})
    harness.check()


def test_the_same_task_in_another_queue_is_the_same_job(harness: DispatcherHarness, worker: FakeWorker) -> None:
    bring(harness, worker, State.SUCCEEDED)
    again = harness.submit(id=ONE, queue="other", follow=True)
    harness.settle()
    assert (again.answer, again.outcomes) == ([ONE], {ONE: "succeeded"})
    harness.check()
