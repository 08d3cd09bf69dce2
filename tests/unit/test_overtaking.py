"""A single job reaches its worker before its commit: who sees what when, and what becomes of it when the commit fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatching import TASK, Hall, job_id

from taskbahn.protocol import messages
from taskbahn_router.dispatcher.early_dispatch import HOLD_SECONDS

if TYPE_CHECKING:
    from support.dispatching import FakeWorker

    from taskbahn_router.stores.contract import Batch, CommitResult

ONE = job_id(1)


@pytest.fixture
def worker(hall: Hall) -> FakeWorker:
    """A worker of a task that is known to be quick."""
    worker = hall.worker(slots=4)
    hall.ask(TASK)
    hall.settle()
    worker.done(*worker.take(), seconds=0.0001)
    hall.settle()
    hall.store.commits.clear()
    return worker


def new_jobs(hall: Hall) -> list[int]:
    """How many new jobs each commit so far had, of those that had any."""
    return [len(batch.new) for batch in hall.store.commits if batch.new]


def told_before_the_commit(hall: Hall, worker: FakeWorker) -> list[Any]:
    """What the worker had been told to run when a commit began; fills itself."""
    told: list[Any] = []
    commit = hall.store.commit

    def told_first(batch: Batch) -> CommitResult:
        told.extend(worker.take())
        return commit(batch)

    hall.store.commit = told_first  # type: ignore[method-assign]
    return told


def test_a_quick_followed_job_is_committed_once_with_its_outcome(hall: Hall, worker: FakeWorker) -> None:
    asked = hall.ask(TASK)
    hall.settle()
    (run,) = worker.take()
    assert (new_jobs(hall), asked.sent) == ([], [])
    worker.done(run, result="7")
    hall.settle()
    assert (asked.answer, new_jobs(hall), [len(batch.finishes) for batch in hall.store.commits]) == (7, [1], [1])
    assert hall.row(run[0]).state == "succeeded"
    hall.check()


def test_the_outcome_of_the_only_job_waits_for_nothing_else(hall: Hall, worker: FakeWorker) -> None:
    before = hall.pushes
    asked = hall.ask(TASK)
    hall.settle()
    assert hall.pushes == before + 1  # the order was sent at once
    worker.done(*worker.take(), result="7")
    assert (asked.answer, hall.pushes) == (7, before + 2)
    hall.settle()
    hall.check()


def test_the_outcome_of_one_of_two_waits_for_what_comes_with_it(hall: Hall, worker: FakeWorker) -> None:
    asked = [hall.ask(TASK), hall.ask(TASK)]
    hall.settle()
    for run in worker.take():
        worker.done(run, result="7")
    assert [one.call.open for one in asked] == [True, True]
    hall.settle()
    assert ([one.answer for one in asked], new_jobs(hall)) == ([7, 7], [2])
    hall.check()


def test_a_commit_is_held_back_for_a_moment_only(hall: Hall, worker: FakeWorker) -> None:
    hall.ask(TASK)
    hall.settle()
    hall.passes(HOLD_SECONDS * 0.9)
    assert new_jobs(hall) == []
    hall.passes(HOLD_SECONDS * 0.2)
    assert new_jobs(hall) == [1]
    assert hall.row(worker.take()[0][0]).state == "running"
    hall.check()


def test_a_job_whose_sender_waits_for_acceptance_is_committed_at_once(hall: Hall, worker: FakeWorker) -> None:
    told = told_before_the_commit(hall, worker)
    asked = hall.submit(id=ONE)
    hall.settle()
    assert (told, asked.answer, hall.state(ONE)) == ([(ONE, 1)], [ONE], "running")
    hall.check()


def test_several_followed_jobs_are_held_together(hall: Hall, worker: FakeWorker) -> None:
    asked = [hall.ask(TASK)]
    hall.settle()
    asked.append(hall.ask(TASK))
    hall.settle()
    runs = worker.take()
    worker.done(runs[0], result="1")
    hall.settle()
    assert (asked[0].answer, asked[1].call.open, new_jobs(hall)) == (1, True, [2])
    worker.done(runs[1], result="2")
    hall.settle()
    assert asked[1].answer == 2
    hall.check()


def test_one_who_waits_for_acceptance_ends_the_holding_for_all(hall: Hall, worker: FakeWorker) -> None:
    hall.ask(TASK)
    hall.settle()
    asked = hall.submit(id=ONE)
    hall.settle()
    assert (asked.answer, new_jobs(hall)) == ([ONE], [2])
    hall.check()


@pytest.mark.parametrize("options", [{"delivery": "at_most_once"}, {"delay": 5}])
def test_an_at_most_once_or_later_job_never_starts_before_its_commit(
    hall: Hall, worker: FakeWorker, options: dict[str, Any]
) -> None:
    told = told_before_the_commit(hall, worker)
    hall.submit(id=ONE, follow=True, **options)
    hall.settle()
    assert (told, new_jobs(hall)) == ([], [1])


def test_a_repetition_of_a_finished_job_is_not_run_again(hall: Hall, worker: FakeWorker) -> None:
    hall.submit(id=ONE, follow=True)
    hall.settle()
    worker.done(*worker.take(), result="1")
    hall.settle()
    again = hall.submit(id=ONE, follow=True)
    hall.settle()
    assert (worker.take(), again.outcomes) == ([], {ONE: "succeeded"})
    hall.check()


def test_a_refused_commit_takes_the_attempt_back_and_ignores_its_report(hall: Hall, worker: FakeWorker) -> None:
    asked = hall.ask(TASK)
    hall.settle()
    (run,) = worker.take()
    hall.store.refuses = "disk full"
    hall.passes(HOLD_SECONDS)
    assert asked.error == "store_unavailable"
    worker.take()
    assert [(id, attempt) for id, attempt, _ in worker.cancelled] == [run]
    report = worker.done(run, result="1")
    hall.store.refuses = ""
    hall.passes(3)
    assert (report.answer, hall.known(run[0])) == ({"refused": []}, None)
    assert hall.dispatcher.board.workers["w"].attempts == {}
    hall.check()


def test_an_outcome_that_is_refused_together_with_its_job_leaves_nothing(hall: Hall, worker: FakeWorker) -> None:
    asked = hall.ask(TASK)
    hall.settle()
    (run,) = worker.take()
    worker.notices(run, "log", {"message": "hello"})
    worker.failed(run)
    hall.store.refuses = "disk full"
    hall.settle()
    assert asked.error == "store_unavailable"
    hall.store.refuses = ""
    hall.passes(3)
    batch = hall.store.commits[-1]
    assert (batch.new, batch.finishes, batch.events, batch.attempts) == ([], [], [], [])
    assert hall.known(run[0]) is None
    hall.check()


def test_a_router_that_died_before_the_commit_refuses_late_reports(hall: Hall, worker: FakeWorker) -> None:
    hall.ask(TASK)
    hall.settle()
    (run,) = worker.take()
    hall.restart()
    back = hall.worker(slots=4, running=[run])
    back.take()
    assert [(id, attempt) for id, attempt, _ in back.cancelled] == [run]
    report = back.done(run)
    hall.settle()
    assert (report.answer, hall.known(run[0])) == ({"refused": [list(run)]}, None)
    hall.check()


def test_a_watcher_sees_start_and_end_in_order_with_their_numbers(hall: Hall, worker: FakeWorker) -> None:
    asked = hall.ask(TASK, progress=True)
    hall.settle()
    (run,) = worker.take()
    worker.notices(run, "log", {"message": "hello"})
    worker.done(run, result="1")
    hall.settle()
    assert asked.events == [(2, "state", "running"), (3, "log", {"message": "hello"}), (4, "state", "succeeded")]
    assert hall.row(run[0]).number == 4


def test_a_worker_lost_during_the_commit_keeps_its_attempt_for_grace(hall: Hall, worker: FakeWorker) -> None:
    asked = hall.ask(TASK)
    hall.settle()
    (run,) = worker.take()
    worker.lost()
    hall.settle()
    back = hall.worker(slots=4, running=[run])
    hall.passes(1)
    assert hall.row(run[0]).attempt == 1
    back.done(run, result="5")
    hall.settle()
    assert asked.answer == 5
    hall.check()


def test_a_caller_that_cancels_before_the_commit_leaves_a_cancelled_job(hall: Hall, worker: FakeWorker) -> None:
    asked = hall.ask(TASK)
    hall.settle()
    (run,) = worker.take()
    asked.gone(cancelled=True)
    hall.settle()
    worker.take()
    assert (hall.row(run[0]).state, [cancel[:2] for cancel in worker.cancelled]) == ("cancelled", [run])
    hall.check()


def test_a_stopping_dispatcher_commits_what_it_held_back(hall: Hall, worker: FakeWorker) -> None:
    hall.ask(TASK)
    hall.settle()
    idle: list[Any] = []
    hall.dispatcher.loop.idle().addCallback(idle.append)
    hall.settle()
    assert (idle, new_jobs(hall)) == ([None], [1])


def test_of_one_turn_both_the_running_and_the_repeated_are_answered(hall: Hall, worker: FakeWorker) -> None:
    asked = [hall.ask(messages.SUBMIT, [{"task": TASK, "id": ONE}], follow=True) for _ in range(2)]
    hall.settle()
    runs = worker.take()
    assert runs == [(ONE, 1)]
    worker.done(*runs, result="1")
    hall.settle()
    assert [one.outcomes for one in asked] == [{ONE: "succeeded"}] * 2
    hall.check()


def test_a_worker_back_without_a_cancelled_attempt_does_not_end_it_elsewhere(hall: Hall) -> None:
    """The job went before its commit, which the store refused, and then was sent again."""
    first = hall.worker("a")
    hall.hold_commits()
    hall.submit(id=ONE)
    hall.settle()
    hall.writing.holds = False
    hall.store.refuses = "disk full"
    hall.release_commits()
    assert first.take() == [(ONE, 1)]
    hall.store.refuses = ""
    hall.passes(3)
    second = hall.worker("b")
    hall.submit(id=ONE)
    hall.settle()
    assert second.take() == [(ONE, 1)]
    first.lost()
    hall.worker("a")
    hall.settle()
    second.done((ONE, 1))
    hall.settle()
    assert (hall.row(ONE).state, hall.row(ONE).attempt, hall.row(ONE).crashes) == ("succeeded", 1, 0)
    hall.check()
