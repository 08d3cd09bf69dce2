"""Members of flows with unique keys, at the dispatcher."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.flow_runner import FlowRunner, output, runner_over, s, si
from support.unique_tasks import REPORT, report, single, unique, view

from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["memory", "sqlite"])
def runner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FlowRunner]:
    with runner_over(request.param, tmp_path) as made:
        yield made


def states(runner: FlowRunner, id: str, *numbers: int) -> list[str | None]:
    return [runner.harness.known(runner.member(id, number)) for number in numbers]


def test_members_of_a_group_that_are_equal_run_once(runner: FlowRunner) -> None:
    worker = unique(runner)
    id = runner.start({"group": [report("q3"), report("q3"), report("q4")]})
    runs = worker.take()
    assert [run[0] for run in runs] == [runner.member(id, 1), runner.member(id, 3)]
    worker.done(runs[0], result='"three"')
    worker.done(runs[1], result='"four"')
    runner.run()
    assert runner.result(id) == ["three", "three", "four"]
    assert states(runner, id, 0, 1, 2, 3) == ["succeeded"] * 4


def test_a_member_asks_when_it_is_ready_with_what_it_gets(runner: FlowRunner) -> None:
    worker = unique(runner)
    flow = {"chain": [s("add", 1, 2), report(), s("echo")]}
    first, second = runner.start(flow), runner.start(flow)
    assert worker.take() == []
    runner.step()
    (run,) = worker.take()
    third = single(runner, 3)
    assert third == run[0] == runner.member(first, 2)
    assert single(runner, 4) != third
    worker.done(run, result="7")
    runner.run()
    assert (runner.result(first), runner.result(second)) == ([7], [7])


def test_a_key_of_all_arguments_counts_what_a_member_gets(runner: FlowRunner) -> None:
    worker = unique(runner, key=None)
    single(runner, [1, 5])
    (run,) = worker.take()
    id = runner.start({**report([output("x"), 5]), "with": [s("one", name="x")]})
    runner.step()
    assert worker.take() == []
    worker.done(run, result='"done"')
    runner.run()
    assert runner.result(id) == "done"


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_a_member_that_joined_ends_as_the_job_does(runner: FlowRunner, end: str) -> None:
    worker = unique(runner)
    older = single(runner, "q3")
    (run,) = worker.take()
    id = runner.start({"group": [report("q3", if_fails="none"), report("q3", on_failure=[s("echo")])]})
    if end == "failed":
        worker.failed(run)
    else:
        runner.harness.ask(messages.JOB_CANCEL, [older])
        runner.harness.settle()
        worker.take()
    runner.run()
    assert states(runner, id, 0, 1, 2) == ["failed", end, end]
    assert runner.error(runner.member(id, 1))["joined"] == {"id": older, "task": REPORT}
    assert runner.error(id)["member"] == {"id": runner.member(id, 2), "task": REPORT}


def test_a_member_that_is_refused_fails_with_duplicate(runner: FlowRunner) -> None:
    worker = unique(runner, on_conflict="refuse")
    older = single(runner, "q3")
    worker.take()
    ids = [runner.start({"group": [report("q3", if_fails=policy), s("one")]}) for policy in ("none", "fail")]
    runner.run()
    assert runner.result(ids[0]) == [None, 1]
    error = runner.error(ids[1])
    assert (error["type"], error["job"], error["member"]["id"]) == ("Duplicate", older, runner.member(ids[1], 1))


def test_a_member_takes_the_place_of_an_older_job(runner: FlowRunner) -> None:
    worker = unique(runner, on_conflict="replace")
    older = single(runner, "q3")
    worker.take()
    id = runner.start({"chain": [report("q3"), s("echo")]})
    (run,) = worker.take()
    assert (run[0], runner.harness.known(older)) == (runner.member(id, 1), "cancelled")
    assert [(stopped[0], stopped[1]) for stopped in worker.cancelled] == [(older, 1)]
    worker.done(run, result="5")
    runner.run()
    assert runner.result(id) == [5]


def test_a_cancel_of_a_flow_leaves_what_its_member_joined(runner: FlowRunner) -> None:
    worker = unique(runner)
    older = single(runner, "q3")
    worker.take()
    id = runner.start({"group": [report("q3")]})
    runner.harness.ask(messages.JOB_CANCEL, [id])
    runner.harness.settle()
    assert states(runner, id, 0, 1) == ["cancelled"] * 2
    assert runner.harness.known(older) == "running"
    worker.done((older, 1))
    runner.run()
    runner.harness.ask(messages.JOB_RETRY, [id])
    runner.harness.settle()
    assert worker.take() == [(runner.member(id, 1), 1)], "nothing has the key now"


def test_members_that_are_retried_run_once(runner: FlowRunner) -> None:
    worker = unique(runner)
    single(runner, "q3")
    (run,) = worker.take()
    id = runner.start({"group": [report("q3", if_fails="none"), report("q3")]})
    worker.failed(run)
    runner.run()
    runner.harness.ask(messages.JOB_RETRY, [id])
    runner.harness.settle()
    (run,) = worker.take()
    worker.done(run, result="5")
    runner.run()
    assert runner.result(id)[1] == 5
    assert states(runner, id, 0, 1, 2) == ["succeeded"] * 3


def test_a_member_joins_nothing_of_which_it_is_a_part(runner: FlowRunner) -> None:
    worker = unique(runner)
    older = single(runner, "q3")
    worker.take()
    asked = runner.harness.ask(messages.SUBMIT, [{"flow": {"chain": [s("one"), report("q3", immutable=True)]}, "parent": older}])
    runner.harness.settle()
    (id,) = asked.answer
    runner.run()
    assert runner.error(id)["type"] == "Duplicate"
    assert "is a part of it" in runner.error(id)["message"]
    assert runner.harness.known(older) == "running"


def test_a_member_joins_nothing_that_waits_for_it(runner: FlowRunner) -> None:
    worker = unique(runner)
    id = runner.start({"chain": [s("one"), report("q3", immutable=True), s("echo")]})
    waiting = runner.start({**report("q3", after=[id]), "on_end": [s("echo")]})
    runner.step()
    (run,) = worker.take()
    assert run[0] == runner.member(id, 2), "what waits has no key yet"
    worker.done(run)
    runner.run()
    assert worker.take() == [(waiting, 1)]


def test_an_ended_job_that_keeps_its_key_gives_its_result(runner: FlowRunner) -> None:
    worker = unique(runner, during="kept")
    older = single(runner, "q3")
    worker.take()
    worker.done((older, 1), result="5")
    id = runner.start({"chain": [report("q3"), s("echo")]})
    runner.run()
    assert runner.result(id) == [5]


def test_a_member_that_has_its_key_holds_it_while_it_is_delayed(runner: FlowRunner) -> None:
    worker = unique(runner)
    id = runner.start({"chain": [s("one"), report("q3", immutable=True, options={"delay": 100})]})
    runner.step()
    assert single(runner, "q3") == runner.member(id, 2)
    assert worker.take() == []
    runner.harness.passes(101)
    assert worker.take() == [(runner.member(id, 2), 1)]


def test_a_member_follows_a_job_beyond_its_own_time_to_start(runner: FlowRunner) -> None:
    worker = unique(runner)
    older = single(runner, "q3")
    worker.take()
    id = runner.start({"chain": [report("q3", options={"start_within": 10})]})
    runner.harness.passes(20)
    worker.done((older, 1), result="5")
    runner.run()
    assert runner.result(id) == 5


def test_members_that_joined_follow_over_a_restart(runner: FlowRunner) -> None:
    worker = unique(runner)
    older = single(runner, "q3")
    worker.take()
    id = runner.start({"chain": [report("q3")]})
    runner.harness.restart()
    again = unique(runner)
    runner.harness.passes(200)
    (run,) = again.take()
    assert run[0] == older
    again.done(run, result="5")
    runner.harness.settle()
    assert runner.result(id) == 5


def test_callbacks_follow_what_a_call_joined(runner: FlowRunner) -> None:
    worker = unique(runner)
    older = single(runner, "q3")
    worker.take()
    id = runner.start(report("q3", on_success=[s("echo", 2)]))
    assert id != older
    worker.done((older, 1), result="5")
    runner.run()
    assert (runner.result(id), runner.ran) == (5, [("echo", 5, 2)])


def test_si_members_join_in_each_flow(runner: FlowRunner) -> None:
    worker = unique(runner)
    ids = [runner.start({"chain": [si("one"), {**report("q3"), "immutable": True}, s("echo")]}) for _ in range(30)]
    while runner.step():
        pass
    (run,) = worker.take()
    worker.done(run, result="5")
    runner.run()
    assert [runner.result(id) for id in ids] == [[5]] * 30


def test_a_member_says_what_it_joined(runner: FlowRunner) -> None:
    worker = unique(runner)
    older = single(runner, "q3")
    (run,) = worker.take()
    id = runner.start({"group": [s("one", name="first"), report("q3", after=["first"])]})
    member = runner.member(id, 2)
    runner.run()
    assert view(runner, member)["joined"] == older
    assert explained(runner, member)[0].startswith(f"It has joined the job {older} ({REPORT})")
    assert older in " ".join(explained(runner, id))
    worker.failed(run)
    runner.harness.settle()
    runner.harness.ask(messages.JOB_RETRY, [id])
    runner.harness.settle()
    assert worker.take() == [(member, 1)]
    assert "joined" not in view(runner, member)


def explained(runner: FlowRunner, id: str) -> list[str]:
    asked = runner.harness.ask(messages.JOB_EXPLAIN, id)
    runner.harness.settle()
    return [reason["why"] for reason in asked.answer]


def test_a_member_that_is_paused_asks_when_it_goes_on(runner: FlowRunner) -> None:
    worker = unique(runner)
    id = runner.start({"chain": [s("one"), report("q3", immutable=True)]})
    paused(runner, id)
    runner.run()
    older = single(runner, "q3")
    assert older != runner.member(id, 2), "what rests has no key"
    (run,) = worker.take()
    resumed(runner, id)
    assert view(runner, runner.member(id, 2))["joined"] == older
    worker.done(run, result="5")
    runner.run()
    assert runner.result(id) == 5


def test_a_pause_does_not_part_a_member_from_what_it_joined(runner: FlowRunner) -> None:
    worker = unique(runner)
    single(runner, "q3")
    (run,) = worker.take()
    id = runner.start({"chain": [report("q3"), s("echo")]})
    paused(runner, id)
    worker.done(run, result="5")
    runner.run()
    assert states(runner, id, 1, 2) == ["succeeded", "waiting"]
    resumed(runner, id)
    runner.run()
    assert runner.result(id) == [5]


def paused(runner: FlowRunner, id: str) -> None:
    runner.harness.ask(messages.JOB_PAUSE, [id])
    runner.harness.settle()


def resumed(runner: FlowRunner, id: str) -> None:
    runner.harness.ask(messages.JOB_RESUME, [id])
    runner.harness.settle()
