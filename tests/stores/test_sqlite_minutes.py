"""How SQLite takes over data of before there were minutes, and finds them by an index."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from support.minutes import ALWAYS, AT, minute
from support.rows import PARTITIONS, new_job, put_in_schema, retry

from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.minutes import MinuteRow
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.stores.sqlite import store as sqlite_store
from taskbahn_router.stores.sqlite.statements import MIGRATIONS, SQL

if TYPE_CHECKING:
    from pathlib import Path

AGAIN = 18  # the schema in which minutes count no longer what began again


def test_data_of_before_there_were_minutes_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.setattr(sqlite_store, "MIGRATIONS", MIGRATIONS[:1])
        old = SqliteStore(tmp_path)
        old._migrate(connection := sqlite_store.connect(tmp_path / "taskbahn.db"))
        put_in_schema(connection, new_job(1))
        connection.close()
    store = SqliteStore(tmp_path)
    start = store.open()
    assert (start.partitions, start.ready, start.minutes) == (PARTITIONS[:1], {1: 1}, [])
    store.commit(CommitBatch(minutes=[minute(1)]))
    assert store.reader().minutes(*ALWAYS, None) == [minute(1)]
    store.close()


def test_minutes_of_before_jobs_were_uncounted_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.setattr(sqlite_store, "MIGRATIONS", MIGRATIONS[: AGAIN - 1])
        old = SqliteStore(tmp_path)
        old._migrate(connection := sqlite_store.connect(tmp_path / "taskbahn.db"))
        connection.execute(
            "INSERT INTO minute VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", minute(1)[: MinuteRow._fields.index("again")]
        )
        put_in_schema(connection, new_job(1, created_at=AT))
        connection.execute("UPDATE job SET state = 'failed', finished_at = ?", (AT + 61.0,))
        connection.close()
    store = SqliteStore(tmp_path)
    assert store.open().minutes == [minute(1)]
    store.commit(CommitBatch(retries=[retry(1)]))
    rows = store.reader().minutes(*ALWAYS, PARTITIONS[0].task)
    assert [(row.at, row.failed, row.again) for row in rows] == [(AT + 60, -1, 1)]
    store.close()


def test_charts_and_the_start_read_by_an_index(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.open()
    connection = store._connection
    assert isinstance(connection, sqlite3.Connection)
    for name, values in {"minutes": (0, 1), "minutes_of_task": ("", 0, 1), "newest_minute": (), "drop_minutes": (0, 1)}.items():
        plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {SQL[name]}", values))
        assert "USING" in plan, plan
        assert "SCAN minute" not in plan.replace("SCAN minute USING COVERING INDEX", ""), plan
    store.close()
