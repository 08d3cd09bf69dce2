"""Jobs under limits at the dispatcher: who starts, when, and what an attempt holds until it has ended."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import TASK, WALL, DispatcherHarness, FakeWorker, job_id
from support.promise_tables import tables_of

from taskbahn.protocol import messages
from taskbahn.protocol.messages import DeclaredLimit
from taskbahn_router.dispatcher import limit_book
from taskbahn_router.dispatcher.limit_book import PURGE_PAUSE_SECONDS, PURGE_SECONDS
from taskbahn_router.model.turn import TurnEffects, TurnInput
from taskbahn_router.promises.choose import TURN, turn_of
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.workers.registry import GRACE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable

ONE, TWO, THREE = job_id(1), job_id(2), job_id(3)
GPU = DeclaredLimit(kind="concurrency", name="gpu", limit=1)
PACE = DeclaredLimit(kind="rate", name="pace", rate="10/s", burst=5, key="{0}")
EACH = DeclaredLimit(kind="concurrency", name="each", limit=1, key="{0}")


def limited(harness: DispatcherHarness, *limits: DeclaredLimit, id: str = "w", slots: int = 5, **more: Any) -> FakeWorker:
    """Attach a worker whose task is under limits."""
    fair_key = more.pop("fair_key", "")
    return harness.worker(id, slots, declaration={"limits": list(limits), "fair_key": fair_key}, **more)


def submitted(harness: DispatcherHarness, *arguments: Any, **options: Any) -> None:
    for argument in arguments:
        harness.submit(argument, **options)
    harness.settle()


def used(harness: DispatcherHarness) -> dict[str, int]:
    return {key: gate.used for key, gate in tables_of(harness.store).gates.items() if gate.used}


def ids(runs: Iterable[tuple[str, int]]) -> list[str]:
    return [id for id, _ in runs]


def cancelled_while_it_runs(harness: DispatcherHarness) -> FakeWorker:
    """Let a worker run a job that is cancelled, and another one wait for its permit; return the worker."""
    worker = limited(harness, GPU)
    submitted(harness, "a", "b")
    worker.take()
    harness.ask(messages.JOB_CANCEL, [ONE])
    harness.settle()
    return worker


def test_no_more_jobs_run_than_a_limit_allows(harness: DispatcherHarness) -> None:
    worker = limited(harness, GPU)
    submitted(harness, "a", "b", "c")
    assert ids(worker.take()) == [ONE]
    worker.done((ONE, 1))
    harness.settle()
    assert ids(worker.take()) == [TWO]
    assert used(harness) == {"gpu": 1}
    harness.check()


def test_a_key_holds_its_own_jobs_only(harness: DispatcherHarness) -> None:
    worker = limited(harness, EACH)
    submitted(harness, "a", "a", "b")
    assert ids(worker.take()) == [ONE, THREE]
    assert used(harness) == {'each["a"]': 1, 'each["b"]': 1}
    harness.check()


def test_an_attempt_whose_job_was_cancelled_holds_its_permit_until_it_ends(harness: DispatcherHarness) -> None:
    worker = cancelled_while_it_runs(harness)
    assert (harness.state(1), worker.take(), used(harness)) == ("cancelled", [], {"gpu": 1})
    worker.failed((ONE, 1), kind="cancelled")
    harness.settle()
    assert ids(worker.take()) == [TWO]
    harness.check()


def test_a_lost_worker_gives_back_the_permit_of_a_cancelled_attempt(harness: DispatcherHarness) -> None:
    worker = cancelled_while_it_runs(harness)
    worker.lost()
    other = limited(harness, GPU, id="other")
    harness.passes(GRACE_SECONDS + 1)
    assert ids(other.take()) == [TWO]
    assert used(harness) == {"gpu": 1}
    harness.check()


def test_a_lost_attempt_gives_back_its_permit(harness: DispatcherHarness) -> None:
    worker = limited(harness, GPU)
    submitted(harness, "a")
    worker.take()
    other = limited(harness, GPU, id="other")
    worker.lost()
    harness.passes(GRACE_SECONDS + 1)
    assert other.take() == [(ONE, 2)]
    assert used(harness) == {"gpu": 1}
    harness.check()


def test_after_a_restart_a_cancelled_attempt_holds_its_permit_until_it_ends(harness: DispatcherHarness) -> None:
    cancelled_while_it_runs(harness)
    harness.restart()
    back = limited(harness, GPU, running=[(ONE, 1)])
    harness.passes(GRACE_SECONDS * 2)
    assert back.take() == []
    back.failed((ONE, 1), kind="cancelled")
    harness.settle()
    assert ids(back.take()) == [TWO]
    harness.check()


def test_after_a_restart_a_missing_worker_gives_back_its_permits(harness: DispatcherHarness) -> None:
    limited(harness, GPU).take()
    submitted(harness, "a", "b")
    harness.ask(messages.JOB_CANCEL, [ONE])
    harness.settle()
    harness.restart()
    other = limited(harness, GPU, id="other")
    assert other.take() == []
    harness.passes(GRACE_SECONDS + 1)
    assert ids(other.take()) == [TWO]
    harness.check()


@pytest.mark.parametrize("id", ["", "x" * 100, "\ud800", job_id(9), ONE.upper()])
@pytest.mark.parametrize("attempt", [-1, 0, 7, 1 << 63, 10**30])
def test_an_attempt_that_cannot_be_is_refused_and_holds_up_nothing(harness: DispatcherHarness, id: str, attempt: int) -> None:
    worker = limited(harness, GPU)
    submitted(harness, "a", "b")
    worker.take()
    worker.failed((id, attempt))
    harness.settle()
    worker.done((ONE, 1))
    harness.settle()
    assert ids(worker.take()) == [TWO]
    harness.check()


def test_a_rate_starts_its_jobs_over_time(harness: DispatcherHarness) -> None:
    worker = limited(harness, DeclaredLimit(kind="rate", name="r", rate="2/s", burst=1), slots=50)
    submitted(harness, *range(10))
    counts = [len(worker.take())]
    for _ in range(6):
        harness.passes(0.5)
        counts.append(len(worker.take()))
    assert counts == [1] * 7
    harness.check()


def test_plain_jobs_start_while_others_wait_for_a_limit(harness: DispatcherHarness) -> None:
    worker = limited(harness, GPU, tasks=[TASK, "plain.task"])
    submitted(harness, "a", "b")
    submitted(harness, "c", task="plain.task")
    assert ids(worker.take()) == [ONE, THREE]
    harness.check()


def test_a_limit_that_is_declared_higher_starts_what_waits(harness: DispatcherHarness) -> None:
    worker = limited(harness, GPU)
    submitted(harness, "a", "b", "c")
    assert len(worker.take()) == 1
    limited(harness, DeclaredLimit(kind="concurrency", name="gpu", limit=2), id="newer", slots=5)
    harness.settle()
    assert used(harness) == {"gpu": 2}
    harness.check()


def test_a_limit_without_a_key_holds_jobs_that_wait_already(harness: DispatcherHarness) -> None:
    first = harness.worker("first")
    submitted(harness, *"abcd")
    assert ids(first.take()) == [ONE]
    second = limited(harness, GPU, id="second", slots=5)
    assert ids(second.take()) == [TWO]
    first.done((ONE, 1))
    harness.settle()
    assert first.take() == []
    second.done((TWO, 1))
    harness.settle()
    assert ids(first.take() + second.take()) == [THREE]
    harness.check()


def test_a_delayed_commit_does_not_lose_what_was_declared(harness: DispatcherHarness) -> None:
    limited(harness, GPU, tasks=[TASK, "plain.task"], slots=1).lost()
    harness.passes(GRACE_SECONDS + 1)
    submitted(harness, "a")
    book = harness.dispatcher.limit_book
    book._rehung.add(harness.row(1).partition)  # as at the start on data of before there were limits
    turn = TurnEffects(CommitBatch(rules=book.rules(0.0, [])), TurnInput())
    assert book.rules(0.0, []).rehung == []
    book.begin_turn(TurnInput(), turn)
    assert book.rules(0.0, []).rehung == [harness.row(1).partition]


def test_a_limit_that_is_declared_no_more_lets_all_jobs_through(harness: DispatcherHarness) -> None:
    limited(harness, GPU, EACH)
    submitted(harness, "a", "b", "c", "c")
    assert used(harness) == {"gpu": 1, 'each["a"]': 1}
    harness.worker("other")
    harness.settle()
    assert [harness.state(number) for number in (1, 2, 3, 4)] == ["running"] * 4
    harness.check()


def test_keys_take_turns(harness: DispatcherHarness) -> None:
    submitting = limited(harness, fair_key="{0}", slots=1)
    submitted(harness, *["a"] * 6, *["b"] * 2)
    order = []
    for _ in range(8):
        (run,) = submitting.take()
        order.append(harness.row(run[0]).packed)
        submitting.done(run)
        harness.settle()
    assert Counter(order[:5]) == {'[["a"],{}]': 3, '[["b"],{}]': 2}
    harness.check()


@pytest.mark.parametrize("fair", [False, True])
def test_keys_that_came_and_went_leave_no_row(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch, *, fair: bool) -> None:
    monkeypatch.setattr(limit_book, "PURGE_LIMIT", 5)
    limits = {"fair_key": "{0}"} if fair else {}
    worker = limited(harness, *([] if fair else [PACE]), slots=20, **limits)
    submitted(harness, *range(20))
    worker.done(*worker.take())
    harness.settle()
    assert len(tables_of(harness.store).gates) >= 20
    harness.passes(PURGE_SECONDS + PURGE_PAUSE_SECONDS)
    assert 5 < len(tables_of(harness.store).gates) <= 11
    harness.passes(5 * PURGE_PAUSE_SECONDS)
    assert {gate.limit for gate in tables_of(harness.store).gates.values()} == ({TURN} if fair else set())
    harness.check()


def test_the_turns_of_a_partition_go_with_it(harness: DispatcherHarness) -> None:
    worker = limited(harness, fair_key="{0}")
    submitted(harness, "a", "a", keep=1)
    worker.done(*worker.take())
    harness.settle()
    assert turn_of(1) in tables_of(harness.store).gates
    harness.passes(4 * PURGE_SECONDS)
    assert tables_of(harness.store).gates == {}
    harness.check()


def test_a_system_without_limits_purges_nothing(harness: DispatcherHarness) -> None:
    harness.worker("w", 5)
    harness.passes(2 * PURGE_SECONDS)
    assert not harness.dispatcher.limit_book.is_used
    assert all(batch.rules is None for batch in harness.store.commits)


def test_delayed_and_retried_jobs_are_under_their_limits(harness: DispatcherHarness) -> None:
    worker = limited(harness, GPU)
    submitted(harness, "a", "b", delay=1, retries=1, retry_backoff=1)
    assert worker.take() == []
    harness.passes(1.1)
    assert ids(worker.take()) == [ONE]
    worker.failed((ONE, 1), retry=True)
    harness.settle()
    assert ids(worker.take()) == [TWO]
    harness.passes(5)
    assert worker.take() == []
    worker.done((TWO, 1))
    harness.settle()
    assert worker.take() == [(ONE, 2)]
    harness.check()


@pytest.mark.parametrize("count", [40, 700])
def test_what_a_budget_cuts_off_goes_on_at_once(harness: DispatcherHarness, count: int) -> None:
    worker = limited(harness, EACH, slots=1000)
    harness.ask(messages.SUBMIT, [{"task": TASK, "id": job_id(number), "args": [number]} for number in range(count)])
    harness.settle()
    assert len(worker.take()) == count
    harness.check()


def test_a_commit_that_is_tried_again_takes_a_new_time(harness: DispatcherHarness) -> None:
    worker = limited(harness, DeclaredLimit(kind="rate", name="r", rate="1/s", burst=1))
    submitted(harness, "a")
    worker.done(*worker.take())
    harness.settle()
    harness.submit("b")
    harness.settle()
    harness.store.refuses = "the disk is full"
    harness.passes(3)
    harness.store.refuses = ""
    harness.passes(3)
    assert ids(worker.take()) == [TWO]
    assert (harness.row(2).started_at or 0) > harness.row(1).created_at + 3
    harness.check()


def place(harness: DispatcherHarness, number: int) -> dict[str, Any]:
    harness.settle()
    found: dict[str, Any] = harness.ask(messages.JOB_GET, job_id(number)).answer["place"]
    return found


def test_a_job_says_which_limit_holds_it_and_who_has_the_permits(harness: DispatcherHarness) -> None:
    worker = limited(harness, EACH)
    submitted(harness, "a", "b", "a", "a")
    why = 'The limit each for "a" holds it: 1 of 1 permits are in use'
    assert place(harness, 4) == {"why": why, "ahead": 1, "limit": {"name": "each", "key": '["a"]', "holders": [ONE]}}
    worker.done((ONE, 1))
    harness.settle()
    assert place(harness, 4) == {"why": why, "ahead": 0, "limit": {"name": "each", "key": '["a"]', "holders": [THREE]}}
    worker.lost()
    assert place(harness, 4)["why"] == "No worker is attached"


def test_a_job_before_a_rate_says_when_it_may_start(harness: DispatcherHarness) -> None:
    limited(harness, DeclaredLimit(kind="rate", name="r", rate="2/s", burst=1))
    submitted(harness, "a", "b", "c")
    first, second = place(harness, 2), place(harness, 3)
    assert (first["why"], first["limit"]) == ("The limit r holds it: a start is allowed every 0.5 s", {"name": "r"})
    assert (second["ahead"], round(second["starts_at"] - first["starts_at"], 3)) == (1, 0.5)


def test_the_watcher_of_a_job_hears_what_holds_it(harness: DispatcherHarness) -> None:
    worker = limited(harness, GPU)
    submitted(harness, "a", "b", "c")
    watched = harness.ask(messages.JOB_WATCH, THREE, 0)
    harness.settle()
    worker.done((ONE, 1))
    harness.passes(2)
    places = [message["place"] for message in watched.progress if "place" in message]
    assert [(found["ahead"], found["limit"]["holders"]) for found in places] == [(0, [TWO])]


def test_a_rate_that_is_declared_faster_counts_from_now_on(harness: DispatcherHarness) -> None:
    worker = limited(harness, DeclaredLimit(kind="rate", name="r", rate="1/m", burst=1), slots=50)
    submitted(harness, *range(30))
    assert len(worker.take()) == 1
    other = limited(harness, DeclaredLimit(kind="rate", name="r", rate="10/s", burst=1), id="other", slots=50)
    harness.passes(1)
    assert 9 <= len(worker.take() + other.take()) <= 11
    harness.check()


@pytest.mark.parametrize("burst", [None, 5])
def test_after_a_restart_with_the_clock_set_back_a_rate_goes_on(harness: DispatcherHarness, burst: int | None) -> None:
    rate = DeclaredLimit(kind="rate", name="r", rate="1/s", burst=burst)
    harness.passes(7200.0)
    first = limited(harness, rate, slots=50)
    submitted(harness, *range(20))
    started = len(first.take())
    harness.wall = lambda: WALL + harness.clock.seconds() - 3600.0  # type: ignore[method-assign]
    harness.restart()
    again = limited(harness, rate, id="again", slots=50)
    harness.passes(5.0)
    assert started + 4 <= started + len(again.take()) <= started + 6 + (burst or 1)


def test_a_job_that_the_rules_expire_beside_new_jobs_is_published(harness: DispatcherHarness) -> None:
    worker = limited(harness, GPU)
    submitted(harness, "a")
    asked = harness.submit("b", follow=True, start_within=5)
    harness.settle()
    worker.take()
    harness.dispatcher._sweeps.stop()
    harness.clock.advance(6)
    worker.done((ONE, 1))
    submitted(harness, "c")
    assert asked.outcomes == {TWO: "expired"}
    assert [harness.state(number) for number in (1, 2, 3)] == ["succeeded", "expired", "running"]
    harness.check()
