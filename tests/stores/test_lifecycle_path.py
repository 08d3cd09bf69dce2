"""No batch moves a job off the table of its life: each state meets each kind of row, with each state that a row could name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest
from support.rows import NOW, cancel, finish, id_of, new_job, put, put_in, requeue, retry, row_of

from taskbahn.protocol.states import State
from taskbahn_router.core.job_pauses import PauseJob
from taskbahn_router.core.lifecycle import FIRST_STATES, MOVES, Event, IllegalMove
from taskbahn_router.stores.contract import CommitBatch, StoreUnavailable
from taskbahn_router.stores.rows import Claim, Snapshot, Sweep

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import Store

FINISHED = {Event.SUCCEED, Event.FAIL}
REQUEUED = {Event.RETRY, Event.WORKER_LOST, Event.HAND_BACK, Event.SUSPEND}
NAMED = [*map(str, State), "nonsense", ""]  # what a row may name as the state after it
OF_EDGES = {Event.PARENT_FAILED, Event.REOPEN, Event.COMPLETE, Event.RESUME_FLOW}  # test_edges.py, test_flows.py
Make = Callable[[int, int], CommitBatch]  # of a job's seq and attempt
ROWS: list[tuple[Make, set[Event]]] = [
    *(
        (partial(lambda named, seq, attempt: CommitBatch(finishes=[finish(seq, attempt, state=named)]), named), FINISHED)
        for named in NAMED
    ),
    *(
        (partial(lambda named, seq, attempt: CommitBatch(requeues=[requeue(seq, attempt, state=named)]), named), REQUEUED)
        for named in NAMED
    ),
    (lambda seq, _: CommitBatch(cancels=[cancel(seq)]), {Event.CANCEL}),
    (lambda seq, _: CommitBatch(retries=[retry(seq)]), {Event.RETRY_BY_HAND}),
    (lambda seq, _: CommitBatch(job_pauses=[PauseJob(id_of(seq), None, NOW, "", None)]), {Event.PAUSE}),
    (lambda *_: CommitBatch(sweep=Sweep(NOW + 1e6, 1000, 1e9)), {Event.DUE, Event.EXPIRE, Event.OVERDUE}),
    (lambda *_: CommitBatch(claims=[Claim("w", (1, 2, 3), 1000, NOW)]), {Event.START}),
    (lambda seq, _: CommitBatch(snapshots=[Snapshot(9, None, seq)]), set()),
    (lambda seq, _: CommitBatch(new=[new_job(seq + 1000, id=id_of(seq))]), set()),
]


def test_each_event_of_the_table_has_a_row_of_a_batch() -> None:
    """Else the diagram shows a move that no store makes."""
    without = set(Event) - OF_EDGES - set[Event]().union(*(events for _, events in ROWS))
    assert without == set(), "needs a row in stores/rows.py, a guard in stores/guards.py, both stores, and its line in ROWS here"


def check(store: Store, seq: int, make: Make, events: set[Event]) -> None:
    """Commit a batch; the job is where it was, or where the table leads from there by one of those events."""
    before = row_of(store, seq)
    result, refused = None, None
    try:
        result = store.commit(make(seq, before.attempt))
    except StoreUnavailable as error:
        refused = error.__cause__
    after = row_of(store, seq)
    if result is None:
        assert isinstance(refused, IllegalMove)
        assert after == before
        return
    assert after.state == before.state or after.state in {MOVES.get((State(before.state), event)) for event in events}
    told = [moved for moved in result.moved if moved.seq == seq]
    if told:
        assert (told[0].before, told[-1].after) == (before.state, after.state)


@pytest.mark.parametrize("state", list(State))
def test_no_row_moves_a_job_off_the_table(store: Store, state: State) -> None:
    for seq, (make, events) in enumerate(ROWS, 1):
        put_in(store, seq, state)
        check(store, seq, make, events)


@pytest.mark.parametrize("state", FIRST_STATES)
def test_each_first_state_ends_at_a_deadline(store: Store, state: State) -> None:
    put(store, new_job(1, state=state, deadline=NOW))
    check(store, 1, lambda *_: CommitBatch(sweep=Sweep(NOW, 1000, 1e9)), {Event.OVERDUE})
    assert row_of(store, 1).state == State.FAILED


def test_a_job_is_accepted_in_a_first_state_only(store: Store) -> None:
    for seq, named in enumerate(NAMED, 1):
        batch = CommitBatch(new=[new_job(seq)._replace(state=named)])
        store.prepare(batch)
        with suppress(StoreUnavailable):
            store.commit(batch)
        assert store.knows(id_of(seq)) == (named in FIRST_STATES)
