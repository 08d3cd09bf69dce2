"""How the SQLite store keeps schedules; what becomes of their due times is decided in `core/firings.py`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages
from taskbahn_router.core.firings import HISTORY, FiredRow, ScheduleRow
from taskbahn_router.stores.driving import others_in
from taskbahn_router.stores.rows import KnownJob
from taskbahn_router.stores.scheduling import Firings, StoredJob
from taskbahn_router.stores.sqlite.statements import SQL
from taskbahn_router.stores.sqlite.triggers import note_triggered

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from taskbahn_router.core.firings import Firing
    from taskbahn_router.stores.contract import CommitBatch, CommitResult
    from taskbahn_router.stores.sqlite.ruled import RuledPart

AT_ONCE = 50  # ids for which `states_of_jobs` has a place


def change_schedules(connection: sqlite3.Connection, batch: CommitBatch, result: CommitResult) -> None:
    """Store the schedules that are still as those who changed them saw them."""
    for change in batch.schedules:
        found = connection.execute(SQL["schedule"], (change.id,)).fetchone()
        before = None if found is None else ScheduleRow(*found)
        holds = change.version == (0 if before is None else before.version)
        if holds:
            connection.execute(SQL["upsert_schedule"], change.row(before))
        result.schedules.append(holds)
    for id, version in batch.dropped_schedules:
        holds = bool(connection.execute(SQL["delete_schedule"], (id, version)).rowcount)
        if holds:
            connection.execute(SQL["delete_firings"], (id,))
        result.schedules.append(holds)
    for moved in batch.alarms:
        values = (*moved.then, moved.schedule, moved.version, *moved.before)
        result.alarms.append(bool(connection.execute(SQL["change_alarm"], values).rowcount))


def admit(connection: sqlite3.Connection, ruled: RuledPart | None, batch: CommitBatch, result: CommitResult) -> CommitBatch:
    """Have due schedules fire, and the rules admit submissions; return the batch without jobs that are not started."""
    if ruled is not None:
        firings = Firings(_Tables(connection, ruled), result) if batch.firings else None
        batch = batch if firings is None else firings.decide(batch)
        ruled.admit(batch)
        if firings is not None:
            firings.write(result.admitted)
    if result.duplicates:
        result.others = others_in(batch, result.duplicates, partial(_known, connection))
    note_triggered(connection, batch, result)
    return batch


def _known(connection: sqlite3.Connection, id: bytes) -> KnownJob | None:
    row = connection.execute(SQL["known_job"], (id,)).fetchone()
    return None if row is None else KnownJob(row[0], row[1], row[2], is_joined=row[3] != id)


class _Tables:
    def __init__(self, connection: sqlite3.Connection, ruled: RuledPart) -> None:
        self._connection = connection
        self._ruled = ruled
        self._schedules: dict[str, ScheduleRow] = {}
        self._jobs: dict[bytes, StoredJob] = {}

    def prepare(self, firings: Sequence[Firing]) -> None:
        rows = self._connection.execute(SQL["schedules_of"], (messages.to_json([one.schedule for one in firings]),))
        self._schedules = {row[0]: ScheduleRow(*row) for row in rows}
        wanted = {one.id for one in firings} | {row.last_job for row in self._schedules.values()}
        ids = [id for id in wanted if id is not None]
        for start in range(0, len(ids), AT_ONCE):
            page = ids[start : start + AT_ONCE]
            found = self._connection.execute(SQL["states_of_jobs"], page + [None] * (AT_ONCE - len(page)))
            self._jobs |= {id: StoredJob(seq, state) for id, seq, state in found}

    def schedule(self, id: str) -> ScheduleRow | None:
        return self._schedules.get(id)

    def job(self, id: bytes) -> StoredJob | None:
        return self._jobs.get(id)

    def was_fired(self, schedule: str, due_at: float) -> bool:
        return self._connection.execute(SQL["was_fired"], (schedule, due_at)).fetchone() is not None

    def cancel(self, seq: int, reason: str) -> None:
        self._ruled.cancel({seq: reason})

    def keep(self, kept: Sequence[tuple[ScheduleRow, FiredRow | None]]) -> None:
        many = self._connection.executemany
        many(SQL["move_schedule"], [
            (row.due_at, row.next_at, row.fired, row.number, row.last_due, row.last_job, row.last_success, row.buffered, row.trouble, row.id)
            for row, _ in kept
        ])  # fmt: skip
        entries = [entry for _, entry in kept if entry is not None]
        many(SQL["insert_firing"], entries)
        many(SQL["forget_firing"], [(one.schedule, one.number - HISTORY) for one in entries if one.number > HISTORY])


class ScheduleReader:
    """The questions of `contract.Reader` about schedules."""

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        raise NotImplementedError

    def schedules(self, after: str, limit: int, text: str = "") -> list[ScheduleRow]:
        if text:
            return [ScheduleRow(*row) for row in self._rows(SQL["schedules_with"], (after, text, text, text, limit))]
        return [ScheduleRow(*row) for row in self._rows(SQL["schedules"], (after, limit))]

    def schedule_count(self) -> int:
        found: int = self._rows(SQL["schedule_count"])[0][0]
        return found

    def schedule(self, id: str) -> ScheduleRow | None:
        return next((ScheduleRow(*row) for row in self._rows(SQL["schedule"], (id,))), None)

    def due_schedules(self, now: float, limit: int) -> list[tuple[ScheduleRow, str | None]]:
        return [(ScheduleRow(*row[:-1]), row[-1]) for row in self._rows(SQL["due_schedules"], (now, limit))]

    def next_firing(self, after: float) -> float | None:
        found: float | None = self._rows(SQL["next_firing"], (after,))[0][0]
        return found

    def buffered_schedules(self, after: str, limit: int) -> list[ScheduleRow]:
        return [ScheduleRow(*row) for row in self._rows(SQL["buffered_schedules"], (after, limit))]

    def troubled_schedules(self, limit: int) -> list[ScheduleRow]:
        return [ScheduleRow(*row) for row in self._rows(SQL["troubled_schedules"], (limit,))]

    def firings(self, schedule: str, before: int, limit: int) -> list[tuple[FiredRow, str | None]]:
        return [(FiredRow(*row[:-1]), row[-1]) for row in self._rows(SQL["firings"], (schedule, before, limit))]

    def due_alarms(self, now: float, limit: int) -> list[ScheduleRow]:
        return [ScheduleRow(*row) for row in self._rows(SQL["due_alarms"], (now, limit))]

    def next_alarm(self) -> float | None:
        found: float | None = self._rows(SQL["next_alarm"])[0][0]
        return found

    def late_schedules(self, after: str, limit: int) -> list[ScheduleRow]:
        return [ScheduleRow(*row) for row in self._rows(SQL["late_schedules"], (after, limit))]

    def newest_success(self, schedule: str, since: float, until: float) -> float | None:
        found: float | None = self._rows(SQL["newest_success"], (schedule, since, until))[0][0]
        return found
