"""The migration to log lines that know their attempt: older lines stay, and count as lines of no attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.rows import NOW, new_job, put_in_schema

from taskbahn.protocol.states import State
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import EventRow
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.stores.sqlite import store as sqlite_store
from taskbahn_router.stores.sqlite.statements import MIGRATIONS
from taskbahn_router.stores.sqlite.store import connect

if TYPE_CHECKING:
    from pathlib import Path

BEFORE = 2  # the schema


def test_lines_of_an_earlier_version_are_kept_and_their_jobs_go_on(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as earlier:
        earlier.setattr(sqlite_store, "MIGRATIONS", MIGRATIONS[:BEFORE])
        old = SqliteStore(tmp_path)
        old._migrate(connection := connect(tmp_path / "taskbahn.db"))
    put_in_schema(connection, new_job(1, state=State.RUNNING))
    connection.execute("INSERT INTO event (seq, number, at, kind, data) VALUES (1, 3, ?, 'log', '1')", (NOW,))
    connection.close()
    store = SqliteStore(tmp_path)
    start = store.open()
    assert ([row.number for row in start.running], start.last_marks) == ([3], {})
    store.commit(CommitBatch(events=[EventRow(1, 4, NOW, "log", "2", 1, 1)]))
    assert store.reader().events(1, 0, 10) == [EventRow(1, 3, NOW, "log", "1"), EventRow(1, 4, NOW, "log", "2", 1, 1)]
    store.close()
    assert store.open().last_marks == {1: 1}
    store.close()
