"""No batch moves a job off the table of its life: each state meets each kind of row, with each state that a row could name."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
from support.rows import NOW, PARTITIONS, cancel, finish, id_of, new_job, put_in, requeue, retry, row_of

from taskbahn.protocol.states import State
from taskbahn_router.core.lifecycle import FIRST_STATES, MOVES, Event, IllegalMove
from taskbahn_router.stores.contract import Batch, StoreUnavailable
from taskbahn_router.stores.guards import GUARDS
from taskbahn_router.stores.rows import Claim, Snapshot, Sweep
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.stores.sqlite.statements import SQL

if TYPE_CHECKING:
    from pathlib import Path

    from taskbahn_router.stores.contract import Store

FINISHED = {Event.SUCCEED, Event.FAIL}
REQUEUED = {Event.RETRY, Event.WORKER_LOST, Event.HAND_BACK}
NAMED = [*map(str, State), "nonsense", ""]  # what a row may name as the state after it
Make = Callable[[int, int], Batch]  # of a job's seq and attempt
ROWS: list[tuple[Make, set[Event]]] = [
    *(
        (partial(lambda named, seq, attempt: Batch(finishes=[finish(seq, attempt, state=named)]), named), FINISHED)
        for named in NAMED
    ),
    *(
        (partial(lambda named, seq, attempt: Batch(requeues=[requeue(seq, attempt, state=named)]), named), REQUEUED)
        for named in NAMED
    ),
    (lambda seq, _: Batch(cancels=[cancel(seq)]), {Event.CANCEL}),
    (lambda seq, _: Batch(retries=[retry(seq)]), {Event.RETRY_BY_HAND}),
    (lambda *_: Batch(sweep=Sweep(NOW + 1e6, 1000, 1e9)), {Event.DUE, Event.EXPIRE}),
    (lambda *_: Batch(claims=[Claim("w", (1, 2, 3), 1000, NOW)]), {Event.START}),
    (lambda seq, _: Batch(snapshots=[Snapshot(9, None, seq)]), set()),
    (lambda seq, _: Batch(new=[new_job(seq + 1000, id=id_of(seq))]), set()),
]


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


def test_a_job_is_accepted_in_a_first_state_only(store: Store) -> None:
    for seq, named in enumerate(NAMED, 1):
        batch = Batch(new=[new_job(seq)._replace(state=named)])
        store.prepare(batch)
        with suppress(StoreUnavailable):
            store.commit(batch)
        assert store.knows(id_of(seq)) == (named in FIRST_STATES)


@pytest.mark.parametrize("statement", [name for name, sql in SQL.items() if re.search(r"UPDATE job SET\s+state\b", sql)])
def test_each_statement_that_writes_a_state_is_guarded_by_the_states_before(statement: str) -> None:
    _, _, where = SQL[statement].partition("WHERE")
    listed = ", ".join(map(repr, GUARDS[statement].sources))
    assert re.search(rf"\bstate (= {listed}|IN \({listed}\))", where)


def test_each_statement_that_changes_something_says_what_it_is_for() -> None:
    text = (files("taskbahn_router.stores.sqlite") / "statements.sql").read_text("utf-8")
    silent = [
        name
        for name, after in re.findall(r"^-- name: (\w+)\n(.*)", text, re.MULTILINE)
        if re.match(r"(INSERT|UPDATE|DELETE|REPLACE)\b", SQL[name]) and not re.match(r"-- [A-Z].*[.;]$", after)
    ]
    assert silent == []


@pytest.mark.parametrize("look, index", [("due_jobs", "job_due"), ("expired_jobs", "job_expires"), ("claim", "job_ready")])
def test_a_guard_finds_the_partial_index_of_its_states(tmp_path: Path, look: str, index: str) -> None:
    """SQLite takes a partial index only where a guard has the very words of its condition."""
    store = SqliteStore(tmp_path)
    store.open()
    store.close()
    with sqlite3.connect(store.path) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {SQL[look]}", [None] * SQL[look].count("?")).fetchall()
    connection.close()
    assert f"USING INDEX {index}" in " ".join(row[3] for row in plan)


def test_a_statement_that_moves_too_few_jobs_refuses_the_batch(tmp_path: Path) -> None:
    """Another program that moved a job between the look and the move cannot make the store tell what did not happen."""
    store = SqliteStore(tmp_path)
    store.open()
    store.commit(Batch(partitions=PARTITIONS, new=[new_job(1, expires_at=NOW)]))
    with sqlite3.connect(store.path) as other:  # the look still finds the job, the guard of the move does not
        other.execute("CREATE TRIGGER meddle BEFORE UPDATE OF finished_at ON job BEGIN SELECT RAISE(IGNORE); END")
    other.close()
    with pytest.raises(StoreUnavailable, match="expire moved 0 of 1 jobs"):
        store.commit(Batch(sweep=Sweep(NOW + 1, 10, 10)))
    assert row_of(store, 1).state == "ready"
    store.close()
