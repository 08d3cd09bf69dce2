"""A client that sends more than there is room for: the dispatcher takes nothing of it and says when to try again."""

from __future__ import annotations

import pytest
from support.dispatcher_harness import TASK, DispatcherHarness, job_id

from taskbahn.protocol import messages
from taskbahn_router.submission import backpressure, fair_queue


@pytest.fixture
def harness() -> DispatcherHarness:
    harness = DispatcherHarness()
    harness.worker().lost()
    harness.settle()
    return harness


def test_submissions_are_refused_while_the_disk_does_not_keep_up(
    harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backpressure, "MAX_UNWRITTEN", 3)
    harness.hold_commits()
    taken = [harness.submit()]
    harness.settle()  # on its way to the disk
    taken += [harness.submit() for _ in range(3)]
    turned = [harness.submit(), harness.ask(TASK)]
    assert [one.error for one in turned] == ["queue_full"] * 2
    assert turned[0].sent[-1][1].detail["retry_after"] == backpressure.SOON
    harness.release_commits()
    assert all(one.answer for one in taken)
    assert harness.submit().call.open
    harness.settle()
    harness.check()


def test_large_arguments_count_by_their_size(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backpressure, "MAX_BYTES", 1000)
    harness.hold_commits()
    harness.submit()
    harness.settle()
    harness.submit("x" * 900)
    assert harness.submit("x" * 900).error == "queue_full"
    assert harness.submit("x").call.open


def test_one_submission_alone_is_never_too_many_for_the_commit(
    harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backpressure, "MAX_UNWRITTEN", 1)
    asked = harness.ask(messages.SUBMIT, [{"task": TASK, "id": job_id(n)} for n in range(5)])
    harness.settle()
    assert len(asked.answer) == 5


def test_as_many_as_may_wait_for_workers_and_no_more(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backpressure, "MAX_QUEUED", 2)
    harness.submit()
    harness.submit(delay=100)
    harness.settle()
    turned = harness.submit()
    assert (turned.error, turned.sent[-1][1].detail["retry_after"]) == ("queue_full", backpressure.LATER)
    worker = harness.worker("other", slots=5)
    assert len(worker.take()) == 1
    assert harness.submit().call.open
    harness.settle()
    harness.check()


def test_one_who_floods_makes_others_wait_for_one_commit_only(
    harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fair_queue, "MAX_TAKEN", 4)
    harness.hold_commits()
    flood = [harness.ask(messages.SUBMIT, [{"task": TASK}] * 3, caller=7) for _ in range(5)]
    quiet = harness.ask(messages.SUBMIT, [{"task": TASK}], caller=8)
    harness.release_commits()
    sizes = [len(batch.new) for batch in harness.store.commits if batch.new]
    assert sizes == [4, 3, 3, 3, 3]
    assert quiet.answer
    assert all(len(one.answer) == 3 for one in flood)
    harness.check()


def test_one_commit_takes_fewer_jobs_that_have_edges(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_queue, "MAX_TAKEN", 4)
    harness.hold_commits()
    call = {"task": TASK, "args": []}
    flows = [harness.ask(messages.SUBMIT, [{"flow": {"chain": [call, call]}}], caller=caller) for caller in (6, 7, 8)]
    single = harness.ask(messages.SUBMIT, [{"task": TASK}], caller=9)
    harness.release_commits()
    sizes = [sum(map(len, batch.submissions)) for batch in harness.store.commits if batch.submissions]
    assert sizes == [3, 3, 3]
    assert all(one.answer for one in (*flows, single))


def test_a_submission_is_never_split(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_queue, "MAX_TAKEN", 2)
    asked = [harness.ask(messages.SUBMIT, [{"task": TASK}] * count, caller=7) for count in (5, 1, 1)]
    harness.settle()
    assert [len(batch.new) for batch in harness.store.commits if batch.new] == [5, 2]
    assert [len(one.answer) for one in asked] == [5, 1, 1]


def test_a_job_is_cancelled_while_its_submission_still_waits(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_queue, "MAX_TAKEN", 1)
    asked = [harness.submit() for _ in range(3)]
    cancel = harness.ask(messages.JOB_CANCEL, [job_id(3)])
    harness.settle()
    assert (cancel.answer, harness.state(3), harness.state(2)) == (["cancelled"], "cancelled", "ready")
    assert all(one.answer for one in asked)
    harness.check()


def test_all_that_waits_is_turned_away_when_the_disk_refuses(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_queue, "MAX_TAKEN", 1)
    harness.store.refuses = "disk full"
    asked = [harness.submit() for _ in range(3)]
    harness.settle()
    assert [one.error for one in asked] == ["store_unavailable"] * 3
    assert not harness.dispatcher.fair_queue
    harness.store.refuses = ""
    harness.passes(3)
    harness.check()
