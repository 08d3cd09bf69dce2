"""The write-ahead log of the SQLite store."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PAGE_BYTES = 4096
ROOM_NEEDED = 4  # times the log's length; with less space left on the disk, the log grows only as SQLite needs it


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def has_rows(path: Path) -> bool:
    """Return whether the log of a database has something: a store that was closed leaves none, or an empty one."""
    log = _log_of(path)
    return log.exists() and log.stat().st_size > 0


def lengthen_log(connection: sqlite3.Connection, path: Path, pages: int) -> None:
    """Give the log its full length once: syncing what overwrites it takes half the time of what makes it longer."""
    log, size = _log_of(path), pages * PAGE_BYTES
    if (log.exists() and log.stat().st_size >= size) or shutil.disk_usage(path.parent).free < ROOM_NEEDED * size:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("CREATE TABLE padding (bytes BLOB)")
        connection.execute("INSERT INTO padding VALUES (zeroblob(?))", (size,))
        connection.execute("DROP TABLE padding")
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(RESTART)")
    except sqlite3.OperationalError:
        # the disk has no room; the store works without a long log, and commits report a full disk
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
