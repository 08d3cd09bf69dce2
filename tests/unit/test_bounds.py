"""Who sends more than there is room for is told when to come again, and nothing of it is taken."""

from __future__ import annotations

import pytest
from support.dispatching import TASK, Hall, job_id

from taskbahn.protocol import messages
from taskbahn_router.submission import backpressure, fair_queue


@pytest.fixture
def hall() -> Hall:
    hall = Hall()
    hall.worker().lost()
    hall.settle()
    return hall


def test_submissions_are_refused_while_the_disk_does_not_keep_up(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backpressure, "MOST_UNWRITTEN", 3)
    hall.hold_commits()
    taken = [hall.submit()]
    hall.settle()  # on its way to the disk
    taken += [hall.submit() for _ in range(3)]
    turned = [hall.submit(), hall.ask(TASK)]
    assert [one.error for one in turned] == ["queue_full"] * 2
    assert turned[0].sent[-1][1].detail["retry_after"] == backpressure.SOON
    hall.release_commits()
    assert all(one.answer for one in taken)
    assert hall.submit().call.open
    hall.settle()
    hall.check()


def test_large_arguments_count_by_their_size(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backpressure, "MOST_BYTES", 1000)
    hall.hold_commits()
    hall.submit()
    hall.settle()
    hall.submit("x" * 900)
    assert hall.submit("x" * 900).error == "queue_full"
    assert hall.submit("x").call.open


def test_one_submission_alone_is_never_too_many_for_the_commit(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backpressure, "MOST_UNWRITTEN", 1)
    asked = hall.ask(messages.SUBMIT, [{"task": TASK, "id": job_id(n)} for n in range(5)])
    hall.settle()
    assert len(asked.answer) == 5


def test_as_many_as_may_wait_for_workers_and_no_more(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backpressure, "MOST_QUEUED", 2)
    hall.submit()
    hall.submit(delay=100)
    hall.settle()
    turned = hall.submit()
    assert (turned.error, turned.sent[-1][1].detail["retry_after"]) == ("queue_full", backpressure.LATER)
    worker = hall.worker("other", slots=5)
    assert len(worker.take()) == 1
    assert hall.submit().call.open
    hall.settle()
    hall.check()


def test_one_who_floods_makes_others_wait_for_one_commit_only(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_queue, "MOST_TAKEN", 4)
    hall.hold_commits()
    flood = [hall.ask(messages.SUBMIT, [{"task": TASK}] * 3, caller=7) for _ in range(5)]
    quiet = hall.ask(messages.SUBMIT, [{"task": TASK}], caller=8)
    hall.release_commits()
    sizes = [len(batch.new) for batch in hall.store.commits if batch.new]
    assert sizes == [4, 3, 3, 3, 3]
    assert quiet.answer
    assert all(len(one.answer) == 3 for one in flood)
    hall.check()


def test_a_submission_is_never_split(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_queue, "MOST_TAKEN", 2)
    asked = [hall.ask(messages.SUBMIT, [{"task": TASK}] * count, caller=7) for count in (5, 1, 1)]
    hall.settle()
    assert [len(batch.new) for batch in hall.store.commits if batch.new] == [5, 2]
    assert [len(one.answer) for one in asked] == [5, 1, 1]


def test_a_job_is_cancelled_while_its_submission_still_waits(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_queue, "MOST_TAKEN", 1)
    asked = [hall.submit() for _ in range(3)]
    cancel = hall.ask(messages.JOB_CANCEL, [job_id(3)])
    hall.settle()
    assert (cancel.answer, hall.state(3), hall.state(2)) == (["cancelled"], "cancelled", "ready")
    assert all(one.answer for one in asked)
    hall.check()


def test_all_that_waits_is_turned_away_when_the_disk_refuses(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_queue, "MOST_TAKEN", 1)
    hall.store.refuses = "disk full"
    asked = [hall.submit() for _ in range(3)]
    hall.settle()
    assert [one.error for one in asked] == ["store_unavailable"] * 3
    assert not hall.dispatcher.fair_queue
    hall.store.refuses = ""
    hall.passes(3)
    hall.check()
