"""Large flows whose submission is cut off: what is left goes on when they are sent again, or ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.flow_runner import FlowRunner, s
from support.large_flows import ID, SLICE, begin, commit, flow_runner, ones, stored, submit

from taskbahn.protocol import messages
from taskbahn_router.dispatcher import cancels, dispatcher
from taskbahn_router.dispatcher.large_flows import GIVEN_UP, UNSEALED_SECONDS
from taskbahn_router.submission import memory_budget, slices

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["memory", "sqlite"])
def runner(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlowRunner]:
    with flow_runner(request.param, tmp_path, monkeypatch) as runner:
        yield runner


@pytest.fixture
def read_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each step of a reading take a turn of the event loop, and the flows of these tests be large ones."""
    monkeypatch.setattr(slices, "SLICE_SECONDS", 0.0)
    monkeypatch.setattr(slices, "STEPS", 1)
    monkeypatch.setattr(memory_budget, "SMALL_JOBS", 5)


def test_a_restart_in_the_middle_goes_on_when_it_is_sent_again(runner: FlowRunner) -> None:
    harness = runner.harness
    submit(runner, ones(20), lasts=2)
    harness.store.refuses = ""
    harness.restart()
    runner.worker = harness.worker("w", 2, tasks=["a.one"])
    harness.passes(UNSEALED_SECONDS / 2)
    assert submit(runner, ones(20)).answer == [ID]
    assert stored(runner) == 21
    harness.passes(UNSEALED_SECONDS)
    runner.run()
    assert runner.result(ID) == [1] * 20


def test_a_flow_that_is_not_sent_again_is_cancelled(runner: FlowRunner) -> None:
    harness = runner.harness
    submit(runner, ones(20), lasts=2)
    harness.store.refuses = ""
    harness.restart()
    harness.passes(UNSEALED_SECONDS - 1)
    assert harness.known(ID) == "running"
    harness.passes(2)
    assert harness.known(ID) == "cancelled"
    assert runner.error(ID)["message"] == GIVEN_UP
    assert {row.state for row in runner.rows()} == {"cancelled"}


def test_a_flow_that_was_given_up_does_not_keep_its_key(runner: FlowRunner) -> None:
    harness = runner.harness
    submit(runner, ones(20), lasts=2, options={"key": "17"})
    harness.store.refuses = ""
    harness.restart()
    harness.passes(UNSEALED_SECONDS + 1)
    assert harness.known(ID) == "cancelled"
    runner.worker = harness.worker("w", 2, tasks=["a.one"])
    id = runner.start(ones(20), key="17")
    runner.run()
    assert runner.result(id) == [1] * 20


def test_a_flow_that_was_given_up_begins_again_when_it_is_sent(runner: FlowRunner) -> None:
    harness = runner.harness
    submit(runner, ones(20), lasts=2)
    harness.store.refuses = ""
    harness.restart()
    harness.passes(UNSEALED_SECONDS + 1)
    harness.restart()
    assert harness.known(ID) == "cancelled"
    assert submit(runner, ones(20)).answer == [ID]
    assert harness.known(ID) == "running"
    runner.worker = harness.worker("w", 2, tasks=["a.one"])
    runner.run()
    assert (runner.result(ID), stored(runner)) == ([1] * 20, 21)
    harness.check()


def test_a_flow_that_a_person_cancelled_stays_cancelled_when_it_is_sent(runner: FlowRunner) -> None:
    harness = runner.harness
    submit(runner, ones(20), lasts=2)
    harness.store.refuses = ""
    harness.restart()
    harness.ask(messages.JOB_CANCEL, [ID])
    harness.settle()
    assert submit(runner, ones(20)).answer == [ID]
    assert {row.state for row in runner.rows()} == {"cancelled"}
    assert stored(runner) == 21


def test_what_is_left_of_a_flow_is_deleted_in_its_time(runner: FlowRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancels, "DEFAULT_KEEP", 10.0)
    monkeypatch.setattr(dispatcher, "DEFAULT_KEEP", 10.0)
    harness = runner.harness
    submit(runner, ones(20), lasts=2)
    harness.store.refuses = ""
    harness.restart()
    harness.passes(UNSEALED_SECONDS + 1)
    harness.passes(180)
    assert stored(runner) == 0
    runner.worker = harness.worker("w", 2, tasks=["a.one"])
    assert submit(runner, ones(20)).answer == [ID]
    runner.run()
    assert runner.result(ID) == [1] * 20


def test_a_flow_whose_caller_cancels_ends_with_all_its_members(runner: FlowRunner) -> None:
    asked = begin(runner, ones(20), commits=2)
    asked.gone(cancelled=True)
    runner.harness.release_commits()
    assert runner.error(ID)["message"] == "cancelled by its caller"
    assert {row.state for row in runner.rows()} == {"cancelled"}
    assert stored(runner) < 21
    assert not asked.sent
    runner.run()
    assert not runner.ran
    assert submit(runner, ones(20)).answer == [ID]
    runner.harness.ask(messages.JOB_RETRY, [ID])
    runner.worker = runner.harness.worker("v", 2, tasks=["a.one"])
    runner.run()
    assert runner.result(ID) == [1] * 20


@pytest.mark.parametrize("follow", [False, True])
def test_a_flow_whose_caller_is_lost_waits_for_it(runner: FlowRunner, *, follow: bool) -> None:
    harness = runner.harness
    harness.hold_commits()
    asked = harness.ask(messages.SUBMIT, [{"flow": ones(20), "id": ID}], follow=follow)
    harness.settle()
    commit(runner)
    asked.gone()
    harness.release_commits()
    assert SLICE <= stored(runner) < 21
    assert not harness.dispatcher.followers
    harness.passes(UNSEALED_SECONDS - 2)
    assert harness.known(ID) == "running"
    assert submit(runner, ones(20)).answer == [ID]
    harness.passes(UNSEALED_SECONDS)
    runner.run()
    assert (runner.result(ID), stored(runner)) == ([1] * 20, 21)


def test_a_flow_whose_caller_does_not_come_back_is_given_up(runner: FlowRunner) -> None:
    asked = begin(runner, ones(20), commits=2)
    asked.gone()
    runner.harness.release_commits()
    runner.harness.passes(UNSEALED_SECONDS + 1)
    assert runner.error(ID)["message"] == GIVEN_UP
    assert {row.state for row in runner.rows()} == {"cancelled"}
    runner.run()
    assert not runner.ran


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_flow_that_another_caller_submits_too_goes_on(runner: FlowRunner, *, cancelled: bool) -> None:
    harness = runner.harness
    harness.hold_commits()
    first, second = (
        harness.ask(messages.SUBMIT, [{"flow": ones(20), "id": ID}], caller=caller) for caller in (1, 2)
    )  # fmt: skip
    harness.settle()
    commit(runner)
    commit(runner)
    first.gone(cancelled=cancelled)
    harness.release_commits()
    harness.passes(UNSEALED_SECONDS + 1)
    assert second.answer == [ID]
    runner.run()
    assert (runner.result(ID), stored(runner)) == ([1] * 20, 21)


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_caller_that_goes_while_its_flow_is_read_leaves_nothing(
    runner: FlowRunner, read_slowly: None, *, cancelled: bool
) -> None:
    asked = runner.harness.ask(messages.SUBMIT, [{"flow": ones(20), "id": ID}])
    later = runner.harness.ask(messages.SUBMIT, [{"task": "a.one"}])
    asked.gone(cancelled=cancelled)
    runner.harness.settle()
    assert (runner.harness.known(ID), asked.sent) == (None, [])
    assert later.answer
    assert submit(runner, ones(20)).answer == [ID]


def test_a_cancel_waits_until_the_flow_is_read(runner: FlowRunner, read_slowly: None) -> None:
    asked = runner.harness.ask(messages.SUBMIT, [{"flow": ones(20), "id": ID}], caller=1)
    cancelled = runner.harness.ask(messages.JOB_CANCEL, [ID], "not wanted", caller=2)
    assert not cancelled.sent
    runner.harness.settle()
    assert (asked.answer, cancelled.answer) == ([ID], ["cancelled"])
    assert runner.error(ID)["message"] == "not wanted"
    assert {row.state for row in runner.rows()} == {"cancelled"}
    runner.run()
    assert not runner.ran


def test_a_cancel_of_a_flow_that_is_refused_finds_no_job(runner: FlowRunner, read_slowly: None) -> None:
    asked = runner.harness.ask(messages.SUBMIT, [{"flow": {"group": [s("one")] * 9 + [s("x")]}, "id": ID}], caller=1)
    cancelled = runner.harness.ask(messages.JOB_CANCEL, [ID], caller=2)
    runner.harness.settle()
    assert asked.answer[0]["error"] == "taskbahn.error.unknown_task"
    assert cancelled.answer[0]["error"] == "taskbahn.error.unknown_job"
    assert not runner.harness.dispatcher.memory_budget.being_read._counts
