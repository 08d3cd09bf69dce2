"""Workflows seen as a whole: the view of a job with members, its pages of members, and its graph, at a dispatcher in the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.flow_runner import FlowRunner, s, si

from taskbahn.jobs.graph import JobGraph, graph_of
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from support.dispatcher_harness import DispatcherHarness

CHORD = {"chain": [si("one"), {"group": [s("add", name="left"), s("add", name="right")]}, s("total")]}


@pytest.fixture
def flows(harness: DispatcherHarness) -> FlowRunner:
    tasks: dict[str, Any] = {"one": lambda: 1, "add": lambda x: x + 1, "total": sum, "no": refuse}
    return FlowRunner(harness, **tasks)


def refuse(*_: Any) -> None:
    raise ValueError("no")


def asked(flows: FlowRunner, procedure: str, id: str, **more: Any) -> Any:
    call = flows.harness.ask(procedure, id, **more)
    flows.harness.settle()
    return call.answer


def graph(flows: FlowRunner, id: str) -> JobGraph:
    return graph_of(asked(flows, messages.JOB_GRAPH, id))


def edges(found: JobGraph) -> set[tuple[str, str, str]]:
    names = {node.id: node.label or node.task for node in found.nodes}
    return {(names[edge.parent], names[edge.child], edge.state) for edge in found.edges}


def test_the_view_of_a_flow_counts_its_members(flows: FlowRunner) -> None:
    id = flows.start(CHORD)
    view = asked(flows, messages.JOB_GET, id)
    assert view["members"] == {"counts": {"waiting": 4, "running": 1}, "total": 5, "ended": 0, "fraction": 0.0}
    flows.step()
    flows.step(1)
    view = asked(flows, messages.JOB_GET, id)
    assert view["members"] == {"counts": {"waiting": 2, "running": 1, "succeeded": 2}, "total": 5, "ended": 2, "fraction": 0.4}
    assert view["progress"] == {"fraction": 0.4, "message": "2 of 5 members"}
    flows.run()
    view = asked(flows, messages.JOB_GET, id)
    assert (view["members"]["fraction"], view["progress"]["fraction"]) == (1.0, 1.0)


def test_members_come_by_page_and_name_the_whole(flows: FlowRunner) -> None:
    id = flows.start(CHORD)
    first = asked(flows, messages.JOB_MEMBERS, id, limit=3)
    rest = asked(flows, messages.JOB_MEMBERS, id, limit=3, after=first["next"])
    jobs = first["jobs"] + rest["jobs"]
    assert [(job["task"], job.get("label")) for job in jobs] == [
        ("a.one", None), ("taskbahn.group", None), ("a.add", "left"), ("a.add", "right"), ("a.total", None),
    ]  # fmt: skip
    assert {(job["parent"], job["root"]) for job in jobs} == {(id, id)}
    assert rest["next"] is None
    assert [job["task"] for job in asked(flows, messages.JOB_MEMBERS, id, state="running")["jobs"]] == ["a.one"]


def test_the_graph_has_what_waits_for_what(flows: FlowRunner) -> None:
    id = flows.start(CHORD)
    flows.step()
    found = graph(flows, id)
    assert edges(found) == {
        ("a.one", "left", "satisfied"), ("a.one", "right", "satisfied"), ("left", "taskbahn.group", "open"),
        ("right", "taskbahn.group", "open"), ("taskbahn.group", "a.total", "open"), ("a.total", "taskbahn.chain", "open"),
    }  # fmt: skip
