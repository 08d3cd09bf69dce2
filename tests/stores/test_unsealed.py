"""Flows whose jobs are stored in several commits: the flow first, which waits for all; then others, each with the edges to those before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.promise_tables import tables_of
from support.rows import NOW, cancel, finish, id_of, new_job, retry

from taskbahn_router.core.lifecycle import Event
from taskbahn_router.core.reactions import IS_FLOW, IS_GROUP, IS_UNSEALED, ON_END, ON_FAILURE, ON_SUCCESS, NewEdge, NewMember
from taskbahn_router.core.rows import NoParent
from taskbahn_router.promises.engine import THREAD_BUDGET, Promises
from taskbahn_router.promises.reactions import Reactions
from taskbahn_router.stores.contract import CommitBatch

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import CommitResult, Store

FLOW = IS_FLOW | IS_GROUP | IS_UNSEALED


def commit(store: Store, **batch: Any) -> CommitResult:
    rules = Promises(NOW, {}, [], 100.0, THREAD_BUDGET)
    return store.commit(CommitBatch(rules=rules, reactions=Reactions(NOW, 100.0, THREAD_BUDGET), **batch))


def begin(store: Store, awaited: int, **more: Any) -> CommitResult:
    """Store a group that waits for members which come later."""
    return commit(
        store, submissions=[[new_job(1, state="running")]], members=[NewMember(1, None, FLOW, awaited=awaited, **more)]
    )  # fmt: skip


def member(store: Store, seq: int, *, seals: bool = False, policy: str = "fail", **changes: Any) -> CommitResult:
    """Store a member that runs, with its edge to the group."""
    return commit(
        store,
        submissions=[[new_job(seq, **{"state": "running", **changes})]],
        members=[NewMember(seq, id_of(1), is_late=True, seals=seals)],
        edges=[NewEdge(id_of(1), seq, seq, policy)],
    )


def state(store: Store, seq: int = 1) -> str:
    return tables_of(store).jobs[seq].state


def test_a_flow_waits_for_members_that_come_later(store: Store) -> None:
    begin(store, 2)
    member(store, 2)
    commit(store, finishes=[finish(2)])
    assert state(store) == "running"
    assert tables_of(store).jobs[1].pending == 1
    member(store, 3, seals=True)
    (moved,) = commit(store, finishes=[finish(3, result='"x"')]).moved
    assert (moved.seq, moved.event) == (1, Event.COMPLETE)
    job = store.reader().job(id_of(1))
    assert job is not None
    assert job.result == '[1,"x"]'


def test_a_member_may_end_in_the_commit_that_stores_the_next(store: Store) -> None:
    begin(store, 2)
    member(store, 2)
    commit(
        store,
        finishes=[finish(2)],
        submissions=[[new_job(3, state="running")]],
        members=[NewMember(3, id_of(1), is_late=True, seals=True)],
        edges=[NewEdge(id_of(1), 3, 3)],
    )
    assert tables_of(store).jobs[1].pending == 1
    commit(store, finishes=[finish(3)])
    assert state(store) == "succeeded"


def test_a_member_fails_its_flow_before_all_are_stored(store: Store) -> None:
    begin(store, 2)
    member(store, 2)
    commit(store, finishes=[finish(2, state="failed", result=None, error="{}")])
    assert state(store) == "failed"
    member(store, 3, seals=True)
    commit(store, finishes=[finish(3)])
    assert (state(store), state(store, 3)) == ("failed", "succeeded")


def test_members_that_come_after_a_cancel_are_cancelled(store: Store) -> None:
    begin(store, 2)
    commit(store, cancels=[cancel(1)])
    result = member(store, 2, state="ready")
    assert [(move.seq, move.event) for move in result.moved] == [(2, Event.CANCEL)]


def test_a_flow_is_unsealed_until_its_last_job_is_stored(store: Store) -> None:
    begin(store, 2)
    member(store, 2)
    store.close()
    assert store.open().unsealed == [id_of(1)]
    member(store, 3, seals=True)
    store.close()
    assert store.open().unsealed == []


def test_no_member_is_added_to_a_flow_that_is_sealed(store: Store) -> None:
    begin(store, 1)
    member(store, 2, seals=True)
    assert member(store, 2, id=id_of(2)).duplicates == {2}
    assert member(store, 3, id=id_of(9)).duplicates == {3}
    assert sorted(tables_of(store).jobs) == [1, 2]


def test_no_member_is_added_to_another_job_of_the_same_id(store: Store) -> None:
    commit(store, submissions=[[new_job(1)]])
    assert member(store, 3).duplicates == {3}
    assert sorted(tables_of(store).jobs) == [1]


def test_a_first_slice_that_comes_again_may_have_more(store: Store) -> None:
    begin(store, 2)
    member(store, 2)
    again = [new_job(4, id=id_of(1), state="running"), new_job(5, id=id_of(2)), new_job(6, id=id_of(3))]
    members = [NewMember(4, None, FLOW, awaited=2), NewMember(5, id_of(1)), NewMember(6, id_of(1), seals=True)]
    result = commit(store, submissions=[again], members=members, edges=[NewEdge(id_of(1), 5, 2), NewEdge(id_of(1), 6, 3)])
    assert result.duplicates == {4, 5}
    tables = tables_of(store)
    assert tables.jobs[1].pending == len(tables.edges) == 2
    assert tables.jobs[6].pending == 0
    store.close()
    assert not store.open().unsealed


def test_an_unsealed_flow_cannot_be_retried(store: Store) -> None:
    begin(store, 2)
    member(store, 2)
    commit(store, finishes=[finish(2, state="failed", result=None, error="{}")])
    (answer,) = commit(store, retries=[retry(1)]).answers
    assert answer is not None
    assert (answer.state, answer.is_moved) == ("failed", False)
    member(store, 3, seals=True)
    (answer,) = commit(store, retries=[retry(1)]).answers
    assert answer is not None
    assert answer.is_moved
    assert state(store) == "running"


@pytest.mark.parametrize(
    "policy, after", [(ON_SUCCESS, "ready"), (ON_FAILURE, "cancelled"), (ON_END, "ready"), ("fail", "ready")]
)
def test_a_callback_that_comes_after_a_success_follows_it(store: Store, policy: str, after: str) -> None:
    begin(store, 1)
    member(store, 2)
    commit(store, finishes=[finish(2)])
    commit(
        store,
        submissions=[[new_job(3)]],
        members=[NewMember(3, id_of(1), is_late=True, seals=True)],
        edges=[NewEdge(3, id_of(2), -1, policy)],
    )
    assert state(store, 3) == after


def test_a_flow_is_refused_at_first_if_a_job_is_missing_later(store: Store) -> None:
    commit(store, submissions=[[new_job(8)]])
    result = begin(store, 1, needs=[id_of(8), id_of(9)])
    assert result.admitted is not None
    assert result.admitted.refusals == [NoParent(1, id_of(9))]
    assert 1 not in tables_of(store).jobs
    assert not begin(store, 1, needs=[id_of(8)]).admitted.refusals  # type: ignore[union-attr]


def test_what_a_refused_slice_brings_is_taken_back(store: Store) -> None:
    begin(store, 2)
    result = commit(
        store,
        submissions=[[new_job(2), new_job(3)]],
        members=[NewMember(2, id_of(1), is_late=True), NewMember(3, id_of(1), is_late=True, seals=True)],
        edges=[NewEdge(id_of(1), 2, 0), NewEdge(3, id_of(77), 0)],
    )
    assert result.admitted is not None
    assert result.admitted.refusals == [NoParent(3, id_of(77))]
    assert not tables_of(store).edges
    store.close()
    assert store.open().unsealed == [id_of(1)]


def test_a_job_that_waits_for_one_to_come_asks_for_no_place(store: Store) -> None:
    begin(store, 0)
    commit(
        store,
        submissions=[[new_job(2)]],
        members=[NewMember(2, id_of(1), is_late=True, awaited=1)],
    )
    assert (state(store, 2), tables_of(store).jobs[2].pending) == ("waiting", 1)
    commit(
        store,
        submissions=[[new_job(3, state="running")]],
        members=[NewMember(3, id_of(1), is_late=True)],
        edges=[NewEdge(id_of(2), 3, 0)],
    )
    commit(store, finishes=[finish(3)])
    assert state(store, 2) == "ready"
