"""Callbacks that tasks declare: each job of the task has them, however it was submitted, and pays for them alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import job_id
from support.flow_runner import FlowRunner, runner_over, s, si

from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TELL = {"task": "a.tell", "args": ["#ops"]}


@pytest.fixture(params=["memory", "sqlite"])
def runner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FlowRunner]:
    with runner_over(request.param, tmp_path, tell=lambda *args: list(args)) as made:
        yield made


def declare(runner: FlowRunner, task: str = "a.switch", **more: Any) -> None:
    """Let a worker without slots declare a task, with callbacks."""
    hello = messages.Hello(protocol=1, worker="d", slots=1, queues=["none"], tasks=[messages.TaskDeclaration(name=task, **more)])
    asked = runner.harness.ask(messages.WORKER_ATTACH, messages.plain(hello))
    runner.harness.settle()
    assert asked.sent[0][0] != "fail", asked.sent


def told(runner: FlowRunner) -> list[Any]:
    return [call[1:] for call in runner.ran if call[0] == "tell"]


SUBMISSIONS: list[tuple[str, list[Any]]] = [
    ("call", [{"task": "a.switch", "id": job_id(1)}]),
    ("bulk", [{"task": "a.switch", "calls": [[job_id(1), "[[],{}]"]]}]),
    ("flow", [{"flow": si("switch"), "id": job_id(1)}]),
]


@pytest.mark.parametrize("entries", [entries for _, entries in SUBMISSIONS], ids=[name for name, _ in SUBMISSIONS])
def test_a_failure_has_one_callback_however_the_job_came(runner: FlowRunner, entries: list[Any]) -> None:
    declare(runner, callbacks={"on_failure": [TELL], "on_success": [s("echo")]}, options={"retries": 2, "retry_backoff": 0})
    for _ in range(2):  # sending it again does nothing
        runner.harness.ask(messages.SUBMIT, entries)
        runner.harness.settle()
    for _ in range(5):
        runner.run()
        runner.harness.passes(1)
    assert runner.ran.count(("switch",)) == 3
    assert told(runner) == [(job_id(1), "#ops")]
    assert sorted(row.state for row in runner.rows()) == ["cancelled", "failed", "succeeded"]
    runner.harness.check()


def test_a_plain_call_by_name_has_them_too(runner: FlowRunner) -> None:
    runner.switch.on = True
    declare(runner, callbacks={"on_success": [s("tell", "done")]})
    asked = runner.harness.ask("a.switch", 1)
    runner.harness.settle()
    runner.run()
    assert asked.answer == [1]
    assert told(runner) == [([1], "done")]


def test_each_member_and_each_chunk_of_a_flow_has_them(runner: FlowRunner) -> None:
    runner.switch.on = True
    declare(runner, callbacks={"on_end": [TELL]})
    chunks = {"map": {"task": "a.switch"}, "calls": ["[[1],{}]"] * 3, "size": 2}
    id = runner.start(
        {"chain": [s("switch"), {"group": [s("switch"), si("one")]}, chunks | {"map": {"task": "a.switch", "immutable": True}}]}
    )
    runner.run()
    assert runner.result(id) == [[[1], [1]], [[1]]]
    assert len({job for job, _ in told(runner)}) == len(told(runner)) == 4


def test_a_task_has_none_in_its_own_callbacks(runner: FlowRunner) -> None:
    declare(runner, "a.tell", callbacks={"on_end": [TELL]})
    runner.start(s("tell", 1))
    runner.run()
    assert len(told(runner)) == 2


def test_callbacks_have_priority_and_tags_of_their_job_and_not_its_queue(runner: FlowRunner) -> None:
    declare(runner, callbacks={"on_end": [TELL]})
    options = {"priority": 3, "tags": ["x"], "queue": "other"}
    runner.harness.ask(messages.SUBMIT, [{"task": "a.switch", "id": job_id(1), "options": options}])
    runner.harness.settle()
    row = next(row for row in runner.rows() if row.task == "a.tell")
    assert (row.priority, row.tags, row.queue) == (3, '["x"]', "default")


def test_a_job_that_joins_another_brings_no_callbacks(runner: FlowRunner) -> None:
    unique = {"during": "active", "on_conflict": "join"}
    declare(runner, callbacks={"on_failure": [TELL]}, unique=unique)
    entries = [{"task": "a.switch", "id": job_id(number)} for number in (1, 2)]
    asked = runner.harness.ask(messages.SUBMIT, entries)
    runner.harness.settle()
    assert asked.answer == [job_id(1), job_id(1)]
    runner.run()
    assert told(runner) == [(job_id(1), "#ops")]


def test_a_callback_that_cannot_be_refuses_the_job(runner: FlowRunner) -> None:
    declare(runner, callbacks={"on_end": [{"task": "a.unknown"}]})
    asked = runner.harness.ask(messages.SUBMIT, [{"task": "a.switch", "id": job_id(1)}, {"task": "a.one", "id": job_id(2)}])
    runner.harness.settle()
    assert asked.answer[0]["message"].startswith("<a.switch>.on_end[0]: no worker has ever declared a task named 'a.unknown'")
    assert asked.answer[1] == job_id(2)
    assert [row.task for row in runner.rows()] == ["a.one"]


@pytest.mark.parametrize(
    "callbacks, why",
    [
        ({"on_failed": [TELL]}, "'on_failed' is no callback (did you mean 'on_failure'?)"),
        ({"on_end": TELL}, "`on_end` is a list"),
        ({"on_end": [{**TELL, "name": "x"}]}, "the name 'x' is used twice"),
        ({"on_end": [s("tell", {"$output": "x"})]}, "nothing in the flow is named 'x'"),
        ({"on_end": [{"group": [TELL] * 100}]}, "more than the 100 jobs"),
    ],
)
def test_a_declaration_with_callbacks_that_cannot_be_is_refused(runner: FlowRunner, callbacks: Any, why: str) -> None:
    declaration = messages.plain(messages.TaskDeclaration(name="a.new")) | {"callbacks": callbacks}
    asked = runner.harness.ask(messages.WORKER_ATTACH, {"protocol": 1, "worker": "d", "slots": 1, "tasks": [declaration]})
    runner.harness.settle()
    assert asked.error in ("invalid_flow", "invalid_request")
    assert why in str(asked.sent) or asked.error == "invalid_request"
