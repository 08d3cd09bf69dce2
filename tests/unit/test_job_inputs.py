"""What a member gets from other jobs, in its view: where it comes from, and its value when that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.flow_runner import FlowRunner, output, runner_over, s

from taskbahn.protocol import messages
from taskbahn_router.queries.job_inputs import VALUE_SHOWN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["memory", "sqlite"])
def runner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FlowRunner]:
    with runner_over(request.param, tmp_path, long=lambda: "x" * 1000) as made:
        yield made


def view(runner: FlowRunner, id: str) -> dict[str, Any]:
    asked = runner.harness.ask(messages.JOB_GET, id)
    runner.harness.settle()
    found: dict[str, Any] = asked.answer
    return found


def test_an_input_says_whose_it_is_and_then_its_value(runner: FlowRunner) -> None:
    id = runner.start(
        {**s("echo", output("a"), [output("b"), 5]), "immutable": True, "with": [s("one", name="a"), s("long", name="b")]}
    )
    first, second, member = (runner.member(id, number) for number in (1, 2, 3))
    known = {"position": 0, "job": first, "task": "a.one", "label": "a"}
    other = {"position": 1, "job": second, "task": "a.long", "label": "b"}
    before = view(runner, member)
    assert before["args"] == [{"$input": 0}, [{"$input": 1}, 5]]
    assert before["inputs"] == [{**known, "state": "running"}, {**other, "state": "running"}]
    runner.run()
    text = messages.to_json("x" * 1000)[:VALUE_SHOWN]
    assert view(runner, member)["inputs"] == [
        {**known, "state": "succeeded", "value": "1"},
        {**other, "state": "succeeded", "value": text, "is_cut": True},
    ]


def test_an_input_that_is_none_or_left_out_is_shown_so(runner: FlowRunner) -> None:
    id = runner.start({"chain": [{"group": [s("switch", if_fails="skip"), s("switch", if_fails="none")]}, s("echo")]})
    runner.run()
    (one,) = view(runner, runner.member(id, 4))["inputs"]
    assert (one["task"], one["value"]) == ("taskbahn.group", "[null]")


def test_a_job_without_inputs_has_none(runner: FlowRunner) -> None:
    id = runner.start({"chain": [s("one"), s("one", immutable=True)]})
    runner.run()
    assert not {"inputs", "joined"} & view(runner, runner.member(id, 2)).keys()
