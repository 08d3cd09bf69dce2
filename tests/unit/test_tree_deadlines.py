"""Deadlines of flows, and of jobs that start others: what belongs to a job ends with it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from support.dispatcher_harness import WALL, job_id
from support.flow_runner import runner_over, s, si

from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.flow_runner import FlowRunner


@pytest.fixture(params=["memory", "sqlite"])
def runner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FlowRunner]:
    with runner_over(request.param, tmp_path) as made:
        yield made


def states(runner: FlowRunner, id: str, count: int) -> list[str]:
    """Return the states of a flow and of its jobs, in the order in which they are written."""
    return [runner.harness.state(runner.member(id, number)) for number in range(count + 1)]


def stopped(runner: FlowRunner) -> list[str]:
    """Return the jobs whose attempts the worker was ordered to stop."""
    runner.worker.take()
    return [id for id, _, _ in runner.worker.cancelled]


def test_a_flow_ends_at_its_deadline_with_its_members(runner: FlowRunner) -> None:
    id = runner.start({"chain": [s("one"), {"group": [s("add", 1), s("add", 2)]}, s("total")]}, finish_within=10)
    runner.step()
    runner.harness.passes(10.1)
    assert states(runner, id, 5) == ["failed", "succeeded", "cancelled", "cancelled", "cancelled", "cancelled"]
    message = runner.error(id)["message"]
    assert message == "it has not ended by its deadline, 2023-11-14 22:13:30 UTC: 4 jobs of it had not ended"
    error = runner.error(runner.member(id, 5))
    assert error["message"] == "cancelled with the job that it is a part of, which had not ended by its deadline"
    assert sorted(stopped(runner)) == sorted(runner.member(id, number) for number in (3, 4))
    runner.harness.check()


def test_members_have_the_deadline_of_their_flow(runner: FlowRunner) -> None:
    flow = {
        "chain": [s("one"), s("one", options={"finish_within": 5}), s("one", options={"detached": True})],
        "on_end": [si("one")],
    }
    id = runner.start(flow, finish_within=10)
    deadlines = [runner.harness.row(runner.member(id, number)).deadline for number in range(5)]
    assert deadlines == [WALL + 10, WALL + 10, WALL + 5, None, None]
    assert runner.worker.asked.progress[-1]["run"][0][9] == WALL + 10


def test_a_member_that_misses_its_own_deadline_fails_its_flow(runner: FlowRunner) -> None:
    id = runner.start({"chain": [s("switch"), s("one", options={"finish_within": 5})]}, finish_within=10)
    runner.harness.passes(5.1)
    assert states(runner, id, 2) == ["failed", "running", "failed"]
    error = runner.error(id)
    assert (error["type"], error["member"]["id"]) == ("DeadlineExceeded", runner.member(id, 2))
    runner.harness.check()


def test_the_deadline_reaches_members_that_outlived_their_flow(runner: FlowRunner) -> None:
    id = runner.start({"group": [s("switch"), {"chain": [s("one"), s("add", 1)]}]}, finish_within=10)
    runner.worker.take()
    runner.worker.failed((runner.member(id, 1), 1))
    runner.harness.settle()
    assert states(runner, id, 3) == ["failed", "failed", "running", "waiting"]
    runner.harness.passes(10.1)
    assert states(runner, id, 3) == ["failed", "failed", "cancelled", "cancelled"]
    assert runner.error(id)["type"] == "ValueError"
    assert stopped(runner) == [runner.member(id, 2)]
    runner.harness.check()


def test_callbacks_start_when_a_flow_misses_its_deadline(runner: FlowRunner) -> None:
    flow = {"chain": [s("one"), s("one")], "on_failure": [s("echo")], "on_success": [si("one")], "on_end": [si("none")]}
    id = runner.start(flow, finish_within=10)
    runner.harness.passes(10.1)
    runner.run()
    assert runner.ran == [("echo", id), ("none",)]
    assert runner.harness.state(id) == "failed"


def test_children_have_no_later_deadline_than_their_parent(runner: FlowRunner) -> None:
    id = runner.start(s("one"), finish_within=10)
    options = [{}, {"finish_within": 5}, {"finish_within": 50}, {"detached": True}, {"detached": True, "finish_within": 50}]
    children = [runner.child_of(id, number=500 + number, options=one) for number, one in enumerate(options)]
    flow = runner.harness.ask(messages.SUBMIT, [{"flow": {"chain": [s("one"), s("one")]}, "id": job_id(600), "parent": id}])
    runner.harness.settle()
    assert flow.answer == [job_id(600)]
    deadlines = [runner.harness.row(child).deadline for child in children]
    assert deadlines == [WALL + 10, WALL + 5, WALL + 10, None, WALL + 50]
    assert runner.harness.row(runner.member(job_id(600), 2)).deadline == WALL + 10
    runner.harness.passes(10.1)
    assert [runner.harness.state(child) for child in children] == ["failed", "failed", "failed", "ready", "ready"]
    assert states(runner, job_id(600), 2) == ["failed", "cancelled", "cancelled"]
    assert runner.error(id)["message"].endswith("attempt 1 was running on worker w; 5 jobs that it had started had not ended")
    assert runner.error(children[0])["type"] == "DeadlineExceeded"
    runner.harness.check()


def test_children_keep_the_deadline_of_a_parent_that_has_ended(runner: FlowRunner) -> None:
    id = runner.start(s("one"), finish_within=10)
    child = runner.child_of(id)
    runner.worker.take()
    runner.worker.done((id, 1))
    runner.harness.passes(9)
    assert (runner.harness.state(id), runner.harness.state(child)) == ("succeeded", "running")
    runner.harness.passes(1.1)
    assert (runner.harness.state(id), runner.harness.state(child)) == ("succeeded", "failed")
    runner.harness.check()


def test_what_comes_after_the_deadline_of_its_parent_ends(runner: FlowRunner) -> None:
    id = runner.start(s("one"), finish_within=10)
    runner.harness.passes(10.1)
    assert runner.harness.state(runner.child_of(id)) == "cancelled"
    runner.harness.check()


def test_a_flow_that_is_retried_has_a_deadline_from_then_on(runner: FlowRunner) -> None:
    id = runner.start({"chain": [s("one"), s("add", 1), s("add", 2, options={"finish_within": 30})]}, finish_within=10)
    runner.step()
    runner.harness.passes(10.1)
    assert states(runner, id, 3) == ["failed", "succeeded", "cancelled", "cancelled"]
    runner.harness.ask(messages.JOB_RETRY, [id])
    runner.harness.passes(5)
    assert states(runner, id, 3) == ["running", "succeeded", "running", "waiting"]
    now = runner.harness.wall() - 5
    deadlines = [runner.harness.row(runner.member(id, number)).deadline for number in range(4)]
    assert deadlines == [pytest.approx(now + 10)] * 4
    runner.harness.passes(5.1)
    assert states(runner, id, 3) == ["failed", "succeeded", "cancelled", "cancelled"]
    runner.harness.ask(messages.JOB_RETRY, [id])
    runner.run()
    assert (runner.harness.state(id), runner.result(id)) == ("succeeded", 4)


def test_a_large_flow_ends_in_slices(runner: FlowRunner) -> None:
    calls = ["[[1,1],{}]"] * 1200
    id = runner.start({"map": {"task": "a.add"}, "calls": calls}, finish_within=10)
    assert runner.harness.row(id).state == "running"
    before = runner.harness.dispatcher.loop.commits
    runner.harness.passes(10.1)
    assert runner.harness.dispatcher.loop.commits - before > 3
    counts = Counter(row.state for row in runner.rows())
    assert counts == {"failed": 1, "cancelled": 1200}
    assert "1,000 jobs or more of it had not ended" in runner.error(id)["message"]
    runner.harness.check()


def test_many_children_fail_by_the_deadline_that_they_share(runner: FlowRunner) -> None:
    id = runner.start(s("one"), finish_within=10)
    calls = [[job_id(5000 + number), "[[],{}]"] for number in range(1500)]
    runner.harness.ask(messages.SUBMIT, [{"task": "a.one", "calls": calls, "parent": id}])
    runner.harness.passes(10.1)
    assert Counter(row.state for row in runner.rows()) == {"failed": 1501}
    runner.harness.check()


def test_a_deadline_of_a_flow_that_cannot_be_is_refused(runner: FlowRunner) -> None:
    chain = {"chain": [s("one"), s("one", options={"delay": 20})]}
    assert "before it may start" in runner.refused(chain, options={"finish_within": 10})["message"]
    assert "before it may start" in runner.refused({"chain": [s("one")]}, options={"finish_within": 10, "delay": 10})["message"]
    assert "has passed" in runner.refused(chain, options={"finish_by": WALL})["message"]
    late = {"chain": [s("one"), s("one", options={"finish_by": WALL - 5})]}
    assert runner.refused(late)["detail"]["place"] == "chain[1]"
    inner = {"chain": [s("one"), {"group": [s("one")], "options": {"finish_within": 5}}]}
    assert "finish_within" in runner.refused(inner)["message"]
    assert runner.rows() == []
