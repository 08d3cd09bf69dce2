"""Bring a store of the first release with many jobs up to date, kill that in the middle, and let it go on.

`migration.py [JOBS]` (a million) says how long the whole takes and each of its steps, and at which one the kill came.
"""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
JOBS = 1_000_000
LOOK_SECONDS = 0.02
STEP = re.compile(r"step (\d+) of (\d+)")
MIGRATE = """
import sys
from pathlib import Path
from taskbahn_router.stores.sqlite import SqliteStore, progress
progress.SAID_SECONDS = float(sys.argv[2])
class Store(SqliteStore):
    def _migrate(self, connection):
        super()._migrate(connection)
        print("step 0 of 0: migrated", flush=True)
Store(Path(sys.argv[1]), lambda sentence: print(sentence, flush=True)).open()
"""


def version_of(folder: Path) -> int:
    """Return the schema of a store."""
    with closing(sqlite3.connect(folder / "taskbahn.db")) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(folder: Path, kill_at: int = 0) -> list[tuple[int, float]]:
    """Migrate in a process, which is killed when it is at a step; return each step that was seen, and when, 0 when it is done."""
    command = [sys.executable, "-c", MIGRATE, str(folder), str(LOOK_SECONDS)]
    began = time.monotonic()
    seen: list[tuple[int, float]] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            found = STEP.search(line)
            assert found is not None, line
            if not seen or seen[-1][0] != int(found[1]):
                seen.append((int(found[1]), time.monotonic() - began))
            if int(found[1]) == kill_at:
                process.send_signal(signal.SIGKILL)
                break
    seen.append((0, time.monotonic() - began))
    return seen


def main() -> int:
    """Return the exit code."""
    sys.path.insert(0, str(ROOT / "tests"))
    from support import old_store, releases

    from taskbahn_router.stores.sqlite.statements import MIGRATIONS

    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else JOBS
    with tempfile.TemporaryDirectory() as place:
        release = releases.unpack("0.1.0", Path(place, "release"))
        folder = Path(place, "data")
        folder.mkdir()
        path = old_store.make(folder, release, jobs)
        print(f"a store of 0.1.0 with {jobs:,} jobs, {path.stat().st_size >> 20} MiB, schema {version_of(folder)}", flush=True)
        copy = Path(place, "copy")
        shutil.copytree(folder, copy)
        seen = migrate(copy)
        lasted = [(later[1] - now[1], now[0]) for now, later in pairwise(seen) if now[0]]
        longest, step = max(lasted)
        print(
            f"brought up to schema {version_of(copy)}: opened after {seen[-1][1]:.1f} s; the longest step, {step}, took {longest:.2f} s"
        )
        migrate(folder, kill_at=step)
        print(f"killed at step {step}: schema {version_of(folder)}")
        again = migrate(folder)
        print(f"opened again: schema {version_of(folder)} after {again[-1][1]:.1f} s")
        with closing(sqlite3.connect(path)) as connection:
            (count,) = connection.execute("SELECT count(*) FROM job").fetchone()
            (sound,) = connection.execute("PRAGMA integrity_check").fetchone()
        print(f"{count:,} jobs; integrity: {sound}")
        return 0 if (version_of(folder), count, sound) == (len(MIGRATIONS), jobs, "ok") else 1


if __name__ == "__main__":
    sys.exit(main())
