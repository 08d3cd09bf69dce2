"""The audit in SQLite: data of the schema before it go on, and no statement changes an entry."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from support.rows import NOW, new_job

from taskbahn_router.core.audit import Act
from taskbahn_router.stores.auditing import AuditFilter
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import PartitionRow
from taskbahn_router.stores.sqlite import SqliteStore, statements, store
from taskbahn_router.stores.sqlite.statements import MIGRATIONS

if TYPE_CHECKING:
    from pathlib import Path

BEFORE = next(number for number, script in enumerate(MIGRATIONS) if "CREATE TABLE audit (" in script)
ENTRY = Act("queue", "pause", "paused", object="q").row("paused", 1, at=NOW)


def test_data_of_the_schema_before_it_go_on_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = SqliteStore(tmp_path)
    with monkeypatch.context() as patched:
        for module in (statements, store):
            patched.setattr(module, "MIGRATIONS", MIGRATIONS[:BEFORE])
        patched.setattr("taskbahn_router.stores.sqlite.store.start_state", lambda _: None)
        old.open()
        old.commit(CommitBatch(partitions=[PartitionRow(1, "default", "a.task")], new=[new_job(1)]))
        old.close()
    new = SqliteStore(tmp_path)
    with closing(new):
        assert new.open().last_seq == 1
        assert new.commit(CommitBatch(audit=[ENTRY])).audited == [(1, ENTRY)]
        with closing(new.reader()) as reader:
            assert reader.audit(AuditFilter()).rows == [(1, ENTRY)]


def test_no_statement_changes_an_entry(tmp_path: Path) -> None:
    made = SqliteStore(tmp_path)
    made.open()
    made.commit(CommitBatch(audit=[ENTRY]))
    made.close()
    with closing(sqlite3.connect(made.path)) as other, pytest.raises(sqlite3.IntegrityError, match="do not change"):
        other.execute("UPDATE audit SET name = 'Grace'")
