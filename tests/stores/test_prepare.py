"""A commit of which a part was prepared: it keeps the same, whatever became of the batch in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.rows import finish, id_of, new_job, row_of

from taskbahn.protocol.states import State
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import PartitionRow

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import Store

NEW_PARTITION = PartitionRow(9, "new", "a.new")


def ids(store: Store) -> list[int]:
    reader = store.reader()
    return [seq for seq in range(1, 10) if reader.job(id_of(seq)) is not None]


def test_what_is_prepared_is_not_seen_before_its_commit(store: Store) -> None:
    batch = CommitBatch(partitions=[NEW_PARTITION], new=[new_job(1, partition=9, state=State.RUNNING)])
    store.prepare(batch)
    assert ids(store) == []
    store.commit(batch)
    assert ids(store) == [1]
    assert row_of(store, 1).queue == "new"


def test_a_prepared_job_and_its_outcome_are_one_commit(store: Store) -> None:
    batch = CommitBatch(new=[new_job(1, state=State.RUNNING)])
    store.prepare(batch)
    store.commit(CommitBatch(new=batch.new, finishes=[finish(1)]))
    assert row_of(store, 1).state == "succeeded"


def test_what_follows_is_added_to_what_was_prepared(store: Store) -> None:
    first, second, third = new_job(1, state=State.RUNNING), new_job(2, partition=9, state=State.RUNNING), new_job(3)
    store.prepare(CommitBatch(new=[first]))
    store.prepare(CommitBatch(partitions=[NEW_PARTITION], new=[first, second]))
    store.commit(CommitBatch(partitions=[NEW_PARTITION], new=[first, second, third]))
    assert ids(store) == [1, 2, 3]


def test_what_was_turned_away_meanwhile_is_not_kept(store: Store) -> None:
    first, second = new_job(1, state=State.RUNNING), new_job(2)
    store.prepare(CommitBatch(new=[first]))
    store.commit(CommitBatch(new=[second]))
    assert ids(store) == [2]
    store.prepare(CommitBatch(new=[new_job(3)]))
    store.commit(CommitBatch())
    assert ids(store) == [2]


def test_the_commit_returns_which_ids_are_repeated(store: Store) -> None:
    store.commit(CommitBatch(new=[new_job(1)]))
    batch = CommitBatch(new=[new_job(2, id=id_of(1)), new_job(3)])
    store.prepare(batch)
    assert store.commit(batch).duplicates == {2}
    assert ids(store) == [1, 3]
