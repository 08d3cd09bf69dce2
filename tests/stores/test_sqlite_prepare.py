"""A commit that SQLite prepares: the file keeps nothing of it before, and a lock delays it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from support.rows import id_of, new_job

from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import PartitionRow
from taskbahn_router.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path

    from taskbahn_router.stores.contract import Store

NEW_PARTITION = PartitionRow(9, "new", "a.new")


def ids(store: Store) -> list[int]:
    reader = store.reader()
    return [seq for seq in range(1, 10) if reader.job(id_of(seq)) is not None]


def test_a_file_that_is_closed_before_the_commit_has_nothing_of_it(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.open()
    store.prepare(CommitBatch(partitions=[NEW_PARTITION], new=[new_job(1, partition=9)]))
    store.close()
    again = SqliteStore(tmp_path)
    assert again.open().last_seq == 0
    again.close()


def test_a_store_that_another_program_holds_is_prepared_by_the_commit(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.open()
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    batch = CommitBatch(partitions=[NEW_PARTITION], new=[new_job(1, partition=9)])
    store.prepare(batch)
    other.execute("ROLLBACK")
    other.close()
    store.commit(batch)
    assert ids(store) == [1]
    store.close()
