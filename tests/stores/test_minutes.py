"""What every store does with the minutes of the charts: rows of one minute and task add up, old ones go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.minutes import ALWAYS, AT, minute
from support.rows import PARTITIONS, claim, finish, id_of, new_job, put, requeue, retry

from taskbahn.errors import StoreUnavailable
from taskbahn.protocol.states import State
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.minutes import BeganAgain, DropMinutes
from taskbahn_router.stores.rows import CancelJob, NewJob, Sweep

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import Store


def test_a_minute_is_kept_with_every_field(store: Store) -> None:
    rows = [minute(0), minute(0, "a.one", last_at=None, waiting=None, running=None, oldest=None)]
    store.commit(CommitBatch(minutes=rows))
    assert store.reader().minutes(*ALWAYS, None) == rows


def test_minutes_are_asked_for_by_time_and_task(store: Store) -> None:
    store.commit(CommitBatch(minutes=[minute(number, task) for number in (3, 1, 2) for task in ("", "a.one")]))
    reader = store.reader()
    assert [row.at for row in reader.minutes(AT + 60, AT + 180, "a.one")] == [AT + 60, AT + 120]
    assert [(row.at, row.task) for row in reader.minutes(AT + 61, AT + 121, None)] == [(AT + 120, ""), (AT + 120, "a.one")]
    assert reader.minutes(AT + 181, 2**40, None) == []
    assert reader.minutes(*ALWAYS, "no.such") == []
    reader.close()


def test_a_minute_that_is_written_twice_is_there_twice_in_that_order(store: Store) -> None:
    store.commit(CommitBatch(minutes=[minute(0, accepted=1)]))
    store.commit(CommitBatch(minutes=[minute(0, accepted=2)]))
    assert [row.accepted for row in store.reader().minutes(*ALWAYS, "")] == [1, 2]


def test_a_store_that_is_opened_tells_the_newest_minute_alone(store: Store) -> None:
    store.close()
    assert store.open().minutes == []
    store.commit(CommitBatch(minutes=[minute(5), minute(7, "a.one"), minute(7, accepted=9), minute(6)]))
    store.commit(CommitBatch(minutes=[minute(7, accepted=3)]))
    store.close()
    assert store.open().minutes == [minute(7, accepted=9), minute(7, accepted=3), minute(7, "a.one")]


def test_old_minutes_are_dropped_the_oldest_first_and_some_at_a_time(store: Store) -> None:
    store.commit(CommitBatch(minutes=[minute(number) for number in (4, 1, 3, 2)]))
    store.commit(CommitBatch(drop_minutes=DropMinutes(AT + 240, 2)))
    assert [row.at for row in store.reader().minutes(*ALWAYS, None)] == [AT + 180, AT + 240]
    store.commit(CommitBatch(minutes=[minute(9)], drop_minutes=DropMinutes(AT + 240, 2)))
    assert [row.at for row in store.reader().minutes(*ALWAYS, None)] == [AT + 240, AT + 540]


def test_more_minutes_than_one_statement_takes_are_all_written(store: Store) -> None:
    store.commit(CommitBatch(minutes=[minute(number, f"a.task{number}") for number in range(1001)]))
    assert len(store.reader().minutes(*ALWAYS, None)) == 1001


def test_minutes_of_a_batch_that_fails_are_not_there(store: Store) -> None:
    store.commit(CommitBatch(minutes=[minute(1)]))
    wrong = NewJob(*new_job(1)._replace(state="no such state"))
    with pytest.raises((StoreUnavailable, ValueError)):
        store.commit(CommitBatch(new=[wrong], minutes=[minute(2)], drop_minutes=DropMinutes(2**40, 9)))
    assert [row.at for row in store.reader().minutes(*ALWAYS, None)] == [AT + 60]


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED, State.EXPIRED])
def test_a_job_that_begins_again_counts_no_longer_in_its_minute(store: Store, state: State) -> None:
    put(store, *(new_job(seq, state=State.RUNNING) for seq in (1, 2, 3)), new_job(4, expires_at=AT + 61.0))
    if state is State.FAILED:
        store.commit(CommitBatch(finishes=[finish(seq, state=state, finished_at=AT + 61.0) for seq in (1, 2)]))
    elif state is State.CANCELLED:
        store.commit(CommitBatch(cancels=[CancelJob(id_of(seq), AT + 61.0, AT + 999.0, "{}") for seq in (1, 2)]))
    else:
        store.commit(CommitBatch(sweep=Sweep(AT + 61.0, 9, 99.0)))
    again = [4] if state is State.EXPIRED else [1, 2]
    result = store.commit(CommitBatch(retries=[retry(seq) for seq in (*again, 3)]))
    assert result.again == [BeganAgain(1, state, AT + 61.0)] * len(again), "one that had not ended stays as it is"
    rows = store.reader().minutes(*ALWAYS, None)
    assert [(row.at, row.task, row.again) for row in rows] == [(AT + 60, task, len(again)) for task in (PARTITIONS[0].task, "")]
    assert all(getattr(row, state) == -len(again) for row in rows)
    assert all(row.accepted == row.succeeded == row.retried == 0 for row in rows)


def test_a_claimed_job_has_the_known_time_of_becoming_ready(store: Store) -> None:
    jobs = [new_job(seq) for seq in (1, 2, 3)] + [new_job(4, state=State.WAITING, due_at=AT + 30.123456789)]
    put(store, *jobs, new_job(5, state=State.RUNNING), new_job(6, state=State.RUNNING))
    store.commit(
        CommitBatch(
            requeues=[requeue(5), requeue(6, state="waiting", due_at=AT + 33.5, failures=1)], sweep=Sweep(AT + 40.0, 9, 1.0)
        )
    )
    found = {job.seq: job.ready_at for job in claim(store, now=AT + 50.0)}
    assert found == {
        1: jobs[0].created_at,
        2: jobs[1].created_at,
        3: jobs[2].created_at,
        4: AT + 30.123456789,
        5: None,
        6: AT + 33.5,
    }
    store.commit(CommitBatch(requeues=[requeue(1, number=5)], retries=[retry(1)]))
    assert [job.ready_at for job in claim(store, now=AT + 60.0)] == [None]
