"""The partitions that a store keeps: it says which of them lost jobs, and deletes those that a batch names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.rows import NOW, PARTITIONS, finish, id_of, new_job, put, row_of, state_of

from taskbahn.protocol.states import State
from taskbahn_router.stores.contract import CommitBatch, StartState, StoreUnavailable
from taskbahn_router.stores.minutes import DropMinutes, MinuteRow
from taskbahn_router.stores.rows import LimitRow, PartitionRow, Prune

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import Store


def reopened(store: Store) -> StartState:
    store.close()
    return store.open()


def test_the_jobs_of_each_partition_are_counted_in_whatever_state_they_are(store: Store) -> None:
    put(store, new_job(1), new_job(2, state=State.RUNNING), new_job(3, partition=2, state=State.WAITING))
    store.commit(CommitBatch(finishes=[finish(2)]))
    start = reopened(store)
    assert (start.jobs, start.ready) == ({1: 2, 2: 1}, {1: 1})
    assert start.counts == {"ready": 1, "succeeded": 1, "waiting": 1}


def test_a_prune_tells_which_partitions_lost_how_many_jobs(store: Store) -> None:
    put(store, *(new_job(seq, partition=partition, state=State.RUNNING) for seq, partition in enumerate((1, 1, 3, 2), 1)))
    store.commit(CommitBatch(finishes=[finish(1), finish(2), finish(3), finish(4, delete_at=NOW + 5000)]))
    result = store.commit(CommitBatch(prune=Prune(NOW + 1000, 0, 100)))
    assert (result.pruned, result.pruned_of) == (3, {(1, "succeeded"): 2, (3, "succeeded"): 1})


def test_a_partition_that_vanished_may_come_again_under_another_id(store: Store) -> None:
    put(store, new_job(1, partition=2))
    store.commit(CommitBatch(vacated=[1, 3]))
    assert reopened(store).partitions == [PARTITIONS[1]]
    again = PARTITIONS[0]._replace(id=9)
    store.commit(CommitBatch(partitions=[again], new=[new_job(2, partition=9)]))
    assert row_of(store, 2)[2:5] == (9, "default", "a.one")
    assert reopened(store).partitions == [PARTITIONS[1], again]


def test_what_is_new_and_empty_in_one_batch_is_not_kept(store: Store) -> None:
    store.commit(CommitBatch(partitions=[PartitionRow(9, "other", "a.one")], vacated=[9]))
    assert reopened(store).partitions == PARTITIONS


def test_a_task_is_forgotten_and_may_be_declared_again(store: Store) -> None:
    store.commit(CommitBatch(tasks=[(name, "{}", NOW) for name in ("a.one", "a.two", "b.one")]))
    store.commit(CommitBatch(forgotten_tasks=["a.one", "a.two", "no.task"], tasks=[("a.two", '{"doc":"new"}', NOW)]))
    assert reopened(store).tasks == [("a.two", '{"doc":"new"}', NOW), ("b.one", "{}", NOW)]


def test_a_refused_batch_leaves_the_partitions_as_they_were(store: Store) -> None:
    put(store, new_job(1))
    wrong = MinuteRow(None, "", 1, 1, 0, 0, 0, 0, "[]", "[]", None, 0, 0, None)  # type: ignore[arg-type]
    with pytest.raises(StoreUnavailable):
        store.commit(CommitBatch(new=[new_job(2, partition=2)], vacated=[3], minutes=[wrong], drop_minutes=DropMinutes(1, 1)))
    assert reopened(store).partitions == PARTITIONS
    assert state_of(store, 1) == "ready"


def test_a_limit_is_kept_as_it_was_written_last(store: Store) -> None:
    stripe = LimitRow("stripe", "rate", '{"rate":"100/s"}', None, 1, None, None)
    changed = stripe._replace(override='{"rate":"5/s"}', version=2, changed_by="joe", changed_at=NOW + 0.123456)
    gpu = LimitRow("gpu", "concurrency", '{"limit":3}', None, 1, None, None)
    store.commit(CommitBatch(limits=[stripe, gpu]))
    store.commit(CommitBatch(limits=[changed]))
    assert reopened(store).limits == [gpu, changed]
    store.commit(CommitBatch(forgotten_limits=["gpu", "no.limit"]))
    assert reopened(store).limits == [changed]


def test_a_refused_batch_leaves_the_limits_as_they_were(store: Store) -> None:
    gpu = LimitRow("gpu", "concurrency", '{"limit":3}', None, 1, None, None)
    store.commit(CommitBatch(limits=[gpu]))
    put(store, new_job(1))
    broken = CommitBatch(forgotten_limits=["gpu"], limits=[gpu._replace(name="new")], new=[new_job(1, id=id_of(2))])
    with pytest.raises(StoreUnavailable):
        store.commit(broken)
    assert reopened(store).limits == [gpu]
