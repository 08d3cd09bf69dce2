"""What every store does with the fingerprints of failed jobs, and how data of before there were any is taken over."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from support.rows import PARTITIONS, finish, new_job, put, retry, row_of

from taskbahn.protocol.states import State
from taskbahn_router.stores.contract import Batch
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.stores.sqlite import store as sqlite_store
from taskbahn_router.stores.sqlite.statements import MIGRATIONS, SQL

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from taskbahn_router.stores.contract import Store

ALIKE = "0123456789ab"
BEFORE = [text for text in MIGRATIONS if "ADD COLUMN fingerprint" not in text]


def test_a_failed_job_keeps_its_fingerprint_until_it_is_retried(store: Store) -> None:
    put(store, new_job(1, state=State.RUNNING))
    store.commit(Batch(finishes=[finish(1, state="failed", result=None, error="{}", fingerprint=ALIKE)]))
    assert row_of(store, 1).fingerprint == ALIKE
    assert store.reader().rows([1])[0].fingerprint == ALIKE
    store.commit(Batch(retries=[retry(1)]))
    assert row_of(store, 1).fingerprint is None


def test_jobs_that_failed_before_there_were_fingerprints_are_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.setattr(sqlite_store, "MIGRATIONS", BEFORE)
        connection = sqlite_store.connect(tmp_path / "taskbahn.db")
        SqliteStore(tmp_path)._migrate(connection)
        connection.execute("INSERT INTO line (id, queue, task) VALUES (?, ?, ?)", PARTITIONS[0])
        columns = "seq, id, line, state, priority, attempt, number, created_at, packed, error"
        connection.execute(f"INSERT INTO job ({columns}) VALUES (1, x'01', 1, 'failed', 0, 1, 3, 0.0, '[[],{{}}]', '{{}}')")  # noqa: S608
        connection.close()
    store = SqliteStore(tmp_path)
    assert store.open().counts == {"failed": 1}
    put(store, new_job(2, state=State.RUNNING))
    store.commit(Batch(finishes=[finish(2, state="failed", result=None, fingerprint=ALIKE)]))
    assert [(row.seq, row.fingerprint) for row in store.reader().failed(None, 10)] == [(2, ALIKE), (1, None)]
    connection = store._connection  # type: ignore[assignment]  # it is open
    assert isinstance(connection, sqlite3.Connection)
    plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {SQL['failed']}", (9, 9)))
    assert "INDEX job_failed" in plan
    store.close()
