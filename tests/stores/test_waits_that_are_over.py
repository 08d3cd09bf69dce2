"""A wait that is over before its attempt ends for it: the store notes that, so that the next attempt is not suspended for it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.rows import NOW, finish, id_of, new_job, put, requeue, row_of

from taskbahn.protocol.states import State
from taskbahn.protocol.suspended import OVER_NOTE, over_note
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.suspensions import Suspension
from taskbahn_router.stores.contract import CommitBatch

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import Store


def suspend(store: Store, *jobs: int, every: bool = False) -> list[str]:
    """Suspend job 1 for others; return the names of the notes on waits that are over."""
    asked = Suspension(1, 1, tuple(map(id_of, jobs)), every=every)
    store.commit(CommitBatch(requeues=[requeue(1, state="waiting")], suspensions=[asked]))
    return [note.name for note in store.reader().notes(1, OVER_NOTE, 100) if note.name.startswith(OVER_NOTE)]


def text(seq: int) -> str:
    return id_text(id_of(seq))


def jobs(store: Store) -> None:
    """Job 1 waits; 2 and 3 have ended, 4 runs."""
    put(store, *(new_job(seq, state=State.RUNNING) for seq in range(1, 5)))
    store.commit(CommitBatch(finishes=[finish(2), finish(3)]))


def test_a_wait_for_an_ended_job_is_noted_by_its_id(store: Store) -> None:
    jobs(store)
    assert suspend(store, 4, 3, 2) == [over_note([text(3)], every=False)]
    assert row_of(store, 1).due_at is not None


def test_a_wait_for_all_is_noted_once_all_have_ended(store: Store) -> None:
    jobs(store)
    assert suspend(store, 2, 3, 2, every=True) == [over_note([text(2), text(3)], every=True)]


def test_a_wait_that_goes_on_leaves_no_note(store: Store) -> None:
    jobs(store)
    assert suspend(store, 2, 4, every=True) == []
    assert row_of(store, 1).due_at is None


def test_a_wait_for_a_job_that_runs_leaves_no_note(store: Store) -> None:
    jobs(store)
    assert suspend(store, 4) == []
    store.commit(CommitBatch(finishes=[finish(4, finished_at=NOW + 90)]))
