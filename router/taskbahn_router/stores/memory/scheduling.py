"""How the memory store keeps schedules, as SQLite's does."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.core.firings import FIRED, HISTORY, SKIPPED
from taskbahn_router.stores.memory.versions import change_versions
from taskbahn_router.stores.scheduling import Firings, StoredJob

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from taskbahn_router.core.firings import FiredRow, Firing, ScheduleRow
    from taskbahn_router.stores.contract import CommitBatch, CommitResult
    from taskbahn_router.stores.memory.tables import Tables

LAST_ID = chr(0x10FFFF)  # behind the ids of all schedules


def change_schedules(tables: Tables, batch: CommitBatch, result: CommitResult) -> None:
    """Store the schedules that are still as those who changed them saw them."""

    def keep(id: str, row: ScheduleRow | None) -> None:
        keep_schedule(tables, id, row)
        if row is None:
            tables.drop(tables.firings, id)

    changes = [(change.id, change.version, change.row) for change in batch.schedules]
    result.schedules += change_versions(tables.schedules, keep, changes, batch.dropped_schedules)
    _change_alarms(tables, batch, result)


def _change_alarms(tables: Tables, batch: CommitBatch, result: CommitResult) -> None:
    """Store the alarms of schedules that are still as those who looked at them saw them."""
    for change in batch.alarms:
        row = tables.schedules.get(change.schedule)
        holds = row is not None and row.version == change.version and row.alarm == change.before
        if holds and row is not None:
            keep_schedule(tables, row.id, row._replace(**change.then._asdict()))
        result.alarms.append(holds)


def keep_schedule(tables: Tables, id: str, row: ScheduleRow | None) -> None:
    """Replace the row of a schedule; None deletes it."""
    before = tables.schedules.get(id)
    _order(tables, before, row)
    tables.undo.append(lambda: _order(tables, row, before))
    if row is None:
        tables.drop(tables.schedules, id)
    else:
        tables.put(tables.schedules, id, row)


def _order(tables: Tables, before: ScheduleRow | None, after: ScheduleRow | None) -> None:
    for times, name in ((tables.next_firings, "next_at"), (tables.next_alarms, "alarm_at")):
        old, new = getattr(before, name, None), getattr(after, name, None)
        if old == new:
            continue
        if before is not None and old is not None:
            del times[bisect_left(times, (old, before.id))]
        if after is not None and new is not None:
            insort(times, (new, after.id))


def admit(
    tables: Tables,
    batch: CommitBatch,
    result: CommitResult,
    cancel: Callable[[int, str], None],
    rule: Callable[[CommitBatch], None],
) -> CommitBatch:
    """Have due schedules fire, and the rules admit submissions; return the batch without jobs that are not started."""
    if not batch.firings:
        rule(batch)
        return batch
    firings = Firings(_Tables(tables, cancel), result)
    batch = firings.decide(batch)
    rule(batch)
    firings.write(result.admitted)
    return batch


class _Tables:
    def __init__(self, tables: Tables, cancel: Callable[[int, str], None]) -> None:
        self._tables = tables
        self.cancel = cancel

    def prepare(self, firings: Sequence[Firing]) -> None:
        pass

    def schedule(self, id: str) -> ScheduleRow | None:
        return self._tables.schedules.get(id)

    def job(self, id: bytes) -> StoredJob | None:
        seq = self._tables.meant(id)
        return None if seq is None else StoredJob(seq, self._tables.records[seq].state)

    def was_fired(self, schedule: str, due_at: float) -> bool:
        return any(row.due_at == due_at and row.outcome == FIRED for row in self._tables.firings.get(schedule, {}).values())

    def keep(self, kept: Sequence[tuple[ScheduleRow, FiredRow | None]]) -> None:
        tables = self._tables
        for row, entry in kept:
            keep_schedule(tables, row.id, row)
            if entry is not None:
                history = {
                    number: one for number, one in tables.firings.get(row.id, {}).items() if number > entry.number - HISTORY
                }
                tables.put(tables.firings, row.id, {**history, entry.number: entry})


class ScheduleReader:
    """The questions of `contract.Reader` about schedules."""

    _tables: Tables

    def schedules(self, after: str, limit: int, text: str = "") -> list[ScheduleRow]:
        with self._tables.lock:
            ids = sorted(id for id, row in self._tables.schedules.items() if id > after and (not text or _has_text(row, text)))
            return [self._tables.schedules[id] for id in ids[:limit]]

    def schedule_count(self) -> int:
        with self._tables.lock:
            return len(self._tables.schedules)

    def schedule(self, id: str) -> ScheduleRow | None:
        with self._tables.lock:
            return self._tables.schedules.get(id)

    def due_schedules(self, now: float, limit: int) -> list[tuple[ScheduleRow, str | None]]:
        with self._tables.lock:
            due = islice(takewhile(lambda key: key[0] <= now, self._tables.next_firings), limit)
            return [(row, self._state(row.last_job)) for row in (self._tables.schedules[id] for _, id in due)]

    def next_firing(self, after: float) -> float | None:
        with self._tables.lock:
            place = bisect_right(self._tables.next_firings, (after, LAST_ID))
            return self._tables.next_firings[place][0] if place < len(self._tables.next_firings) else None

    def buffered_schedules(self, after: str, limit: int) -> list[ScheduleRow]:
        with self._tables.lock:
            found = [row for id, row in sorted(self._tables.schedules.items()) if row.buffered is not None and id > after]
            return found[:limit]

    def troubled_schedules(self, limit: int) -> list[ScheduleRow]:
        with self._tables.lock:
            return [row for _, row in sorted(self._tables.schedules.items()) if row.trouble is not None][:limit]

    def firings(self, schedule: str, before: int, limit: int) -> list[tuple[FiredRow, str | None]]:
        with self._tables.lock:
            found = sorted(self._tables.firings.get(schedule, {}).items(), reverse=True)
            return [(row, self._state(row.job)) for number, row in found if number < before][:limit]

    def due_alarms(self, now: float, limit: int) -> list[ScheduleRow]:
        with self._tables.lock:
            due = islice(takewhile(lambda key: key[0] <= now, self._tables.next_alarms), limit)
            return [self._tables.schedules[id] for _, id in due]

    def next_alarm(self) -> float | None:
        with self._tables.lock:
            return self._tables.next_alarms[0][0] if self._tables.next_alarms else None

    def late_schedules(self, after: str, limit: int) -> list[ScheduleRow]:
        with self._tables.lock:
            found = [row for id, row in sorted(self._tables.schedules.items()) if row.late_at is not None and id > after]
            return found[:limit]

    def newest_success(self, schedule: str, since: float, until: float) -> float | None:
        with self._tables.lock:
            entries = self._tables.firings.get(schedule, {}).values()
            return max(
                (one.due_at for one in entries if since <= one.due_at <= until and self._counts_as_success(one)), default=None
            )

    def _counts_as_success(self, entry: FiredRow) -> bool:
        seq = self._tables.meant(entry.job) if entry.job is not None and entry.outcome in (FIRED, SKIPPED) else None
        return seq is not None and self._tables.records[seq].state == State.SUCCEEDED

    def _state(self, job: bytes | None) -> str | None:
        seq = None if job is None else self._tables.seqs.get(job)
        return None if seq is None else self._tables.records[seq].state


def _has_text(row: ScheduleRow, text: str) -> bool:
    return any(text in said.lower() for said in (row.id, row.declared, row.changed) if said)
