"""What every store does with time and order: claims, sweeps, prunes, and what it knows when it is opened again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.rows import (
    NOW,
    PARTITIONS,
    cancel,
    claim,
    everything,
    finish,
    id_of,
    new_job,
    put,
    put_in,
    requeue,
    retry,
    row_of,
    seqs,
    state_of,
)  # fmt: skip

from taskbahn.errors import StoreUnavailable
from taskbahn.protocol.states import State
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.memory import MemoryStore
from taskbahn_router.stores.rows import AttemptRow, Claim, Claimed, EventRow, Prune, Sweep

if TYPE_CHECKING:
    from pathlib import Path

    from support.stores import StoreKind

    from taskbahn_router.stores.contract import Store


def test_a_claim_starts_a_job_and_tells_all_about_it(store: Store) -> None:
    put(
        store,
        new_job(4, partition=2, priority=3, created_at=1_700_000_000.123456, caller="joe", options="{}", packed='[["ä"],{}]'),
    )
    claimed = store.commit(CommitBatch(claims=[Claim("w1", (2,), 5, NOW + 8)])).claimed
    assert claimed == [
        [
            Claimed(
                seq=4, id=id_of(4), partition=2, priority=3, attempt=1, failures=0, crashes=0, number=2, created_at=1_700_000_000.123456,
                ready_at=1_700_000_000.123456,
                caller="joe", options="{}", packed='[["ä"],{}]',
            )
        ]
    ]  # fmt: skip
    row = row_of(store, 4)
    assert (row.state, row.attempt, row.number, row.started_at, row.worker) == ("running", 1, 2, NOW + 8, "w1")


def test_higher_priority_goes_first_then_first_come_across_lines(store: Store) -> None:
    put(
        store,
        new_job(1, partition=1, priority=0),
        new_job(2, partition=2, priority=5),
        new_job(3, partition=3, priority=-1),
        new_job(4, partition=2, priority=0),
        new_job(5, partition=1, priority=5),
    )
    assert seqs(claim(store, 1, 2, 3)) == [2, 5, 1, 4, 3]


def test_a_claim_keeps_its_limit_and_the_next_one_continues(store: Store) -> None:
    put(store, *(new_job(seq, partition=1 + seq % 3) for seq in range(1, 10)))
    result = store.commit(
        CommitBatch(claims=[Claim("w1", (1, 2, 3), 4, NOW), Claim("w2", (1, 2, 3), 4, NOW), Claim("w3", (1, 2, 3), 4, NOW)])
    )
    assert [seqs(claimed) for claimed in result.claimed] == [[1, 2, 3, 4], [5, 6, 7, 8], [9]]
    assert [row_of(store, seq).worker for seq in (4, 5, 9)] == ["w1", "w2", "w3"]


def test_a_claim_takes_only_of_its_lines(store: Store) -> None:
    put(store, new_job(1, partition=1), new_job(2, partition=2))
    assert seqs(claim(store, 2)) == [2]
    assert claim(store, 3, 99) == []


def test_a_claim_sees_what_its_own_batch_made_ready(store: Store) -> None:
    put(store, new_job(1, state=State.RUNNING), new_job(2, state=State.WAITING, due_at=NOW), new_job(3))
    store.commit(CommitBatch(cancels=[cancel(3)]))
    result = store.commit(
        CommitBatch(
            new=[new_job(4)],
            requeues=[requeue(1)],
            retries=[retry(3)],
            sweep=Sweep(NOW, 10, 1),
            claims=[Claim("w", (1,), 10, NOW)],
        )
    )
    assert seqs(result.claimed[0]) == [1, 2, 3, 4]


def test_what_expired_is_never_claimed(store: Store) -> None:
    put(store, new_job(1, expires_at=NOW + 10), new_job(2, expires_at=NOW + 10.5), new_job(3))
    assert seqs(claim(store, limit=2, now=NOW + 10)) == [2, 3]
    assert state_of(store, 1) == "ready"


@pytest.mark.parametrize("state", [state for state in State if state is not State.READY])
def test_only_a_ready_job_is_claimed(store: Store, state: State) -> None:
    put_in(store, 1, state)
    assert claim(store) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_claims_are_exact_whatever_came_and_went(data: st.DataObject) -> None:
    store = MemoryStore()
    store.open()
    store.commit(CommitBatch(partitions=PARTITIONS))
    waiting: list[tuple[int, int, int]] = []  # -priority, seq, line
    seq = 0
    for _ in range(data.draw(st.integers(1, 6))):
        new = data.draw(st.lists(st.tuples(st.integers(-2, 2), st.integers(1, 3)), max_size=6))
        jobs = [
            new_job(seq + index, priority=priority, partition=partition) for index, (priority, partition) in enumerate(new, 1)
        ]
        seq += len(new)
        waiting += [(-job.priority, job.seq, job.partition) for job in jobs]
        partitions = data.draw(st.sets(st.integers(1, 3), min_size=1))
        limit = data.draw(st.integers(1, 5))
        claimed = store.commit(CommitBatch(new=jobs, claims=[Claim("w", tuple(partitions), limit, NOW)])).claimed[0]
        expected = sorted(entry for entry in waiting if entry[2] in partitions)[:limit]
        assert seqs(claimed) == [entry[1] for entry in expected]
        waiting = [entry for entry in waiting if entry not in expected]


def test_a_sweep_makes_ready_what_is_due(store: Store) -> None:
    put(store, *(new_job(seq, state=State.WAITING, due_at=NOW + 10 - seq) for seq in (1, 2, 3)))
    result = store.commit(CommitBatch(sweep=Sweep(NOW + 8, 10, 100)))
    assert [(moved.seq, moved.before, moved.after, moved.number) for moved in result.moved] == [
        (3, "waiting", "ready", 2), (2, "waiting", "ready", 2),
    ]  # fmt: skip
    assert (result.next_sweep, state_of(store, 1), state_of(store, 2)) == (NOW + 9, "waiting", "ready")
    assert [job.number for job in claim(store)] == [3, 3]


def test_a_sweep_expires_what_did_not_start_in_time(store: Store) -> None:
    put(
        store,
        new_job(1, expires_at=NOW + 5),
        new_job(2, state=State.WAITING, due_at=NOW + 1, expires_at=NOW + 4),
        new_job(3, expires_at=NOW + 7),
        new_job(4, state=State.RUNNING, expires_at=NOW + 1),
        new_job(5),
    )
    result = store.commit(CommitBatch(sweep=Sweep(NOW + 5, 10, 100)))
    assert [(moved.seq, moved.before, moved.after, moved.number) for moved in result.moved] == [
        (2, "waiting", "expired", 2), (1, "ready", "expired", 2),
    ]  # fmt: skip
    assert result.next_sweep == NOW + 7
    assert (row_of(store, 1).state, row_of(store, 1).finished_at) == ("expired", NOW + 5)
    assert [state_of(store, seq) for seq in (3, 4, 5)] == ["ready", "running", "ready"]


def test_a_sweep_takes_no_more_than_its_limit_of_each(store: Store) -> None:
    put(store, *(new_job(seq, state=State.WAITING, due_at=NOW) for seq in range(1, 6)))
    put(store, *(new_job(seq, expires_at=NOW) for seq in range(6, 11)))
    result = store.commit(CommitBatch(sweep=Sweep(NOW, 3, 1)))
    assert (seqs(result.moved), result.next_sweep) == ([6, 7, 8, 1, 2, 3], NOW)
    result = store.commit(CommitBatch(sweep=Sweep(NOW, 3, 1)))
    assert (seqs(result.moved), result.next_sweep) == ([9, 10, 4, 5], None)


def test_the_next_sweep_is_returned_only_when_one_was_asked_for(store: Store) -> None:
    put(store, new_job(1, state=State.WAITING))
    assert store.commit(CommitBatch()).next_sweep is None
    assert store.commit(CommitBatch(sweep=Sweep(NOW, 3, 1))).next_sweep == NOW + 100


def test_an_expired_job_is_kept_for_its_time(store: Store) -> None:
    put(store, new_job(1, expires_at=NOW))
    store.commit(CommitBatch(sweep=Sweep(NOW, 3, 50)))
    assert store.commit(CommitBatch(prune=Prune(NOW + 49, 0, 10))).pruned == 0
    assert store.commit(CommitBatch(prune=Prune(NOW + 50, 0, 10))).pruned == 1


def test_a_prune_deletes_final_jobs_with_all_that_belongs_to_them(store: Store) -> None:
    put(store, *(new_job(seq, state=State.RUNNING) for seq in (1, 2)))
    history = {
        "events": [EventRow(seq, 3, NOW, "log", "1") for seq in (1, 2)],
        "attempts": [AttemptRow(1, 1, "w", NOW, NOW, "error", None)],
    }
    store.commit(CommitBatch(finishes=[finish(1, delete_at=NOW + 10), finish(2, delete_at=NOW + 11)], **history))  # type: ignore[arg-type]
    result = store.commit(CommitBatch(prune=Prune(NOW + 10, 0, 10)))
    reader = store.reader()
    assert (result.pruned, result.prune_after) == (1, None)
    assert (reader.job(id_of(1)), reader.events(1, 0, 10), reader.attempts(1)) == (None, [], [])
    assert (state_of(store, 2), len(reader.events(2, 0, 10))) == ("succeeded", 1)
    reader.close()


def test_a_prune_looks_at_windows_one_after_the_other(store: Store) -> None:
    put(store, *(new_job(seq, state=State.RUNNING) for seq in range(1, 8)))
    store.commit(CommitBatch(finishes=[finish(seq, delete_at=NOW) for seq in (1, 2, 5, 7)]))
    windows = []
    after: int | None = 0
    while after is not None:
        result = store.commit(CommitBatch(prune=Prune(NOW, after, 3)))
        windows.append((result.pruned, result.prune_after))
        after = result.prune_after
    assert windows == [(2, 3), (1, 6), (1, None)]


@pytest.mark.parametrize("state", [State.WAITING, State.READY, State.RUNNING])
def test_what_is_not_final_is_never_pruned(store: Store, state: State) -> None:
    put_in(store, 1, state)
    assert store.commit(CommitBatch(prune=Prune(NOW + 1e9, 0, 10))).pruned == 0


def test_the_id_of_a_pruned_job_may_be_used_again(store: Store) -> None:
    put_in(store, 1, State.SUCCEEDED)
    store.commit(CommitBatch(prune=Prune(NOW + 1e9, 0, 10)))
    assert store.commit(CommitBatch(new=[new_job(2, id=id_of(1))])).duplicates == set()


def test_an_empty_store_knows_nothing(kind: StoreKind, tmp_path: Path) -> None:
    store = kind.make(tmp_path / "data")
    start = store.open()
    store.close()
    assert (start.last_seq, start.partitions, start.ready, start.tasks, start.running, start.next_sweep, start.counts) == (
        0,
        [],
        {},
        [],
        [],
        None,
        {},
    )


def test_a_store_that_is_opened_again_knows_where_things_stand(store: Store) -> None:
    for seq, state in enumerate(State, 1):
        put_in(store, seq, state)
    put(
        store,
        new_job(10, partition=3),
        new_job(11, partition=3, expires_at=NOW + 9),
        new_job(12, state=State.WAITING, due_at=NOW + 12),
    )
    store.commit(CommitBatch(tasks=[("a.one", "{}", NOW)]))
    running = row_of(store, list(State).index(State.RUNNING) + 1)
    seen = everything(store)
    store.close()
    start = store.open()
    assert start.last_seq == 12
    assert start.partitions == PARTITIONS
    assert start.ready == {1: 1, 3: 2}
    assert start.tasks == [("a.one", "{}", NOW)]
    assert start.running == [running]
    assert start.next_sweep == NOW + 9
    assert start.counts == {"waiting": 2, "ready": 3, "running": 1, "succeeded": 1, "failed": 1, "cancelled": 1, "expired": 1}
    assert everything(store) == seen


def test_events_after_the_last_snapshot_are_counted_at_the_next_open(store: Store) -> None:
    put(store, new_job(1, state=State.RUNNING), new_job(2, state=State.RUNNING))
    store.commit(CommitBatch(events=[EventRow(1, 3, NOW, "log", "1"), EventRow(1, 4, NOW, "log", "1")]))
    store.close()
    assert [row.number for row in store.open().running] == [4, 2]


def test_the_last_report_of_each_attempt_is_known_at_the_next_open(store: Store) -> None:
    put(store, *(new_job(seq, state=State.RUNNING, attempt=2) for seq in (1, 2, 3, 4)))
    ended, said = (1, 7), (2, 5)  # attempt, mark
    rows = {1: [ended, said, (2, 6)], 2: [ended], 3: [(2, 0), (2, 0)]}
    events = [EventRow(seq, number, NOW, "log", "1", *row) for seq in rows for number, row in enumerate(rows[seq], 3)]
    store.commit(CommitBatch(events=events))
    assert store.reader().events(1, 3, 10) == events[1:3]
    store.close()
    assert store.open().last_marks == {1: 6}


def test_a_closed_store_refuses_commits_and_may_be_closed_twice(store: Store) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreUnavailable):
        store.commit(CommitBatch(new=[new_job(1)]))
