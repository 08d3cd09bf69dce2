"""What callers see: waits, watches, cancels, retries, repeated submissions, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatching import TASK, WALL, Hall, job_id

from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.lifecycle import MOVES, Event
from taskbahn_router.core.policy import DEFAULT_KEEP
from taskbahn_router.dispatcher.group_commit import LOCK_RETRY
from taskbahn_router.stores.contract import StoreLocked

if TYPE_CHECKING:
    from support.dispatching import FakeWorker

    from taskbahn_router.stores.contract import Batch, CommitResult

ONE, TWO, THREE = job_id(1), job_id(2), job_id(3)


def bring(hall: Hall, worker: FakeWorker, state: State) -> None:
    """Bring job ONE into a state."""
    if state is State.READY:
        worker.lost()
    options: dict[State, dict[str, Any]] = {State.WAITING: {"delay": 50}, State.EXPIRED: {"start_within": 1}}
    hall.submit(id=ONE, **options.get(state, {}))
    hall.settle()
    worker.take()
    if state is State.SUCCEEDED:
        worker.done((ONE, 1))
    elif state is State.FAILED:
        worker.failed((ONE, 1))
    elif state is State.CANCELLED:
        hall.ask(messages.JOB_CANCEL, [ONE])
    elif state is State.EXPIRED:
        worker.hands_back((ONE, 1), draining=True)
        hall.passes(2)
    hall.settle()
    assert hall.state(ONE) == state


@pytest.mark.parametrize("state", list(State))
def test_cancel_does_in_each_state_what_the_table_says(hall: Hall, worker: FakeWorker, state: State) -> None:
    bring(hall, worker, state)
    waiter = hall.ask(messages.JOB_WAIT, [ONE])
    asked = hall.ask(messages.JOB_CANCEL, [ONE])
    hall.settle()
    expected = MOVES.get((state, Event.CANCEL), state)
    assert asked.answer == [expected]
    assert hall.state(ONE) == expected
    assert waiter.outcomes == {ONE: expected}
    hall.check()


@pytest.mark.parametrize("state", list(State))
def test_retry_does_in_each_state_what_the_table_says(hall: Hall, worker: FakeWorker, state: State) -> None:
    bring(hall, worker, state)
    before = hall.row(ONE).attempt
    other = hall.worker("other")
    other.take()
    state = State(hall.state(ONE))
    asked = hall.ask(messages.JOB_RETRY, [ONE])
    hall.settle()
    if (state, Event.RETRY_BY_HAND) in MOVES:
        assert asked.answer == ["ready"]
        assert (worker.take() + other.take()) == [(ONE, before + 1)]
    else:
        assert asked.answer[0]["error"] == "taskbahn.error.wrong_state"
        assert asked.answer[0]["detail"]["state"] == state
        assert hall.state(ONE) == state
    hall.check()


def test_cancel_and_retry_answer_for_each_id_of_the_list(hall: Hall, worker: FakeWorker) -> None:
    hall.submit()
    hall.submit()
    hall.settle()
    asked = hall.ask(messages.JOB_CANCEL, [TWO, THREE, "nonsense", ONE])
    hall.settle()
    errors = [answer["error"] if isinstance(answer, dict) else answer for answer in asked.answer]
    assert errors == ["cancelled", "taskbahn.error.unknown_job", "taskbahn.error.invalid_request", "cancelled"]


def test_a_caller_that_cancels_cancels_its_job(hall: Hall, worker: FakeWorker) -> None:
    asked = hall.ask(TASK)
    hall.settle()
    run = worker.take()[0]
    asked.gone(cancelled=True)
    hall.settle()
    worker.take()
    assert worker.cancelled == [(*run, "cancelled by its caller")]
    assert hall.state(run[0]) == "cancelled"


@pytest.mark.parametrize("option, state", [({}, "running"), ({"on_caller_lost": "cancel"}, "cancelled")])
def test_a_job_outlives_its_caller_unless_the_task_says_otherwise(hall: Hall, option: dict[str, str], state: str) -> None:
    worker = hall.worker("x", declaration={"options": option})
    asked = hall.ask(TASK)
    hall.settle()
    run = worker.take()[0]
    asked.gone()
    hall.settle()
    assert hall.state(run[0]) == state
    worker.done(run)
    hall.settle()
    hall.check()


# the same id again


@pytest.mark.parametrize("follow", [True, False])
@pytest.mark.parametrize("state", list(State))
def test_a_repeated_submission_creates_nothing_twice_and_its_follower_gets_the_outcome(
    hall: Hall, worker: FakeWorker, state: State, *, follow: bool
) -> None:
    bring(hall, worker, state)
    before = hall.row(ONE)
    again = hall.submit("other arguments", id=ONE, follow=follow)
    hall.settle()
    assert hall.row(ONE) == before
    assert sum(hall.dispatcher.board.counts.values()) == 1
    if state.is_final or not follow:
        assert again.answer == [ONE]
        assert again.outcomes == ({ONE: state} if follow else {})
    else:
        hall.ask(messages.JOB_CANCEL, [ONE])
        hall.settle()
        assert again.outcomes == {ONE: "cancelled"}
    hall.check()


def test_an_id_given_twice_in_one_submission_is_one_job(hall: Hall, worker: FakeWorker) -> None:
    asked = hall.ask(messages.SUBMIT, [{"task": TASK, "id": ONE}, {"task": TASK, "id": ONE}], follow=True)
    hall.settle()
    worker.done(*worker.take())
    hall.settle()
    assert (asked.answer, asked.outcomes) == ([ONE, ONE], {ONE: "succeeded"})
    hall.check()


# waiting


def test_waiting_for_what_is_finished_running_and_unknown(hall: Hall, worker: FakeWorker) -> None:
    hall.submit()
    hall.settle()
    worker.done(*worker.take(), result='"a"')
    hall.submit()
    hall.settle()
    asked = hall.ask(messages.JOB_WAIT, [ONE, TWO, THREE])
    hall.settle()
    assert asked.outcomes == {ONE: "succeeded", THREE: "unknown"}
    assert asked.call.open
    worker.done(*worker.take())
    hall.settle()
    assert asked.sent[-2:] == [("progress", {"outcomes": [[TWO, "succeeded", "1", None]]}), ("answer", None, {})]
    hall.check()


def test_waiting_without_progress_answers_all_at_the_end(hall: Hall, worker: FakeWorker) -> None:
    hall.submit()
    hall.settle()
    asked = hall.ask(messages.JOB_WAIT, [ONE, ONE], progress=False)
    worker.done(*worker.take())
    hall.settle()
    assert asked.sent == [("answer", {"outcomes": [[ONE, "succeeded", "1", None]]}, {})]


def test_waiting_for_nothing_is_over_at_once(hall: Hall) -> None:
    assert hall.ask(messages.JOB_WAIT, []).sent == [("answer", None, {})]


def test_an_id_in_capitals_is_waited_for_as_well(hall: Hall, worker: FakeWorker) -> None:
    hall.submit()
    hall.settle()
    asked = hall.ask(messages.JOB_WAIT, [ONE.upper()])
    worker.done(*worker.take())
    hall.settle()
    assert asked.outcomes == {ONE: "succeeded"}


def test_a_job_that_ends_during_a_query_is_answered_once(hall: Hall) -> None:
    hall.worker().lost()
    hall.submit()
    hall.settle()
    hall.reading.holds = True
    asked = hall.ask(messages.JOB_WAIT, [ONE])
    worker = hall.worker()
    worker.done(*worker.take())
    hall.settle()
    hall.reading.release()
    hall.settle()
    assert [value["outcomes"] for value in asked.progress] == [[[ONE, "succeeded", "1", None]]]


def test_whoever_goes_away_is_forgotten(hall: Hall, worker: FakeWorker) -> None:
    asked = [hall.submit(follow=True), hall.ask(messages.JOB_WAIT, [ONE]), hall.ask(TASK)]
    hall.settle()
    asked.append(hall.ask(messages.JOB_WATCH, ONE))
    for each in asked:
        each.gone()
    assert hall.dispatcher.followers._by_job == {}


# the store is ill


def test_while_the_store_refuses_submissions_are_refused_and_reports_are_kept(hall: Hall) -> None:
    worker = hall.worker(slots=2)
    hall.submit()
    hall.settle()
    run = worker.take()[0]
    hall.store.refuses = "disk full"
    first, called = hall.submit(follow=True), hall.ask(TASK)
    report = worker.done(run)
    hall.settle()
    assert (first.error, called.error) == ("store_unavailable", "store_unavailable")
    assert hall.submit().error == "store_unavailable"
    assert (report.sent, hall.state(1)) == ([], "running")
    hall.passes(30)
    assert (report.sent, worker.take()) == ([], [])
    hall.store.refuses = ""
    hall.passes(3)
    assert (report.answer, hall.state(1)) == ({"refused": []}, "succeeded")
    assert hall.dispatcher.board.workers["w"].room.in_flight == 0
    assert hall.dispatcher.followers._by_job == {}
    hall.check()
    hall.submit(id=TWO)
    hall.settle()
    assert worker.take() == [(TWO, 1)]


def test_what_was_gathered_while_the_commit_was_refused_is_refused_too(hall: Hall, worker: FakeWorker) -> None:
    hall.hold_commits()
    first = hall.submit()
    hall.settle()
    second = hall.submit()
    hall.settle()
    hall.store.refuses = "disk full"
    hall.writing.release()
    hall.settle()
    assert (first.error, second.error) == ("store_unavailable", "store_unavailable")
    hall.store.refuses = ""
    hall.passes(3)
    assert worker.take() == [(ONE, 1)]  # it went before its commit, and was taken back
    assert worker.cancelled == [(ONE, 1, "disk full")]
    hall.check()


def test_a_refused_repetition_leaves_the_running_job_alone(hall: Hall, worker: FakeWorker) -> None:
    hall.submit()
    hall.settle()
    run = worker.take()[0]
    hall.store.refuses = "disk full"
    assert hall.submit(id=ONE).sent == []
    hall.settle()
    hall.store.refuses = ""
    hall.passes(3)
    worker.done(run)
    hall.settle()
    assert hall.state(1) == "succeeded"
    hall.check()


def test_what_the_store_holds_is_dated_when_it_happened(hall: Hall, worker: FakeWorker) -> None:
    hall.passes(5)
    hall.submit()
    hall.settle()
    hall.passes(2)
    worker.done(*worker.take())
    hall.settle()
    row = hall.row(1)
    assert (row.created_at, row.started_at, row.finished_at) == (WALL + 5, WALL + 5, WALL + 7)


def test_a_retried_commit_is_dated_when_the_store_takes_it(hall: Hall, worker: FakeWorker) -> None:
    hall.submit()
    hall.submit()
    hall.submit(delay=1000)
    hall.settle()
    hall.passes(5)
    hall.store.refuses = "disk full"
    worker.done(*worker.take())
    cancel = hall.ask(messages.JOB_CANCEL, [THREE])
    hall.passes(60)
    hall.store.refuses = ""
    hall.passes(3)
    [taken] = [claim.now for batch in hall.store.commits for claim in batch.claims if claim.now > WALL + 5]
    assert WALL + 60 < taken < WALL + 68
    assert (worker.take(), cancel.answer) == ([(TWO, 1)], ["cancelled"])
    assert hall.row(1).finished_at == pytest.approx(WALL + 5)  # as reported
    assert (hall.row(2).started_at, hall.row(3).finished_at) == (taken, taken)
    assert hall.row(3).delete_at == pytest.approx(taken + DEFAULT_KEEP, abs=1e-3)
    hall.check()


def test_a_waiting_job_starts_when_its_worker_gets_the_lock(
    hall: Hall, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(batch: Batch) -> CommitResult:
        raise StoreLocked("a shell")

    with monkeypatch.context() as patch:
        patch.setattr(hall.store, "commit", locked)
        hall.submit(delivery="at_most_once")  # is never handed out before its commit
        hall.passes(2)
    hall.passes(LOCK_RETRY)
    assert worker.take() == [(ONE, 1)]
    job = hall.dispatcher.board.jobs[ONE]
    assert hall.row(1).started_at == job.started_at == pytest.approx(WALL + 2, abs=2 * LOCK_RETRY)
    hall.check()
