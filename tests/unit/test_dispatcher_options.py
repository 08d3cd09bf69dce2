"""What the options of members and children say, and chunks, at the dispatcher."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import DispatcherHarness, job_id
from support.flow_runner import FlowRunner, runner_over, s, si

from taskbahn.jobs.graph import graph_of
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["memory", "sqlite"])
def runner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FlowRunner]:
    with runner_over(request.param, tmp_path) as made:
        yield made


def test_a_detached_child_outlives_the_cancel_of_its_parent(runner: FlowRunner) -> None:
    parent = runner.start(s("one"))
    runner.worker.take()
    child = runner.child_of(parent, options={"detached": True, "delay": 5})
    flow = job_id(501)
    entry = {"flow": {"group": [s("one", options={"delay": 5})]}, "options": {"detached": True}, "id": flow, "parent": parent}
    runner.harness.ask(messages.SUBMIT, [entry])
    runner.harness.ask(messages.JOB_CANCEL, [parent])
    runner.harness.settle()
    assert [runner.harness.known(id) for id in (parent, child, flow)] == ["cancelled", "waiting", "running"]
    runner.harness.ask(messages.JOB_CANCEL, [flow])
    runner.harness.passes(6)
    runner.worker.take()
    runner.run()
    assert [runner.harness.known(id) for id in (child, flow, runner.member(flow, 1))] == ["succeeded", "cancelled", "cancelled"]


def test_a_detached_part_outlives_the_cancel_of_the_whole(runner: FlowRunner) -> None:
    part = {"chain": [s("one"), s("add", 1)], "options": {"detached": True}}
    id = runner.start({"group": [part, s("one"), s("switch", options={"detached": True})]})
    runner.harness.ask(messages.JOB_CANCEL, [id])
    runner.harness.settle()
    runner.run()
    members = [runner.member(id, number) for number in range(1, 5)]
    assert [runner.harness.known(member) for member in members] == ["succeeded", "succeeded", "cancelled", "failed"]
    runner.switch.on = True
    runner.harness.ask(messages.JOB_RETRY, [id])
    runner.run()
    assert runner.result(id) == [2, 1, []]


def test_a_chunk_fails_with_the_first_of_its_calls(runner: FlowRunner) -> None:
    calls = ["[[1],{}]", "[[2],{}]", "[[3],{}]"]
    id = runner.start({"map": {"task": "a.switch"}, "calls": calls, "size": 2})
    runner.run()
    assert runner.harness.known(id) == "failed"
    assert runner.ran == [("switch", 1), ("switch", 3)]
    asked = runner.harness.ask(messages.JOB_GET, runner.member(id, 1))
    runner.harness.settle()
    assert asked.answer["calls"] == [[[1], {}], [[2], {}]]
    assert "args" not in asked.answer
    runner.switch.on = True
    runner.harness.ask(messages.JOB_RETRY, [id])
    runner.run()
    assert runner.result(id) == [[[1], [2]], [[3]]]


@pytest.mark.parametrize(
    "change, why",
    [
        ({"size": 0}, "`size` is a number of calls, 1 or more"),
        ({"size": True}, "`size` is a number of calls, 1 or more"),
        ({"calls": ['[[{"$output":"x"}],{}]']}, "chunks take values, no results of other jobs"),
        ({"calls": ['{"calls":[]}']}, "is the JSON text of"),
    ],
)
def test_chunks_that_cannot_be_are_refused(runner: FlowRunner, change: dict[str, Any], why: str) -> None:
    error = runner.refused({"map": {"task": "a.echo"}, "calls": ["[[1],{}]"], "size": 1, **change})
    assert why in error["message"]
    error = runner.refused({"chain": [s("one"), {"map": {"task": "a.echo"}, "calls": [], "size": 1}]})
    assert error["message"].startswith("chain[1].map: chunks take nothing of what comes before them")


def test_a_title_is_kept_and_shown_wherever_the_job_is(runner: FlowRunner) -> None:
    id = runner.start({"chain": [s("one", options={"title": "Member"}), s("add", 1)]}, title="Whole")
    runner.run()
    runner.harness.restart()
    member = runner.member(id, 1)
    asked = [
        runner.harness.ask(messages.JOB_GET, id),
        runner.harness.ask(messages.JOB_GET, member),
        runner.harness.ask(messages.VIEW_JOBS, limit=10),
        runner.harness.ask(messages.JOB_GRAPH, id),
    ]
    runner.harness.settle()
    whole, one, listed, graph = (question.answer for question in asked)
    assert (whole["title"], one["title"]) == ("Whole", "Member")
    assert [job.get("title") for job in listed["jobs"]] == [None, "Member", "Whole"]
    drawn = graph_of(graph)
    assert drawn.title().startswith("Whole ")
    for drawing in (drawn.text(), drawn.mermaid(), drawn.graphviz()):
        assert "Member (a.one)" in drawing


def test_a_shape_within_a_flow_has_no_title(runner: FlowRunner) -> None:
    error = runner.refused({"chain": [{"group": [s("one")], "options": {"title": "x"}}]})
    assert error["message"].startswith("chain[0]: 'title' is an option of members, not of a shape")


def fraction(runner: FlowRunner, id: str) -> tuple[float, float]:
    """Return how far a whole is: by its own view, and by the list."""
    asked = [runner.harness.ask(messages.JOB_GET, id), runner.harness.ask(messages.VIEW_JOBS, limit=10)]
    runner.harness.settle()
    listed = next(job for job in asked[1].answer["jobs"] if job["id"] == id)
    return asked[0].answer["members"]["fraction"], listed["members"]["fraction"]


def test_members_count_by_their_weights(runner: FlowRunner) -> None:
    heavy = messages.TaskDeclaration(name="a.none", options={"weight": 4})
    hello = messages.Hello(protocol=1, worker="h", slots=1, queues=["none"], tasks=[heavy])
    runner.harness.ask(messages.WORKER_ATTACH, messages.plain(hello))
    parts = [
        si("one", options={"weight": 2.5}),
        si("one", options={"weight": 0}),
        si("none"),
        si("none", options={"weight": 1}),
        si("one"),
    ]
    id = runner.start({"chain": parts}, weight=7)
    seen = []
    for _ in range(4):
        runner.step()
        seen.append(fraction(runner, id))
    assert seen == [(part / 8.5, part / 8.5) for part in (2.5, 2.5, 6.5, 7.5)]
    run = runner.worker.take()[0]
    runner.worker.notices(run, "progress", {"fraction": 0.5})
    runner.harness.settle()
    assert fraction(runner, id)[0] == 8 / 8.5


def test_members_without_any_weight_are_counted(runner: FlowRunner) -> None:
    id = runner.start({"group": [s("one", options={"weight": 0})] * 4})
    assert fraction(runner, id) == (0, 0)
    runner.step(1)
    assert fraction(runner, id) == (0.25, 0.25)


def test_a_child_brings_its_weight_to_a_job_that_runs(runner: FlowRunner) -> None:
    parent = runner.start(s("one"))
    runner.worker.take()
    runner.child_of(parent, options={"weight": 3})
    runner.child_of(parent, number=501, options={"delay": 50})
    runner.step()
    runner.step()
    assert fraction(runner, parent) == (0.75, 0.75)


def act(runner: FlowRunner, procedure: str, *ids: str) -> list[Any]:
    asked = runner.harness.ask(procedure, list(ids))
    runner.harness.settle()
    answer: list[Any] = asked.answer
    return answer


def test_those_that_a_failed_job_holds_go_on_when_it_is_skipped(runner: FlowRunner) -> None:
    id = runner.start({"chain": [{"group": [s("switch", if_fails="hold"), s("one")]}, s("echo")]})
    member = runner.member(id, 2)
    (early,) = act(runner, messages.JOB_SKIP, member)
    assert early["error"] == "taskbahn.error.wrong_state"
    runner.run()
    assert runner.harness.known(id) == "running"
    asked = runner.harness.ask(messages.JOB_GET, member)
    runner.harness.settle()
    assert asked.answer["holds"]
    assert act(runner, messages.JOB_SKIP, member) == ["failed"]
    runner.run()
    assert runner.result(id) == [[None, 1]]
    (again,) = act(runner, messages.JOB_SKIP, member)
    assert "no job is held by it" in again["message"]
    (unknown,) = act(runner, messages.JOB_SKIP, job_id(77))
    assert unknown["error"] == "taskbahn.error.unknown_job"


def test_a_job_that_was_skipped_can_be_retried_and_nothing_runs_twice(runner: FlowRunner) -> None:
    id = runner.start({"chain": [s("switch", if_fails="hold"), si("one")]})
    runner.run()
    member = runner.member(id, 1)
    act(runner, messages.JOB_SKIP, member)
    runner.run()
    assert runner.harness.known(id) == "succeeded"
    runner.switch.on = True
    assert act(runner, messages.JOB_RETRY, member)[0] in ("ready", "running")
    runner.run()
    assert runner.harness.known(member) == "succeeded"
    assert runner.ran == [("switch",), ("one",), ("switch",)]


def test_many_that_are_held_go_on_in_slices(runner: FlowRunner) -> None:
    held = [si("one", after=["first"]) for _ in range(700)]
    id = runner.start({"group": [s("switch", name="first", if_fails="hold"), *held]})
    runner.step()
    act(runner, messages.JOB_SKIP, runner.member(id, 1))
    runner.run()
    assert runner.result(id) == [None, *[1] * 700]


def test_a_first_delay_beyond_the_longest_one_is_refused_or_lengthens_it() -> None:
    harness = DispatcherHarness()
    worker = harness.worker(declaration={"options": {"retries": 1, "retry_jitter": 0, "retry_backoff_max": 60}})
    (refused,) = harness.submit(retry_backoff="1h").answer
    assert (refused["error"], refused["detail"]) == ("taskbahn.error.invalid_option", {"option": "retry_backoff"})
    assert "retry_backoff = 3600 s is longer than retry_backoff_max = 60 s" in refused["message"]
    harness.submit(retry_backoff="1h", retry_backoff_max="1d")
    other = harness.worker("other", tasks=["other.task"], declaration={"options": {"retries": 1, "retry_jitter": 0}})
    harness.submit(retry_backoff="1h", task="other.task")
    harness.settle()
    for one in (worker, other):
        one.failed(*one.take())
    harness.settle()
    assert [harness.row(number).due_at for number in (2, 3)] == [harness.wall() + 3600] * 2
