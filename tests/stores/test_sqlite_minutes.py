"""How SQLite takes over data of before there were minutes, and finds them by an index."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from support.rows import PARTITIONS, new_job

from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.minutes import MinuteRow
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.stores.sqlite import store as sqlite_store
from taskbahn_router.stores.sqlite.statements import MIGRATIONS, SQL, many

if TYPE_CHECKING:
    from pathlib import Path


AT = 1_700_000_040
ALWAYS = (0, 2**40)


def minute(number: int, task: str = "", **changes: Any) -> MinuteRow:
    row = MinuteRow(
        at=AT + 60 * number, task=task, accepted=9, succeeded=5, failed=1, cancelled=1, expired=1, retried=2, waits="[3,8]",
        runs="[70,4,90,1]", last_at=AT + 0.123456789, waiting=7, running=2, oldest=1.5,
    )  # fmt: skip
    return row._replace(**changes)


def test_data_of_before_there_were_minutes_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.setattr(sqlite_store, "MIGRATIONS", MIGRATIONS[:1])
        old = SqliteStore(tmp_path)
        old._migrate(connection := sqlite_store.connect(tmp_path / "taskbahn.db"))
        for name, row in {"insert_line": PARTITIONS[0], "insert_job": new_job(1)}.items():
            connection.execute(many(name, 1, len(row)), row)
        connection.close()
    store = SqliteStore(tmp_path)
    start = store.open()
    assert (start.partitions, start.ready, start.minutes) == (PARTITIONS[:1], {1: 1}, [])
    store.commit(CommitBatch(minutes=[minute(1)]))
    assert store.reader().minutes(*ALWAYS, None) == [minute(1)]
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
