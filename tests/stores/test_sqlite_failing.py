"""What SQLite cannot use, or what was torn off, costs whole batches at most, and the error says what to do."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest
from support.rows import (
    PARTITIONS,
    a_bit_of_all,
    claim,
    everything,
    fill,
    new_job,
    put,
    state_of,
)

from taskbahn_router.stores.contract import CommitBatch, StoreUnusable
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.stores.sqlite import store as sqlite_store
from taskbahn_router.stores.sqlite.statements import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[SqliteStore]:
    """An open SQLite store."""
    store = SqliteStore(tmp_path / "data")
    store.open()
    store.commit(CommitBatch(partitions=PARTITIONS))
    yield store
    store.close()


def connection_of(store: SqliteStore) -> sqlite3.Connection:
    assert store._connection is not None
    return store._connection


def test_what_sqlite_cannot_keep_leaves_no_half_batch_behind(sqlite: SqliteStore) -> None:
    known = everything(sqlite)
    with pytest.raises(UnicodeEncodeError):
        sqlite.commit(CommitBatch(new=[new_job(1), new_job(2, caller="\ud800")]))
    assert everything(sqlite) == known
    put(sqlite, new_job(1))
    assert state_of(sqlite, 1) == "ready"


def copy(store: SqliteStore, folder: Path, *, cut: int | None = None) -> SqliteStore:
    """Copy the files as a crash would leave them; *cut*: how many bytes of the write-ahead log's end did not reach the disk."""
    folder.mkdir()
    shutil.copy(store.path, folder)
    log = folder / (store.path.name + "-wal")
    shutil.copy(f"{store.path}-wal", log)
    if cut is not None:
        os.truncate(log, log.stat().st_size - cut)
    return SqliteStore(folder)


def test_a_copy_of_the_files_always_has_all_that_was_committed(sqlite: SqliteStore, tmp_path: Path) -> None:
    fill(sqlite)
    for step in range(3):
        sqlite.commit(a_bit_of_all(first=100 * (step + 1)))
        copied = copy(sqlite, tmp_path / f"copy{step}")
        copied.open()
        assert everything(copied) == everything(sqlite)
        copied.close()


@pytest.mark.parametrize("cut", [1, 5000, 100_000, 2_000_000])
def test_a_log_that_is_torn_off_loses_whole_batches_only(tmp_path: Path, cut: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_store, "CHECKPOINT_PAGES", 0)  # no padding: the log ends with what was written last
    monkeypatch.setattr(SqliteStore, "_lengthen_log", lambda *_: None)
    sqlite = SqliteStore(tmp_path / "data")
    sqlite.open()
    sqlite.commit(CommitBatch(partitions=PARTITIONS))
    for turn in range(40):
        sqlite.commit(CommitBatch(new=[new_job(turn * 10 + index, packed="x" * 500) for index in range(1, 11)]))
    size = (tmp_path / "data" / "taskbahn.db-wal").stat().st_size
    torn = copy(sqlite, tmp_path / "copy", cut=min(cut, size))
    sqlite.close()
    start = torn.open()
    assert start.last_seq % 10 == 0
    assert sum(start.ready.values()) == start.last_seq
    assert start.last_seq <= 400 - 10 * (cut > 0)
    torn.close()


def test_data_of_a_newer_version_are_not_touched(sqlite: SqliteStore) -> None:
    newer = len(MIGRATIONS) + 1
    connection_of(sqlite).execute(f"PRAGMA user_version = {newer}")
    sqlite.close()
    with pytest.raises(
        StoreUnusable, match=rf"belongs to a newer version of Taskbahn \(schema {newer}.*: upgrade with .*pip install"
    ):
        sqlite.open()


def test_a_data_directory_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnusable, match=r"data directory .* cannot be used: .*--data"):
        SqliteStore(tmp_path / "file" / "data").open()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_directory_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o500)
    with pytest.raises(StoreUnusable, match=r"cannot be used: .*write.*--data"):
        SqliteStore(tmp_path / "data").open()


def test_a_database_of_another_program_is_an_error(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "taskbahn.db")
    other.execute("CREATE TABLE job (mine TEXT)")
    other.close()
    with pytest.raises(StoreUnusable, match="cannot be used: table job already exists"):
        SqliteStore(tmp_path).open()


def test_two_routers_do_not_share_one_data_directory(sqlite: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_store, "LOCK_SECONDS", 0.0)
    second = SqliteStore(sqlite.path.parent)
    here = re.escape(f"(process {os.getpid()})")
    with pytest.raises(StoreUnusable, match=f"in use by another router {here}: stop it, or give another directory with --data"):
        second.open()
    put(sqlite, new_job(1))
    sqlite.close()
    assert second.open().ready == {1: 1}
    second.close()


def test_a_store_that_could_not_be_opened_lets_go_of_everything(sqlite: SqliteStore) -> None:
    connection_of(sqlite).execute("PRAGMA user_version = 99")
    sqlite.close()
    with pytest.raises(StoreUnusable):
        sqlite.open()
    repair = sqlite3.connect(sqlite.path)
    repair.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    repair.close()
    sqlite.open()
    assert claim(sqlite) == []
