"""Jobs that wait for others, in every store: when they start, what a failure means for them, and how much work a commit is."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from support.processor import slowness
from support.promise_tables import tables_of
from support.rows import NOW, cancel, finish, id_of, new_job, retry, seqs
from support.stores import KINDS, opened

from taskbahn.errors import StoreUnavailable
from taskbahn.protocol.states import State
from taskbahn_router.core.lifecycle import Event
from taskbahn_router.core.reactions import IS_FLOW, Duty, NewEdge, NewMember
from taskbahn_router.core.rows import NoParent, Room
from taskbahn_router.promises.engine import THREAD_BUDGET, Promises
from taskbahn_router.promises.reactions import Reactions
from taskbahn_router.promises.registry import limit_from
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import Claim, Prune, Sweep

if TYPE_CHECKING:
    from pathlib import Path

    from taskbahn_router.stores.contract import CommitResult, Store
    from taskbahn_router.stores.rows import NewJob

LIMITS = {"k": limit_from({"kind": "concurrency", "name": "k", "limit": 1})}


def commit(
    store: Store, *, free: int = 0, budget: int = THREAD_BUDGET, goes_on: bool = False, now: float = NOW, **batch: Any
) -> CommitResult:
    """Commit a batch with all rules that the dispatcher gives."""
    rooms = [Room("w", frozenset({1, 2}), free)] if free else []
    claims = [Claim("w", (1, 2), free, now)] if free else []
    rules = Promises(now, LIMITS, rooms, 100.0, budget)
    reactions = Reactions(now, 100.0, budget, goes_on)
    return store.commit(CommitBatch(rules=rules, reactions=reactions, claims=claims, **batch))


def put(store: Store, *jobs: NewJob, edges: list[NewEdge] | None = None, **more: Any) -> CommitResult:
    """Submit jobs, each as an entry of its own, with their edges."""
    return commit(store, submissions=[[job] for job in jobs], edges=edges or [], **more)


def run(seq: int, **changes: Any) -> NewJob:
    return new_job(seq, state="running", **changes)


def states(store: Store) -> dict[int, str]:
    return {seq: job.state for seq, job in sorted(tables_of(store).jobs.items())}


def edges(store: Store) -> dict[tuple[int, int], int]:
    return {key[:2]: edge.state for key, edge in tables_of(store).edges.items()}


def chain(store: Store, length: int, **first: Any) -> None:
    """Store a job that runs, and jobs that wait each for the one before."""
    after = [NewEdge(seq, seq - 1, 0) for seq in range(2, length + 1)]
    put(store, run(1, **first), *map(new_job, range(2, length + 1)), edges=after)


@pytest.mark.parametrize("keys", [None, '[["k",1]]'])
def test_a_child_is_claimed_in_the_commit_that_ends_its_last_parent(store: Store, keys: str | None) -> None:
    put(store, run(1), run(2), new_job(3, keys=keys), edges=[NewEdge(3, 1, 0), NewEdge(3, id_of(2), 1)])
    assert not commit(store, free=2, finishes=[finish(1)]).moved
    assert states(store)[3] == "waiting"
    result = commit(store, free=2, finishes=[finish(2)])
    assert [(move.seq, move.event, move.after) for move in result.moved] == [(3, Event.DUE, State.READY)]
    assert [(row.seq, row.ready_at) for row in result.claimed[0]] == [(3, NOW)]


def test_a_child_is_claimed_without_rules_too(store: Store) -> None:
    chain(store, 2)
    batch = CommitBatch(finishes=[finish(1)], reactions=Reactions(NOW), claims=[Claim("w", (1,), 1, NOW)])
    assert seqs(store.commit(batch).claimed[0]) == [2]


def test_parents_that_succeeded_already_are_not_waited_for(store: Store) -> None:
    put(store, run(1))
    commit(store, finishes=[finish(1)])
    result = put(store, new_job(2), new_job(3, due_at=NOW + 5, state="waiting"), edges=[NewEdge(2, 1, 0), NewEdge(3, 1, 0)])
    assert result.admitted is not None
    assert result.admitted.pending == {2: 0, 3: 0}
    assert states(store) == {1: "succeeded", 2: "ready", 3: "waiting"}


def test_a_failure_is_passed_on_to_all_who_depend_on_it(store: Store) -> None:
    chain(store, 4)
    result = commit(store, finishes=[finish(1, state="failed")])
    assert [(move.seq, move.event) for move in result.moved] == [(seq, Event.PARENT_FAILED) for seq in (2, 3, 4)]
    for seq in (2, 3, 4):
        error = json.loads(result.errors[seq])
        parent = str(UUID(bytes=id_of(seq - 1)))
        assert (error["parent"], error["message"]) == (parent, f"job {parent}, which this one depends on, failed")
    reader = store.reader()
    assert reader.errors([4]) == {4: result.errors[4]}


@pytest.mark.parametrize("how", ["cancelled", "expired"])
def test_a_parent_that_is_cancelled_or_expires_fails_its_children(store: Store, how: str) -> None:
    put(store, new_job(1, expires_at=NOW + 1), new_job(2), edges=[NewEdge(2, 1, 0)])
    result = commit(store, cancels=[cancel(1)]) if how == "cancelled" else commit(store, sweep=Sweep(NOW + 2, 9, 9))
    assert states(store) == {1: how, 2: "failed"}
    assert how in json.loads(result.errors[2])["message"]


def test_a_parent_that_expires_at_its_claim_fails_its_child_next(store: Store) -> None:
    put(store, new_job(1, expires_at=NOW, keys='[["k",1]]'), new_job(2), edges=[NewEdge(2, 1, 0)])
    result = commit(store, free=1)
    assert (states(store), result.more) == ({1: "expired", 2: "waiting"}, True)
    assert not commit(store, free=1, goes_on=True).more
    assert states(store) == {1: "expired", 2: "failed"}


@pytest.mark.parametrize(
    "policy, child", [("fail", "failed"), ("skip", "ready"), ("none", "ready"), ("hold", "waiting")]
)  # fmt: skip
@pytest.mark.parametrize("before", [False, True], ids=["then", "before"])
def test_a_policy_says_what_a_failure_means(store: Store, policy: str, child: str, *, before: bool) -> None:
    put(store, run(1))
    if before:
        commit(store, finishes=[finish(1, state="failed")])
    put(store, new_job(2), edges=[NewEdge(2, 1, 0, policy)])
    commit(store, finishes=[finish(1, state="failed")])
    assert states(store) == {1: "failed", 2: child}


def test_a_held_child_goes_on_when_its_parent_succeeds_at_last(store: Store) -> None:
    put(store, run(1), new_job(2), edges=[NewEdge(2, 1, 0, "hold")])
    commit(store, finishes=[finish(1, state="failed")])
    assert edges(store) == {(1, 2): 3}
    commit(store, free=1, retries=[retry(1)])
    assert edges(store) == {(1, 2): 0}
    assert seqs(commit(store, free=1, finishes=[finish(1, 2)]).claimed[0]) == [2]


@pytest.mark.parametrize("order", ["parent first", "child first", "together"])
def test_a_retry_of_parent_and_child_counts_once_in_any_order(store: Store, order: str) -> None:
    chain(store, 3)
    commit(store, finishes=[finish(1, state="failed")])
    for asked in {"parent first": ([1], [2, 3]), "child first": ([3, 2], [1]), "together": ([2, 1, 3],)}[order]:
        answers = commit(store, retries=list(map(retry, asked))).answers
        expected = [State.READY if seq == 1 else State.WAITING for seq in asked]
        assert [answer and answer.state for answer in answers] == expected
    assert states(store) == {1: "ready", 2: "waiting", 3: "waiting"}
    for seq in (1, 2, 3):
        assert seqs(commit(store, free=1, finishes=[finish(seq - 1, 2 if seq == 2 else 1)]).claimed[0]) == [seq]


def test_a_child_that_is_retried_waits_for_a_parent_that_is_not(store: Store) -> None:
    chain(store, 2)
    commit(store, finishes=[finish(1, state="failed")])
    result = commit(store, free=1, retries=[retry(2)])
    assert [(move.seq, move.event) for move in result.moved] == [(2, Event.REOPEN)]
    commit(store, free=1, retries=[retry(1)])
    commit(store, finishes=[finish(1, 2, state="failed")])
    assert states(store) == {1: "failed", 2: "failed"}


def test_a_child_without_a_cause_to_wait_is_retried_as_any_job(store: Store) -> None:
    chain(store, 2)
    commit(store, free=1, finishes=[finish(1)])
    commit(store, finishes=[finish(2, state="failed")])
    result = commit(store, retries=[retry(2)])
    assert [move.event for move in result.moved] == [Event.RETRY_BY_HAND]


def test_a_report_that_comes_twice_counts_once(store: Store) -> None:
    put(store, run(1), run(2), new_job(3), edges=[NewEdge(3, 1, 0), NewEdge(3, 2, 1)])
    for _ in range(3):
        commit(store, finishes=[finish(1)])
    commit(store, finishes=[finish(2, 7)])
    assert tables_of(store).jobs[3].pending == 1


def test_a_parent_may_be_named_twice_and_by_an_id_sent_again(store: Store) -> None:
    put(store, run(1))
    result = put(store, new_job(2, id=id_of(1)), new_job(3), edges=[NewEdge(3, 2, 0), NewEdge(3, id_of(1), 1)])
    assert result.duplicates == {2}
    assert set(tables_of(store).edges) == {(1, 3, 0), (1, 3, 1)}
    commit(store, finishes=[finish(1)])
    assert states(store) == {1: "succeeded", 3: "ready"}


def test_an_entry_with_an_unknown_parent_is_refused_as_a_whole(store: Store) -> None:
    entries = [[new_job(1), new_job(2)], [new_job(3)]]
    result = commit(store, submissions=entries, edges=[NewEdge(2, 77, 0), NewEdge(3, 1, 0)])
    assert result.admitted is not None
    assert result.admitted.refusals == [NoParent(2, 77), NoParent(3, id_of(1))]
    assert (states(store), edges(store)) == ({}, {})


def test_a_child_with_a_delay_waits_for_both(store: Store) -> None:
    for first, delay in ((1, 5.0), (3, 5.0)):
        put(store, run(first), new_job(first + 1, state="waiting", due_at=NOW + delay), edges=[NewEdge(first + 1, first, 0)])
    assert commit(store, finishes=[finish(1)]).next_sweep == NOW + 5
    assert commit(store, sweep=Sweep(NOW + 6, 9, 9)).next_sweep is None
    assert states(store) == {1: "succeeded", 2: "ready", 3: "running", 4: "waiting"}
    commit(store, finishes=[finish(3)], now=NOW + 6)
    assert states(store)[4] == "ready"


def test_a_child_with_open_edges_takes_no_place_of_a_full_limit(store: Store) -> None:
    limits = {"f": limit_from({"kind": "concurrency", "name": "f", "limit": 1, "when_full": "refuse"})}
    jobs = [[run(1)], [new_job(2, keys='[["f",1]]')], [new_job(3, keys='[["f",1]]')]]
    rules = Promises(NOW, limits, counted=["f"])
    result = store.commit(CommitBatch(submissions=jobs, edges=[NewEdge(2, 1, 0)], rules=rules, reactions=Reactions(NOW)))
    assert result.admitted is not None
    assert not result.admitted.refusals
    assert states(store) == {1: "running", 2: "waiting", 3: "ready"}


@pytest.mark.parametrize("budget", [3, 16, 500])
def test_many_children_of_one_parent_are_moved_in_slices(store: Store, budget: int) -> None:
    children = range(2, 202)
    put(store, run(1), *map(new_job, children), edges=[NewEdge(seq, 1, 0) for seq in children])

    def in_slices(**batch: Any) -> int:
        commits, moved, goes_on = 0, 0, False
        while True:
            before = edges(store)
            result = commit(store, budget=budget, goes_on=goes_on, **batch)
            commits, moved, batch, goes_on = commits + 1, moved + len(result.moved), {}, True
            assert sum(before[key] != state for key, state in edges(store).items()) <= budget
            if not result.more:
                assert not tables_of(store).duties
                return moved
            assert tables_of(store).duties == [Duty("edges", 1)]

    assert in_slices(finishes=[finish(1, state="failed")]) == 200
    assert set(states(store).values()) == {"failed"}
    assert in_slices(retries=[retry(seq) for seq in (1, *children)]) == 201
    commit(store, free=1)
    assert in_slices(finishes=[finish(1, 2)]) == 200
    assert set(states(store).values()) == {"succeeded", "ready"}


def test_a_parent_that_succeeds_before_all_edges_are_open_again_satisfies_all(store: Store) -> None:
    children = range(2, 42)
    put(store, run(1), *map(new_job, children), edges=[NewEdge(seq, 1, 0) for seq in children])
    commit(store, finishes=[finish(1, state="failed")])
    assert commit(store, retries=[retry(1)], budget=16, free=1).more
    assert set(edges(store).values()) == {0, 2}
    commit(store, finishes=[finish(1, 2)], goes_on=True)
    assert set(edges(store).values()) == {1}


@pytest.mark.slow
def test_a_hundred_thousand_children_make_no_commit_long(tmp_path: Path) -> None:
    many, longest = 100_000, 0.0
    with opened(KINDS["sqlite"], tmp_path / "data") as store:
        put(store, run(1))
        for first in range(2, many + 2, 1000):
            jobs = range(first, first + 1000)
            commit(store, submissions=[list(map(new_job, jobs))], edges=[NewEdge(seq, 1, 0) for seq in jobs])
        before = slowness()
        result = commit(store, finishes=[finish(1, state="failed")])
        while result.more:
            began = time.thread_time()  # by the processor's time, for the disk and other tests may be slow
            result = commit(store, goes_on=True)
            longest = max(longest, time.thread_time() - began)
        assert list(states(store).values()).count("failed") == many + 1
    assert longest < 0.5 * max(before, slowness())


def test_a_new_process_knows_that_something_is_left_over(durable: Any, tmp_path: Path) -> None:
    store = durable.make(tmp_path / "before")
    store.open()
    chain(store, 3)
    commit(store, finishes=[finish(1, state="failed")], budget=1)
    left = durable.crash(store, tmp_path / "after")
    store.close()
    assert left.open().has_duties
    commit(left, goes_on=True)
    assert states(left) == {1: "failed", 2: "failed", 3: "failed"}
    left.close()
    assert not left.open().has_duties
    left.close()


def pruned(store: Store, *, limit: int = 1000, after: int = 0) -> CommitResult:
    return commit(store, prune=Prune(NOW + 1e6, after, limit))


def test_no_parent_is_pruned_while_a_child_may_still_run(store: Store) -> None:
    chain(store, 3)
    commit(store, free=1, finishes=[finish(1)])
    assert pruned(store).pruned == 0
    commit(store, free=1, finishes=[finish(2)])
    assert states(store) == {1: "succeeded", 2: "succeeded", 3: "running"}
    assert pruned(store).pruned == 1  # the child of the first has succeeded
    commit(store, finishes=[finish(3)])
    assert pruned(store).pruned == 2
    assert (states(store), edges(store)) == ({}, {})


def test_a_chain_that_failed_is_pruned_from_its_end(store: Store) -> None:
    chain(store, 3)
    commit(store, finishes=[finish(1, state="failed", delete_at=NOW)])
    assert store.commit(CommitBatch(prune=Prune(NOW + 50, 0, 1000))).pruned == 0
    assert pruned(store).pruned == 3


def test_the_edges_of_one_parent_are_pruned_in_slices(store: Store) -> None:
    children = range(2, 12)
    put(store, run(1), *map(new_job, children), edges=[NewEdge(seq, 1, 0) for seq in children])
    commit(store, free=99, finishes=[finish(1)])
    commit(store, finishes=list(map(finish, children)))
    results = [pruned(store, limit=4) for _ in range(3)]
    assert [(len(states(store)) > 0, result.prune_after) for result in results[:2]] == [(True, 0), (True, 0)]
    while (after := results[-1].prune_after) is not None:
        results.append(pruned(store, limit=4, after=after))
    assert (states(store), edges(store)) == ({}, {})


def test_a_commit_that_fails_leaves_no_edge(store: Store) -> None:
    put(store, run(1))
    with pytest.raises(StoreUnavailable):
        put(store, new_job(2), edges=[NewEdge(2, 1, 0)], finishes=[finish(1, state="nonsense")])
    assert (states(store), edges(store), tables_of(store).jobs[1].flags) == ({1: "running"}, {}, 0)


@pytest.mark.parametrize("times", [2, 3])
def test_an_id_that_is_repeated_in_an_entry_drops_no_edge(store: Store, times: int) -> None:
    commit(store, new=[run(1)])
    entry = [new_job(seq, id=id_of(2)) for seq in range(2, 2 + times)]
    result = commit(store, submissions=[entry], edges=[NewEdge(2, 1, 0)])
    assert result.admitted is not None
    assert result.admitted.duplicates == set(range(3, 2 + times))
    assert states(store) == {1: "running", 2: "waiting"}
    assert edges(store) == {(1, 2): 0}
    commit(store, finishes=[finish(1)])
    assert states(store) == {1: "succeeded", 2: "ready"}


def test_a_flow_whose_id_is_repeated_in_its_entry_keeps_its_members(store: Store) -> None:
    flow, again, member = new_job(1), new_job(2, id=id_of(1)), new_job(3)
    members = [NewMember(1, None, IS_FLOW), NewMember(2, None, IS_FLOW), NewMember(3, id_of(1))]
    result = commit(store, submissions=[[flow, again, member]], members=members, edges=[NewEdge(1, 3, 0)])
    assert result.admitted is not None
    assert (result.admitted.duplicates, result.admitted.refused) == ({2}, set())
    assert states(store).keys() == {1, 3}
    sent_again = [new_job(4, id=id_of(1)), new_job(5)]
    members = [NewMember(4, None, IS_FLOW), NewMember(5, id_of(1))]
    result = commit(store, submissions=[sent_again], members=members, edges=[NewEdge(4, 5, 0)])
    assert result.admitted is not None
    assert result.admitted.duplicates == {4, 5}
    assert states(store).keys() == {1, 3}


def test_a_job_waits_for_one_that_comes_later_in_its_entry(store: Store) -> None:
    commit(store, submissions=[[new_job(1), new_job(2)]], edges=[NewEdge(1, id_of(2), 0)])
    assert states(store) == {1: "waiting", 2: "ready"}
