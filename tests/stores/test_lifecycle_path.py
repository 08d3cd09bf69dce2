"""No batch moves a job off the table of its life: every state meets every kind of row, with every state that a row could name."""

from __future__ import annotations

import re
import sqlite3
from contextlib import suppress
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from support.rows import NOW, PARTITIONS, cancel, everything, finish, id_of, new_job, put_in, requeue, retry, row_of

from taskbahn.states import State
from taskbahn_router.core.lifecycle import FIRST_STATES, MOVES, Event, IllegalMove
from taskbahn_router.stores.contract import Batch, StoreUnavailable
from taskbahn_router.stores.guards import FINISH, GUARDS, REQUEUE
from taskbahn_router.stores.rows import Claim, Snapshot, Sweep
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.stores.sqlite.statements import SQL

if TYPE_CHECKING:
    from pathlib import Path

    from taskbahn_router.stores.contract import Store

NAMED = [*map(str, State), "nonsense", ""]  # what a row may name as the state after it
ENDS = {FINISH: {Event.SUCCEED, Event.FAIL}, REQUEUE: {Event.RETRY, Event.WORKER_LOST, Event.HAND_BACK}}
BY_ITSELF = {
    "cancel": (Batch(cancels=[cancel(1)]), {Event.CANCEL}),
    "retry": (Batch(retries=[retry(1)]), {Event.RETRY_BY_HAND}),
    "sweep": (Batch(sweep=Sweep(NOW + 1e6, 10, 10)), {Event.DUE, Event.EXPIRE}),
    "claim": (Batch(claims=[Claim("w", (1, 2, 3), 10, NOW)]), {Event.START}),
    "snapshot": (Batch(snapshots=[Snapshot(9, None, 1)]), set()),
    "repetition": (Batch(new=[new_job(2, id=id_of(1))]), set()),
}


def reported(kind: str, store: Store, state: str) -> Batch:
    row: dict[str, Any] = {"seq": 1, "attempt": row_of(store, 1).attempt, "state": state}
    return Batch(finishes=[finish(**row)]) if kind == FINISH else Batch(requeues=[requeue(**row)])


def check(store: Store, batch: Batch, events: set[Event]) -> None:
    """Commit a batch; job 1 is where it was, or where the table leads from there by one of those events."""
    before, known = row_of(store, 1).state, everything(store)
    result, refused = None, None
    try:
        result = store.commit(batch)
    except StoreUnavailable as error:
        refused = error.__cause__
    if result is None:
        assert isinstance(refused, IllegalMove)
        assert everything(store) == known
        return
    after = row_of(store, 1).state
    assert after == before or after in {MOVES.get((State(before), event)) for event in events}
    told = [moved for moved in result.moved if moved.id == id_of(1)]
    if told:
        assert (told[0].before, told[-1].after) == (before, after)


@pytest.mark.parametrize("named", NAMED)
@pytest.mark.parametrize("kind", [FINISH, REQUEUE])
@pytest.mark.parametrize("state", list(State))
def test_a_report_moves_a_job_by_the_table_only(store: Store, state: State, kind: str, named: str) -> None:
    put_in(store, 1, state)
    check(store, reported(kind, store, named), ENDS[kind])


@pytest.mark.parametrize("what", list(BY_ITSELF))
@pytest.mark.parametrize("state", list(State))
def test_what_a_store_moves_by_itself_it_moves_by_the_table(store: Store, state: State, what: str) -> None:
    put_in(store, 1, state)
    check(store, *BY_ITSELF[what])


@pytest.mark.parametrize("named", NAMED)
def test_a_job_is_accepted_in_a_first_state_only(store: Store, named: str) -> None:
    batch = Batch(new=[new_job(1)._replace(state=named)])
    store.prepare(batch)
    with suppress(StoreUnavailable):
        store.commit(batch)
    assert store.knows(id_of(1)) == (named in FIRST_STATES)


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


def test_a_statement_that_moves_fewer_jobs_than_it_was_made_for_refuses_the_batch(tmp_path: Path) -> None:
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
