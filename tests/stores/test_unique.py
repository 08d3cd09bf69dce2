"""Unique keys, in every store: who holds one, and what becomes of a job that asks for it meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.promise_tables import tables_of
from support.rows import NOW, cancel, finish, id_of, new_job, retry

from taskbahn_router.core.reactions import NewEdge
from taskbahn_router.core.unique_keys import ACTIVE, JOIN, KEPT, QUEUED, REFUSE, REPLACE, KeyTaken, NewKey
from taskbahn_router.promises.engine import Promises
from taskbahn_router.promises.reactions import Reactions
from taskbahn_router.promises.registry import limit_from
from taskbahn_router.stores.contract import CommitBatch, OutcomeRow
from taskbahn_router.stores.rows import Prune

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import CommitResult, Store
    from taskbahn_router.stores.rows import NewJob

LIMITS = {"f": limit_from({"kind": "concurrency", "name": "f", "limit": 1, "when_full": "refuse"})}


def commit(
    store: Store, *entries: list[NewJob], unique: list[NewKey] | None = None, now: float = NOW, **more: Any
) -> CommitResult:
    rules = Promises(now, LIMITS, keep=100.0, counted=["f"])
    return store.commit(
        CommitBatch(submissions=list(entries), unique=unique or [], rules=rules, reactions=Reactions(now, 100.0), **more)
    )


def ask(
    store: Store, seq: int, conflict: str = JOIN, during: str | float = ACTIVE, now: float = NOW, **changes: Any
) -> CommitResult:
    """Submit a job with the key."""
    return commit(store, [new_job(seq, **changes)], unique=[NewKey(seq, "k", during, conflict)], now=now)


def states(store: Store) -> dict[int, str]:
    return {seq: job.state for seq, job in sorted(tables_of(store).jobs.items())}


def test_rules_say_which_ids_have_jobs_of_other_partitions(store: Store) -> None:
    ask(store, 1)
    ask(store, 2)
    result = commit(
        store, [new_job(3, id=id_of(1), partition=2)], [new_job(4, id=id_of(2), partition=2)], [new_job(5, id=id_of(1))]
    )
    assert (result.duplicates, {seq: job.partition for seq, job in result.others.items()}) == ({3, 4, 5}, {3: 1, 4: 1})


def test_a_job_joins_the_one_that_holds_its_key(store: Store) -> None:
    ask(store, 1)
    result = ask(store, 2)
    assert (result.duplicates, result.aliases) == ({2}, {2: id_of(1)})
    assert states(store) == {1: "ready"}
    assert store.knows(id_of(2))


def test_an_id_that_joined_does_not_meet_its_own_key_again(store: Store) -> None:
    ask(store, 1)
    ask(store, 2)
    for seq, conflict in ((3, REFUSE), (4, REPLACE)):
        result = ask(store, seq, conflict, id=id_of(2))
        assert (result.duplicates, result.aliases) == ({seq}, {seq: id_of(1)})
    assert commit(store, new=[new_job(5, id=id_of(2))]).aliases == {5: id_of(1)}
    ask(store, 6, REPLACE, id=id_of(1))
    assert states(store) == {1: "ready"}


def test_a_job_is_refused_with_its_entry_while_another_holds_its_key(store: Store) -> None:
    ask(store, 1)
    result = commit(store, [new_job(2), new_job(3)], unique=[NewKey(3, "k", ACTIVE, REFUSE)])
    assert result.admitted is not None
    assert result.admitted.refusals == [KeyTaken(3, "k", id_of(1))]
    assert states(store) == {1: "ready"}


@pytest.mark.parametrize("state", ["ready", "waiting", "running"])
def test_a_job_takes_the_place_of_the_one_that_held_its_key(store: Store, state: str) -> None:
    ask(store, 1, state=state)
    result = ask(store, 2, REPLACE)
    assert [(move.seq, move.after) for move in result.moved] == [(1, "cancelled")]
    ask(store, 3)
    assert states(store) == {1: "cancelled", 2: "ready"}


def test_the_last_of_a_batch_has_the_key(store: Store) -> None:
    entries = [[new_job(seq)] for seq in (1, 2, 3, 4)]
    words = {1: JOIN, 2: REPLACE, 3: REFUSE, 4: JOIN}
    result = commit(store, *entries, unique=[NewKey(seq, "k", ACTIVE, word) for seq, word in words.items()])
    assert (result.aliases, states(store)) == ({4: id_of(2)}, {1: "cancelled", 2: "ready"})


HOLDING = {  # in which states of the job, and how late, each key is held
    ACTIVE: {"waiting", "ready", "running"}, QUEUED: {"waiting", "ready"},
    KEPT: {"waiting", "ready", "running", "succeeded", "cancelled"}, 0.5: {"early"},
}  # fmt: skip


@pytest.mark.parametrize("during", HOLDING)
@pytest.mark.parametrize("state", ["waiting", "ready", "running", "succeeded", "cancelled"])
@pytest.mark.parametrize("when", ["early", "late"])
def test_a_key_is_held_for_as_long_as_was_said(store: Store, during: str | float, state: str, when: str) -> None:
    ask(store, 1, during=during, state={"succeeded": "running", "cancelled": "ready"}.get(state, state))
    commit(store, finishes=[finish(1)] if state == "succeeded" else [], cancels=[cancel(1)] if state == "cancelled" else [])
    result = ask(store, 2, REFUSE, now=NOW + (0.4 if when == "early" else 0.6))
    assert result.admitted is not None
    assert bool(result.admitted.refusals) == bool({state, when} & HOLDING[during])


def test_a_job_that_has_ended_holds_its_key_no_more(store: Store) -> None:
    ask(store, 1, state="running")
    commit(store, finishes=[finish(1)])
    assert not ask(store, 2, REFUSE).aliases
    assert states(store) == {1: "succeeded", 2: "ready"}


def test_a_retry_by_hand_takes_a_free_key_back(store: Store) -> None:
    ask(store, 1, state="running")
    commit(store, finishes=[finish(1, state="failed")])
    commit(store, retries=[retry(1)])
    assert ask(store, 2).aliases == {2: id_of(1)}


def test_what_is_replaced_gives_its_place_to_the_new_job(store: Store) -> None:
    ask(store, 1, keys='[["f",1]]')
    result = ask(store, 2, REPLACE, keys='[["f",1]]')
    assert result.admitted is not None
    assert not result.admitted.refusals
    assert states(store) == {1: "cancelled", 2: "ready"}


def test_a_refused_entry_leaves_the_key_where_it_was(store: Store) -> None:
    ask(store, 1)
    commit(store, [new_job(2, keys='[["f",1]]')])
    entry = [new_job(3), new_job(4, keys='[["f",1]]')]
    result = commit(store, entry, [new_job(5)], unique=[NewKey(3, "k", ACTIVE, REPLACE), NewKey(5, "k", ACTIVE, JOIN)])
    assert result.aliases == {5: id_of(1)}
    assert states(store) == {1: "ready", 2: "ready"}


@pytest.mark.parametrize("is_over", [False, True])
def test_who_depends_on_a_job_that_joined_depends_on_the_other(store: Store, *, is_over: bool) -> None:
    ask(store, 1, during=KEPT, state="running")
    if is_over:
        commit(store, finishes=[finish(1)])
    commit(store, [new_job(2), new_job(3)], unique=[NewKey(2, "k", KEPT, JOIN)], edges=[NewEdge(3, 2, 0)])
    commit(store, [new_job(4)], edges=[NewEdge(4, id_of(2), 0)])
    assert (states(store)[3], states(store)[4]) == (("ready", "ready") if is_over else ("waiting", "waiting"))
    commit(store, finishes=[finish(1)])
    assert states(store) == {1: "succeeded", 3: "ready", 4: "ready"}


def test_keys_and_other_ids_go_with_their_job(store: Store) -> None:
    ask(store, 1, during=KEPT, state="running")
    ask(store, 2)
    commit(store, finishes=[finish(1)])
    commit(store, prune=Prune(NOW + 1e6, 0, 99))
    tables = tables_of(store)
    assert (tables.unique, tables.aliases, store.knows(id_of(2))) == ({}, {}, False)
    assert not ask(store, 3, id=id_of(2)).duplicates


def test_a_holder_of_the_key_is_held_to_its_arguments(store: Store) -> None:
    def asks(seq: int, packed: str, key: str = "k", **more: Any) -> CommitResult:
        unique = [NewKey(seq, key, KEPT, JOIN, packed, packed.__eq__)]
        return commit(store, [new_job(seq, packed=packed)], unique=unique, **more)

    asks(1, '[["ä"],{}]')
    assert asks(2, '[["ä"],{}]').aliases == {2: id_of(1)}
    refused = asks(3, '[["b"],{}]').admitted
    assert refused is not None
    assert refused.refusals == [KeyTaken(3, "k", id_of(1), is_other=True)]
    both = [NewKey(seq, "new", KEPT, JOIN, packed, packed.__eq__) for seq, packed in ((4, "[[1],{}]"), (5, "[[2],{}]"))]
    result = commit(store, [new_job(4, packed="[[1],{}]")], [new_job(5, packed="[[2],{}]")], unique=both)
    assert result.admitted is not None
    assert result.admitted.refusals == [KeyTaken(5, "new", id_of(4), is_other=True)], "also if the key is of the same commit"


def test_a_reader_knows_a_job_by_each_id_and_its_key(store: Store) -> None:
    ask(store, 1, state="running")
    ask(store, 2)
    commit(store, [new_job(3)])
    reader = store.reader()
    try:
        found = reader.job(id_of(2))
        assert found is not None
        assert (found.id, reader.unique_key(1), reader.unique_key(3)) == (id_of(1), "k", None)
        ids = [id_of(seq) for seq in (9, 2, 3, 1)]
        rows = [OutcomeRow(id_of(1), "running", None, None), OutcomeRow(id_of(3), "ready", None, None)]
        assert sorted(reader.outcomes(ids)) == sorted([*rows, OutcomeRow(id_of(2), "running", None, None, id_of(1))])
        store.commit(CommitBatch(finishes=[finish(1, result="7")]))
        assert {row.id: row.result for row in reader.outcomes(ids)} == {id_of(1): "7", id_of(2): "7", id_of(3): None}
        assert len(reader.outcomes([id_of(2), id_of(1)], 1)) == 1, "no more once there are as many bytes"
        ask(store, 4)
        assert (reader.unique_key(1), reader.unique_key(4)) == (None, "k")
    finally:
        reader.close()
