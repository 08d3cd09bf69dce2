"""A backup: whole though another process writes all the time, there only when it is whole, and a database that a router opens."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from support.rows import NOW, PARTITIONS, finish, new_job, put

from taskbahn.protocol.states import State
from taskbahn_router.stores.contract import CommitBatch, StoreUnusable
from taskbahn_router.stores.minutes import MinuteRow
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.stores.sqlite.backup import back_up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JOBS = 2_000
TASK = PARTITIONS[0].task
WRITER = """
import sys
from pathlib import Path
from support.rows import NOW, PARTITIONS, new_job
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.sqlite import SqliteStore

store = SqliteStore(Path(sys.argv[1]))
store.open()
store.commit(CommitBatch(partitions=PARTITIONS, tasks=[("a.task", "{}", NOW)]))
store.commit(CommitBatch(new=[new_job(seq, packed='"' + "x" * 3000 + '"') for seq in range(1, 2001)]))
print("ready", flush=True)
for seq in range(2001, 10_000_000, 2):
    store.commit(CommitBatch(new=[new_job(seq), new_job(seq + 1)]))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The data of a process that commits two jobs after two jobs, as fast as it can."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "data")], stdout=subprocess.PIPE, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    yield tmp_path / "data"
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture
def quiet(tmp_path: Path) -> Path:
    """The data of a router that has stopped."""
    store = SqliteStore(tmp_path / "quiet")
    store.open()
    store.commit(CommitBatch(partitions=PARTITIONS, tasks=[("a.task", "{}", NOW)], new=[new_job(1)]))
    store.close()
    return tmp_path / "quiet"


def opened(copy: Path, folder: Path) -> list[int]:
    """Open a copy as a router does, and return the jobs that are there."""
    folder.mkdir()
    shutil.copy(copy, folder / "taskbahn.db")
    store = SqliteStore(folder)
    store.open()
    store.close()
    with contextlib.closing(sqlite3.connect(folder / "taskbahn.db")) as database:
        return [seq for (seq,) in database.execute("SELECT seq FROM job ORDER BY seq")]


def test_a_backup_ends_while_another_process_writes(folder: Path, tmp_path: Path) -> None:
    for number in range(3):
        copied = back_up(folder, tmp_path / f"copy-{number}")
        assert copied.jobs >= JOBS
        assert copied.jobs % 2 == 0  # of no commit it has a part
        assert copied.size == (tmp_path / f"copy-{number}").stat().st_size
        assert opened(tmp_path / f"copy-{number}", tmp_path / f"other-{number}") == [*range(1, copied.jobs + 1)]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["copy-0", "copy-1", "copy-2"]


def test_the_router_commits_while_a_backup_reads(quiet: Path, tmp_path: Path) -> None:
    store = SqliteStore(quiet)
    store.open()
    ended = threading.Event()

    def copy() -> None:
        for number in range(20):
            back_up(quiet, tmp_path / "copy", replace=number > 0)
        ended.set()

    thread = threading.Thread(target=copy)
    thread.start()
    seq = 1
    while not ended.is_set() or seq == 1:
        seq += 1
        store.commit(CommitBatch(new=[new_job(seq)]))  # raises if the backup held it up
    thread.join()
    store.close()
    assert opened(tmp_path / "copy", tmp_path / "other")[0] == 1


def test_a_backup_of_a_stopped_router_leaves_its_database_as_it_was(quiet: Path, tmp_path: Path) -> None:
    before = (quiet / "taskbahn.db").read_bytes()
    assert back_up(quiet, tmp_path / "copy").jobs == 1
    assert (quiet / "taskbahn.db").read_bytes() == before
    assert opened(quiet / "taskbahn.db", tmp_path / "other") == opened(tmp_path / "copy", tmp_path / "third") == [1]


@pytest.mark.parametrize("folder, database, copy", [(0o700, 0o644, 0o600), (0o750, 0o640, 0o640), (0o755, 0o644, 0o644)])
def test_a_backup_is_read_by_those_who_read_the_database(
    quiet: Path, tmp_path: Path, folder: int, database: int, copy: int
) -> None:  # fmt: skip
    quiet.chmod(folder)
    (quiet / "taskbahn.db").chmod(database)
    back_up(quiet, tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_mode & 0o777 == copy


def test_what_is_there_is_replaced_only_if_asked(quiet: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").write_text("precious")
    with pytest.raises(StoreUnusable, match="copy is there already: give another name, or --replace"):
        back_up(quiet, tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "precious"
    assert back_up(quiet, tmp_path / "copy", replace=True).jobs == 1
    for is_replaced in (True, False):
        with pytest.raises(StoreUnusable, match=r"is the database of the node itself: give the name of another file$"):
            back_up(quiet, quiet / ".." / quiet.name / "taskbahn.db", replace=is_replaced)


def test_what_cannot_be_copied_says_so_and_leaves_nothing(quiet: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    before = sorted(tmp_path.rglob("*"))
    cases = [
        (
            tmp_path / "nowhere",
            tmp_path / "copy",
            "there is no .*taskbahn.db: give the directory that `taskbahn up` has as --data",
        ),
        (quiet, tmp_path / "nowhere" / "copy", "give the name of a file in a directory that there is"),
        (quiet, bad, "give the name of a file in a directory that there is"),
        (quiet, tmp_path / ("x" * 255) / "y", "give the name of a file"),
    ]
    for data, target, sentence in cases:
        with pytest.raises(StoreUnusable, match=sentence):
            back_up(data, target)
    assert sorted(tmp_path.rglob("*")) == before
    for garbage in (b"no database", b""):
        (bad / "taskbahn.db").write_bytes(garbage)
        with pytest.raises(StoreUnusable, match=r"cannot be read|schema is 0"):
            back_up(bad, tmp_path / "copy")
    with sqlite3.connect(bad / "newer.db") as newer:
        newer.execute("PRAGMA user_version = 9999")
    newer.close()
    (bad / "newer.db").replace(bad / "taskbahn.db")
    with pytest.raises(StoreUnusable, match="its schema is 9999, this version of Taskbahn knows"):
        back_up(bad, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_backup_counts_what_no_minute_has_yet(quiet: Path, tmp_path: Path) -> None:
    minute_of_now = int(NOW) // 60 * 60
    store = SqliteStore(quiet)
    store.open()
    put(
        store,
        *(
            new_job(seq, created_at=NOW + seq / 100, state=State.RUNNING, attempt=1, worker="w", started_at=NOW)
            for seq in range(2, 12)
        ),
    )
    ends = [(State.SUCCEEDED, 4), (State.FAILED, 3)]
    states = iter([state for state, number in ends for _ in range(number)])
    finishes = [finish(seq, state=state, finished_at=NOW + 61) for seq, state in enumerate(states, 2)]
    known = MinuteRow(minute_of_now, TASK, 3, 1, 0, 0, 0, 0, "[]", "[]", None, None, None, None)
    store.commit(CommitBatch(finishes=finishes, minutes=[known, known._replace(task="", accepted=5)]))
    store.close()
    back_up(quiet, tmp_path / "copy")
    for task in (TASK, ""):
        assert counted(tmp_path / "copy", task) == {
            minute_of_now: (11, 1, 0),
            minute_of_now + 60: (0, 4, 3),
        }
    assert counted(quiet / "taskbahn.db", TASK) == {minute_of_now: (3, 1, 0)}
    back_up(quiet, tmp_path / "copy", replace=True)
    assert counted(tmp_path / "copy", "")[minute_of_now][0] == 11


def counted(path: Path, task: str) -> dict[int, tuple[int, int, int]]:
    """Return for each minute how many jobs were accepted, succeeded and failed."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        rows = database.execute(
            "SELECT at, sum(accepted), sum(succeeded), sum(failed) FROM minute WHERE task = ? GROUP BY at", (task,)
        )
        return {at: tuple(counts) for at, *counts in rows}
