"""Flows in every store: when they end and what they give, what becomes of their members, and how much work a commit is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support.promise_tables import tables_of
from support.rows import NOW, cancel, finish, id_of, new_job, retry

from taskbahn_router.core.lifecycle import Event
from taskbahn_router.core.reactions import (
    HAS_INPUTS,
    IS_DETACHED,
    IS_FLOW,
    IS_GROUP,
    IS_LARGE,
    MOST_RESULT_BYTES,
    MOST_RESULTS,
    NewEdge,
    NewMember,
)
from taskbahn_router.core.rows import NoGroup, NoParent, Room
from taskbahn_router.promises.engine import LOOP_BUDGET, THREAD_BUDGET, Promises
from taskbahn_router.promises.reactions import Reactions
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import Claim, Prune

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import CommitResult, Store

GROUP = IS_FLOW | IS_GROUP


def commit(
    store: Store, *, free: int = 0, budget: int = THREAD_BUDGET, goes_on: bool = False, now: float = NOW, **batch: Any
) -> CommitResult:
    rooms = [Room("w", frozenset({1, 2}), free)] if free else []
    claims = [Claim("w", (1, 2), free, now)] if free else []
    rules, reactions = Promises(now, {}, rooms, 100.0, budget), Reactions(now, 100.0, budget, goes_on)
    return store.commit(CommitBatch(rules=rules, reactions=reactions, claims=claims, **batch))


def put_group(store: Store, members: int, policy: str = "fail", *, flags: int = 0) -> CommitResult:
    """Store a flow of the seq 1 whose members, 2 and so on, are ready."""
    seqs = range(2, members + 2)
    return commit(
        store,
        submissions=[[new_job(1, state="running"), *map(new_job, seqs)]],
        members=[NewMember(1, None, GROUP), *(NewMember(seq, id_of(1), flags) for seq in seqs)],
        edges=[NewEdge(1, id_of(seq), position, policy) for position, seq in enumerate(seqs)],
    )


def end(store: Store, *seqs: int, state: str = "succeeded", result: str = "1", **more: Any) -> CommitResult:
    """Let jobs start and end."""
    commit(store, free=1000)
    attempts = {seq: job.attempt for seq, job in tables_of(store).jobs.items()}
    results = {"result": result} if state == "succeeded" else {"result": None, "error": '{"type":"E","message":"no"}'}
    return commit(store, finishes=[finish(seq, attempts[seq], state=state, **results) for seq in seqs], **more)


def states(store: Store) -> dict[int, str]:
    return {seq: job.state for seq, job in sorted(tables_of(store).jobs.items())}


def follow(store: Store, result: CommitResult, budget: int) -> int:
    """Commit until nothing is left; return how many commits that took."""
    count = 0
    while result.more:
        result = commit(store, budget=budget, goes_on=True)
        count += 1
        assert count < 10_000
    return count


def test_a_group_ends_with_its_last_member_and_gives_the_list(store: Store) -> None:
    put_group(store, 3)
    assert states(store)[1] == "running"
    assert end(store, 2, 4).moved == []
    result = end(store, 3, result='"b"')
    assert [(move.seq, move.event) for move in result.moved] == [(1, Event.COMPLETE)]
    assert result.results == {1: '[1,"b",1]'}
    row = store.reader().job(id_of(1))
    assert row is not None
    assert (row.state, row.result, row.finished_at) == ("succeeded", '[1,"b",1]', NOW)


@pytest.mark.parametrize("count, size", [(MOST_RESULTS + 1, 1), (3, MOST_RESULT_BYTES // 2)])
def test_many_or_large_results_are_not_copied(store: Store, count: int, size: int) -> None:
    put_group(store, count)
    seqs = list(range(2, count + 2))
    for start in range(0, count, 500):
        follow(store, end(store, *seqs[start : start + 500], result=json.dumps("x" * size)), THREAD_BUDGET)
    job = tables_of(store).jobs[1]
    assert (job.state, bool(job.flags & IS_LARGE)) == ("succeeded", True)


@pytest.mark.parametrize("budget", [THREAD_BUDGET, LOOP_BUDGET, 3])
@pytest.mark.parametrize("moved", ["cancel", "retry"])
def test_all_members_follow_the_whole_in_slices(store: Store, budget: int, moved: str) -> None:
    put_group(store, 50)
    result = commit(store, cancels=[cancel(1)], budget=budget)
    commits = follow(store, result, budget)
    assert set(states(store).values()) == {"cancelled"}
    assert commits >= (50 // budget if budget < 50 else 0)
    if moved == "retry":
        result = commit(store, retries=[retry(1)], budget=budget)
        follow(store, result, budget)
        assert states(store) == {1: "running"} | dict.fromkeys(range(2, 52), "ready")
        end(store, *range(2, 52))
        assert states(store)[1] == "succeeded"


def test_detached_members_go_on(store: Store) -> None:
    put_group(store, 2, flags=IS_DETACHED)
    commit(store, cancels=[cancel(1)])
    assert states(store) == {1: "cancelled", 2: "ready", 3: "ready"}


def test_a_tree_is_cancelled_to_its_leaves(store: Store) -> None:
    put_group(store, 1)
    for seq in (3, 4):
        commit(store, submissions=[[new_job(seq)]], members=[NewMember(seq, id_of(seq - 1))])
    commit(store, cancels=[cancel(1)])
    assert set(states(store).values()) == {"cancelled"}


def test_what_a_cancelled_job_starts_is_cancelled_too(store: Store) -> None:
    put_group(store, 1)
    commit(store, cancels=[cancel(2)])
    commit(store, submissions=[[new_job(3)]], members=[NewMember(3, id_of(2))])
    assert states(store)[3] == "cancelled"


def test_a_member_of_nothing_is_refused_with_its_entry(store: Store) -> None:
    batch = {"submissions": [[new_job(1), new_job(2)]], "members": [NewMember(2, id_of(9))]}
    admitted = commit(store, **batch).admitted  # type: ignore[arg-type]
    assert admitted is not None
    assert admitted.refusals == [NoParent(2, id_of(9))]
    assert states(store) == {}


def test_a_flow_that_is_there_takes_no_members_again(store: Store) -> None:
    put_group(store, 2)
    again = commit(
        store,
        submissions=[[new_job(11, id=id_of(1), state="running"), new_job(12)]],
        members=[NewMember(11, None, GROUP), NewMember(12, id_of(1))],
        edges=[NewEdge(11, 12, 0)],
    )
    assert again.duplicates == {11, 12}
    assert sorted(states(store)) == [1, 2, 3]
    assert len(tables_of(store).edges) == 2


def test_a_job_starts_with_what_others_gave_it(store: Store) -> None:
    members = [NewMember(seq, None, HAS_INPUTS if seq == 3 else 0) for seq in (1, 2, 3)]
    edges = [NewEdge(3, id_of(2), 0), NewEdge(3, id_of(1), 1, "none"), NewEdge(3, id_of(1), -1, "none")]
    commit(store, submissions=[[new_job(1), new_job(2), new_job(3)]], members=members, edges=edges)
    end(store, 1, state="failed")
    end(store, 2, result='{"a":1}')
    (started,) = commit(store, free=1).claimed[0]
    inputs = [one[:5] for one in started.inputs or ()]
    assert (started.seq, inputs) == (3, [(2, 0, "fail", "succeeded", '{"a":1}'), (1, 1, "none", "failed", None)])


def test_the_members_of_a_flow_stay_as_long_as_it_does(store: Store) -> None:
    put_group(store, 2)
    end(store, 2)
    assert commit(store, prune=Prune(NOW + 1e9, 0, 100)).pruned == 0
    end(store, 3)
    assert commit(store, prune=Prune(NOW + 99, 0, 100)).pruned == 0
    for _ in range(3):
        commit(store, prune=Prune(NOW + 1e9, 0, 100))
    assert states(store) == {}


@pytest.mark.parametrize("limit, most_bytes, expected", [(2, 10**6, [0, 1]), (9, 1, [0]), (9, 10**6, [0, 1, 2])])
def test_what_a_job_gets_is_read_in_pages(store: Store, limit: int, most_bytes: int, expected: list[int]) -> None:
    put_group(store, 3, "none")
    end(store, 2, 4, result='"ab"')
    end(store, 3, state="failed")
    reader = store.reader()
    assert [one.position for one in reader.inputs(1, -1, limit, most_bytes)] == expected
    assert [(one.position, one.state, one.result) for one in reader.inputs(1, 0, 9)] == [
        (1, "failed", None),
        (2, "succeeded", '"ab"'),
    ]
    reader.close()


def test_a_restart_takes_no_flow_for_an_attempt(store: Store) -> None:
    put_group(store, 1)
    store.close()
    start = store.open()
    assert start.running == []
    assert start.counts["running"] == 1


@pytest.mark.parametrize("size", [10, MOST_RESULT_BYTES + 1, 2_000_000])
def test_a_chain_has_the_result_of_its_last_member_whatever_its_size(store: Store, size: int) -> None:
    """It is one value: only lists travel by reference."""
    commit(
        store,
        submissions=[[new_job(1, state="running"), new_job(2)]],
        members=[NewMember(1, None, IS_FLOW), NewMember(2, id_of(1))],
        edges=[NewEdge(1, id_of(2), 0)],
    )
    result = f'"{"x" * size}"'
    end(store, 2, result=result)
    row = store.reader().job(id_of(1))
    assert row is not None
    assert (row.state, row.result, row.flags & IS_LARGE) == ("succeeded", result, 0)


def join(store: Store, seq: int, member: int, **more: Any) -> CommitResult:
    """Store a job that joins the group of a member."""
    return commit(store, submissions=[[new_job(seq)]], members=[NewMember(seq, id_of(member), joins=id_of(member))], **more)


def test_a_group_waits_for_what_joined_it_later(store: Store) -> None:
    put_group(store, 2)
    end(store, 2, result="2")
    join(store, 10, 3)
    end(store, 3, result="3")
    assert tables_of(store).jobs[1].state == "running"
    join(store, 11, 3)
    end(store, 11, result="11")
    end(store, 10, result="10")
    row = store.reader().job(id_of(1))
    assert row is not None
    assert (row.state, row.result) == ("succeeded", "[2,3,10,11]")


def test_what_joined_a_group_belongs_to_its_flow(store: Store) -> None:
    put_group(store, 1)
    join(store, 10, 2)
    commit(store, cancels=[cancel(1)])
    assert {seq: job.state for seq, job in tables_of(store).jobs.items()} == dict.fromkeys((1, 2, 10), "cancelled")


@pytest.mark.parametrize("case", ["no group", "ended", "unknown"])
def test_what_cannot_join_is_refused(store: Store, case: str) -> None:
    if case == "ended":
        put_group(store, 1)
        end(store, 2)
    elif case == "no group":
        commit(store, new=[new_job(2)])
    before = tables_of(store)
    result = join(store, 10, 2)
    assert result.admitted is not None
    assert result.admitted.refusals == [NoGroup(10, id_of(2))]
    assert tables_of(store) == before
