"""What the SQLite store finds when it is opened."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from taskbahn.protocol.states import State
from taskbahn_router.core.credentials import CredentialRow
from taskbahn_router.stores.contract import StartState
from taskbahn_router.stores.minutes import MinuteRow
from taskbahn_router.stores.rows import JobRow, LimitRow, PartitionRow
from taskbahn_router.stores.sqlite.statements import SQL

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable


def start_state(connection: sqlite3.Connection) -> StartState:
    """Return what a dispatcher needs to know when it starts."""

    def rows(name: str) -> list[tuple]:  # type: ignore[type-arg]  # as sqlite3 gives them
        return connection.execute(SQL[name]).fetchall()

    running = [_as_far_as_stored(connection, JobRow(*row)) for row in rows("running_jobs")]
    counts = rows("counts")
    return StartState(
        last_seq=rows("last_seq")[0][0] or 0,
        partitions=[PartitionRow(*row) for row in rows("all_lines")],
        jobs=_summed((line, count) for line, _, count in counts),
        ready={line: count for line, state, count in counts if state == State.READY},
        tasks=rows("all_tasks"),
        running=[row for row, _ in running],
        next_sweep=next_sweep(connection),
        counts=_summed((state, count) for _, state, count in counts),
        minutes=[MinuteRow(*row) for row in rows("newest_minute")],
        ruled=[line for (line,) in rows("ruled_lines")],
        holding=rows("holding"),
        next_wake_us=next((at for (at,) in rows("next_wake")), None),
        has_duties=bool(rows("has_duties")[0][0]),
        limits=[LimitRow(*row) for row in rows("all_limits")],
        last_marks={row.seq: mark for row, mark in running if mark},
        unsealed=[id for (id,) in rows("unsealed_flows")],
        credentials=[CredentialRow(*row) for row in rows("all_credentials")],
    )


def _summed(counts: Iterable[tuple[Any, int]]) -> dict[Any, int]:
    """Return the sum of the counts of each key."""
    sums: Counter[Any] = Counter()
    for key, count in counts:
        sums[key] += count
    return dict(sums)


def _as_far_as_stored(connection: sqlite3.Connection, row: JobRow) -> tuple[JobRow, int]:
    """Return a running job with the number of its newest stored event, and the newest stored mark of its attempt."""
    newest = connection.execute(SQL["newest_event"], (row.seq,)).fetchone()
    if newest is None:
        return row, 0
    number, attempt, mark = newest
    return row._replace(number=max(row.number, number)), mark if attempt == row.attempt else 0


def next_sweep(connection: sqlite3.Connection, *, has_pauses: bool = True) -> float | None:
    """Return when the next job is due, expires or has to have ended, or a pause ends."""
    names = ("next_due", "next_expiry", "next_deadline", *(("next_resume",) if has_pauses else ()))
    times = [connection.execute(SQL[name]).fetchone() for name in names]
    return min((row[0] for row in times if row and row[0] is not None), default=None)
