"""The tables of the memory store: what is kept, and the way back when a batch fails half-way."""

from __future__ import annotations

import threading
from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taskbahn.protocol.states import State
from taskbahn_router.stores.rows import AttemptRow, EventRow, JobRow, NewJob, PartitionRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from taskbahn_router.stores.minutes import DropMinutes, MinuteRow

Key = tuple[float, int]  # something to order by, and the seq


@dataclass(frozen=True, slots=True)
class Record:
    """One job as it is now."""

    new: NewJob
    state: str
    attempt: int
    number: int
    failures: int = 0
    crashes: int = 0
    due_at: float | None = None
    expires_at: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    delete_at: float | None = None
    worker: str | None = None
    progress: str | None = None
    result: str | None = None
    error: str | None = None
    fingerprint: str | None = None

    def ready_at(self) -> float | None:
        """Return when it became ready, if that is known."""
        if self.due_at is not None:
            return self.due_at
        return None if self.attempt else self.new.created_at


@dataclass(slots=True)
class Tables:
    """What is kept, with a way back to where the batch began."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    partitions: dict[int, PartitionRow] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    records: dict[int, Record] = field(default_factory=dict)  # by seq
    seqs: dict[bytes, int] = field(default_factory=dict)
    attempts: dict[int, dict[int, AttemptRow]] = field(default_factory=dict)
    events: dict[int, dict[int, EventRow]] = field(default_factory=dict)
    ready: dict[int, list[Key]] = field(default_factory=dict)  # partition -> (-priority, seq), in order
    due: list[Key] = field(default_factory=list)  # (due_at, seq), in order
    expiring: list[Key] = field(default_factory=list)  # (expires_at, seq), in order
    minutes: dict[int, MinuteRow] = field(default_factory=dict)  # in the order in which they were written
    undo: list[Callable[[], object]] = field(default_factory=list)

    def put(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        self.drop(table, key)
        table[key] = value
        self.undo.append(lambda: table.pop(key))

    def drop(self, table: dict[Any, Any], key: Any) -> None:
        if key in table:
            before = table.pop(key)
            self.undo.append(lambda: table.update({key: before}))

    def keep(self, seq: int, record: Record | None) -> None:
        """Put a job as it is now in the place of what it was; None: it is deleted."""
        before = self.records.get(seq)
        self._order(before, record)
        self.undo.append(lambda: self._order(record, before))
        if record is None:
            self.drop(self.records, seq)
        else:
            self.put(self.records, seq, record)

    def take_back(self) -> None:
        """Undo all since `undo` was last empty."""
        while self.undo:
            self.undo.pop()()

    def next_sweep(self) -> float | None:
        return min((keys[0][0] for keys in (self.due, self.expiring) if keys), default=None)

    def newest_event(self, seq: int) -> int:
        """Return the number of a job's newest event; 0: there is none."""
        return max(self.events.get(seq, ()), default=0)

    def last_mark(self, row: JobRow) -> int:
        """Return the newest mark of a running job's attempt."""
        event = self.events.get(row.seq, {}).get(self.newest_event(row.seq))
        return event.mark if event is not None and event.attempt == row.attempt else 0

    def newest_minute(self) -> list[MinuteRow]:
        newest = max((row.at for row in self.minutes.values()), default=0)
        found = sorted((row.task, number) for number, row in self.minutes.items() if row.at == newest)
        return [self.minutes[number] for _, number in found]

    def add_minutes(self, rows: list[MinuteRow], drop: DropMinutes | None) -> None:
        for number, row in enumerate(rows, max(self.minutes, default=0) + 1):
            self.put(self.minutes, number, row)
        if drop is not None:
            old = sorted((row.at, number) for number, row in self.minutes.items() if row.at < drop.before)
            for _, number in old[: drop.limit]:
                self.drop(self.minutes, number)

    def row(self, record: Record) -> JobRow:
        new, partition = record.new, self.partitions[record.new.partition]
        return JobRow(
            new.seq, new.id, partition.id, partition.queue, partition.task, record.state, new.priority, record.attempt,
            record.failures, record.crashes, record.number, new.created_at, record.due_at, record.expires_at, record.started_at,
            record.finished_at, record.delete_at,
            record.worker, new.caller, new.options, new.tags, new.packed, record.progress, record.result, record.error,
            record.fingerprint,
        )  # fmt: skip

    def _order(self, before: Record | None, after: Record | None) -> None:
        for keys, key in self._keys(before):
            del keys[bisect_left(keys, key)]
        for keys, key in self._keys(after):
            insort(keys, key)

    def _keys(self, record: Record | None) -> Iterable[tuple[list[Key], Key]]:
        if record is None or record.state not in (State.WAITING, State.READY):
            return
        seq = record.new.seq
        if record.state == State.READY:
            yield self.ready.setdefault(record.new.partition, []), (-record.new.priority, seq)
        elif record.due_at is not None:
            yield self.due, (record.due_at, seq)
        if record.expires_at is not None:
            yield self.expiring, (record.expires_at, seq)
