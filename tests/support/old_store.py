"""A store as a release that is kept has left it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import cycle, islice
from typing import TYPE_CHECKING

from support.rows import NOW, id_of, new_job, put_in_schema
from taskbahn.protocol.states import State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from support.releases import Release

MIX = (State.READY, State.SUCCEEDED, State.WAITING, State.READY)


def make(folder: Path, release: Release, jobs: int, states: Sequence[State] = MIX) -> Path:
    """Make the store of a release, with the states of its jobs in turn; return its file."""
    path = folder / "taskbahn.db"
    names = ", ".join(f"'{state}'" for state in State)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for script in release.migrations:
            connection.executescript(script.read_text("utf-8").replace("{states}", names))
        connection.execute(f"PRAGMA user_version = {len(release.migrations)}")
        connection.execute("BEGIN")
        for seq, state in enumerate(islice(cycle(states), min(jobs, len(states))), 1):
            put_in_schema(connection, new_job(seq, state=state, due_at=NOW + seq if state is State.WAITING else None))
        columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(job)") if name not in ("seq", "id")]
        connection.executemany(
            f"INSERT INTO job (seq, id, {', '.join(columns)}) SELECT ?, ?, {', '.join(columns)} FROM job WHERE seq = ?",  # noqa: S608 - of the schema
            ((seq, id_of(seq), (seq - 1) % len(states) + 1) for seq in range(len(states) + 1, jobs + 1)),
        )
        connection.execute("COMMIT")
    return path
