"""Declared limits at the dispatcher: wrong ones change nothing, right ones give each job its keys."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from support.dispatcher_harness import TASK, DispatcherHarness, job_id

from taskbahn.protocol import messages
from taskbahn.protocol.messages import DeclaredLimit, TaskDeclaration
from taskbahn_router.core.rows import costs_of
from taskbahn_router.submission.submission import Submissions

if TYPE_CHECKING:
    from collections.abc import Generator

    from taskbahn_router.submission.submission import Draft


def limit(**values: Any) -> dict[str, Any]:
    return {"kind": "rate", "name": "x", "rate": "1/s"} | values


def attached(harness: DispatcherHarness, *tasks: dict[str, Any]) -> Any:
    hello = messages.Hello(protocol=messages.PROTOCOL, worker="new", slots=1, tasks=[])
    asked = harness.ask(messages.WORKER_ATTACH, messages.plain(hello) | {"tasks": list(tasks)}, caller=77)
    harness.settle()
    return asked


SIGNATURE = {
    "digest": "d",
    "parameters": {"properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False},
    "order": ["a"],
}


@pytest.mark.parametrize(
    "wrong, error, said",
    [
        (limit(rate="1/x"), "invalid_option", "'x' at position 3 is no unit"),
        (limit(rate=5), "invalid_request", "Expected `str | null`, got `int` - at `$.tasks[1].limits[0].rate`"),
        (limit(rate=None), "invalid_option", "a rate has `rate`, and no `limit`"),
        (limit(limit=5), "invalid_option", "a rate has `rate`"),
        (limit(kind="bucket"), "invalid_request", "Invalid enum value 'bucket'"),
        (limit(name=""), "invalid_option", "name = ''"),
        ({"kind": "rate", "rate": "1/s"}, "invalid_request", "missing required field `name`"),
        (limit(key="a"), "invalid_option", "it has no braces"),
        (limit(key="{b}"), "invalid_option", "{b} names no argument of b.task"),
        (limit(burst=True), "invalid_request", "Expected `int | null`, got `bool`"),
        (limit(burst=10**30), "invalid_option", "burst ="),
        (limit(burst=0), "invalid_option", "burst = 0"),
        (limit(cost=math.nan), "invalid_request", "Expected `int | str`, got `float`"),
        (limit(cost=5), "invalid_option", "without burst it is at most 1"),
        (limit(kind="concurrency", rate=None, limit=0), "invalid_option", "with a limit of 0 no job would start"),
        (limit(kind="concurrency", limit=3), "invalid_option", "a concurrency limit has `limit`"),
        (5, "invalid_request", "Expected `object`, got `int`"),
        (limit(rate="2/s"), "invalid_option", "two limits are named 'x': Rate('1/s') of a.task and Rate('2/s') of b.task"),
    ],
)
def test_a_wrong_declaration_changes_nothing_and_the_worker_is_answered(
    harness: DispatcherHarness, wrong: Any, error: str, said: str
) -> None:
    asked = attached(
        harness,
        {"name": TASK, "signature": SIGNATURE, "limits": [limit()]},
        {"name": "b.task", "signature": SIGNATURE, "limits": [wrong]},
    )
    assert asked.error == error
    assert said in asked.sent[-1][1].message
    state = harness.dispatcher.state
    assert (list(state.tasks), list(state.workers), harness.declared) == ([], [], [])


def test_a_worker_that_declares_limits_is_taken_and_its_task_kept(harness: DispatcherHarness) -> None:
    asked = attached(harness, {"name": TASK, "signature": SIGNATURE, "limits": [limit(key="{a}")], "fair_key": "{@queue}"})
    assert asked.progress
    known = harness.dispatcher.state.tasks[TASK]
    assert known.limit_keys is not None
    assert msgspec.json.decode(known.packed, type=TaskDeclaration).limits == [
        DeclaredLimit(kind="rate", name="x", rate="1/s", key="{a}")
    ]


def test_a_worker_without_limits_is_as_before(harness: DispatcherHarness) -> None:
    attached(harness, {"name": TASK, "signature": SIGNATURE})
    assert harness.dispatcher.state.tasks[TASK].limit_keys is None


def test_a_call_whose_arguments_make_no_key_stores_nothing(harness: DispatcherHarness) -> None:
    attached(harness, {"name": TASK, "signature": SIGNATURE, "limits": [limit(key="{a}")]})
    queues = len(harness.dispatcher.state.partitions)
    asked = harness.submit("x" * 1000, queue="never.seen")
    harness.settle()
    assert asked.answer[0]["error"].endswith("invalid_arguments")
    assert "makes the key of the limit 'x' 1,000 characters long" in asked.answer[0]["detail"]["fields"]["a"]
    assert len(harness.dispatcher.state.partitions) == queues
    accepted = harness.submit("y")
    harness.settle()
    assert accepted.answer == [job_id(2)]
    harness.check()


def drained(reading: Generator[None, None, Draft]) -> Draft:
    while True:
        try:
            next(reading)
        except StopIteration as end:
            draft: Draft = end.value
            return draft


def test_a_job_has_the_keys_of_its_call(harness: DispatcherHarness) -> None:
    attached(harness, {"name": TASK, "signature": SIGNATURE, "limits": [limit(key="{a}:{@tag:u}:{@queue}:{@caller}")]})
    submissions = Submissions(harness.dispatcher.state, lambda: 0.0)
    calls = [{"task": TASK, "args": ["x"], "options": {"tags": ["u:5"], "queue": "q"}}, {"task": TASK, "kwargs": {"a": "y"}}]
    draft = drained(submissions.read(calls, "joe"))
    draft.jobs += submissions.plain(TASK, ["z"], {}, None).jobs
    assert [costs_of(job.keys or "") for job in draft.jobs] == [
        (('x["x","5","q","joe"]', 1),),
        (('x["y",null,"default","joe"]', 1),),
        (('x["z",null,"default",null]', 1),),
    ]
