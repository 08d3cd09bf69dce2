"""Jobs that are the same one, at the dispatcher: who joins gets all of it, who is refused nothing, and plain jobs pay nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import TASK, DispatcherHarness, FakeWorker, job_id

from taskbahn.protocol import messages
from taskbahn.protocol.unique_fields import DeclaredUnique

if TYPE_CHECKING:
    from support.recorded_call import RecordedCall

    from taskbahn_router.stores.contract import CommitBatch, CommitResult

ONE, TWO, THREE, FOUR = (job_id(number) for number in range(1, 5))
PLAIN = "a.plain"


def unique(harness: DispatcherHarness, *, options: dict[str, Any] | None = None, **words: Any) -> FakeWorker:
    """Attach a worker with a task of unique jobs, and one with plain jobs."""
    harness.worker("other", 5, declaration={}, tasks=[PLAIN])
    return harness.worker("w", 5, declaration={"unique": DeclaredUnique(**words), "options": options or {}})


def submitted(harness: DispatcherHarness, *arguments: Any, **more: Any) -> list[Any]:
    calls = [harness.submit(argument, **more) for argument in arguments]
    harness.settle()
    return [call.answer[0] for call in calls]


def asked(harness: DispatcherHarness, procedure: str, *args: Any, **more: Any) -> RecordedCall:
    call = harness.ask(procedure, *args, **more)
    harness.settle()
    return call


@pytest.fixture
def joined(harness: DispatcherHarness) -> FakeWorker:
    """Job ONE runs; TWO is another id of it."""
    worker = unique(harness, key="{0}")
    assert submitted(harness, "a", "a") == [ONE, ONE]
    assert worker.take() == [(ONE, 1)]
    return worker


def test_jobs_of_one_turn_join_each_other(harness: DispatcherHarness) -> None:
    worker = unique(harness, key="{0}")
    assert submitted(harness, "a", "a", "b", "a") == [ONE, ONE, THREE, ONE]
    assert [id for id, _ in worker.take()] == [ONE, THREE]
    harness.check()


def test_an_id_that_joined_is_sent_again(harness: DispatcherHarness, joined: FakeWorker) -> None:
    joined.done((ONE, 1))
    harness.settle()
    assert submitted(harness, "a", id=TWO) == [ONE], "also when the key is free"
    assert joined.take() == []
    harness.check()


@pytest.mark.parametrize("procedure", [messages.JOB_GET, messages.JOB_WATCH])
def test_a_job_is_shown_by_an_id_that_joined_it(harness: DispatcherHarness, joined: FakeWorker, procedure: str) -> None:
    call = asked(harness, procedure, TWO)
    joined.done((ONE, 1))
    harness.settle()
    assert call.answer["id"] == ONE
    harness.check()


def test_a_watch_by_an_id_that_joined_misses_nothing(harness: DispatcherHarness, joined: FakeWorker) -> None:
    joined.notices((ONE, 1), "chunk", "x")
    harness.settle()
    call = asked(harness, messages.JOB_WATCH, TWO)
    joined.notices((ONE, 1), "chunk", "y")
    joined.done((ONE, 1))
    harness.settle()
    assert [event[1:] for event in call.events] == [("chunk", "x"), ("chunk", "y"), ("state", "succeeded")]
    assert {event["job"] for event in asked(harness, messages.JOB_EVENTS, TWO).answer["events"]} == {ONE}
    harness.check()


def test_a_wait_has_each_outcome_by_the_id_it_asked_for(harness: DispatcherHarness, joined: FakeWorker) -> None:
    early = asked(harness, messages.JOB_WAIT, [TWO, ONE])
    joined.done((ONE, 1))
    harness.settle()
    late = asked(harness, messages.JOB_WAIT, [TWO])
    assert (early.outcomes, late.outcomes) == ({ONE: "succeeded", TWO: "succeeded"}, {TWO: "succeeded"})
    harness.check()


@pytest.mark.parametrize("procedure", [messages.JOB_WAIT, messages.JOB_WATCH, TASK])
def test_an_end_while_the_store_answers_is_not_missed(harness: DispatcherHarness, joined: FakeWorker, procedure: str) -> None:
    harness.reading.holds_answers = True
    call = asked(harness, procedure, {messages.JOB_WAIT: [TWO], messages.JOB_WATCH: TWO, TASK: "a"}[procedure])
    joined.done((ONE, 1))
    harness.settle()
    harness.reading.release()
    harness.passes(1)
    if procedure == messages.JOB_WAIT:
        assert call.outcomes == {TWO: "succeeded"}
    else:
        assert call.answer is not None
    harness.check()


def test_a_wait_that_is_given_up_leaves_nothing(harness: DispatcherHarness, joined: FakeWorker) -> None:
    calls = [asked(harness, messages.JOB_WAIT, [TWO]), asked(harness, messages.JOB_WATCH, TWO), asked(harness, TASK, "a")]
    for call in calls:
        call.gone()
    followers = harness.dispatcher.followers
    assert (len(followers), followers.is_joined(ONE), followers.event_follower_count) == (0, False, 0)
    joined.done((ONE, 1))
    harness.settle()
    harness.check()


def test_a_job_is_cancelled_and_retried_by_an_id_that_joined_it(harness: DispatcherHarness, joined: FakeWorker) -> None:
    assert asked(harness, messages.JOB_CANCEL, [TWO, THREE], "why").answer[0] == "cancelled"
    assert harness.state(ONE) == "cancelled"
    joined.take()
    assert joined.cancelled == [(ONE, 1, "why")]
    assert asked(harness, messages.JOB_RETRY, [TWO]).answer == ["ready"]
    assert asked(harness, messages.JOB_CANCEL, [THREE]).answer[0]["error"] == "taskbahn.error.unknown_job"
    harness.check()


def test_an_id_that_joined_outlives_the_router(harness: DispatcherHarness, joined: FakeWorker) -> None:
    harness.restart()
    call = asked(harness, messages.JOB_WAIT, [TWO])
    unique(harness, key="{0}")
    assert submitted(harness, "a", "a", id=THREE) == [ONE, ONE]
    assert asked(harness, messages.JOB_CANCEL, [THREE]).answer == ["cancelled"]
    assert call.outcomes == {TWO: "cancelled"}
    harness.check()


def test_a_followed_submission_has_the_outcome_by_its_own_id(harness: DispatcherHarness, joined: FakeWorker) -> None:
    call = harness.submit("a", id=THREE, follow=True)
    nameless = harness.ask(messages.SUBMIT, [{"task": TASK, "args": ["a"]}, {"task": TASK, "args": ["a"]}], follow=True)
    harness.settle()
    joined.done((ONE, 1))
    harness.settle()
    assert (call.answer, call.outcomes) == ([ONE], {THREE: "succeeded"})
    assert (nameless.answer, nameless.outcomes) == ([ONE, ONE], {ONE: "succeeded"}), (
        "no client knows the ids that it would have had"
    )
    harness.check()


def test_a_job_that_ended_is_joined_while_it_is_kept(harness: DispatcherHarness) -> None:
    worker = unique(harness, key="{0}", during="kept")
    submitted(harness, "a")
    worker.take()
    worker.notices((ONE, 1), "chunk", "x")
    worker.done((ONE, 1), result="7")
    harness.settle()
    follow, call, quiet = harness.submit("a", follow=True), harness.ask(TASK, "a"), harness.ask(TASK, "a", progress=False)
    nameless = harness.ask(messages.SUBMIT, [{"task": TASK, "args": ["a"]}], follow=True)
    harness.settle()
    assert (follow.answer, follow.outcomes) == ([ONE], {TWO: "succeeded"})
    assert (nameless.answer, nameless.outcomes) == ([ONE], {ONE: "succeeded"})
    assert not harness.dispatcher.followers.is_joined(ONE)
    assert (call.answer, quiet.answer) == (7, 7)
    assert ("chunk", "x") in [event[1:] for event in call.events]
    harness.check()


def test_a_call_that_joins_has_all_events_of_the_job(harness: DispatcherHarness, joined: FakeWorker) -> None:
    joined.notices((ONE, 1), "chunk", "x")
    joined.notices((ONE, 1), "progress", {"fraction": 0.5})
    harness.settle()
    call = asked(harness, TASK, "a")
    joined.notices((ONE, 1), "chunk", "y")
    joined.done((ONE, 1), result="7")
    harness.settle()
    assert [event[1:] for event in call.events] == [
        ("state", "running"), ("chunk", "x"), ("progress", {"fraction": 0.5}), ("chunk", "y"), ("state", "succeeded"),
    ]  # fmt: skip
    assert {message["job"] for message in call.progress} == {ONE}
    assert call.answer == 7
    harness.check()


def test_a_joined_job_that_fails_fails_all_its_calls(harness: DispatcherHarness, joined: FakeWorker) -> None:
    calls = [asked(harness, TASK, "a", progress=progress) for progress in (True, False)]
    joined.failed((ONE, 1))
    harness.settle()
    assert [call.error for call in calls] == ["job_failed", "job_failed"]


def test_a_caller_that_joined_ends_its_own_call_alone(harness: DispatcherHarness) -> None:
    worker = unique(harness, key="{0}", options={"on_caller_lost": "cancel"})
    first, *others = (asked(harness, TASK, "a", progress=progress) for progress in (True, True, False))
    (run,) = worker.take()
    others[0].gone(cancelled=True)
    others[1].gone()
    harness.settle()
    assert harness.state(run[0]) == "running"
    last = asked(harness, TASK, "a", progress=False)
    first.gone()
    harness.settle()
    assert harness.state(run[0]) == "running", "another caller waits for it"
    worker.done(run, result="7")
    harness.settle()
    assert last.answer == 7


def test_a_caller_that_is_lost_still_ends_a_job_for_itself(harness: DispatcherHarness) -> None:
    worker = unique(harness, key="{0}", options={"on_caller_lost": "cancel"})
    first = asked(harness, TASK, "a")
    (run,) = worker.take()
    asked(harness, TASK, "a").gone()
    first.gone()
    harness.settle()
    assert harness.state(run[0]) == "cancelled"


def test_a_bulk_entry_names_the_jobs_that_its_own_joined(harness: DispatcherHarness, joined: FakeWorker) -> None:
    calls = [[THREE, '[["a"],{}]'], ["no id", '[["b"],{}]'], [FOUR, '[["b"],{}]'], [job_id(5), '[["b"],{}]']]
    entries = [{"task": PLAIN, "id": job_id(6)}, {"task": TASK, "calls": calls}, {"task": TASK, "id": job_id(7), "args": ["a"]}]
    answer = asked(harness, messages.SUBMIT, entries).answer
    assert answer[1]["accepted"] == 3
    assert answer[1]["joined"] == {"0": ONE, "3": FOUR}
    assert (answer[0], answer[2]) == (job_id(6), ONE)
    harness.check()


def test_an_entry_is_refused_whole_with_the_id_of_the_other_job(harness: DispatcherHarness) -> None:
    unique(harness, key="{0}", on_conflict="refuse")
    submitted(harness, "a")
    bulk = {"task": TASK, "calls": [[TWO, '[["b"],{}]'], [THREE, '[["a"],{}]']]}
    answers = asked(harness, messages.SUBMIT, [bulk, {"task": PLAIN, "id": FOUR}], follow=False).answer
    assert answers[0]["error"] == "taskbahn.error.duplicate"
    assert answers[0]["detail"] == {"job": ONE, "key": 'a.task["a"]', "refused": THREE}
    assert answers[1] == FOUR
    assert [harness.known(id) for id in (TWO, THREE)] == [None, None]
    assert asked(harness, TASK, "a").error == "duplicate"
    harness.check()


@pytest.mark.parametrize("runs", [True, False])
def test_a_replaced_job_says_by_which(harness: DispatcherHarness, runs: bool) -> None:  # noqa: FBT001 - a parameter
    worker = unique(harness, on_conflict="replace")
    if not runs:
        asked(harness, messages.ADMIN_DRAIN, "w", True)
    waiting = harness.submit("a", follow=True)
    harness.settle()
    worker.take()
    assert submitted(harness, "a") == [TWO]
    assert waiting.outcomes == {ONE: "cancelled"}
    why = json.loads(harness.row(ONE).error or "")["message"]
    assert why == f'job {TWO} took its place: it has the same unique key, a.task{{"0":"a"}}'
    worker.take()
    assert worker.cancelled == ([(ONE, 1, why)] if runs else [])
    harness.check()


def test_a_callers_key_means_its_job_for_the_same_arguments(harness: DispatcherHarness) -> None:
    harness.worker("w", 5)
    assert submitted(harness, "a", "a", key="17") == [ONE, ONE]
    (refused,) = submitted(harness, "b", key="17")
    assert refused["detail"] == {"job": ONE, "key": 'a.task="17"', "refused": THREE}
    assert "other arguments" in refused["message"]
    view = asked(harness, messages.JOB_GET, TWO).answer
    assert (view["unique"], view["options"]) == ('a.task="17"', {})
    harness.check()


def test_a_key_that_does_not_fit_is_refused_before_the_commit(harness: DispatcherHarness) -> None:
    unique(harness, key="{0}")
    (own,) = submitted(harness, "a", key="17")
    (bulk,) = asked(harness, messages.SUBMIT, [{"task": PLAIN, "calls": [[ONE, "[[],{}]"]], "options": {"key": "17"}}]).answer
    (beside,) = asked(harness, messages.SUBMIT, [{"task": PLAIN, "options": {"id": ONE}}]).answer
    (nothing,) = submitted(harness, ["a"])
    assert [error["error"].rpartition(".")[2] for error in (own, bulk, beside, nothing)] == [
        *["invalid_option"] * 3,
        "invalid_arguments",
    ]
    assert "travels beside the options" in beside["message"]


def test_a_child_joins_a_job_that_stays_whose_it_was(harness: DispatcherHarness, joined: FakeWorker) -> None:
    assert submitted(harness, "a", task=PLAIN) == [THREE]
    calls = [{"task": TASK, "id": FOUR, "args": ["a"], "parent": THREE}, {"task": TASK, "args": ["b"], "parent": THREE}]
    answers = asked(harness, messages.SUBMIT, calls).answer
    assert answers[0] == ONE
    assert asked(harness, messages.JOB_CANCEL, [THREE]).answer == ["cancelled"]
    assert [harness.state(id) for id in (ONE, answers[1])] == ["running", "cancelled"]
    joined.take()
    harness.check()


def test_a_key_that_is_refused_leaves_no_job(harness: DispatcherHarness) -> None:
    unique(harness)
    submitted(harness, "a", key="17")
    submitted(harness, "b", id=THREE, task=PLAIN, keey="17")
    harness.settle()
    assert [harness.known(id) for id in (ONE, TWO, THREE)] == [None, None, None]
    harness.check()


def test_a_plain_job_is_ruled_by_nothing(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    unique(harness, key="{0}")
    submitted(harness, "a")
    batches: list[CommitBatch] = []
    commit = harness.store.commit

    def committing(batch: CommitBatch) -> CommitResult:
        batches.append(batch)
        return commit(batch)

    monkeypatch.setattr(harness.store, "commit", committing)
    submitted(harness, "a", task=PLAIN)
    assert [(len(batch.new), batch.submissions, batch.rules) for batch in batches if batch.new] == [(1, [], None)]


def test_a_worker_of_an_earlier_release_takes_unique_jobs_away(harness: DispatcherHarness) -> None:
    unique(harness)
    harness.workers[-1].lost()
    harness.passes(60)
    harness.worker("old")
    assert submitted(harness, "a", "a") == [ONE, TWO]
