"""Jobs that wait for others, at the dispatcher: counts, followers, charts and workers know what a commit did by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import WALL, DispatcherHarness, FakeWorker, job_id

from taskbahn.protocol import messages
from taskbahn_router.core.reactions import NewEdge
from taskbahn_router.model.state import id_bytes
from taskbahn_router.promises.engine import LOOP_BUDGET, THREAD_BUDGET, Promises
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import NewJob

if TYPE_CHECKING:
    from support.recorded_call import RecordedCall


def children(harness: DispatcherHarness, *edges: tuple[int, int], **changes: Any) -> FakeWorker:
    """Let the first job be accepted, put jobs that wait for others into the store, and restart over it; return a worker."""
    harness.worker("before").lost()
    harness.submit(id=job_id(1))
    harness.passes(60)
    partition = next(iter(harness.dispatcher.state.partitions_by_id))
    jobs = [
        NewJob(
            seq, id_bytes(job_id(seq)), partition, "ready", 0, 0, 1, WALL, None, None, None, None, None, None, None, "[[],{}]"
        )._replace(**changes)
        for seq in sorted({child for child, _ in edges})
    ]  # fmt: skip
    after = [NewEdge(child, parent, position) for position, (child, parent) in enumerate(edges)]
    harness.store.commit(CommitBatch(submissions=[jobs], edges=after, rules=Promises(WALL, {})))
    harness.restart()
    return harness.worker("w", 1)


def watched(harness: DispatcherHarness, number: int) -> RecordedCall:
    asked = harness.ask(messages.JOB_WATCH, job_id(number))
    harness.settle()
    return asked


def test_a_child_starts_when_its_parent_has_succeeded(harness: DispatcherHarness) -> None:
    worker = children(harness, (2, 1), (3, 2))
    for number in (1, 2, 3):
        harness.settle()
        assert worker.take() == [(job_id(number), 1)]
        harness.check()
        worker.done((job_id(number), 1))
        harness.settle()
    assert [harness.state(number) for number in (1, 2, 3)] == ["succeeded"] * 3
    harness.check()


def test_followers_hear_of_a_failure_that_was_passed_on(harness: DispatcherHarness) -> None:
    worker = children(harness, (2, 1), (3, 2))
    asked = watched(harness, 3)
    harness.settle()
    worker.take()
    worker.failed((job_id(1), 1))
    harness.settle()
    assert [event[2] for event in asked.events] == ["failed"]
    assert harness.dispatcher.state.counts["failed"] == 3
    view = harness.ask(messages.JOB_GET, job_id(3))
    harness.settle()
    assert job_id(2) in view.answer["error"]["message"]
    harness.check()


def test_a_retried_child_waits_and_the_answer_says_so(harness: DispatcherHarness) -> None:
    worker = children(harness, (2, 1))
    harness.settle()
    worker.take()
    worker.failed((job_id(1), 1))
    harness.settle()
    asked = harness.ask(messages.JOB_RETRY, [job_id(2), job_id(1)])
    harness.settle()
    assert asked.answer == ["waiting", "ready"]
    harness.check()


def test_what_a_commit_on_the_loop_leaves_goes_on_by_itself(harness: DispatcherHarness) -> None:
    many = range(2, 102)
    worker = children(harness, *((child, 1) for child in many))
    harness.settle()
    worker.take()
    worker.failed((job_id(1), 1))
    harness.settle()
    assert {harness.state(number) for number in many} == {"failed"}
    budgets = [batch.reactions.budget for batch in harness.store.commits if batch.reactions is not None]
    assert LOOP_BUDGET in budgets
    assert budgets[-1] == THREAD_BUDGET
    harness.check()


def test_a_restart_goes_on_with_what_was_left(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = children(harness, *((child, 1) for child in range(2, 42)))
    harness.settle()
    worker.take()
    monkeypatch.setattr(harness.dispatcher.turn_input.__class__, "ask_continuation", lambda _: None)
    worker.failed((job_id(1), 1))
    harness.settle()
    assert "waiting" in {harness.state(number) for number in range(2, 42)}
    monkeypatch.undo()
    harness.restart()
    harness.settle()
    assert {harness.state(number) for number in range(2, 42)} == {"failed"}
    harness.check()


def test_a_child_with_a_delay_is_swept_when_its_parent_has_ended(harness: DispatcherHarness) -> None:
    worker = children(harness, (2, 1), state="waiting", due_at=WALL + 30)
    harness.settle()
    worker.take()
    worker.done((job_id(1), 1))
    harness.passes(31)
    assert worker.take() == [(job_id(2), 1)]
    harness.check()
