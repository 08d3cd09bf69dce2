"""A copy of a database, made in one step while a router may work on it.

SQLite begins a copy in several steps again whenever another process writes in between: under load such a copy has no end. One
step reads one state of the database from begin to end. The router's commits go on meanwhile, into the write-ahead log.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from taskbahn_router.stores.contract import StoreUnusable
from taskbahn_router.stores.sqlite.errors import DAMAGED, code_of, remedy
from taskbahn_router.stores.sqlite.statements import MIGRATIONS
from taskbahn_router.stores.sqlite.uncounted import count_rest

if TYPE_CHECKING:
    from pathlib import Path

NAME = "taskbahn.db"
LOCK_SECONDS = 60.0  # seconds that it waits for a router that migrates its database, or repairs it after a crash


class Copied(NamedTuple):
    """What a backup has: bytes of the file, and jobs."""

    size: int
    jobs: int


def back_up(folder: Path, target: Path, *, replace: bool = False) -> Copied:
    """Copy the database of the data directory *folder* to the file *target*, which is there only when it is whole and on the disk.

    replace: take the place of a file that is there.  Raises StoreUnusable: there is no new file.
    """
    source = folder / NAME
    part = target.with_name(f".{target.name[:100]}.{os.getpid()}")
    try:
        _check(source, target, replace=replace)
        jobs = _copy(source, part)
        part.replace(target)
        _sync(target.parent)
        return Copied(target.stat().st_size, jobs)
    except sqlite3.Error as error:
        cure = remedy(error, source) if code_of(error) in DAMAGED else f"see that {target.parent} has room"
        raise StoreUnusable(f"{source} cannot be copied to {target} ({error}): {cure}") from error
    except OSError as error:
        cure = "see that this user may read the one and write the other, and to the disk"
        raise StoreUnusable(f"{source} cannot be copied to {target} ({error.strerror}): {cure}") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _check(source: Path, target: Path, *, replace: bool) -> None:
    if not source.is_file():
        raise StoreUnusable(f"there is no {source}: give the directory that `taskbahn up` has as --data")
    if target.is_dir() or not target.parent.is_dir():
        raise StoreUnusable(f"{target} cannot be written: give the name of a file in a directory that there is")
    if target.exists() and target.samefile(source):
        raise StoreUnusable(f"{target} is the database of the node itself: give the name of another file")
    if target.exists() and not replace:
        raise StoreUnusable(f"{target} is there already: give another name, or --replace")


def _copy(source: Path, part: Path) -> int:
    """Copy in one step, and return how many jobs the copy has."""
    readers = source.stat().st_mode & source.parent.stat().st_mode & 0o666  # who reads the database in its directory
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, readers | 0o600))
    with (
        contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=LOCK_SECONDS)) as old,
        contextlib.closing(sqlite3.connect(part)) as new,
    ):
        _check_schema(old, source)
        old.backup(new)  # SQLite syncs the copy when it ends
        new.execute("PRAGMA journal_mode = DELETE")  # the copy is one file; a node that starts on it chooses its log again
        count_rest(new)
        jobs: int = new.execute("SELECT count(*) FROM job").fetchone()[0]
        return jobs


def _check_schema(old: sqlite3.Connection, source: Path) -> None:
    try:
        version = old.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.Error as error:
        raise StoreUnusable(f"{source} cannot be read ({error}): {remedy(error, source) or 'see to its disk'}") from error
    if not 0 < version <= len(MIGRATIONS):
        known = f"this version of Taskbahn knows {len(MIGRATIONS)}"
        raise StoreUnusable(f"{source} is not copied: its schema is {version}, {known}; use the version that made it")


def _sync(folder: Path) -> None:
    """Have the disk know the name, too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
