"""Flows that several commits take: nothing of a refused one is stored, one that was begun goes on, and others have their turns."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from support.dispatcher_harness import job_id
from support.flow_lives import BUDGETS, SLICES, bounds
from support.flow_runner import FlowRunner, output, s, si
from support.large_flows import ID, SLICE, begin, commit, flow_runner, ones, stored, submit

from taskbahn.protocol import messages
from taskbahn_router.dispatcher.large_flows import AGAIN_SECONDS
from taskbahn_router.submission import backpressure, flows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["memory", "sqlite"])
def runner(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlowRunner]:
    with flow_runner(request.param, tmp_path, monkeypatch) as runner:
        yield runner


def test_the_answer_comes_when_all_is_stored(runner: FlowRunner) -> None:
    asked = submit(runner, ones(20), lasts=2)
    assert (asked.sent, stored(runner)) == ([], 2 * SLICE)
    runner.harness.store.refuses = ""
    runner.harness.passes(5.0)
    assert (asked.answer, stored(runner)) == ([ID], 21)
    runner.run()
    assert runner.result(ID) == [1] * 20


def test_no_commit_stores_more_than_a_slice(runner: FlowRunner) -> None:
    before = len(runner.harness.store.commits)
    submit(runner, ones(20))
    sizes = [sum(map(len, batch.submissions)) for batch in runner.harness.store.commits[before:]]
    assert [size for size in sizes if size] == [SLICE] * 5 + [1]


def test_the_slices_of_a_huge_flow_are_smaller(runner: FlowRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "LARGE_SLICE_JOBS", SLICE // 2)
    monkeypatch.setattr(messages, "MAX_CALLS", 19)
    before = len(runner.harness.store.commits)
    submit(runner, ones(20))
    sizes = [sum(map(len, batch.submissions)) for batch in runner.harness.store.commits[before:]]
    assert [size for size in sizes if size] == [SLICE // 2] * 10 + [1]


def test_memory_has_one_slice_at_a_time(runner: FlowRunner) -> None:
    harness = runner.harness
    harness.hold_commits()
    harness.ask(messages.SUBMIT, [{"flow": ones(50), "id": ID}])
    harness.settle()
    assert len(harness.dispatcher.state.jobs) == SLICE
    harness.release_commits()
    harness.check()


def test_members_run_before_all_are_stored(runner: FlowRunner) -> None:
    submit(runner, ones(20), lasts=3)
    runner.harness.store.refuses = ""
    assert runner.step()
    runner.harness.passes(5.0)
    runner.run()
    assert runner.result(ID) == [1] * 20


def test_the_jobs_of_others_come_between_the_slices(runner: FlowRunner) -> None:
    begin(runner, ones(50), commits=2)
    other = runner.harness.ask(messages.SUBMIT, [{"task": "a.one"}], caller=2)
    commit(runner)
    commit(runner)
    assert other.answer
    assert stored(runner) == 3 * SLICE + 1 + SLICE
    runner.harness.release_commits()


def test_nothing_of_a_flow_is_stored_if_its_last_member_is_wrong(runner: FlowRunner) -> None:
    last = {"group": [*ones(20)["group"], s("unknown")]}
    assert runner.refused(last)["detail"]["place"] == "group[20]"
    gone = {"group": [*ones(20)["group"], si("echo", output(job_id(99)))]}
    assert runner.refused(gone)["error"] == "taskbahn.error.unknown_job"
    assert stored(runner) == 0
    runner.harness.check()


def test_a_store_that_refuses_the_first_slice_has_nothing(runner: FlowRunner) -> None:
    assert submit(runner, ones(20), lasts=0).error == "store_unavailable"
    runner.harness.store.refuses = ""
    runner.harness.passes(5.0)
    assert stored(runner) == 0
    runner.harness.check()


@pytest.mark.parametrize("slice_jobs", SLICES)
@pytest.mark.parametrize("units", BUDGETS)
def test_members_end_alike_however_their_flow_is_cut(runner: FlowRunner, units: int, slice_jobs: int) -> None:
    runner.harness.ask(messages.SUBMIT, [{"task": "a.fail", "id": job_id(8)}])
    runner.run()
    callback = {"chain": [si("one"), si("one"), si("echo", output(job_id(8)), 1)], "on_failure": [si("one")]}
    with bounds(units, slice_jobs):
        submit(runner, {"chain": [s("echo", output(job_id(8)), output(job_id(8)))], "on_success": [callback, callback]})
        runner.run()
    assert Counter(row.state for row in runner.rows()) == {"failed": 5, "cancelled": 6}
    runner.harness.check()


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("slices", [1, 2, 4])
def test_what_comes_after_the_deadline_of_its_flow_ends(runner: FlowRunner, slices: int, *, restarts: bool) -> None:
    harness = runner.harness
    asked = submit(runner, ones(20), lasts=slices, options={"finish_within": 10})
    assert stored(runner) == slices * SLICE
    if restarts:
        harness.store.refuses = ""
        harness.restart()
        harness.worker("w", 2, tasks=["a.one"])
    harness.passes(10.1)
    harness.store.refuses = ""
    if restarts:
        assert harness.known(ID) == "failed"
        asked = submit(runner, ones(20), options={"finish_within": 10})
    harness.passes(5.0)
    assert asked.answer == [ID]
    assert runner.error(ID)["type"] == "DeadlineExceeded"
    assert Counter(row.state for row in runner.rows()) == {"failed": 1, "cancelled": 20}
    harness.check()


def test_two_may_submit_the_same_flow_at_once(runner: FlowRunner) -> None:
    asked = [runner.harness.ask(messages.SUBMIT, [{"flow": ones(20), "id": ID}], caller=caller) for caller in (1, 2)]
    runner.harness.settle()
    assert [one.answer for one in asked] == [[ID], [ID]]
    assert stored(runner) == 21
    runner.run()
    assert runner.result(ID) == [1] * 20


def test_a_large_flow_with_the_id_of_another_job_adds_nothing(runner: FlowRunner) -> None:
    runner.harness.ask(messages.SUBMIT, [{"task": "a.one", "id": ID}])
    runner.harness.settle()
    (answer,) = submit(runner, ones(20)).answer
    assert (answer["error"], answer["detail"]["task"]) == ("taskbahn.error.wrong_task", "a.one")
    assert stored(runner) == 1
    runner.harness.check()


def test_a_cancel_while_a_flow_is_submitted_cancels_all(runner: FlowRunner) -> None:
    asked = begin(runner, ones(20), commits=2)
    cancelled = runner.harness.ask(messages.JOB_CANCEL, [ID], caller=2)
    runner.harness.release_commits()
    assert cancelled.answer
    assert asked.answer == [ID]
    runner.run()
    assert [row.state for row in runner.rows()] == ["cancelled"] * 21


def test_a_failure_while_a_flow_is_submitted_fails_it(runner: FlowRunner) -> None:
    asked = begin(runner, {"group": [s("fail"), *ones(20)["group"]]}, commits=2)
    runner.worker.take()
    (run, *_) = runner.worker.runs
    runner.worker.failed(run)
    while runner.harness.known(ID) == "running":
        commit(runner)
    assert not asked.sent
    runner.harness.release_commits()
    assert stored(runner) == 22
    runner.run()
    assert runner.harness.known(ID) == "failed"


def test_each_entry_of_a_submission_is_stored_for_itself(runner: FlowRunner) -> None:
    entries = [
        {"flow": ones(20), "id": ID},
        {"task": "a.one", "id": job_id(8)},
        {"flow": ones(9), "id": job_id(9)},
        {"task": "a.x"},
    ]
    asked = runner.harness.ask(messages.SUBMIT, entries)
    runner.harness.settle()
    first, second, third, wrong = asked.answer
    assert (first, second, third) == (ID, job_id(8), job_id(9))
    assert wrong["error"] == "taskbahn.error.unknown_task"
    assert stored(runner) == 21 + 1 + 10
    runner.run()
    assert (runner.result(ID), runner.result(job_id(9))) == ([1] * 20, [1] * 9)


def test_a_caller_that_follows_gets_the_outcome_of_the_whole_alone(runner: FlowRunner) -> None:
    harness = runner.harness
    asked = harness.ask(messages.SUBMIT, [{"flow": ones(20), "id": ID}, {"flow": ones(2), "id": job_id(8)}], follow=True)
    runner.run()
    assert asked.answer == [ID, job_id(8)]
    assert asked.outcomes == {ID: "succeeded", job_id(8): "succeeded"}


def test_a_slice_waits_for_room(runner: FlowRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = submit(runner, ones(20), lasts=2)
    runner.harness.store.refuses = ""
    monkeypatch.setattr(backpressure, "MAX_QUEUED", 1)
    runner.harness.passes(10 * AGAIN_SECONDS)
    assert not asked.sent
    monkeypatch.setattr(backpressure, "MAX_QUEUED", 100)
    runner.harness.passes(2 * AGAIN_SECONDS)
    assert asked.answer == [ID]


def test_a_flow_for_which_there_is_no_room_is_refused_at_once(runner: FlowRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backpressure, "MAX_QUEUED", 20)
    assert submit(runner, ones(20)).error == "queue_full"
    assert stored(runner) == 0


def test_a_router_that_stops_tells_the_caller_to_come_again(runner: FlowRunner) -> None:
    asked = submit(runner, ones(20), lasts=2)
    runner.harness.store.refuses = ""
    runner.harness.dispatcher.accepting = False
    runner.harness.passes(5.0)
    assert asked.error == "not_ready"


def test_a_flow_that_lost_a_reference_meanwhile_is_cancelled(runner: FlowRunner) -> None:
    harness = runner.harness
    harness.ask(messages.SUBMIT, [{"task": "a.one", "id": job_id(8), "options": {"keep": 0}}])
    runner.run()
    asked = begin(runner, {"group": [*ones(20)["group"], si("echo", output(job_id(8)))]}, commits=2)
    harness.passes(2.0)
    harness.dispatcher.turn_input.ask_prune(0)
    harness.release_commits()
    (answer,) = asked.answer
    assert answer["error"] == "taskbahn.error.unknown_job"
    assert harness.known(ID) == "cancelled"
    assert runner.error(ID)["message"].startswith("the rest of the flow was refused: ")
    runner.run()


def test_a_limit_that_refuses_keeps_a_flow_in_one_commit(runner: FlowRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = {"kind": "concurrency", "name": "few", "limit": 1, "when_full": "refuse"}
    runner.harness.worker("limited", 1, tasks=["a.few"], declaration={"limits": [limit]})
    before = len(runner.harness.store.commits)
    few = {"group": [*ones(20)["group"], s("few")]}
    assert submit(runner, few).answer == [ID]
    assert max(sum(map(len, batch.submissions)) for batch in runner.harness.store.commits[before:]) == 22
    monkeypatch.setattr(messages, "MAX_CALLS", 20)
    assert "a limit of one of them refuses jobs" in runner.refused(few)["message"]
    callbacks = {**s("one"), "on_end": [si("one")] * 20}
    assert "they are the callbacks of one job" in runner.refused(callbacks)["message"]
