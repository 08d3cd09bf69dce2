"""Everything in memory: the store of tests, ours and the users'. It keeps the contract as SQLite does, except that nothing outlives it.

A commit and a question exclude each other by a lock, so that no reader sees half of a batch. Jobs are values that are replaced,
never changed, and every replacement is noted, so that a batch that fails half-way is taken back.
"""

from __future__ import annotations

import contextlib
import heapq
import sys
from bisect import bisect_left
from collections import Counter
from dataclasses import replace
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any

from taskbahn.errors import StoreUnavailable
from taskbahn.protocol.states import State
from taskbahn_router.core.lifecycle import Event, advance
from taskbahn_router.stores.contract import CommitBatch, CommitResult, FailedRow, Filter, OutcomeRow, StartState
from taskbahn_router.stores.guards import FINISH, GUARDS, INSERT, REQUEUE
from taskbahn_router.stores.memory.listing import listed, short
from taskbahn_router.stores.memory.tables import Key, Record, Tables
from taskbahn_router.stores.rows import (
    Answer,
    AttemptRow,
    CancelJob,
    Claim,
    Claimed,
    EventRow,
    JobRow,
    Moved,
    NewJob,
    Prune,
    RetryJob,
    Snapshot,
    Sweep,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from taskbahn_router.stores.minutes import MinuteRow
    from taskbahn_router.stores.queries import Listed, QueueCursor

FORGOTTEN_BY_RETRY: dict[str, None] = dict.fromkeys(
    ("finished_at", "delete_at", "result", "error", "fingerprint", "progress", "due_at", "expires_at", "worker")
)


class MemoryStore:
    """Keeps jobs in dicts. `close` forgets nothing: `open` after it finds everything, as after a restart of the router."""

    def __init__(self) -> None:
        self._tables = Tables()
        self._is_open = False

    def open(self) -> StartState:
        """Return what it found."""
        tables = self._tables
        with tables.lock:
            self._is_open = True
            running = [tables.row(record) for _, record in sorted(tables.records.items()) if record.state == State.RUNNING]
            return StartState(
                last_seq=max(tables.records, default=0),
                partitions=sorted(tables.partitions.values()),
                jobs=dict(Counter(record.new.partition for record in tables.records.values())),
                ready={partition: len(keys) for partition, keys in tables.ready.items() if keys},
                tasks=sorted(tables.tasks.items()),
                running=[row._replace(number=max(row.number, tables.newest_event(row.seq))) for row in running],
                next_sweep=tables.next_sweep(),
                counts=dict(Counter(record.state for record in tables.records.values())),
                minutes=tables.newest_minute(),
                last_marks={row.seq: mark for row in running if (mark := tables.last_mark(row))},
            )

    def commit(self, batch: CommitBatch) -> CommitResult:
        """Apply a batch, or nothing of it.  Raises StoreUnavailable: nothing was changed, safe to call again."""
        with self._tables.lock:
            if not self._is_open:
                raise StoreUnavailable("the store is closed")
            self._tables.undo.clear()
            try:
                return _Transaction(self._tables).apply(batch)
            except Exception as error:
                self._tables.take_back()
                raise StoreUnavailable(f"the store refused a commit ({error}); nothing was changed, try again") from error

    def prepare(self, batch: CommitBatch) -> None:
        """Nothing of a commit takes long here."""

    def knows(self, id: bytes) -> bool:
        """Return whether there is a job of that id.  Raises StoreUnavailable."""
        with self._tables.lock:
            if not self._is_open:
                raise StoreUnavailable("the store is closed")
            return id in self._tables.seqs

    def reader(self) -> MemoryReader:
        """Return a new reader."""
        return MemoryReader(self._tables)

    def close(self) -> None:
        """Take no more commits; safe twice."""
        self._is_open = False


class _Transaction:
    """One batch on its way into the tables."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.result = CommitResult()

    def apply(self, batch: CommitBatch) -> CommitResult:
        result, tables = self.result, self.tables
        self._names(batch)
        result.duplicates = {job.seq for job in batch.new if not self._insert(job)}
        self._running(batch)
        self._history(batch)
        for snapshot in batch.snapshots:
            self._snapshot(snapshot)
        result.answers = [*map(self._cancel, batch.cancels), *map(self._retry, batch.retries)]
        if batch.sweep is not None:
            self._sweep(batch.sweep)
        if batch.prune is not None:
            self._prune(batch.prune)
        for partition in batch.vacated:
            tables.drop(tables.partitions, partition)
            tables.drop(tables.ready, partition)
        tables.add_minutes(batch.minutes, batch.drop_minutes)
        result.claimed = [self._claim(claim) for claim in batch.claims]
        return result

    def _names(self, batch: CommitBatch) -> None:
        tables = self.tables
        for partition in batch.partitions:
            if partition.id not in tables.partitions:
                tables.put(tables.partitions, partition.id, partition)
        for name, declaration, _ in batch.tasks:
            tables.put(tables.tasks, name, declaration)

    def _history(self, batch: CommitBatch) -> None:
        tables = self.tables
        for row in batch.attempts:
            tables.put(tables.attempts.setdefault(row.seq, {}), row.attempt, row)
        for event in batch.events:
            if event.number not in tables.events.setdefault(event.seq, {}):
                tables.put(tables.events[event.seq], event.number, event)

    def _insert(self, job: NewJob) -> bool:
        tables = self.tables
        if job.id in tables.seqs:
            return False
        if job.seq in tables.records:
            raise ValueError(f"seq {job.seq} was given before")
        tables.put(tables.seqs, job.id, job.seq)
        GUARDS[INSERT].check(INSERT, [job.state])
        record = Record(job, str(job.state), job.attempt, job.number)
        tables.keep(
            job.seq,
            replace(record, due_at=job.due_at, expires_at=job.expires_at, started_at=job.started_at, worker=job.worker),
        )
        return True

    def _running(self, batch: CommitBatch) -> None:
        for finish in batch.finishes:
            self._end_attempt(FINISH, **finish._asdict())
        for requeue in batch.requeues:
            before = self.tables.records.get(requeue.seq)
            values = requeue._asdict() | {"worker": None}
            if before is not None and (before.failures, before.crashes) != (requeue.failures, requeue.crashes):
                values["expires_at"] = None
            self._end_attempt(REQUEUE, **values)

    def _end_attempt(self, kind: str, *, seq: int, attempt: int, state: str, **changes: Any) -> None:
        guard, record = GUARDS[kind], self.tables.records.get(seq)
        guard.check(kind, [state])
        if record is not None and record.state in guard.sources and record.attempt == attempt:
            self._replace(seq, state=str(state), **changes)

    def _snapshot(self, snapshot: Snapshot) -> None:
        record = self.tables.records.get(snapshot.seq)
        if record is not None and record.state == State.RUNNING:
            self._replace(snapshot.seq, number=snapshot.number, progress=snapshot.progress)

    def _cancel(self, cancel: CancelJob) -> Answer | None:
        return self._ask(cancel.id, Event.CANCEL, finished_at=cancel.now, delete_at=cancel.delete_at, error=cancel.error)

    def _retry(self, retry: RetryJob) -> Answer | None:
        return self._ask(retry.id, Event.RETRY_BY_HAND, failures=0, crashes=0, **FORGOTTEN_BY_RETRY)

    def _ask(self, id: bytes, event: Event, **changes: Any) -> Answer | None:
        seq = self.tables.seqs.get(id)
        if seq is None:
            return None
        state = self.tables.records[seq].state
        if state not in GUARDS[event].sources:
            return Answer(State(state), is_moved=False)
        return Answer(self._move(seq, event, **changes).after, is_moved=True)

    def _move(self, seq: int, event: Event, **changes: Any) -> Moved:
        before = State(self.tables.records[seq].state)
        record = self._advance(seq, event, **changes)
        moved = Moved(record.new.id, seq, record.new.partition, event, before, record.number)
        self.result.moved.append(moved)
        return moved

    def _advance(self, seq: int, event: Event, **changes: Any) -> Record:
        """Move a job by the table; raises IllegalMove."""
        record = self.tables.records[seq]
        return self._replace(seq, state=str(advance(State(record.state), event)), number=record.number + 1, **changes)

    def _replace(self, seq: int, **changes: Any) -> Record:
        record = replace(self.tables.records[seq], **changes)
        self.tables.keep(seq, record)
        return record

    def _sweep(self, sweep: Sweep) -> None:
        def over(keys: list[Key]) -> list[int]:
            return [seq for time, seq in keys[: sweep.limit] if time <= sweep.now]

        for seq in over(self.tables.expiring):
            self._move(seq, Event.EXPIRE, finished_at=sweep.now, delete_at=sweep.now + sweep.delete_after)
        for seq in over(self.tables.due):
            self._move(seq, Event.DUE)
        self.result.next_sweep = self.tables.next_sweep()

    def _prune(self, prune: Prune) -> None:
        tables = self.tables
        window = heapq.nsmallest(prune.limit, (seq for seq in tables.records if seq > prune.after))
        gone: Counter[tuple[int, str]] = Counter()
        for seq in window:
            record = tables.records[seq]
            if record.delete_at is not None and record.delete_at <= prune.now:
                tables.keep(seq, None)
                tables.drop(tables.seqs, record.new.id)
                tables.drop(tables.attempts, seq)
                tables.drop(tables.events, seq)
                gone[record.new.partition, record.state] += 1
        self.result.pruned, self.result.pruned_of = gone.total(), dict(gone)
        self.result.prune_after = window[-1] if len(window) == prune.limit else None

    def _claim(self, claim: Claim) -> list[Claimed]:
        heads = sorted(
            key for partition in set(claim.partitions) for key in islice(self._claimable(partition, claim.now), claim.limit)
        )
        claimed = []
        for _, seq in heads[: claim.limit]:
            before = self.tables.records[seq]
            job = self._advance(seq, Event.START, attempt=before.attempt + 1, started_at=claim.now, worker=claim.worker)
            new = job.new
            claimed.append(
                Claimed(
                    seq, new.id, new.partition, new.priority, job.attempt, job.failures, job.crashes, job.number, new.created_at,
                    before.ready_at(), new.caller, new.options, new.packed,
                )
            )  # fmt: skip
        return claimed

    def _claimable(self, partition: int, now: float) -> Iterable[Key]:
        for key in self.tables.ready.get(partition, ()):
            expires_at = self.tables.records[key[1]].expires_at
            if expires_at is None or expires_at > now:
                yield key


class MemoryReader:
    """Answers what `contract.Reader` asks."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        with self._tables.lock:
            yield

    def job(self, id: bytes) -> JobRow | None:
        with self._tables.lock:
            seq = self._tables.seqs.get(id)
            return None if seq is None else self._tables.row(self._tables.records[seq])

    def jobs(self, wanted: Filter) -> Listed:
        with self._tables.lock:
            return listed(self._tables, wanted)

    def rows(self, seqs: Sequence[int]) -> list[JobRow]:
        with self._tables.lock:
            records = (self._tables.records.get(seq) for seq in sorted(set(seqs), reverse=True))
            return [short(self._tables.row(record)) for record in records if record is not None]

    def failed(self, before: int | None, limit: int) -> list[FailedRow]:
        found = self.jobs(Filter(states=(State.FAILED,), before=before, limit=limit, most=sys.maxsize)).rows
        return [
            FailedRow(row.seq, row.id, row.task, row.number, row.finished_at or row.created_at, row.fingerprint) for row in found
        ]

    def errors(self, seqs: Sequence[int]) -> dict[int, str]:
        with self._tables.lock:
            records = ((seq, self._tables.records.get(seq)) for seq in seqs)
            return {seq: record.error for seq, record in records if record is not None and record.error is not None}

    def ahead(self, spots: Sequence[QueueCursor], most: int) -> list[int]:
        with self._tables.lock:
            ready = self._tables.ready
            return [
                min(most, sum(bisect_left(ready.get(partition, []), (-spot.priority, spot.seq)) for partition in spot.partitions))
                for spot in spots
            ]

    def outcomes(self, ids: Sequence[bytes], most_bytes: int = sys.maxsize) -> list[OutcomeRow]:
        found: list[OutcomeRow] = []
        weight = 0
        for row in map(self.job, dict.fromkeys(ids)):
            if weight >= most_bytes:
                break
            if row is not None:
                found.append(OutcomeRow(row.id, row.state, row.result, row.error))
                weight += found[-1].weight()
        return found

    def events(self, seq: int, after: int, limit: int, most_bytes: int = sys.maxsize) -> list[EventRow]:
        with self._tables.lock:
            events = self._tables.events.get(seq, {})
            found = [events[number] for number in sorted(events) if number > after][:limit]
            before = accumulate((len(event.data.encode()) for event in found), initial=0)
            return [event for event, weight in zip(found, before, strict=False) if weight < most_bytes]

    def newest_event(self, seq: int) -> int:
        with self._tables.lock:
            return self._tables.newest_event(seq)

    def attempts(self, seq: int) -> list[AttemptRow]:
        with self._tables.lock:
            return sorted(self._tables.attempts.get(seq, {}).values())

    def oldest(self) -> dict[int, float]:
        with self._tables.lock:
            records = self._tables.records
            first = {partition: min(seq for _, seq in keys) for partition, keys in self._tables.ready.items() if keys}
            return {partition: records[seq].new.created_at for partition, seq in first.items()}

    def waiting(self) -> dict[int, int]:
        with self._tables.lock:
            return dict(
                Counter(record.new.partition for record in self._tables.records.values() if record.state == State.WAITING)
            )

    def minutes(self, since: int, until: int, task: str | None) -> list[MinuteRow]:
        with self._tables.lock:
            rows = self._tables.minutes
            found = sorted(
                (row.at, number) for number, row in rows.items() if since <= row.at < until and task in (None, row.task)
            )
            return [rows[number] for _, number in found]

    def close(self) -> None:
        pass
