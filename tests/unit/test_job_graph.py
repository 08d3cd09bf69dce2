"""Workflows seen as a whole: the view of a job with members, its pages of members, and its graph, at a dispatcher in the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import DispatcherHarness, job_id
from support.flow_runner import FlowRunner, s, si
from support.storing import FakeSqliteStore, FakeStore

from taskbahn.jobs.graph import JobGraph, graph_of
from taskbahn.protocol import messages
from taskbahn.protocol.suspended import Suspended

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHORD = {"chain": [si("one"), {"group": [s("add", name="left"), s("add", name="right")]}, s("total")]}


@pytest.fixture(params=["memory", "sqlite"])
def flows(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FlowRunner]:
    store = FakeStore() if request.param == "memory" else FakeSqliteStore(tmp_path)
    tasks: dict[str, Any] = {"one": lambda: 1, "add": lambda x: x + 1, "total": sum, "no": refuse}
    yield FlowRunner(DispatcherHarness(store), **tasks)
    store.close()


def refuse(*_: Any) -> None:
    raise ValueError("no")


def asked(flows: FlowRunner, procedure: str, *args: Any, **more: Any) -> Any:
    call = flows.harness.ask(procedure, *args, **more)
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


def test_the_critical_path_follows_the_end_of_the_whole(flows: FlowRunner) -> None:
    id = flows.start(CHORD)
    flows.step()
    for _ in range(2):
        flows.harness.passes(1)
        flows.step(1)
    flows.harness.passes(1)
    flows.run()
    found = graph(flows, id)
    names = {node.id: node.label or node.task for node in found.nodes}
    assert [names[id] for id in found.critical] == ["a.one", "right", "taskbahn.group", "a.total"]


def test_many_members_of_one_task_are_one_node(flows: FlowRunner) -> None:
    calls = ["[[1],{}]"] * 1_200
    id = flows.start({"chain": [si("one"), {"map": {"task": "a.add", "immutable": True}, "calls": calls}, s("total")]})
    flows.step()
    found = graph(flows, id)
    assert found.collapsed
    assert found.members == 1_203
    many = next(node for node in found.nodes if node.counts)
    assert (many.task, many.counts, many.state) == ("a.add", {"ready": 1_196, "running": 4}, "running")
    pairs = {(edge[0], edge[1]) for edge in edges(found)}
    assert pairs == {
        ("a.one", "a.add"),
        ("a.add", "taskbahn.group"),
        ("taskbahn.group", "a.total"),
        ("a.total", "taskbahn.chain"),
    }
    assert "a.add ×1,200" in found.text()


def test_a_long_chain_is_few_nodes(flows: FlowRunner) -> None:
    id = flows.start({"chain": [si("one"), *[si("one")] * 1_100, s("add")]})
    found = graph(flows, id)
    assert {(node.task, sum((node.counts or {"": 1}).values())) for node in found.nodes} == {
        ("taskbahn.chain", 1), ("a.one", 1_101), ("a.add", 1),
    }  # fmt: skip
    assert ("a.one", "a.add", "open") in edges(found)


def test_the_graph_of_a_member_is_what_is_next_to_it(flows: FlowRunner) -> None:
    id = flows.start(CHORD)
    left = next(node.id for node in graph(flows, id).nodes if node.label == "left")
    assert edges(graph(flows, left)) == {("a.one", "left", "open"), ("left", "taskbahn.group", "open")}


def test_a_job_that_is_not_there_has_no_members_and_no_graph(flows: FlowRunner) -> None:
    for procedure in (messages.JOB_MEMBERS, messages.JOB_GRAPH):
        call = flows.harness.ask(procedure, job_id(99))
        flows.harness.settle()
        assert call.error == "unknown_job"


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 501}, {"after": "x"}, {"state": "no"}, {"state": [1]}])
def test_wrong_questions_for_members_are_refused(flows: FlowRunner, wrong: dict[str, Any]) -> None:
    assert flows.harness.ask(messages.JOB_MEMBERS, job_id(1), **wrong).error == "invalid_request"


def test_what_a_member_waits_for_is_named(flows: FlowRunner) -> None:
    id = flows.start({"chain": [si("one", name="first"), si("add", 1, name="then")]})
    first, then = (next(node.id for node in graph(flows, id).nodes if node.label == name) for name in ("first", "then"))
    (reason, *_) = asked(flows, messages.JOB_EXPLAIN, then)
    assert (reason["rule"], reason["why"]) == (f"job:{first}", f"It waits for the job {first} (a.one), which is running")
    (reason, last) = asked(flows, messages.JOB_EXPLAIN, id)
    assert reason["why"] == f"It waits for the job {then} (a.add), which is waiting"
    assert last["why"] == f"In the end it waits for the job {first} (a.one), which is running"
    assert asked(flows, messages.JOB_GET, then)["place"] == {"why": "It waits for other jobs"}


def test_a_held_member_says_who_holds_it(flows: FlowRunner) -> None:
    id = flows.start({"chain": [si("no", name="first", if_fails="hold", options={"retries": 0}), si("one", name="then")]})
    flows.run()
    first, then = (next(node.id for node in graph(flows, id).nodes if node.label == name) for name in ("first", "then"))
    (reason, *_) = asked(flows, messages.JOB_EXPLAIN, then)
    decided = "a person has to decide. It goes on when that is retried and succeeds, or is skipped"
    assert reason["why"] == f"The job {first} (a.no), before it, failed: {decided}"


def test_many_jobs_before_one_are_counted(flows: FlowRunner) -> None:
    id = flows.start({"chain": [{"group": [si("one") for _ in range(30)]}, s("total")]})
    group = next(node.id for node in graph(flows, id).nodes if node.kind == "group")
    reasons = asked(flows, messages.JOB_EXPLAIN, group)
    assert len(reasons) == 11
    assert reasons[-1]["why"] == "It waits for 20 more jobs"


def test_lists_find_the_jobs_of_a_tree(flows: FlowRunner) -> None:
    id = flows.start(CHORD)
    flows.harness.submit(task="a.one")
    flows.harness.settle()
    for name in ("parent", "root"):
        found = asked(flows, messages.VIEW_JOBS, **{name: id})["jobs"]
        assert len(found) == 5
        assert {job["root"] for job in found} == {id}
    (whole,) = (job for job in asked(flows, messages.VIEW_JOBS)["jobs"] if job["id"] == id)
    assert (whole["members"]["total"], whole["progress"]["message"]) == (5, "0 of 5 members")


def test_a_watcher_gets_the_progress_of_the_whole(flows: FlowRunner) -> None:
    id = flows.start(CHORD)
    watch = flows.harness.ask(messages.JOB_WATCH, id)
    flows.harness.settle()
    assert watch.progress[0]["snapshot"]["members"]["ended"] == 0
    for _ in range(3):
        flows.step()
        flows.harness.passes(0.3)
    said = [message["members"]["ended"] for message in watch.progress if "members" in message]
    assert said == [1, 4]
    assert [event[1:] for event in watch.events if event[1] == "progress"] == [
        ("progress", {"fraction": 0.2, "message": "1 of 5 members"}), ("progress", {"fraction": 0.8, "message": "4 of 5 members"}),
    ]  # fmt: skip
    assert (watch.answer["state"], watch.answer["members"]["ended"]) == ("succeeded", 5)


def test_watchers_get_at_most_four_rollups_a_second(flows: FlowRunner) -> None:
    id = flows.start({"group": [si("one") for _ in range(100)]})
    watch = flows.harness.ask(messages.JOB_WATCH, id)
    for _ in range(20):
        flows.step(1)
        flows.harness.passes(0.05)
    assert 3 <= len([message for message in watch.progress if "members" in message]) <= 4


def test_without_commits_the_members_are_not_counted_again(flows: FlowRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    id = flows.start(CHORD)
    flows.harness.ask(messages.JOB_WATCH, id)
    flows.harness.passes(1)
    rollups, followers = flows.harness.parts.jobs.rollups, flows.harness.dispatcher.followers
    counted: list[object] = []
    monkeypatch.setattr(rollups, "read", counted.append)
    before = followers.turns
    flows.harness.passes(10)
    assert len(counted) <= followers.turns - before + 1 < 10  # the last commit before may not be looked at yet


def test_what_a_running_member_says_counts_partly(flows: FlowRunner) -> None:
    id = flows.start({"group": [si("one"), si("one")]})
    watch = flows.harness.ask(messages.JOB_WATCH, id)
    flows.harness.settle()
    run = flows.worker.take()[0]
    flows.worker.notices(run, "progress", {"stages": [{"id": 1, "name": "x", "total": 4, "done": 2}]})
    flows.harness.passes(0.5)
    assert watch.progress[-1]["members"]["fraction"] == 0.25
    assert asked(flows, messages.JOB_GET, id)["members"]["fraction"] == 0.25


def test_waits_of_functions_are_drawn_while_they_last(flows: FlowRunner) -> None:
    """Not a wait for the own members, which would be a circle with the edges that say to whom they belong."""
    harness = flows.harness
    worker = harness.worker("v", 9, tasks=["wait"])
    for number, parent in ((1, {}), (2, {"parent": job_id(1)}), (3, {})):
        harness.ask(messages.SUBMIT, [{"task": "wait", "id": job_id(number), "args": [], **parent}])
        harness.settle()
    assert len(worker.take()) == 3
    worker._ended([(job_id(1), 1), (job_id(3), 1)])
    ends = [Suspended(id=job_id(1), attempt=1, jobs=[job_id(2)]), Suspended(id=job_id(3), attempt=1, jobs=[job_id(1)])]
    worker.says(suspended=ends)
    harness.settle()

    def drawn(number: int) -> set[tuple[str, str, str]]:
        numbers = {job_id(number): str(number) for number in range(1, 4)}
        found = graph(flows, job_id(number))
        assert found.text()
        return {(numbers[edge.parent], numbers[edge.child], edge.policy) for edge in found.edges}

    assert drawn(1) == {("1", "2", "member")}
    assert drawn(3) == {("1", "3", "wake")}
    worker.done((job_id(2), 1))
    harness.settle()
    worker.done((job_id(1), 2))
    harness.settle()
    assert drawn(3) == set()
