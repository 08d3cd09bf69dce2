"""A single job reaches its worker before its commit: who sees what when, and what becomes of it when the commit fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import TASK, DispatcherHarness, job_id

from taskbahn.protocol import messages
from taskbahn_router.dispatcher.early_dispatch import HOLD_SECONDS

if TYPE_CHECKING:
    from support.dispatcher_harness import FakeWorker

    from taskbahn_router.stores.contract import CommitBatch, CommitResult

ONE = job_id(1)


@pytest.fixture
def worker(harness: DispatcherHarness) -> FakeWorker:
    """A worker of a task that is known to be quick."""
    worker = harness.worker(slots=4)
    harness.ask(TASK)
    harness.settle()
    worker.done(*worker.take(), seconds=0.0001)
    harness.settle()
    harness.store.commits.clear()
    return worker


def new_jobs(harness: DispatcherHarness) -> list[int]:
    """How many new jobs each commit so far had, of those that had any."""
    return [len(batch.new) for batch in harness.store.commits if batch.new]


def told_before_the_commit(harness: DispatcherHarness, worker: FakeWorker) -> list[Any]:
    """The attempts that the worker had when each commit began; the list grows with each commit."""
    told: list[Any] = []
    commit = harness.store.commit

    def told_first(batch: CommitBatch) -> CommitResult:
        told.extend(worker.take())
        return commit(batch)

    harness.store.commit = told_first  # type: ignore[method-assign]
    return told


def test_a_quick_followed_job_is_committed_once_with_its_outcome(harness: DispatcherHarness, worker: FakeWorker) -> None:
    asked = harness.ask(TASK)
    harness.settle()
    (run,) = worker.take()
    assert (new_jobs(harness), asked.sent) == ([], [])
    worker.done(run, result="7")
    harness.settle()
    assert (asked.answer, new_jobs(harness), [len(batch.finishes) for batch in harness.store.commits]) == (7, [1], [1])
    assert harness.row(run[0]).state == "succeeded"
    harness.check()


def test_the_outcome_of_the_only_job_waits_for_nothing_else(harness: DispatcherHarness, worker: FakeWorker) -> None:
    before = harness.pushes
    asked = harness.ask(TASK)
    harness.settle()
    assert harness.pushes == before + 1  # the order was sent at once
    worker.done(*worker.take(), result="7")
    assert (asked.answer, harness.pushes) == (7, before + 2)
    harness.settle()
    harness.check()


def test_the_outcome_of_one_of_two_waits_for_what_comes_with_it(harness: DispatcherHarness, worker: FakeWorker) -> None:
    asked = [harness.ask(TASK), harness.ask(TASK)]
    harness.settle()
    for run in worker.take():
        worker.done(run, result="7")
    assert [one.call.open for one in asked] == [True, True]
    harness.settle()
    assert ([one.answer for one in asked], new_jobs(harness)) == ([7, 7], [2])
    harness.check()


def test_a_commit_is_held_back_for_a_moment_only(harness: DispatcherHarness, worker: FakeWorker) -> None:
    harness.ask(TASK)
    harness.settle()
    harness.passes(HOLD_SECONDS * 0.9)
    assert new_jobs(harness) == []
    harness.passes(HOLD_SECONDS * 0.2)
    assert new_jobs(harness) == [1]
    assert harness.row(worker.take()[0][0]).state == "running"
    harness.check()


def test_a_job_whose_sender_waits_for_acceptance_is_committed_at_once(harness: DispatcherHarness, worker: FakeWorker) -> None:
    told = told_before_the_commit(harness, worker)
    asked = harness.submit(id=ONE)
    harness.settle()
    assert (told, asked.answer, harness.state(ONE)) == ([(ONE, 1)], [ONE], "running")
    harness.check()


def test_several_followed_jobs_are_held_together(harness: DispatcherHarness, worker: FakeWorker) -> None:
    asked = [harness.ask(TASK)]
    harness.settle()
    asked.append(harness.ask(TASK))
    harness.settle()
    runs = worker.take()
    worker.done(runs[0], result="1")
    harness.settle()
    assert (asked[0].answer, asked[1].call.open, new_jobs(harness)) == (1, True, [2])
    worker.done(runs[1], result="2")
    harness.settle()
    assert asked[1].answer == 2
    harness.check()


def test_one_who_waits_for_acceptance_ends_the_holding_for_all(harness: DispatcherHarness, worker: FakeWorker) -> None:
    harness.ask(TASK)
    harness.settle()
    asked = harness.submit(id=ONE)
    harness.settle()
    assert (asked.answer, new_jobs(harness)) == ([ONE], [2])
    harness.check()


@pytest.mark.parametrize("options", [{"delivery": "at_most_once"}, {"delay": 5}])
def test_an_at_most_once_or_later_job_never_starts_before_its_commit(
    harness: DispatcherHarness, worker: FakeWorker, options: dict[str, Any]
) -> None:
    told = told_before_the_commit(harness, worker)
    harness.submit(id=ONE, follow=True, **options)
    harness.settle()
    assert (told, new_jobs(harness)) == ([], [1])


def test_a_repetition_of_a_finished_job_is_not_run_again(harness: DispatcherHarness, worker: FakeWorker) -> None:
    harness.submit(id=ONE, follow=True)
    harness.settle()
    worker.done(*worker.take(), result="1")
    harness.settle()
    again = harness.submit(id=ONE, follow=True)
    harness.settle()
    assert (worker.take(), again.outcomes) == ([], {ONE: "succeeded"})
    harness.check()


def test_a_refused_commit_takes_the_attempt_back_and_ignores_its_report(harness: DispatcherHarness, worker: FakeWorker) -> None:
    asked = harness.ask(TASK)
    harness.settle()
    (run,) = worker.take()
    harness.store.refuses = "disk full"
    harness.passes(HOLD_SECONDS)
    assert asked.error == "store_unavailable"
    worker.take()
    assert [(id, attempt) for id, attempt, _ in worker.cancelled] == [run]
    report = worker.done(run, result="1")
    harness.store.refuses = ""
    harness.passes(3)
    assert (report.answer, harness.known(run[0])) == ({"refused": []}, None)
    assert harness.dispatcher.state.workers["w"].attempts == {}
    harness.check()


def test_an_outcome_that_is_refused_together_with_its_job_leaves_nothing(harness: DispatcherHarness, worker: FakeWorker) -> None:
    asked = harness.ask(TASK)
    harness.settle()
    (run,) = worker.take()
    worker.notices(run, "log", {"message": "hello"})
    worker.failed(run)
    harness.store.refuses = "disk full"
    harness.settle()
    assert asked.error == "store_unavailable"
    harness.store.refuses = ""
    harness.passes(3)
    batch = harness.store.commits[-1]
    assert (batch.new, batch.finishes, batch.events, batch.attempts) == ([], [], [], [])
    assert harness.known(run[0]) is None
    harness.check()


def test_a_router_that_died_before_the_commit_refuses_late_reports(harness: DispatcherHarness, worker: FakeWorker) -> None:
    harness.ask(TASK)
    harness.settle()
    (run,) = worker.take()
    harness.restart()
    back = harness.worker(slots=4, running=[run])
    back.take()
    assert [(id, attempt) for id, attempt, _ in back.cancelled] == [run]
    report = back.done(run)
    harness.settle()
    assert (report.answer, harness.known(run[0])) == ({"refused": [list(run)]}, None)
    harness.check()


def test_a_watcher_sees_start_and_end_in_order_with_their_numbers(harness: DispatcherHarness, worker: FakeWorker) -> None:
    asked = harness.ask(TASK, progress=True)
    harness.settle()
    (run,) = worker.take()
    worker.notices(run, "log", {"message": "hello"})
    worker.done(run, result="1")
    harness.settle()
    assert asked.events == [(2, "state", "running"), (3, "log", {"message": "hello"}), (4, "state", "succeeded")]
    assert harness.row(run[0]).number == 4


def test_a_worker_lost_during_the_commit_keeps_its_attempt_for_grace(harness: DispatcherHarness, worker: FakeWorker) -> None:
    asked = harness.ask(TASK)
    harness.settle()
    (run,) = worker.take()
    worker.lost()
    harness.settle()
    back = harness.worker(slots=4, running=[run])
    harness.passes(1)
    assert harness.row(run[0]).attempt == 1
    back.done(run, result="5")
    harness.settle()
    assert asked.answer == 5
    harness.check()


def test_a_caller_that_cancels_before_the_commit_leaves_a_cancelled_job(harness: DispatcherHarness, worker: FakeWorker) -> None:
    asked = harness.ask(TASK)
    harness.settle()
    (run,) = worker.take()
    asked.gone(cancelled=True)
    harness.settle()
    worker.take()
    assert (harness.row(run[0]).state, [cancel[:2] for cancel in worker.cancelled]) == ("cancelled", [run])
    harness.check()


def test_a_stopping_dispatcher_commits_what_it_held_back(harness: DispatcherHarness, worker: FakeWorker) -> None:
    harness.ask(TASK)
    harness.settle()
    idle: list[Any] = []
    harness.dispatcher.loop.idle().addCallback(idle.append)
    harness.settle()
    assert (idle, new_jobs(harness)) == ([None], [1])


def test_of_one_turn_both_the_running_and_the_repeated_are_answered(harness: DispatcherHarness, worker: FakeWorker) -> None:
    asked = [harness.ask(messages.SUBMIT, [{"task": TASK, "id": ONE}], follow=True) for _ in range(2)]
    harness.settle()
    runs = worker.take()
    assert runs == [(ONE, 1)]
    worker.done(*runs, result="1")
    harness.settle()
    assert [one.outcomes for one in asked] == [{ONE: "succeeded"}] * 2
    harness.check()


def test_a_worker_back_without_a_cancelled_attempt_does_not_end_it_elsewhere(harness: DispatcherHarness) -> None:
    """The job went before its commit, which the store refused, and then was sent again."""
    first = harness.worker("a")
    harness.hold_commits()
    harness.submit(id=ONE)
    harness.settle()
    harness.writing.holds = False
    harness.store.refuses = "disk full"
    harness.release_commits()
    assert first.take() == [(ONE, 1)]
    harness.store.refuses = ""
    harness.passes(3)
    second = harness.worker("b")
    harness.submit(id=ONE)
    harness.settle()
    assert second.take() == [(ONE, 1)]
    first.lost()
    harness.worker("a")
    harness.settle()
    second.done((ONE, 1))
    harness.settle()
    assert (harness.row(ONE).state, harness.row(ONE).attempt, harness.row(ONE).crashes) == ("succeeded", 1, 0)
    harness.check()
