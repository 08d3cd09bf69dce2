"""Keys that callers give to flows and their members, and keys that cannot be, at the dispatcher."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.flow_runner import FlowRunner, runner_over, s
from support.unique_tasks import REPORT, report, single, unique

from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["memory", "sqlite"])
def runner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FlowRunner]:
    with runner_over(request.param, tmp_path) as made:
        yield made


def test_the_key_of_a_member_is_a_word_of_its_caller(runner: FlowRunner) -> None:
    first = runner.call({"chain": [s("one"), s("add", 1, options={"key": "17"})]})
    ran = len(runner.ran)
    assert first == runner.call({"chain": [s("one"), s("add", 1, options={"key": "17"})]}) == 2
    assert len(runner.ran) == ran + 1, "the second one has the first one's result"
    id = runner.start({"chain": [s("one"), s("add", 2, options={"key": "17"})]})
    runner.run()
    assert runner.error(id)["type"] == "Duplicate"
    assert "other arguments" in runner.error(id)["message"]


@pytest.mark.parametrize("many", [1, 600])
def test_a_flow_with_a_key_is_the_one_that_is_there(runner: FlowRunner, many: int) -> None:
    flow = {"chain": [{"group": [s("one")] * many}, s("total")]}
    id = runner.start(flow, key="17")
    jobs = len(runner.rows())
    for _ in range(2):
        asked = runner.harness.ask(messages.SUBMIT, [{"flow": flow, "options": {"key": "17"}}])
        runner.harness.settle()
        assert asked.answer == [id]
    runner.run()
    assert (runner.result(id), len(runner.rows())) == (many, jobs)
    assert runner.refused({"chain": [s("one")]}, options={"key": "17"})["error"] == "taskbahn.error.duplicate"
    assert len(runner.rows()) == jobs


def test_a_call_with_callbacks_and_a_key_is_one_job(runner: FlowRunner) -> None:
    flow = s("one", on_success=[s("echo")], options={"key": "17"})
    id = runner.start(flow)
    asked = runner.harness.ask(messages.SUBMIT, [{"flow": flow}, {"task": "a.one", "options": {"key": "17"}}])
    runner.run()
    assert asked.answer == [id, id]
    assert runner.ran == [("one",), ("echo", 1)]


REFUSED = [
    ({"chain": [s("one"), report("q3", options={"key": "x"})]}, "invalid_option", "chain[1]"),
    ({"chain": [s("one"), s("one", options={"key": 5})]}, "invalid_option", "chain[1]"),
    ({"chain": [s("one"), s("one", options={"key": "x" * 201})]}, "invalid_option", "chain[1]"),
    ({"group": [report({"a": 1})]}, "invalid_arguments", "group[0]"),
    ({"chain": [s("one")], "options": {"key": ""}}, "invalid_option", None),
    ({"chain": [s("one")], "options": {"key": 5}}, "invalid_option", None),
    ({"group": [{"chain": [s("one")], "options": {"key": "x"}}]}, "invalid_flow", "group[0]"),
    ({"map": {"task": REPORT}, "calls": ['[["q3"],{}]'] * 2, "size": 2}, "invalid_flow", "calls[0]"),
]


@pytest.mark.parametrize("flow, error, place", REFUSED)
def test_a_key_that_cannot_be_is_refused_with_its_place(
    runner: FlowRunner, flow: dict[str, Any], error: str, place: str | None
) -> None:
    unique(runner)
    refused = runner.refused(flow)
    assert (refused["error"], refused.get("detail", {}).get("place")) == (f"taskbahn.error.{error}", place)
    assert runner.rows() == []


def test_a_key_that_shows_late_that_it_cannot_be_fails_the_member(runner: FlowRunner) -> None:
    unique(runner)
    id = runner.start({"chain": [s("echo", 1), report()]})
    runner.run()
    assert runner.error(id)["type"] == "InvalidArguments"
    assert runner.error(id)["member"]["id"] == runner.member(id, 2)


def test_a_call_that_is_its_own_flow_joins_like_a_plain_one(runner: FlowRunner) -> None:
    unique(runner)
    older = single(runner, "q3")
    asked = runner.harness.ask(messages.SUBMIT, [{"flow": report("q3")}])
    runner.harness.settle()
    assert asked.answer == [older]
    assert len(runner.rows()) == 1


def test_what_is_added_to_a_group_is_a_job_of_its_own(runner: FlowRunner) -> None:
    worker = unique(runner)
    older = single(runner, "q3")
    (run,) = worker.take()
    id = runner.start({"group": [s("one")]})
    added = {"parent": runner.member(id, 1), "group_of": runner.member(id, 1)}
    asked = runner.harness.ask(messages.SUBMIT, [{"flow": report("q3"), **added}])
    keyed = {"flow": {"chain": [s("one")]}, "options": {"key": "17"}, **added}
    refused = runner.harness.ask(messages.SUBMIT, [keyed])
    runner.harness.settle()
    assert asked.answer != [older]
    assert refused.answer[0]["error"] == "taskbahn.error.invalid_option"
    worker.done(run, result='"three"')
    runner.run()
    assert runner.result(id) == [1, "three"]
