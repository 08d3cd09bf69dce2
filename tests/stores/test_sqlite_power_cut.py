"""The power is cut at any moment: what the disk has then opens again with every commit that had been acknowledged, and whole ones only.

A process commits without pause and is frozen (SIGSTOP) at arbitrary moments, in the middle of a commit or a checkpoint too. What its
files hold at that moment is copied and opened in the ways in which a cut may leave it.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.writing import CHECKPOINT_PAGES, batches

from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.stores.sqlite import store as sqlite_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn_router.stores.contract import StartState

MOMENTS = 25
NEWEST_FRAME = struct.Struct(
    "=I"
)  # mxFrame of the wal-index, in the machine's byte order (Source: sqlite.org/walformat.html, 2.1)
NEWEST_FRAME_AT = 16
FRAME_BYTES, LOG_HEADER_BYTES = 24 + 4096, 32


class Writer:
    """The process that commits, frozen and thawed."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "support.writing", str(folder), str(seed)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self._said = self.process.stdout.fileno()
        self._text = b""

    def freeze(self, moment: float) -> int:
        """Stop the writer *moment* seconds after a commit; return the newest seq that it had acknowledged by then."""
        self._read()  # at least one more line than the last time
        time.sleep(moment)  # waits for nothing: it is what makes the moment an arbitrary one
        self.process.send_signal(signal.SIGSTOP)
        _, status = os.waitpid(self.process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), f"it ended by itself: {status}"
        os.set_blocking(self._said, False)
        try:
            while self._read():
                pass
        except BlockingIOError:
            pass
        finally:
            os.set_blocking(self._said, True)
        return int(self._text.rpartition(b"\n")[0].rpartition(b"\n")[2])

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> bool:
        got = os.read(self._said, 65536)
        self._text = self._text[-100:] + got
        return bool(got)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    made = Writer(tmp_path / "data", seed=1)
    yield made
    made.close()


def copied(data: Path, to: Path, *, without: str = "") -> Path:
    """Copy the three files, but for one."""
    to.mkdir()
    for name in ("taskbahn.db", "taskbahn.db-wal", "taskbahn.db-shm"):
        if not (without and name.endswith(without)):
            shutil.copy(data / name, to)
    return to


def end_of_what_is_committed(data: Path) -> int:
    """Return where in the log the last commit ends: what is written behind it was not yet synced, and may be there or not."""
    index = (data / "taskbahn.db-shm").read_bytes()
    return LOG_HEADER_BYTES + FRAME_BYTES * int(NEWEST_FRAME.unpack_from(index, NEWEST_FRAME_AT)[0])


def tear(folder: Path, keep: int, chaos: random.Random) -> None:
    """Make the log what a cut leaves when all up to byte *keep* was synced: torn off, zeros or anything behind it."""
    log = folder / "taskbahn.db-wal"
    size = log.stat().st_size
    torn_at = chaos.randrange(keep, size + 1) if size > keep else size
    kind = chaos.choice(("short", "zeros", "garbage"))
    with log.open("r+b") as file:
        if kind == "short":
            file.truncate(torn_at)
        else:
            file.seek(torn_at)
            file.write(bytes(size - torn_at) if kind == "zeros" else chaos.randbytes(size - torn_at))


def opened(folder: Path) -> StartState:
    """Open a copy as a router would after the cut, and check that the file is whole."""
    store = SqliteStore(folder)
    start = store.open()
    store.close()
    with sqlite3.connect(folder / "taskbahn.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("SELECT count(*) FROM event").fetchone()[0] == start.last_seq
    database.close()
    return start


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="there is no signal that freezes a process here")
def test_whenever_the_power_is_cut_what_was_acknowledged_is_there(
    writer: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "CHECKPOINT_PAGES", CHECKPOINT_PAGES)
    chaos = random.Random(7)
    data = tmp_path / "data"
    expected = batches(1)
    ends = [0]  # the newest seq after each commit
    for moment in range(MOMENTS):
        acknowledged = writer.freeze(chaos.uniform(0, 0.004))
        keep = end_of_what_is_committed(data)
        ways = {
            "as it is": copied(data, tmp_path / f"whole{moment}"),
            "without the index": copied(data, tmp_path / f"bare{moment}", without="-shm"),
            "with a torn log": copied(data, tmp_path / f"torn{moment}", without=chaos.choice(("", "-shm"))),
        }
        tear(ways["with a torn log"], keep, chaos)
        for way, folder in ways.items():
            start = opened(folder)
            while ends[-1] < start.last_seq:
                ends.append(next(expected).new[-1].seq)
            assert acknowledged <= start.last_seq, (moment, way)
            assert start.last_seq in ends, (moment, way)  # no part of a commit
            assert sum(start.counts.values()) == start.last_seq, (moment, way)
            shutil.rmtree(folder)
        writer.thaw()
    assert len(ends) > MOMENTS
