"""How SQLite takes over failed jobs of before there were fingerprints."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from support.rows import PARTITIONS, finish, new_job, put

from taskbahn.protocol.states import State
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.stores.sqlite import store as sqlite_store
from taskbahn_router.stores.sqlite.statements import MIGRATIONS, SQL

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


ALIKE = "0123456789ab"
BEFORE = MIGRATIONS[:3]


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
    store.commit(CommitBatch(finishes=[finish(2, state="failed", result=None, fingerprint=ALIKE)]))
    assert [(row.seq, row.fingerprint) for row in store.reader().failed(None, 10)] == [(2, ALIKE), (1, None)]
    connection = store._connection  # type: ignore[assignment]  # it is open
    assert isinstance(connection, sqlite3.Connection)
    plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {SQL['failed']}", (9, 9)))
    assert "INDEX job_failed" in plan
    store.close()
