"""What callers see: waits, watches, cancels, retries, repeated submissions, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import TASK, WALL, DispatcherHarness, job_id
from support.job_states import bring

from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.lifecycle import MOVES, Event
from taskbahn_router.core.policy import DEFAULT_KEEP
from taskbahn_router.dispatcher.group_commit import LOCK_RETRY
from taskbahn_router.stores.contract import StoreLocked

if TYPE_CHECKING:
    from support.dispatcher_harness import FakeWorker

    from taskbahn_router.stores.contract import CommitBatch, CommitResult

ONE, TWO, THREE = job_id(1), job_id(2), job_id(3)


@pytest.mark.parametrize("state", list(State))
def test_cancel_does_in_each_state_what_the_table_says(harness: DispatcherHarness, worker: FakeWorker, state: State) -> None:
    bring(harness, worker, state)
    waiter = harness.ask(messages.JOB_WAIT, [ONE])
    asked = harness.ask(messages.JOB_CANCEL, [ONE])
    harness.settle()
    expected = MOVES.get((state, Event.CANCEL), state)
    assert asked.answer == [expected]
    assert harness.state(ONE) == expected
    assert waiter.outcomes == {ONE: expected}
    harness.check()


@pytest.mark.parametrize("state", list(State))
def test_retry_does_in_each_state_what_the_table_says(harness: DispatcherHarness, worker: FakeWorker, state: State) -> None:
    bring(harness, worker, state)
    before = harness.row(ONE).attempt
    other = harness.worker("other")
    other.take()
    state = State(harness.state(ONE))
    asked = harness.ask(messages.JOB_RETRY, [ONE])
    harness.settle()
    if (state, Event.RETRY_BY_HAND) in MOVES:
        assert asked.answer == ["ready"]
        assert (worker.take() + other.take()) == [(ONE, before + 1)]
    else:
        assert asked.answer[0]["error"] == "taskbahn.error.wrong_state"
        assert asked.answer[0]["detail"]["state"] == state
        assert harness.state(ONE) == state
    harness.check()


def test_cancel_and_retry_answer_for_each_id_of_the_list(harness: DispatcherHarness, worker: FakeWorker) -> None:
    harness.submit()
    harness.submit()
    harness.settle()
    asked = harness.ask(messages.JOB_CANCEL, [TWO, THREE, "nonsense", ONE])
    harness.settle()
    errors = [answer["error"] if isinstance(answer, dict) else answer for answer in asked.answer]
    assert errors == ["cancelled", "taskbahn.error.unknown_job", "taskbahn.error.invalid_request", "cancelled"]


def test_a_caller_that_cancels_cancels_its_job(harness: DispatcherHarness, worker: FakeWorker) -> None:
    asked = harness.ask(TASK)
    harness.settle()
    run = worker.take()[0]
    asked.gone(cancelled=True)
    harness.settle()
    worker.take()
    assert worker.cancelled == [(*run, "cancelled by its caller")]
    assert harness.state(run[0]) == "cancelled"


@pytest.mark.parametrize("option, state", [({}, "running"), ({"on_caller_lost": "cancel"}, "cancelled")])
def test_a_job_outlives_its_caller_unless_the_task_says_otherwise(
    harness: DispatcherHarness, option: dict[str, str], state: str
) -> None:
    worker = harness.worker("x", declaration={"options": option})
    asked = harness.ask(TASK)
    harness.settle()
    run = worker.take()[0]
    asked.gone()
    harness.settle()
    assert harness.state(run[0]) == state
    worker.done(run)
    harness.settle()
    harness.check()


# the same id again


@pytest.mark.parametrize("follow", [True, False])
@pytest.mark.parametrize("state", list(State))
def test_a_repeated_submission_creates_nothing_twice_and_its_follower_gets_the_outcome(
    harness: DispatcherHarness, worker: FakeWorker, state: State, *, follow: bool
) -> None:
    bring(harness, worker, state)
    before = harness.row(ONE)
    again = harness.submit("other arguments", id=ONE, follow=follow)
    harness.settle()
    assert harness.row(ONE) == before
    assert sum(harness.dispatcher.state.counts.values()) == 1
    if state.is_final or not follow:
        assert again.answer == [ONE]
        assert again.outcomes == ({ONE: state} if follow else {})
    else:
        harness.ask(messages.JOB_CANCEL, [ONE])
        harness.settle()
        assert again.outcomes == {ONE: "cancelled"}
    harness.check()


def test_an_id_given_twice_in_one_submission_is_one_job(harness: DispatcherHarness, worker: FakeWorker) -> None:
    asked = harness.ask(messages.SUBMIT, [{"task": TASK, "id": ONE}, {"task": TASK, "id": ONE}], follow=True)
    harness.settle()
    worker.done(*worker.take())
    harness.settle()
    assert (asked.answer, asked.outcomes) == ([ONE, ONE], {ONE: "succeeded"})
    harness.check()


# waiting


@pytest.mark.parametrize(
    "given, error",
    [
        ({}, {"message": "cancelled", "by": "joe"}),
        ({"reason": "not needed"}, {"message": "not needed", "by": "joe"}),
        ({"reason": "not needed", "who": "Ada"}, {"message": "not needed", "by": "Ada"}),
    ],
    ids=str,
)
def test_a_cancelled_job_says_why_and_by_whom(
    harness: DispatcherHarness, worker: FakeWorker, given: dict[str, Any], error: dict[str, str]
) -> None:
    harness.submit()
    harness.settle()
    assert worker.take()
    harness.ask(messages.JOB_CANCEL, [ONE], **given)
    harness.settle()
    assert harness.ask(messages.JOB_GET, ONE).answer["error"] == error
    assert harness.ask(messages.JOB_CANCEL, [TWO], who=5).error == "invalid_option"


def test_waiting_for_what_is_finished_running_and_unknown(harness: DispatcherHarness, worker: FakeWorker) -> None:
    harness.submit()
    harness.settle()
    worker.done(*worker.take(), result='"a"')
    harness.submit()
    harness.settle()
    asked = harness.ask(messages.JOB_WAIT, [ONE, TWO, THREE])
    harness.settle()
    assert asked.outcomes == {ONE: "succeeded", THREE: "unknown"}
    assert asked.call.open
    worker.done(*worker.take())
    harness.settle()
    assert asked.sent[-2:] == [("progress", {"outcomes": [[TWO, "succeeded", "1", None]]}), ("answer", None, {})]
    harness.check()


def test_waiting_without_progress_answers_all_at_the_end(harness: DispatcherHarness, worker: FakeWorker) -> None:
    harness.submit()
    harness.settle()
    asked = harness.ask(messages.JOB_WAIT, [ONE, ONE], progress=False)
    worker.done(*worker.take())
    harness.settle()
    assert asked.sent == [("answer", {"outcomes": [[ONE, "succeeded", "1", None]]}, {})]


def test_waiting_for_nothing_is_over_at_once(harness: DispatcherHarness) -> None:
    assert harness.ask(messages.JOB_WAIT, []).sent == [("answer", None, {})]


def test_an_id_in_capitals_is_waited_for_as_well(harness: DispatcherHarness, worker: FakeWorker) -> None:
    harness.submit()
    harness.settle()
    asked = harness.ask(messages.JOB_WAIT, [ONE.upper()])
    worker.done(*worker.take())
    harness.settle()
    assert asked.outcomes == {ONE: "succeeded"}


def test_a_job_that_ends_during_a_query_is_answered_once(harness: DispatcherHarness) -> None:
    harness.worker().lost()
    harness.submit()
    harness.settle()
    harness.reading.holds = True
    asked = harness.ask(messages.JOB_WAIT, [ONE])
    worker = harness.worker()
    worker.done(*worker.take())
    harness.settle()
    harness.reading.release()
    harness.settle()
    assert [value["outcomes"] for value in asked.progress] == [[[ONE, "succeeded", "1", None]]]


def test_a_caller_that_goes_away_is_forgotten(harness: DispatcherHarness, worker: FakeWorker) -> None:
    asked = [harness.submit(follow=True), harness.ask(messages.JOB_WAIT, [ONE]), harness.ask(TASK)]
    harness.settle()
    asked.append(harness.ask(messages.JOB_WATCH, ONE))
    for each in asked:
        each.gone()
    assert harness.dispatcher.followers._by_job == {}


# the store is ill


def test_while_the_store_refuses_submissions_are_refused_and_reports_are_kept(harness: DispatcherHarness) -> None:
    worker = harness.worker(slots=2)
    harness.submit()
    harness.settle()
    run = worker.take()[0]
    harness.store.refuses = "disk full"
    first, called = harness.submit(follow=True), harness.ask(TASK)
    report = worker.done(run)
    harness.settle()
    assert (first.error, called.error) == ("store_unavailable", "store_unavailable")
    assert harness.submit().error == "store_unavailable"
    assert (report.sent, harness.state(1)) == ([], "running")
    harness.passes(30)
    assert (report.sent, worker.take()) == ([], [])
    harness.store.refuses = ""
    harness.passes(3)
    assert (report.answer, harness.state(1)) == ({"refused": []}, "succeeded")
    assert harness.dispatcher.state.workers["w"].room.in_flight == 0
    assert harness.dispatcher.followers._by_job == {}
    harness.check()
    harness.submit(id=TWO)
    harness.settle()
    assert worker.take() == [(TWO, 1)]


def test_what_was_gathered_while_the_commit_was_refused_is_refused_too(harness: DispatcherHarness, worker: FakeWorker) -> None:
    harness.hold_commits()
    first = harness.submit()
    harness.settle()
    second = harness.submit()
    harness.settle()
    harness.store.refuses = "disk full"
    harness.writing.release()
    harness.settle()
    assert (first.error, second.error) == ("store_unavailable", "store_unavailable")
    harness.store.refuses = ""
    harness.passes(3)
    assert worker.take() == [(ONE, 1)]  # it went before its commit, and was taken back
    assert worker.cancelled == [(ONE, 1, "disk full")]
    harness.check()


def test_a_refused_repetition_leaves_the_running_job_alone(harness: DispatcherHarness, worker: FakeWorker) -> None:
    harness.submit()
    harness.settle()
    run = worker.take()[0]
    harness.store.refuses = "disk full"
    assert harness.submit(id=ONE).sent == []
    harness.settle()
    harness.store.refuses = ""
    harness.passes(3)
    worker.done(run)
    harness.settle()
    assert harness.state(1) == "succeeded"
    harness.check()


def test_what_the_store_holds_is_dated_when_it_happened(harness: DispatcherHarness, worker: FakeWorker) -> None:
    harness.passes(5)
    harness.submit()
    harness.settle()
    harness.passes(2)
    worker.done(*worker.take())
    harness.settle()
    row = harness.row(1)
    assert (row.created_at, row.started_at, row.finished_at) == (WALL + 5, WALL + 5, WALL + 7)


def test_a_retried_commit_is_dated_when_the_store_takes_it(harness: DispatcherHarness, worker: FakeWorker) -> None:
    harness.submit()
    harness.submit()
    harness.submit(delay=1000)
    harness.settle()
    harness.passes(5)
    harness.store.refuses = "disk full"
    worker.done(*worker.take())
    cancel = harness.ask(messages.JOB_CANCEL, [THREE])
    harness.passes(60)
    harness.store.refuses = ""
    harness.passes(3)
    [taken] = [claim.now for batch in harness.store.commits for claim in batch.claims if claim.now > WALL + 5]
    assert WALL + 60 < taken < WALL + 68
    assert (worker.take(), cancel.answer) == ([(TWO, 1)], ["cancelled"])
    assert harness.row(1).finished_at == pytest.approx(WALL + 5)  # as reported
    assert (harness.row(2).started_at, harness.row(3).finished_at) == (taken, taken)
    assert harness.row(3).delete_at == pytest.approx(taken + DEFAULT_KEEP, abs=1e-3)
    harness.check()


def test_a_waiting_job_starts_when_its_worker_gets_the_lock(
    harness: DispatcherHarness, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(batch: CommitBatch) -> CommitResult:
        raise StoreLocked("a shell")

    with monkeypatch.context() as patch:
        patch.setattr(harness.store, "commit", locked)
        harness.submit(delivery="at_most_once")  # is never handed out before its commit
        harness.passes(2)
    harness.passes(LOCK_RETRY)
    assert worker.take() == [(ONE, 1)]
    job = harness.dispatcher.state.jobs[ONE]
    assert harness.row(1).started_at == job.started_at == pytest.approx(WALL + 2, abs=2 * LOCK_RETRY)
    harness.check()
