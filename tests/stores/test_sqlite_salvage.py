"""A damaged database: what the sentence about it says to do is done, and the router goes on with what could be read."""

from __future__ import annotations

import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.rows import NOW, PARTITIONS, everything, new_job, seqs, state_of
from support.schedule_model import change, fire, firing

from taskbahn_router.core.audit import Act
from taskbahn_router.core.firings import Alarm
from taskbahn_router.host.file_lock import Lock
from taskbahn_router.stores.auditing import DropAudit
from taskbahn_router.stores.contract import CommitBatch, StoreUnusable
from taskbahn_router.stores.rows import AttemptRow, EventRow, LimitRow
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.stores.sqlite.statements import MIGRATIONS

if TYPE_CHECKING:
    from pathlib import Path

JOBS = 400
PAGE = 4096
GARBAGE = b"\x5a" * PAGE
LARGE = "x" * 300
LIMIT = LimitRow("gpu", "concurrency", '{"limit":3}', '{"limit":0}', 2, "joe", NOW)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of a router that was killed: a database of which the last commit is only in the log."""
    store = SqliteStore(tmp_path / "data")
    store.open()
    attempts = [AttemptRow(seq, 1, "w", NOW, NOW, "error", None) for seq in range(1, JOBS, 7)]
    jobs = [new_job(seq, packed=packed(seq)) for seq in range(1, JOBS)]
    store.commit(CommitBatch(partitions=PARTITIONS, tasks=[("a.task", "{}", NOW)], limits=[LIMIT], new=jobs, attempts=attempts))
    store.commit(CommitBatch(schedules=[change(alarm=Alarm(NOW, NOW + 5)), change("late", alarm=Alarm(NOW, None, NOW))]))
    store.commit(CommitBatch(audit=[Act("queue", "pause", "paused").row(str(number), 1, bytes(16), NOW) for number in range(4)]))
    store.commit(CommitBatch(drop_audit=DropAudit(NOW + 1, 1)))
    fire(store, firing(jobs=(), id=None, error='{"message":"no"}'))
    checkpoint(store)
    store.commit(CommitBatch(new=[new_job(JOBS, packed=packed(JOBS))], events=[EventRow(JOBS, 2, NOW, "log", '"said"')]))
    killed = tmp_path / "killed"
    killed.mkdir()
    for name in ("taskbahn.db", "taskbahn.db-wal"):
        shutil.copy(store.path.with_name(name), killed)
    store.close()
    return killed


def checkpoint(store: SqliteStore) -> None:
    with sqlite3.connect(store.path) as other:
        assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    other.close()


def damage(folder: Path, *pages: int) -> bytes:
    """Write garbage over those pages; return what the file is now."""
    with (folder / "taskbahn.db").open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * PAGE)
            file.write(GARBAGE)
    return (folder / "taskbahn.db").read_bytes()


def page_of(folder: Path, seq: int) -> int:
    """Return the page of the database that a job is on."""
    return (folder / "taskbahn.db").read_bytes().index(packed(seq).encode()) // PAGE + 1


def packed(seq: int) -> str:
    return f'[["job {seq},{LARGE}"],{{}}]'


def run(folder: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "taskbahn_router.stores.sqlite.salvage", str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_what_the_sentence_says_to_do_saves_all_but_the_damaged_page(folder: Path) -> None:
    damage(folder, page_of(folder, 200))
    store = SqliteStore(folder)
    with pytest.raises(
        StoreUnusable, match="is damaged: stop the router, and put the newest good copy in its place, or"
    ) as caught:
        store.open()
    (command,) = re.findall("`(.*)`", caught.value.message)
    subprocess.run(shlex.split(command), check=True)
    assert GARBAGE in (folder / "taskbahn.db.damaged").read_bytes()
    store.open()
    lost = set(range(1, JOBS + 1)) - set(seqs(everything(store)[0]))
    assert 200 in lost
    assert len(lost) == max(lost) - min(lost) + 1 < PAGE / len(LARGE)  # one page of them
    assert state_of(store, JOBS) == "ready"
    assert store.commit(CommitBatch(new=[new_job(JOBS + 1)])).duplicates == set()
    store.close()


def test_nothing_that_is_well_is_lost(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "same")
    before, after = SqliteStore(tmp_path / "same"), SqliteStore(folder)
    damaged, log = (folder / "taskbahn.db").read_bytes(), (folder / "taskbahn.db-wal").read_bytes()
    code, said = run(folder)
    assert code == 0
    assert f"job: {JOBS:,} saved\n" in said
    assert (folder / "taskbahn.db.damaged").read_bytes() == damaged
    assert (folder / "taskbahn.db.damaged-wal").read_bytes() == log
    assert before.open() == after.open()
    assert everything(before) == everything(after)
    reader = after.reader()
    assert ([row.id for row in reader.late_schedules("", 9)], reader.next_alarm()) == (["late"], NOW + 5)
    assert [row.id for row in reader.troubled_schedules(9)] == ["s"]
    assert reader.next_firing(0) == NOW
    reader.close()
    assert "schedule: 2 saved\nfiring: 1 saved\n" in said
    assert "audit: 3 saved\n" in said
    assert after.commit(CommitBatch(audit=[Act("queue", "pause", "paused").row("", 1)])).audited[0][0] == 5  # type: ignore[index]
    before.close()
    after.close()
    code, said = run(folder)
    assert code == 1
    assert "is there from another time: move it away first" in said


def test_a_database_of_an_older_version_is_saved_as_such(tmp_path: Path) -> None:
    path = tmp_path / "taskbahn.db"
    with sqlite3.connect(path) as old:
        old.executescript(MIGRATIONS[0])
        old.executescript("PRAGMA user_version = 1; INSERT INTO line VALUES (1, 'default', 'a.task')")
    old.close()
    code, said = run(tmp_path)
    assert code == 0, said
    store = SqliteStore(tmp_path)
    assert [partition.task for partition in store.open().partitions] == ["a.task"]  # which brings it to this version
    store.close()


def test_what_cannot_be_saved_is_left_as_it_is(folder: Path) -> None:
    pages = (folder / "taskbahn.db").stat().st_size // PAGE
    (folder / "taskbahn.db-wal").unlink()
    damaged = damage(folder, *range(2, pages + 1))
    code, said = run(folder)
    assert (code, (folder / "taskbahn.db").read_bytes()) == (1, damaged)
    assert "nothing can be saved of" in said
    assert "put the newest good copy in its place" in said
    damaged = damage(folder, 1)
    code, said = run(folder)
    assert (code, (folder / "taskbahn.db").read_bytes()) == (1, damaged)
    assert "not a database" in said


def test_a_router_that_works_on_it_is_not_disturbed(folder: Path) -> None:
    lock = Lock(folder / "taskbahn.lock")
    lock.take()
    code, said = run(folder)
    lock.release()
    assert code == 1
    assert "a router works on" in said
    assert not (folder / "taskbahn.db.damaged").exists()
