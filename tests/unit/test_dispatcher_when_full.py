"""Jobs that find the key of a limit full, at the dispatcher: refused, cancelled, or taken in place of the oldest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import TASK, DispatcherHarness, FakeWorker, job_id
from support.promise_tables import tables_of

from taskbahn.errors import LimitFull
from taskbahn.protocol import messages
from taskbahn.protocol.messages import DeclaredLimit

if TYPE_CHECKING:
    from support.recorded_call import RecordedCall

ONE, TWO, THREE, FOUR, FIVE = (job_id(number) for number in range(1, 6))
PLAIN = "a.plain"


def limited(harness: DispatcherHarness, when_full: str, limit: int = 2, *, slots: int = 1, **more: Any) -> FakeWorker:
    """Attach a worker with one task whose limit counts its jobs, and another without limits."""
    one = DeclaredLimit(kind="concurrency", name="gpu", limit=limit, when_full=when_full, **more)
    harness.worker("other", declaration={}, tasks=[PLAIN])
    return harness.worker("w", slots, declaration={"limits": [one]})


def submitted(harness: DispatcherHarness, *arguments: Any, **options: Any) -> list[RecordedCall]:
    calls = [harness.submit(argument, **options) for argument in arguments]
    harness.settle()
    return calls


def together(harness: DispatcherHarness, *calls: tuple[str, str], **more: Any) -> RecordedCall:
    """Submit several jobs as entries of one submission, each by its id and its task."""
    asked = harness.ask(messages.SUBMIT, [{"task": task, "id": id, "args": ["a"]} for id, task in calls], **more)
    harness.settle()
    return asked


def bulk(harness: DispatcherHarness, *ids: str, more: list[Any] | None = None) -> RecordedCall:
    """Submit several jobs of the limited task as one entry, and more entries behind it."""
    entry = {"task": TASK, "calls": [[id, '[["a"],{}]'] for id in ids]}
    asked = harness.ask(messages.SUBMIT, [entry, *(more or [])])
    harness.settle()
    return asked


def is_full(answer: Any) -> bool:
    return isinstance(answer, dict) and answer.get("error") == LimitFull.uri


def full(asked: RecordedCall) -> list[bool]:
    """Return for each entry whether it was refused because its limit is full."""
    return [is_full(answer) for answer in asked.answer]


def detail(asked: RecordedCall) -> dict[str, Any]:
    (answer,) = (answer for answer in asked.answer if is_full(answer))
    found: dict[str, Any] = answer["detail"]
    return found


def states(harness: DispatcherHarness, *ids: str) -> list[str | None]:
    harness.check()
    return [harness.known(id) for id in ids]


def why(harness: DispatcherHarness, id: str) -> str:
    return str(json.loads(harness.row(id).error or "{}").get("message"))


# refuse


def test_a_full_limit_refuses_with_its_numbers_and_stores_nothing(harness: DispatcherHarness) -> None:
    worker = limited(harness, "refuse")
    *_, last = submitted(harness, "a", "b", "c")
    assert detail(last) == {"limit": "gpu", "key": "gpu", "job": THREE, "capacity": 2, "running": 0, "ready": 2}
    assert last.answer[0]["message"].startswith("the limit gpu of 2 is full: 0 run and 2 wait; nothing was accepted")
    assert states(harness, ONE, TWO, THREE) == ["running", "ready", None]
    worker.take()
    worker.done((ONE, 1))
    harness.settle()
    assert submitted(harness, "d")[0].answer == [FOUR]
    assert states(harness, ONE, TWO, FOUR) == ["succeeded", "running", "ready"]


def test_an_entry_is_refused_as_a_whole(harness: DispatcherHarness) -> None:
    limited(harness, "refuse")
    more = [{"task": PLAIN, "id": FOUR}, {"task": TASK, "id": FIVE, "args": ["a"]}]
    refused = bulk(harness, ONE, TWO, THREE, more=more)
    assert (full(refused), detail(refused)["job"]) == ([True, False, False], THREE)
    assert states(harness, ONE, TWO, THREE, FOUR, FIVE) == [None, None, None, "running", "running"]
    assert bulk(harness, ONE).answer == [{"accepted": 1, "errors": {}}]
    assert states(harness, ONE) == ["ready"]


def test_an_entry_that_is_refused_leaves_the_others_alone(harness: DispatcherHarness) -> None:
    limited(harness, "refuse", 1)
    asked = together(harness, (ONE, PLAIN), (TWO, TASK), (THREE, TASK), (FOUR, TASK))
    assert full(asked) == [False, False, True, True]
    assert states(harness, ONE, TWO, THREE, FOUR) == ["running", "running", None, None]


def test_a_followed_submission_waits_for_what_was_accepted(harness: DispatcherHarness) -> None:
    worker = limited(harness, "refuse", 1)
    asked = together(harness, (ONE, TASK), (TWO, TASK), follow=True)
    worker.take()
    worker.done((ONE, 1))
    harness.settle()
    assert (full(asked), asked.outcomes) == ([False, True], {ONE: "succeeded"})
    assert states(harness, ONE, TWO) == ["succeeded", None]


def test_an_id_sent_again_meets_its_job_though_it_is_full(harness: DispatcherHarness) -> None:
    limited(harness, "refuse", 1)
    (first,) = submitted(harness, "a")
    again, other = harness.submit("a", id=ONE), harness.submit("b", id=TWO)
    harness.settle()
    assert (first.answer, again.answer, full(other)) == ([ONE], [ONE], [True])
    assert states(harness, ONE) == ["running"]


def test_an_id_that_was_refused_is_judged_again_in_the_same_commit(harness: DispatcherHarness) -> None:
    limited(harness, "refuse", 1)
    together(harness, (FIVE, TASK))
    refused = [harness.submit("a", id=ONE), harness.submit("a", id=ONE)]
    harness.settle()
    assert [full(call) for call in refused] == [[True]] * 2
    assert states(harness, ONE) == [None]


def test_a_job_that_waits_for_a_time_asks_for_no_place(harness: DispatcherHarness) -> None:
    worker = limited(harness, "refuse", 1)
    submitted(harness, "a")
    assert submitted(harness, "b", delay=10)[0].answer == [TWO]
    worker.take()
    worker.done((ONE, 1))
    harness.settle()
    assert submitted(harness, "c")[0].answer == [THREE]
    harness.passes(11)
    assert states(harness, TWO, THREE) == ["ready", "running"]
    assert detail(submitted(harness, "d")[0])["ready"] == 1


def test_a_retry_by_hand_is_never_refused_and_counts(harness: DispatcherHarness) -> None:
    worker = limited(harness, "refuse", 1)
    submitted(harness, "a")
    worker.take()
    worker.failed((ONE, 1), retry=False)
    harness.settle()
    submitted(harness, "b")
    assert harness.ask(messages.JOB_RETRY, [ONE]).sent == []
    harness.settle()
    assert states(harness, ONE, TWO) == ["ready", "running"]
    said = detail(submitted(harness, "c")[0])
    assert (said["running"], said["ready"]) == (1, 1)


def test_an_override_changes_the_bound_that_counts(harness: DispatcherHarness) -> None:
    limited(harness, "refuse", 1, slots=5)
    submitted(harness, "a")
    harness.ask("taskbahn.admin.limit", "gpu", 2)
    assert [full(call)[0] for call in submitted(harness, "b", "c")] == [False, True]
    harness.ask("taskbahn.admin.limit", "gpu", None)
    assert detail(submitted(harness, "d")[0])["capacity"] == 1
    harness.check()


def test_after_a_restart_jobs_of_before_count(harness: DispatcherHarness) -> None:
    limited(harness, "refuse", 3, key="{0}")
    submitted(harness, "a", "a")
    harness.restart()
    assert [full(call)[0] for call in submitted(harness, "a", "a", "b")] == [False, True, False]
    harness.check()


def test_jobs_that_were_accepted_before_the_limit_counted_count(harness: DispatcherHarness) -> None:
    harness.worker("w", declaration={"limits": [DeclaredLimit(kind="concurrency", name="gpu", limit=2, key="{0}")]})
    submitted(harness, "a", "a", "b")
    limited(harness, "refuse", key="{0}")
    assert [full(call)[0] for call in submitted(harness, "a", "b")] == [True, False]
    harness.check()


def test_a_cancelled_attempt_counts_until_it_has_ended(harness: DispatcherHarness) -> None:
    worker = limited(harness, "refuse", 1)
    submitted(harness, "a")
    worker.take()
    harness.ask(messages.JOB_CANCEL, [ONE])
    harness.settle()
    assert full(submitted(harness, "b")[0])
    worker.failed((ONE, 1), kind="cancelled")
    harness.settle()
    assert submitted(harness, "c")[0].answer == [THREE]
    harness.check()


def test_a_place_that_becomes_free_in_a_commit_counts_in_it(harness: DispatcherHarness) -> None:
    worker = limited(harness, "refuse", 1)
    submitted(harness, "a")
    worker.take()
    harness.hold_commits()
    submitted(harness, "full")
    worker.done((ONE, 1))
    last = harness.submit("b")
    harness.release_commits()
    assert last.answer == [THREE]
    assert states(harness, ONE, TWO, THREE) == ["succeeded", None, "running"]


def test_a_cancel_that_comes_with_its_submission_meets_the_job(harness: DispatcherHarness) -> None:
    limited(harness, "refuse", 1)
    harness.submit("a")
    cancelled = harness.ask(messages.JOB_CANCEL, [ONE])
    harness.settle()
    assert cancelled.answer == ["cancelled"]
    assert states(harness, ONE) == ["cancelled"]


def test_a_follower_of_a_refused_submission_gets_the_error(harness: DispatcherHarness) -> None:
    limited(harness, "refuse", 1)
    submitted(harness, "a")
    assert full(submitted(harness, "b", follow=True)[0])
    called = harness.ask(TASK, "c")
    harness.settle()
    assert called.error == "limit_full"
    harness.check()


def test_a_cost_counts(harness: DispatcherHarness) -> None:
    limited(harness, "refuse", 5, cost="{0}")
    assert [full(call)[0] for call in submitted(harness, 3, 3, 2, 1, 0)] == [False, True, False, True, False]
    harness.check()


# cancel


def test_the_newest_is_stored_as_cancelled_with_the_reason(harness: DispatcherHarness) -> None:
    limited(harness, "cancel_newest", 1)
    submitted(harness, "a")
    (asked,) = submitted(harness, "b", follow=True)
    assert asked.outcomes == {TWO: "cancelled"}
    assert why(harness, TWO) == "the limit gpu of 1 is full (1 run, 0 wait): the new job was cancelled"
    assert states(harness, ONE, TWO) == ["running", "cancelled"]


def test_the_oldest_is_cancelled_and_the_new_one_waits_for_its_permit(harness: DispatcherHarness) -> None:
    worker = limited(harness, "cancel_oldest", 1, slots=5)
    submitted(harness, "a")
    worker.take()
    submitted(harness, "b")
    assert (worker.take(), [cancel[:2] for cancel in worker.cancelled]) == ([], [(ONE, 1)])
    assert "a newer job took the place of this one" in worker.cancelled[0][2]
    assert [row.outcome for row in harness.store.reader().attempts(harness.row(ONE).seq)] == ["cancelled"]
    assert states(harness, ONE, TWO) == ["cancelled", "ready"]
    worker.failed((ONE, 1), kind="cancelled")
    harness.settle()
    assert worker.take() == [(TWO, 1)]
    assert {key: gate.used for key, gate in tables_of(harness.store).gates.items() if gate.used} == {"gpu": 1}
    harness.check()


def test_one_that_is_on_its_way_out_takes_no_other_with_it(harness: DispatcherHarness) -> None:
    worker = limited(harness, "cancel_oldest", slots=5)
    submitted(harness, "a", "b")
    worker.take()
    harness.ask(messages.JOB_CANCEL, [ONE])
    harness.settle()
    submitted(harness, "c")
    assert states(harness, ONE, TWO, THREE) == ["cancelled", "running", "ready"]
    submitted(harness, "d")
    assert states(harness, TWO, THREE, FOUR) == ["cancelled", "ready", "ready"]


def test_the_last_of_one_submission_stay(harness: DispatcherHarness) -> None:
    worker = limited(harness, "cancel_oldest", slots=5)
    together(harness, *((job_id(number), TASK) for number in range(1, 6)))
    assert states(harness, ONE, TWO, THREE, FOUR, FIVE) == ["cancelled"] * 3 + ["running"] * 2
    assert worker.take() == [(FOUR, 1), (FIVE, 1)]


@pytest.mark.parametrize("key", [None, "{0}"])
def test_the_oldest_goes_whatever_its_priority(harness: DispatcherHarness, key: str | None) -> None:
    limited(harness, "cancel_oldest", 3, key=key).lost()
    for priority in (5, 0, 9):
        submitted(harness, "a", priority=priority)
    submitted(harness, "a", "a")
    assert states(harness, ONE, TWO, THREE, FOUR, FIVE) == ["cancelled"] * 2 + ["ready"] * 3


def test_a_job_takes_as_many_places_as_it_costs(harness: DispatcherHarness) -> None:
    limited(harness, "cancel_oldest", 4, cost="{0}").lost()
    submitted(harness, 1, 1, 2, 2)
    assert states(harness, ONE, TWO, THREE, FOUR) == ["cancelled", "cancelled", "ready", "ready"]


def test_what_a_refused_entry_would_have_cancelled_goes_on(harness: DispatcherHarness) -> None:
    limits = [
        DeclaredLimit(kind="concurrency", name="old", limit=1, when_full="cancel_oldest"),
        DeclaredLimit(kind="concurrency", name="all", limit=2, when_full="refuse"),
    ]
    harness.worker("w", declaration={"limits": limits})
    together(harness, (ONE, TASK))
    assert full(bulk(harness, TWO, THREE)) == [True]
    assert states(harness, ONE, TWO, THREE) == ["running", None, None]
    together(harness, (FOUR, TASK))
    assert states(harness, ONE, FOUR) == ["cancelled", "ready"]
