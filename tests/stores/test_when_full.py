"""Submissions that rules admit or refuse, in every store: what is counted, in which order, and what is left of what was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.promise_tables import tables_of
from support.rows import NOW, cancel, finish, id_of, new_job, requeue, retry

from taskbahn.errors import StoreUnavailable
from taskbahn_router.core.rows import Refusal, Room
from taskbahn_router.core.unique_keys import ACTIVE, REPLACE, NewKey
from taskbahn_router.promises.engine import Promises
from taskbahn_router.promises.registry import limit_from
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import Claim, Sweep

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import CommitResult, Store
    from taskbahn_router.stores.rows import NewJob

A, B = '[["k[\\"a\\"]",1]]', '[["k[\\"b\\"]",1]]'
KEY = 'k["a"]'


def commit(
    store: Store, *submissions: list[NewJob], word: str = "refuse", limit: int = 1, free: int = 0, hung: Any = None, **more: Any
) -> CommitResult:
    """Commit submissions under a limit of the name `k`."""
    limits = {"k": limit_from({"kind": "concurrency", "name": "k", "limit": limit, "when_full": word})}
    rules = Promises(NOW, limits, [Room("w", frozenset({1, 2}), free)] if free else [], 100.0, hung=hung or {}, counted=["k"])
    claims = [Claim("w", (1, 2), free, NOW)] if free else []
    return store.commit(CommitBatch(submissions=list(submissions), rules=rules, claims=claims, **more))


def job(seq: int, keys: str | None = A, **changes: Any) -> NewJob:
    return new_job(seq, keys=keys, **changes)


def states(store: Store) -> dict[int, str]:
    return {seq: job.state for seq, job in tables_of(store).jobs.items()}


def refusals(result: CommitResult) -> list[Refusal]:
    assert result.admitted is not None
    return [refusal for refusal in result.admitted.refusals if isinstance(refusal, Refusal)]


def refused(result: CommitResult) -> list[int]:
    return [refusal.seq for refusal in refusals(result)]


def test_a_refused_submission_leaves_nothing(store: Store) -> None:
    result = commit(store, [job(1)], [job(2, None), job(3)], [job(4, B)])
    assert refusals(result) == [Refusal(3, "k", KEY, 1, 0, 1)]
    assert states(store) == {1: "ready", 4: "ready"}


def test_ids_come_before_limits_also_within_a_batch(store: Store) -> None:
    commit(store, [job(1)])
    result = commit(store, [job(2, id=id_of(1))], [job(3, id=id_of(9))], [job(4, B, id=id_of(9))], [job(5, B, id=id_of(9))])
    assert (result.duplicates, refused(result), states(store)) == ({2, 5}, [3], {1: "ready", 4: "ready"})


def test_what_a_batch_moves_counts_as_it_is_after_that(store: Store) -> None:
    commit(store, [job(1)], free=1)
    assert refused(commit(store, [job(2)])) == [2]
    assert refused(commit(store, [job(3)], [job(4)], finishes=[finish(1)])) == [4]
    assert refused(commit(store, [job(5)], cancels=[cancel(3)])) == []
    assert refused(commit(store, [job(6)], cancels=[cancel(5)], retries=[retry(3)])) == [6]


def test_the_next_oldest_goes_when_a_unique_key_takes_one(store: Store) -> None:
    first = [NewKey(1, "u", ACTIVE, REPLACE)]
    commit(store, [job(1)], [job(2)], word="cancel_oldest", limit=2, unique=first)
    commit(store, [job(3)], word="cancel_oldest", limit=1, unique=[first[0]._replace(seq=3)])
    assert states(store) == {1: "cancelled", 2: "cancelled", 3: "ready"}


def test_a_requeued_attempt_counts_as_ready_and_not_as_running(store: Store) -> None:
    commit(store, [job(1)], limit=2, free=1)
    result = commit(store, [job(2)], [job(3)], limit=2, requeues=[requeue(1)])
    assert refusals(result) == [Refusal(3, "k", KEY, 2, 0, 2)]


def test_a_job_whose_time_has_come_in_the_same_commit_counts(store: Store) -> None:
    commit(store, [job(1, state="waiting", due_at=NOW)])
    assert refused(commit(store, [job(2)], sweep=Sweep(NOW, 10, 100.0))) == [2]


def test_jobs_of_all_lanes_and_partitions_with_the_key_count(store: Store) -> None:
    other = '[["x",1],["k[\\"a\\"]",1]]'
    commit(store, [job(1, partition=2), job(2, other)], limit=3)
    assert refused(commit(store, [job(3)], [job(4)], limit=3)) == [4]


def test_a_key_that_hangs_on_partitions_counts_all_their_jobs(store: Store) -> None:
    hung = {1: (("k", 1),), 2: (("k", 2),)}
    commit(store, [job(1, None)], [job(2, B)], [job(3, None, partition=2)], limit=5, hung=hung)
    result = commit(store, [job(4, None, partition=2)], [job(5, None)], limit=5, hung=hung)
    assert refusals(result) == [Refusal(4, "k", "k", 5, 0, 4)]


def test_jobs_that_were_there_before_a_limit_counted_are_found(store: Store) -> None:
    store.commit(CommitBatch(new=[job(1)], rules=Promises(NOW, {})))
    assert refused(commit(store, [job(2)], [job(3, B)])) == [2]


def test_what_a_limit_does_not_count_goes_by(store: Store) -> None:
    result = commit(store, [job(1)], [job(2)], word="wait")
    assert (refused(result), states(store)) == ([], {1: "ready", 2: "ready"})


def test_the_newest_is_cancelled_in_the_commit_that_takes_it(store: Store) -> None:
    result = commit(store, [job(1), job(2)], word="cancel_newest", free=5)
    assert (states(store), [row.seq for row in result.claimed[0]]) == ({1: "running", 2: "cancelled"}, [1])
    assert [(moved.seq, str(moved.before), moved.number) for moved in result.moved] == [(2, "ready", 2)]


@pytest.mark.parametrize("hung", [{}, {1: (("k", 1),)}])
def test_the_oldest_gives_way_to_the_newest(store: Store, hung: Any) -> None:
    keys = None if hung else A
    commit(store, [job(1, keys)], word="cancel_oldest", hung=hung, free=1)
    result = commit(store, [job(2, keys)], [job(3, keys)], word="cancel_oldest", hung=hung, free=5)
    assert states(store) == {1: "cancelled", 2: "cancelled", 3: "ready"}
    assert [moved.seq for moved in result.moved] == [1, 2]
    assert [(row.attempt, row.outcome) for row in store.reader().attempts(1)] == [(1, "cancelled")]
    assert [permit.seq for permit in tables_of(store).permits] == [1]
    result = commit(store, ended=[(id_of(1), 1)], word="cancel_oldest", hung=hung, free=5)
    assert [row.seq for row in result.claimed[0]] == [3]


def test_a_job_that_just_became_ready_may_have_to_go(store: Store) -> None:
    commit(store, [job(1, state="waiting", due_at=NOW)], word="cancel_oldest")
    commit(store, [job(2)], word="cancel_oldest", sweep=Sweep(NOW, 10, 100.0))
    tables = tables_of(store)
    assert ({seq: job.state for seq, job in tables.jobs.items()}, [lane.head for lane in tables.lanes.values()]) == (
        {1: "cancelled", 2: "ready"}, [2],
    )  # fmt: skip


def test_a_batch_that_is_refused_leaves_nothing(store: Store) -> None:
    commit(store, [job(1)])
    with pytest.raises(StoreUnavailable):
        commit(store, [job(2, B)], finishes=[finish(1, state="ready")])
    assert states(store) == {1: "ready"}
    assert refused(commit(store, [job(2, B)])) == []


def test_the_oldest_goes_before_a_later_one_whose_time_came(store: Store) -> None:
    submissions = [job(1)], [job(2)]
    later = job(3, state="waiting", due_at=NOW)
    commit(store, *submissions, word="cancel_oldest", limit=2, new=[later], sweep=Sweep(NOW, 10, 100.0))
    assert states(store) == {1: "cancelled", 2: "ready", 3: "ready"}
