"""The disk is full, read-only or broken, or a program holds the database. The error says what to do and ends with its cause."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.rows import PARTITIONS, everything, new_job, put, state_of

from taskbahn.errors import StoreUnavailable
from taskbahn_router.stores.contract import CommitBatch, StoreLocked, StoreUnusable
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.stores.sqlite import store as sqlite_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taskbahn_router.stores.contract import Store

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="what a process has open is looked up in /proc")
LARGE = "x" * 100_000


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[SqliteStore]:
    """An open SQLite store with one job."""
    store = SqliteStore(tmp_path / "data")
    store.open()
    store.commit(CommitBatch(partitions=PARTITIONS, new=[new_job(1)]))
    yield store
    store.close()


def connection_of(store: SqliteStore) -> sqlite3.Connection:
    assert store._connection is not None
    return store._connection


def refused(store: Store, batch: CommitBatch) -> str:
    """Commit what must be refused and change nothing; return the sentence."""
    known = everything(store)
    with pytest.raises(StoreUnavailable, match="nothing was changed, try again") as caught:
        store.commit(batch)
    assert everything(store) == known
    return str(caught.value)


def fill(store: Store, first: int) -> tuple[int, str]:
    """Put large jobs until one is refused; return the newest seq that was acknowledged, and the sentence."""
    seq = first
    while True:
        try:
            put(store, new_job(seq, packed=LARGE))
        except StoreUnavailable as error:
            return seq - 1, str(error)
        seq += 1
        assert seq < 1000, "the disk takes everything"


def test_a_commit_waits_for_no_program_that_holds_the_database(sqlite: SqliteStore) -> None:
    other = sqlite3.connect(sqlite.path, isolation_level=None)
    for begin in ("BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"):
        other.execute(begin)
        began = time.monotonic()
        sentence = refused(sqlite, CommitBatch(new=[new_job(2)]))
        assert sqlite.knows(new_job(1).id)
        assert time.monotonic() - began < 3.0  # 5 s if it waited
        assert "locked" in sentence
        assert f"close the program that holds {sqlite.path}" in sentence
        with pytest.raises(StoreLocked):
            sqlite.commit(CommitBatch(new=[new_job(2)]))
        other.execute("ROLLBACK")
    other.close()
    put(sqlite, new_job(2))
    assert state_of(sqlite, 2) == "ready"


def test_to_open_waits_for_who_holds_the_database_and_then_says_so(sqlite: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    sqlite.close()
    monkeypatch.setattr(sqlite_store, "LOCK_SECONDS", 0.05)
    other = sqlite3.connect(sqlite.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreUnusable, match=r"locked; close the program that holds .*taskbahn\.db"):
        sqlite.open()
    other.execute("ROLLBACK")
    other.close()
    assert sqlite.open().ready == {1: 1}


def test_a_full_database_refuses_commits_until_there_is_room(sqlite: SqliteStore) -> None:
    connection = connection_of(sqlite)
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    free = connection.execute("PRAGMA freelist_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    batch = CommitBatch(new=[new_job(2, packed="x" * 4096 * (free + 50))])
    assert f"make room on the disk of {sqlite.path.parent}" in refused(sqlite, batch)
    connection.execute("PRAGMA max_page_count = 1000000")
    sqlite.commit(batch)
    assert state_of(sqlite, 2) == "ready"


@pytest.fixture
def limit() -> Iterator[Callable[[int], None]]:
    """A way to limit how large this process may make files; it is lifted again."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as Python has it
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size if size >= 0 else soft, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, before)


@pytest.mark.parametrize("size", [1, 9_000_000], ids=["nothing", "the log no longer"])
def test_a_disk_that_takes_no_more_refuses_commits_until_it_does(
    sqlite: SqliteStore, limit: Callable[[int], None], size: int
) -> None:
    reader = sqlite.reader()
    limit(size)
    acknowledged, sentence = fill(sqlite, first=2)
    assert f"see to the disk of {sqlite.path.parent}" in sentence
    if size == 1:
        with pytest.raises(StoreUnavailable):
            sqlite.commit(CommitBatch())  # what is tried again tells whether the disk is well, though it has nothing to write
    reader.close()
    limit(-1)
    sqlite.commit(CommitBatch())
    put(sqlite, new_job(acknowledged + 1))
    sqlite.close()
    assert sqlite.open().ready == {1: acknowledged + 1}


@ON_LINUX
def test_a_disk_that_is_read_only_refuses_commits_until_it_is_not(sqlite: SqliteStore) -> None:
    log = sqlite.path.with_name("taskbahn.db-wal")
    links = [link for link in Path("/proc/self/fd").iterdir() if link.exists()]  # which the reading itself opens, is gone
    (number,) = [int(link.name) for link in links if link.samefile(log)]
    writable, other = os.dup(number), os.open(log, os.O_RDONLY)
    os.dup2(other, number)  # as after `mount -o remount,ro`: it was opened for writing and takes nothing any more
    sentence = refused(sqlite, CommitBatch(new=[new_job(2)]))
    assert f"see to the disk of {sqlite.path.parent}, which is full, read-only or broken" in sentence
    refused(sqlite, CommitBatch())
    os.dup2(writable, number)
    os.close(writable)
    os.close(other)
    put(sqlite, new_job(2))
    assert state_of(sqlite, 2) == "ready"


def test_a_database_that_may_not_be_written_says_so(sqlite: SqliteStore) -> None:
    connection_of(sqlite).execute("PRAGMA query_only = ON")
    assert f"see that this user may write to {sqlite.path.parent}" in refused(sqlite, CommitBatch(new=[new_job(2)]))
    connection_of(sqlite).execute("PRAGMA query_only = OFF")
    put(sqlite, new_job(2))


class Damage:
    """Garbage over everything but the first page of a database that is in use, and the way back."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        connection_of(store).execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.good = store.path.read_bytes()
        self.write(self.good[:4096] + b"\x5a" * (len(self.good) - 4096))

    def write(self, content: bytes) -> None:
        with self.store.path.open("r+b") as file:
            file.write(content)
        connection_of(self.store).execute("PRAGMA shrink_memory")  # it would go on with what it has read before


def test_damage_while_the_router_runs_raises_errors_until_it_is_repaired(sqlite: SqliteStore) -> None:
    reader = sqlite.reader()
    damage = Damage(sqlite)
    with pytest.raises(StoreUnavailable, match=r"malformed.*is damaged: stop the router, and put the newest good copy"):
        sqlite.commit(CommitBatch(new=[new_job(2)]))
    for ask in (lambda: sqlite.knows(new_job(1).id), lambda: reader.job(new_job(1).id), reader.waiting, reader.oldest):
        with pytest.raises(StoreUnavailable, match=r"cannot be read .*malformed.*is damaged"):
            ask()
    damage.write(damage.good)
    sqlite.commit(CommitBatch(new=[new_job(2)]))
    assert state_of(sqlite, 2) == "ready"
    assert reader.job(new_job(1).id) is not None
    reader.close()


@pytest.mark.parametrize("content", [b"this is no database, " * 500, b"SQLite format 3\x00" + b"\xff" * 8000])
def test_damage_at_the_start_is_an_error_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "taskbahn.db").write_bytes(content)
    with pytest.raises(StoreUnusable, match=r"cannot be used: .*(not a database|malformed); .*is damaged: .*salvage"):
        SqliteStore(tmp_path).open()
    assert (tmp_path / "taskbahn.db").read_bytes() == content


def test_a_disk_that_is_full_at_the_start_keeps_the_router(tmp_path: Path, limit: Callable[[int], None]) -> None:
    store = SqliteStore(tmp_path / "data")
    store.open()
    store.commit(CommitBatch(partitions=PARTITIONS, new=[new_job(1)]))
    store.close()  # which takes the log away
    limit(1_000_000)  # less than the log is lengthened to
    assert store.open().ready == {1: 1}
    acknowledged, _ = fill(store, first=2)
    limit(-1)
    put(store, new_job(acknowledged + 1))
    store.close()
    assert store.open().ready == {1: acknowledged + 1}
    store.close()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 10 MiB, where this user may have one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0 or mount("-t", "tmpfs", "-o", "size=10m", "none", folder):
        pytest.skip("this user may not mount a disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


def mount(*arguments: str | Path) -> int:
    return subprocess.run(["mount", *arguments], check=False, capture_output=True).returncode


def test_a_small_disk_that_fills_up_goes_on_when_there_is_room(disk: Path) -> None:
    store = SqliteStore(disk / "data")
    store.open()
    store.commit(CommitBatch(partitions=PARTITIONS))
    acknowledged, sentence = fill(store, first=1)
    assert f"make room on the disk of {disk}" in sentence
    assert mount("-o", "remount,size=40m", disk) == 0
    put(store, new_job(acknowledged + 1, packed=LARGE))
    store.close()
    assert store.open().ready == {1: acknowledged + 1}
    store.close()


def test_a_read_only_disk_at_the_start_says_what_to_do(disk: Path) -> None:
    store = SqliteStore(disk)
    store.open()
    store.commit(CommitBatch(partitions=PARTITIONS, new=[new_job(1)]))
    store.close()
    assert mount("-o", "remount,ro", disk) == 0
    with pytest.raises(StoreUnusable, match=r"cannot be used: no write permission .*; give one that this user may write to"):
        store.open()
    assert mount("-o", "remount,rw", disk) == 0
    assert store.open().ready == {1: 1}
    store.close()
