"""Flows at the dispatcher: what each shape gives, what a failure means, and that a whole is cancelled and retried as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import job_id
from support.flow_lives import WHOLE, bounds
from support.flow_runner import FlowRunner, output, runner_over, s, si

from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["memory", "sqlite"])
def runner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FlowRunner]:
    with runner_over(request.param, tmp_path) as made:
        yield made


SHAPES: list[tuple[dict[str, Any], Any]] = [
    ({"chain": [s("add", 1, 2), s("add", 4), s("add", 8)]}, 15),
    ({"chain": [s("one")]}, 1),
    ({"chain": []}, None),
    ({"chain": [s("none"), si("one")]}, 1),
    ({"group": [s("one"), s("add", 1, 1), s("none")]}, [1, 2, None]),
    ({"group": [s("one")]}, [1]),
    ({"group": []}, []),
    ({"chain": [{"group": [s("one"), s("one")]}, s("total")]}, 2),
    ({"chain": [{"group": []}, s("echo")]}, [[]]),
    ({"chain": [s("one"), {"group": [s("add", 1), s("add", 2)]}, s("total")]}, 5),
    ({"chain": [s("one"), {"group": []}, s("echo")]}, [[]]),
    ({"chain": [s("one"), {"chain": []}, s("add", 1)]}, 2),
    ({"chain": [{"group": [s("one"), s("one")]}, {"group": [s("total"), s("total")]}]}, [2, 2]),
    ({"group": [{"group": [s("one")]}, {"chain": [s("one"), s("add", 1)]}, {"group": []}]}, [[1], 2, []]),
    ({"chain": [{"map": {"task": "a.add"}, "calls": ["[[1,2],{}]", '[[3],{"b":4}]']}, s("total")]}, 10),
    ({"chain": [s("one"), {"map": {"task": "a.add"}, "calls": ["[[1],{}]", '[[],{"b":4}]']}]}, [2, 5]),
    ({"map": {"task": "a.add"}, "calls": ["[[1,2],{}]", '[[3],{"b":4}]', "[[5,6],{}]"], "size": 2}, [[3, 7], [11]]),
    ({"map": {"task": "a.add"}, "calls": [], "size": 2}, []),
    ({"chain": [s("one"), {"map": {"task": "a.echo", "immutable": True}, "calls": ["[[1],{}]"] * 3, "size": 9}]}, [[[1]] * 3]),
    (
        {"map": {"task": "a.echo"}, "calls": ['[[{"$literal":{"$output":"x"}},[{"$output":"x","y":1}]],{}]'], "size": 1},
        [[[{"$output": "x"}, [{"$output": "x", "y": 1}]]]],
    ),
    ({**si("add", output("x"), output("y")), "with": [s("one", name="x"), s("add", 1, 1, name="y")]}, 3),
    ({**si("one"), "after": ["x"], "with": [s("one", name="x")]}, 1),
    ({"chain": [si("one")], "after": ["x", "y"], "with": [s("one", name="x"), si("echo", output("x"), name="y")]}, 1),
    ({"group": [si("one")], "after": ["x"], "with": [{"chain": [s("one"), s("echo")], "name": "x"}]}, [1]),
    ({"chain": [s("one", name="x"), si("one"), si("echo", output("x"), [output("x"), 5])]}, [1, [1, 5]]),
    (s("echo", {"$literal": {"$output": "x"}}, [{"$literal": {"$literal": 1}}]), [{"$output": "x"}, [{"$literal": 1}]]),
    ({"chain": [s("one"), s("echo", {"$literal": {"$input": 0}}, {"$input": 0})]}, [1, {"$input": 0}, {"$input": 0}]),
    ({"task": "a.echo", "packed": '[[{"a":1}],{}]'}, [{"a": 1}]),
]


@pytest.mark.parametrize("flow, result", SHAPES)
def test_a_flow_gives_what_its_shape_says(runner: FlowRunner, flow: dict[str, Any], result: Any) -> None:
    assert runner.call(flow) == result


def test_a_part_starts_in_the_commit_that_ends_what_it_waits_for(runner: FlowRunner) -> None:
    runner.start({"chain": [s("one"), s("add", 1), s("add", 1)]})
    for expected in (1, 2, 3):
        before = runner.harness.dispatcher.loop.commits
        runner.step()
        assert runner.harness.dispatcher.loop.commits - before <= 2, expected
        assert len(runner.ran) == expected


def test_the_whole_runs_from_its_acceptance_without_a_slot(runner: FlowRunner) -> None:
    id = runner.start({"chain": [s("one"), s("add", 1)]})
    row = runner.harness.row(id)
    assert (row.state, row.task, row.attempt, row.worker) == ("running", "taskbahn.chain", 0, None)
    assert runner.worker.asked.progress
    runner.harness.restart()
    assert runner.harness.known(id) == "running"
    runner.harness.check()


@pytest.mark.parametrize(
    "policy, state, result", [("fail", "failed", None), ("none", "succeeded", [1, None]), ("skip", "succeeded", [1])]
)
def test_a_policy_says_what_a_member_that_fails_means(runner: FlowRunner, policy: str, state: str, result: Any) -> None:
    id = runner.start({"chain": [{"group": [s("one"), s("switch", if_fails=policy)]}, s("echo")]})
    runner.run()
    assert runner.harness.known(id) == state
    assert runner.result(id) == (result and [result])
    if state == "failed":
        error = runner.error(id)
        assert (error["type"], error["message"], error["member"]["task"]) == ("ValueError", "off", "a.switch")
        assert runner.harness.known(error["member"]["id"]) == "failed"


def test_the_failure_names_the_first_through_many_jobs(runner: FlowRunner) -> None:
    id = runner.start({"chain": [s("switch"), {"group": [s("add", 1), s("add", 2)]}, s("total"), si("one")]})
    runner.run()
    error = runner.error(id)
    assert (error["type"], error["member"]["task"]) == ("ValueError", "a.switch")
    assert runner.ran == [("switch",)]


def test_a_retry_of_the_whole_begins_at_what_failed(runner: FlowRunner) -> None:
    id = runner.start({"chain": [s("one"), s("switch"), s("echo")]})
    runner.run()
    assert runner.harness.known(id) == "failed"
    runner.switch.on = True
    asked = runner.harness.ask(messages.JOB_RETRY, [id])
    runner.run()
    assert asked.answer == ["running"]
    assert runner.harness.known(id) == "succeeded"
    assert runner.ran == [("one",), ("switch", 1), ("switch", 1), ("echo", [1])]
    assert runner.result(id) == [[1]]


def test_a_part_that_was_cancelled_and_has_all_completes_with_a_retry(runner: FlowRunner) -> None:
    id = runner.start({"chain": [{"group": [{"group": [s("one")], "name": "x"}, s("switch")]}, si("echo", output("x"))]})
    runner.harness.ask(messages.JOB_CANCEL, [runner.member(id, 2)])
    runner.run()
    runner.switch.on = True
    runner.harness.ask(messages.JOB_RETRY, [id])
    runner.run()
    assert runner.result(id) == [[1]]


def test_a_flow_has_the_error_of_the_member_that_was_cancelled(runner: FlowRunner) -> None:
    id = runner.start({"chain": [s("one", options={"delay": 60}), s("echo")]})
    runner.harness.ask(messages.JOB_CANCEL, [runner.member(id, 1)], "no")
    runner.run()
    error = runner.error(id)
    assert (error["type"], error["message"], error["member"]["task"]) == ("JobCancelled", "no", "a.one")


def test_an_empty_group_in_a_callback_waits_for_what_comes_before(runner: FlowRunner) -> None:
    runner.start(s("one", on_end=[{"chain": [s("switch"), {"group": []}, s("echo")]}]))
    runner.run()
    assert [name for name, *_ in runner.ran] == ["one", "switch"]


def test_a_cancel_of_the_whole_ends_all_its_members(runner: FlowRunner) -> None:
    id = runner.start({"chain": [{"group": [s("one") for _ in range(10)]}, s("total")]})
    runner.step(most=1)
    runner.harness.ask(messages.JOB_CANCEL, [id], "enough")
    runner.harness.settle()
    counts = runner.harness.dispatcher.state.counts
    assert (counts["succeeded"], counts["cancelled"], counts["running"], counts["ready"]) == (1, 12, 0, 0)
    runner.worker.take()
    assert len(runner.worker.cancelled) == 4
    runner.harness.check()


def test_callbacks_start_by_how_their_job_ends(runner: FlowRunner) -> None:
    callbacks = {"on_success": [s("echo", "yes")], "on_failure": [s("echo", "no")], "on_end": [s("echo", "end")]}
    good = runner.start({**s("one"), **callbacks})
    runner.run()
    assert sorted(runner.ran, key=str) == sorted([("one",), ("echo", 1, "yes"), ("echo", good, "end")], key=str)
    runner.ran.clear()
    bad = runner.start({"chain": [s("switch"), s("echo")], **callbacks})
    runner.run()
    assert sorted(runner.ran, key=str) == sorted([("switch",), ("echo", bad, "no"), ("echo", bad, "end")], key=str)
    assert runner.harness.dispatcher.state.counts["cancelled"] == 2


def test_a_failure_callback_that_was_not_needed_waits_again_for_a_retry(runner: FlowRunner) -> None:
    id = runner.start(s("switch", on_success=[{"chain": [s("echo", "yes"), s("echo")]}]))
    runner.run()
    assert runner.ran == [("switch",)]
    runner.switch.on = True
    runner.harness.ask(messages.JOB_RETRY, [id])
    runner.run()
    assert runner.ran[1:] == [("switch",), ("echo", [], "yes"), ("echo", [[], "yes"])]


@pytest.mark.parametrize("units", range(4, 16))
def test_a_callback_in_a_callback_is_dropped_again_with_both(runner: FlowRunner, units: int) -> None:
    callback = si("echo", on_failure=[si("echo"), si("echo")])
    id = runner.start({"chain": [{"group": [s("one")], "on_failure": [callback, callback]}, s("echo")]})
    runner.harness.ask(messages.JOB_CANCEL, [runner.member(id, 1)])
    runner.run()  # the group has all that it waits for, so its retry completes it at once
    with bounds(units, WHOLE):
        runner.harness.ask(messages.JOB_RETRY, [runner.member(id, 1)])
        runner.run()
    assert [row.state for row in runner.rows()].count("waiting") == 0


def test_a_flow_waits_for_jobs_that_are_there_already(runner: FlowRunner) -> None:
    first = runner.start(s("one"))
    runner.run()
    assert runner.call(si("echo", output(first))) == [1]
    later = runner.start({"chain": [s("switch")]})
    waits = runner.start({"chain": [s("one"), s("add", 1)], "after": [later]})
    runner.run()
    assert runner.harness.known(waits) == "failed"
    assert ("one",) not in runner.ran[2:]


@pytest.mark.parametrize("where", ["whole", "part"])
def test_a_delay_of_a_shape_holds_back_what_is_first_in_it(runner: FlowRunner, where: str) -> None:
    shape = {"chain": [{"group": [s("one"), s("one")]}, s("total")]}
    if where == "whole":
        id = runner.start(shape, delay=5, priority=3)
    else:
        id = runner.start({"chain": [{"chain": [shape], "options": {"delay": 5, "priority": 3}}]})
    runner.run()
    assert runner.ran == []
    runner.harness.passes(6)
    assert runner.harness.known(id) == "running"
    runner.run()
    assert runner.result(id) == 2
    assert {row.priority for row in runner.rows() if row.task.startswith("a.")} == {3}


def test_the_same_id_again_stores_nothing_twice(runner: FlowRunner) -> None:
    id = runner.start({"chain": [s("one"), s("add", 1)]})
    asked = runner.harness.ask(messages.SUBMIT, [{"flow": {"chain": [s("one"), s("add", 1)]}, "id": id}])
    runner.run()
    assert asked.answer == [id]
    assert len(runner.ran) == 2


@pytest.mark.parametrize("entry", ["call", "bulk", "flow"])
def test_what_an_attempt_starts_ends_with_its_job_and_inherits(runner: FlowRunner, entry: str) -> None:
    parent = runner.start(s("one", options={"priority": 5, "tags": ["x"]}))
    runner.worker.take()
    ids = [job_id(600), job_id(601)]
    entries = {
        "call": [{"task": "a.one", "id": id, "parent": parent} for id in ids],
        "bulk": [{"task": "a.one", "calls": [[id, "[[],{}]"] for id in ids], "parent": parent}],
        "flow": [{"flow": {"group": [s("one"), s("one")]}, "id": id, "parent": parent} for id in ids],
    }
    runner.harness.ask(messages.SUBMIT, entries[entry])
    runner.harness.settle()
    row = runner.harness.row(ids[0])
    assert row.priority == 5
    assert row.tags == '["x"]'
    runner.harness.ask(messages.JOB_CANCEL, [parent])
    runner.harness.settle()
    assert [runner.harness.known(id) for id in ids] == ["cancelled"] * 2
    assert runner.harness.dispatcher.state.counts["cancelled"] == (7 if entry == "flow" else 3)
    runner.worker.take()
    runner.run()


def test_an_attempt_of_another_node_starts_jobs_without_a_parent(runner: FlowRunner) -> None:
    runner.child_of("0192f0c1-2d3e-7abc-8def-0123456789ab")
    runner.run()
    assert runner.harness.known(job_id(500)) == "succeeded"


def test_children_go_on_when_their_parent_has_ended(runner: FlowRunner) -> None:
    parent = runner.start(s("one"))
    runner.worker.take()
    child = runner.child_of(parent, options={"delay": 5})
    runner.step()
    assert runner.harness.known(parent) == "succeeded"
    assert runner.harness.known(child) == "waiting"
    runner.harness.passes(6)
    runner.run()
    assert runner.harness.known(child) == "succeeded"


WRONG: list[tuple[Any, str, str]] = [
    ("x", "invalid_flow", ""),
    ({}, "invalid_flow", ""),
    ({"chain": [], "group": []}, "invalid_flow", ""),
    ({"chain": [s("one"), {"grup": []}]}, "invalid_flow", "chain[1]"),
    ({"chain": [s("one", nam="x")]}, "invalid_flow", "chain[0]"),
    ({"group": [{"chain": []}]}, "invalid_flow", "group[0]"),
    ({"chain": [], "on_end": [{"group": [{"chain": []}]}]}, "invalid_flow", "on_end[0].group[0]"),
    ({"chain": [s("one", name="x"), s("one", name="x")]}, "invalid_flow", "chain[1]"),
    ({"chain": [s("one"), {"chain": [], "name": "x"}]}, "invalid_flow", "chain[1]"),
    ({"chain": [s("one"), {"chain": [], "on_end": [s("one")]}]}, "invalid_flow", "chain[1]"),
    ({"chain": [s("one", on_end=[s("one", name="x")]), si("echo", output("x"))]}, "invalid_flow", "chain[1]"),
    ({"chain": [si("echo", *[output("x")] * 1001)]}, "invalid_flow", "chain[0]"),
    ({"chain": [s("one", immutable=1)]}, "invalid_flow", "chain[0]"),
    ({"chain": [s("one", name="0192f0c1-2d3e-7abc-8def-0123456789ab")]}, "invalid_flow", "chain[0]"),
    ({"chain": [si("echo", output("y"))]}, "invalid_flow", "chain[0]"),
    ({"chain": [s("one", if_fails="skip"), s("echo")]}, "invalid_flow", "chain[1]"),
    ({**si("echo", output("x")), "with": [s("one", name="x", if_fails="skip")]}, "invalid_flow", ""),
    ({**si("one"), "with": [s("one", name="x")]}, "invalid_flow", "with[0]"),
    ({**si("one"), "with": [{"chain": [s("one"), s("one")], "name": "x"}]}, "invalid_flow", "with[0]"),
    ({**si("echo", output("x")), "with": [si("echo", output("x"), name="x")]}, "invalid_flow", "with[0]"),
    ({"group": [si("echo", output("y"), name="x"), si("echo", output("x"), name="y")]}, "invalid_flow", "group[0]"),
    ({"chain": [s("one")], "options": {"retries": 3}}, "invalid_flow", ""),
    ({"chain": [s("one", if_fails="maybe")]}, "invalid_flow", "chain[0]"),
    ({"chain": [s("nothing")]}, "unknown_task", "chain[0]"),
    ({"group": [s("one", options={"retries": -1})]}, "invalid_option", "group[0]"),
    ({"group": [s("one")], "after": ["0192f0c1-2d3e-7abc-8def-0123456789ab"]}, "unknown_job", ""),
]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_what_waits_for_itself_by_an_id_is_refused(runner: FlowRunner, number: int) -> None:
    id = job_id(1)
    for member in (si("one", after=[runner.member(id, number)]), si("echo", output(runner.member(id, number).upper()))):
        refused = runner.refused({"chain": [member, si("one", name="x")]}, id=id)
        assert refused["error"] == "taskbahn.error.invalid_flow"


def test_an_empty_chain_waits_for_what_it_is_after(runner: FlowRunner) -> None:
    first = runner.start(s("switch"))
    id = runner.start({"chain": [], "after": [first]})
    assert runner.harness.known(id) == "running"
    runner.run()
    assert (runner.harness.known(id), runner.error(id)["member"]["id"]) == ("failed", first)


def test_a_callback_of_the_whole_takes_its_result_by_its_name(runner: FlowRunner) -> None:
    runner.start({"group": [s("one")], "name": "all", "on_end": [si("echo", output("all"))]})
    runner.run()
    assert runner.ran[-1] == ("echo", [1])


def test_references_are_found_however_their_text_is_written(runner: FlowRunner) -> None:
    packed = '[[{"\\u0024output":"x"}],{}]'
    assert runner.call({"chain": [s("one", name="x"), {"task": "a.echo", "packed": packed, "immutable": True}]}) == [1]


@pytest.mark.parametrize("flow, error, place", WRONG)
def test_what_cannot_be_is_refused_with_its_place(runner: FlowRunner, flow: Any, error: str, place: str) -> None:
    refused = runner.refused(flow)
    assert refused["error"] == f"taskbahn.error.{error}"
    assert refused["detail"].get("place", "") == place
    assert refused["message"].startswith(place)
    assert sum(runner.harness.dispatcher.state.counts.values()) == 0
    runner.harness.check()
