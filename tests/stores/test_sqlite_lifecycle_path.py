"""Each statement of SQLite that moves a job is guarded by the states that the table allows."""

from __future__ import annotations

import re
import sqlite3
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
from support.rows import NOW, PARTITIONS, new_job, row_of

from taskbahn_router.stores.contract import CommitBatch, StoreUnavailable
from taskbahn_router.stores.guards import GUARDS
from taskbahn_router.stores.rows import Sweep
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.stores.sqlite.statements import SQL

if TYPE_CHECKING:
    from pathlib import Path


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
    store.commit(CommitBatch(partitions=PARTITIONS, new=[new_job(1, expires_at=NOW)]))
    with sqlite3.connect(store.path) as other:  # the look still finds the job, the guard of the move does not
        other.execute("CREATE TRIGGER meddle BEFORE UPDATE OF finished_at ON job BEGIN SELECT RAISE(IGNORE); END")
    other.close()
    with pytest.raises(StoreUnavailable, match="expire moved 0 of 1 jobs"):
        store.commit(CommitBatch(sweep=Sweep(NOW + 1, 10, 10)))
    assert row_of(store, 1).state == "ready"
    store.close()
