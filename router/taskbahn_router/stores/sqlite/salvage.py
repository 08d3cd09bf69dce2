"""Saves what can be read of a damaged database into a new one: `python -m taskbahn_router.stores.sqlite.salvage DATA`.

`VACUUM INTO` stops at the first damaged page of a table, and `.recover` is neither in Python nor in the sqlite3 of some
distributions. This reads row by row and steps over what cannot be read; indexes are built again. The damaged files are kept.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskbahn_router.host.file_lock import Held, Lock
from taskbahn_router.stores.contract import StoreUnusable
from taskbahn_router.stores.sqlite.statements import MIGRATIONS, SQL
from taskbahn_router.stores.sqlite.uncounted import can_count, count_rest

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "taskbahn.db"
KEPT = "taskbahn.db.damaged"
AT_ONCE = 256  # rows that one statement reads where nothing is damaged
MAX_STEPS = 50_000  # row numbers in sequence without a readable row, after which salvage gives up the rest of the table
NUMBERED = ("line", "task", "job", "minute")
OF_JOBS = ("attempt", "event")
PROMISES = 5  # the schema that has lanes, gates and permits; what these say follows from the jobs
UNNUMBERED = (
    "limits",
    "edge",
    "unique_key",
    "alias",
    "duty",
    "note",
    "wait",
    "pause",
    "schedule",
    "firing",
    "triggers",
    "credentials",
    "audit",
)  # have no row numbers; they follow from nothing else
REBUILT = (
    "wake_suspended",
    "rebuild_lanes",
    "rebuild_permits",
    "rebuild_gates",
    "fail_orphans",
    "look_at_orphans",
    "count_edges",
    "look_at_members",
)
REBUILT_PAUSES = ("keep_lost_pauses", "look_at_held")
PAUSES = 13  # the schema that has pauses of jobs


class Salvage:
    """The way from one connection to the other; `saved` counts rows by table, `skipped` numbers and rows that were given up."""

    def __init__(self, old: sqlite3.Connection, new: sqlite3.Connection) -> None:
        self._old = old
        self._new = new
        self.saved: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self._columns: dict[str, str] = {}

    def run(self) -> None:
        """Copy everything that can be read, as one transaction.  Raises sqlite3.Error when that is nothing, or cannot be written."""
        version = self._old.execute("PRAGMA user_version").fetchone()[0]
        if not 0 < version <= len(MIGRATIONS):
            raise sqlite3.DatabaseError(f"its schema is {version}, this version of Taskbahn knows {len(MIGRATIONS)}")
        for script in MIGRATIONS[:version]:
            self._new.executescript(script)
        self._new.execute(f"PRAGMA user_version = {version}")
        for table in (*NUMBERED, *OF_JOBS, *UNNUMBERED):
            self._columns[table] = ", ".join(name for _, name, *_ in self._new.execute(f"PRAGMA table_info({table})"))
        self._new.execute("BEGIN")
        for table in self._known(NUMBERED):
            for row in self._rows(table):
                self._save(table, row)
            if not self.saved["line"] and self.skipped["line"]:
                raise sqlite3.DatabaseError("no queue and task of it can be read")
        self._new.execute("DELETE FROM job WHERE line NOT IN (SELECT id FROM line)")  # the task and queue of these jobs are lost
        jobs = [seq for (seq,) in self._new.execute("SELECT seq FROM job").fetchall()]
        self.skipped["job"] += self.saved["job"] - len(jobs)
        self.saved["job"] = len(jobs)
        self._save_of_jobs(jobs)
        self._save_unnumbered()
        for name in (*(REBUILT if version >= PROMISES else ()), *(REBUILT_PAUSES if version >= PAUSES else ())):
            self._new.execute(SQL[name])
        self._new.execute("COMMIT")

    def _save_of_jobs(self, jobs: list[int]) -> None:
        for table in self._known(OF_JOBS):
            for seq in jobs:
                for row in self._rows_of(table, seq):
                    self._save(table, row)

    def _save_unnumbered(self) -> None:
        for table in self._known(UNNUMBERED):
            try:
                for row in self._old.execute(f"SELECT {self._columns[table]} FROM {table}"):  # noqa: S608 - our own names
                    self._save(table, row)
            except sqlite3.DatabaseError:
                self.skipped[table] += 1

    def _known(self, tables: tuple[str, ...]) -> list[str]:
        """Return those tables that the schema of this database has."""
        return [table for table in tables if self._columns[table]]

    def _rows(self, table: str) -> Iterator[tuple[Any, ...]]:
        """Return the rows of a table that can be read, in order of their numbers."""
        sql = f"SELECT rowid, {self._columns[table]} FROM {table} NOT INDEXED WHERE rowid >= ? ORDER BY rowid LIMIT ?"  # noqa: S608
        number, size, steps = 0, AT_ONCE, 0
        while steps < MAX_STEPS:
            try:
                found = self._old.execute(sql, (number, size)).fetchall()
            except sqlite3.DatabaseError:
                if size == 1:
                    number += 1
                    steps += 1
                size = max(1, size // 2)
                continue
            self.skipped[table] += steps
            if not found:
                return
            yield from (row[1:] for row in found)
            number, size, steps = found[-1][0] + 1, min(AT_ONCE, size * 2), 0
        self.skipped[table] += 1  # counts as one row, however many the unreadable end of the table had

    def _rows_of(self, table: str, seq: int) -> list[tuple[Any, ...]]:
        try:
            return self._old.execute(f"SELECT {self._columns[table]} FROM {table} WHERE seq = ?", (seq,)).fetchall()  # noqa: S608
        except sqlite3.DatabaseError:
            self.skipped[table] += 1
            return []

    def _save(self, table: str, row: tuple[Any, ...]) -> None:
        try:
            self._new.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608 - our own names
            self.saved[table] += 1
        except sqlite3.IntegrityError:  # a damaged index gave the row twice, or the row breaks a constraint
            self.skipped[table] += 1


def salvage(folder: Path) -> Salvage:
    """Put a new database in the place of the damaged one in *folder*, which is kept beside it.  Raises StoreUnusable."""
    path, kept, fresh = folder / NAME, folder / KEPT, folder / f"{NAME}.new"
    if not path.exists():
        raise StoreUnusable(f"there is no {path}: give the directory that `taskbahn up` has as --data")
    if kept.exists():
        raise StoreUnusable(f"{kept} is there from another time: move it away first")
    lock = Lock(path.with_suffix(".lock"))
    try:
        lock.take()
        fresh.unlink(missing_ok=True)
        saving = _copy(path, fresh)
        _exchange(path, kept, fresh)
    except Held as error:
        raise StoreUnusable(f"a router works on {folder} (process {error.holder.pid}): stop it first") from None
    except sqlite3.Error as error:
        raise StoreUnusable(f"nothing can be saved of {path} ({error}): put the newest good copy in its place") from error
    except OSError as error:
        raise StoreUnusable(f"{folder} cannot be written ({error.strerror}): see to its disk") from error
    finally:
        lock.release()
    return saving


def _copy(path: Path, fresh: Path) -> Salvage:
    # read-only, so that closing the connection does not move the log into the damaged file
    with (
        contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as old,
        contextlib.closing(sqlite3.connect(fresh, isolation_level=None)) as new,
    ):
        saving = Salvage(old, new)
        saving.run()
        if can_count(new):  # the log that says so to the store stays with the damaged database
            count_rest(new)
    return saving


def _exchange(path: Path, kept: Path, fresh: Path) -> None:
    """Exchange the databases. The log goes first, for it must never meet the new database; a file is at `path` at every moment."""
    log = path.with_name(f"{path.name}-wal")
    if log.exists():
        log.rename(f"{kept}-wal")
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    owner = path.stat()
    os.chown(fresh, owner.st_uid, owner.st_gid)  # root may run salvage for another user
    shutil.copymode(path, fresh)
    os.link(path, kept)
    fresh.replace(path)


def main() -> int:
    """Save the database of the directory that is given, and say what became of it."""
    match sys.argv[1:]:
        case [data] if not data.startswith("-"):
            folder = Path(data)
        case _:
            sys.stderr.write("usage: python -m taskbahn_router.stores.sqlite.salvage DATA\n")
            return 2
    try:
        saving = salvage(folder)
    except StoreUnusable as error:
        sys.stderr.write(f"taskbahn: {error.message}\n")
        return 1
    for table in (*NUMBERED, *OF_JOBS, *UNNUMBERED):
        lost = f", {saving.skipped[table]:,} could not be read" if saving.skipped[table] else ""
        sys.stdout.write(f"{table}: {saving.saved[table]:,} saved{lost}\n")
    sys.stdout.write(f"{folder / NAME} is new; the damaged one is kept as {folder / KEPT}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
