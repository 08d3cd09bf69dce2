"""The reading half of the store in memory, as `contract.Reader` asks for it."""

from __future__ import annotations

import contextlib
import sys
from bisect import bisect_left
from collections import Counter
from itertools import accumulate, islice
from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.core.policy import weight_of
from taskbahn_router.core.rows import HeldJob, costs_of
from taskbahn_router.stores.contract import FailedRow, Filter, OutcomeRow
from taskbahn_router.stores.memory.auditing import MemoryAuditReader
from taskbahn_router.stores.memory.holding import holding_pause
from taskbahn_router.stores.memory.listing import listed, short
from taskbahn_router.stores.memory.reacting import members_of
from taskbahn_router.stores.memory.ruled import gates_in_use, jobs_before
from taskbahn_router.stores.memory.scheduling import ScheduleReader
from taskbahn_router.stores.memory.suspending import open_questions
from taskbahn_router.stores.memory.triggers import TriggerReader
from taskbahn_router.stores.permits import stalled_gates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from taskbahn_router.core.job_pauses import HoldingPause
    from taskbahn_router.core.reactions import Edge, Input
    from taskbahn_router.core.rows import Gate, GateUse, StalledGate
    from taskbahn_router.core.suspensions import Note, OpenQuestion
    from taskbahn_router.stores.memory.tables import Record, Tables
    from taskbahn_router.stores.minutes import MinuteRow
    from taskbahn_router.stores.queries import Listed, QueueCursor
    from taskbahn_router.stores.rows import AttemptRow, EventRow, JobRow


class MemoryReader(ScheduleReader, TriggerReader, MemoryAuditReader):
    """Answers what `contract.Reader` asks."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        with self._tables.lock:
            yield

    def job(self, id: bytes) -> JobRow | None:
        with self._tables.lock:
            seq = self._tables.meant(id)
            return None if seq is None else self._tables.row(self._tables.records[seq])

    def unique_key(self, seq: int) -> str | None:
        with self._tables.lock:
            return next((key for key, row in self._tables.unique.items() if row.seq == seq), None)

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

    def held(self, seqs: Sequence[int], most: int, holders: int) -> list[HeldJob]:
        with self._tables.lock:
            found = (self._held(record, most, holders) for seq in seqs if (record := self._tables.records.get(seq)) is not None)
            return [job for job in found if job is not None]

    def _held(self, record: Record, most: int, holders: int) -> HeldJob | None:
        tables, new = self._tables, record.new
        lane = tables.lanes.get((new.partition, new.keys or ""))
        gate = tables.gates.get(lane.blocked) if lane is not None and lane.blocked is not None else None
        if lane is None or gate is None or record.state != State.READY:
            return None
        ahead = bisect_left(tables.queues.get(lane.id, []), (-new.priority, new.seq))
        has = [seq for (seq, _), permit in sorted(tables.permits.items()) if gate.key in dict(costs_of(permit.keys))]
        return HeldJob(new.seq, lane.keys, gate, min(most, ahead), tuple(tables.records[seq].new.id for seq in has[:holders]))

    def member_counts(self, seqs: Sequence[int], most: int) -> dict[int, dict[str, int]]:
        found: dict[int, dict[str, int]] = {}
        with self._tables.lock:
            for seq in seqs:
                if most <= 0:
                    break
                found[seq] = dict(Counter(record.state for _, record in members_of(self._tables, seq)))
                most -= sum(found[seq].values())
        return found

    def member_weights(self, seq: int) -> dict[str, float]:
        found: dict[str, float] = {}
        with self._tables.lock:
            for _, record in members_of(self._tables, seq):
                found[record.state] = found.get(record.state, 0.0) + weight_of(record.new.options)
        return found

    def members(self, seq: int, after: int, limit: int, states: Sequence[str] = ()) -> list[int]:
        with self._tables.lock:
            found = (
                one for one, record in members_of(self._tables, seq) if one > after and (not states or record.state in states)
            )
            return list(islice(found, limit))

    def edges_to(self, seqs: Sequence[int], most: int) -> list[Edge]:
        with self._tables.lock:
            return self._tables.edges_to(seqs, most)

    def edges_from(self, seqs: Sequence[int], most: int) -> list[Edge]:
        with self._tables.lock:
            return sorted(edge for seq in set(seqs) for edge in self._tables.edges.get(seq, {}).values())[:most]

    def keys(self, seq: int) -> str | None:
        with self._tables.lock:
            record = self._tables.records.get(seq)
            return None if record is None else record.new.keys

    def gates(self, keys: Sequence[str]) -> list[Gate]:
        with self._tables.lock:
            return [self._tables.gates[key] for key in keys if key in self._tables.gates]

    def gates_in_use(self, now_us: int, most: int, most_jobs: int) -> list[GateUse]:
        with self._tables.lock:
            return gates_in_use(self._tables, now_us, most, most_jobs)

    def stalled(self, attempts: Sequence[tuple[bytes, int]], most_jobs: int) -> list[StalledGate]:
        with self._tables.lock:
            tables = self._tables
            ids = {(tables.seqs[raw], attempt): (raw, attempt) for raw, attempt in attempts if raw in tables.seqs}
            permits = ((permit, ids[key]) for key in ids if (permit := tables.permits.get(key)) is not None)

            def read(used: list[tuple[str, int]]) -> list[tuple[Gate, int, float | None]]:
                found = ((tables.gates.get(key), cost) for key, cost in used)
                return [
                    (gate, *jobs_before(tables, gate, most_jobs))
                    for gate, cost in found
                    if gate is not None and gate.blocked and gate.used == cost
                ]

            return stalled_gates(permits, read)

    def outcomes(self, ids: Sequence[bytes], most_bytes: int = sys.maxsize) -> list[OutcomeRow]:
        found: list[OutcomeRow] = []
        weight = 0
        for id in dict.fromkeys(ids):
            row = self.job(id)
            if weight >= most_bytes:
                break
            if row is not None:
                found.append(OutcomeRow(id, row.state, row.result, row.error, row.id if row.id != id else None))
                weight += found[-1].weight()
        return found

    def events(self, seq: int, after: int, limit: int, most_bytes: int = sys.maxsize) -> list[EventRow]:
        with self._tables.lock:
            events = self._tables.events.get(seq, {})
            found = [events[number] for number in sorted(events) if number > after][:limit]
            before = accumulate((len(event.data.encode()) for event in found), initial=0)
            return [event for event, weight in zip(found, before, strict=False) if weight < most_bytes]

    def questions(self, seq: int | None, after: int, limit: int, kind: str = "question") -> list[OpenQuestion]:
        with self._tables.lock:
            return open_questions(self._tables, seq, after, limit, kind)

    def notes(self, seq: int, after: str, limit: int, most_bytes: int = sys.maxsize) -> list[Note]:
        with self._tables.lock:
            behind = sorted((name, note) for name, note in self._tables.notes.get(seq, {}).items() if name > after)[:limit]
        weights = accumulate((len(note.value.encode()) for _, note in behind), initial=0)
        return [note for (_, note), weight in zip(behind, weights, strict=False) if weight < most_bytes]

    def awaited(self, seq: int, most: int) -> list[str]:
        with self._tables.lock:
            return sorted(self._tables.waits.get(seq, ()))[:most]

    def inputs(self, seq: int, after: int, limit: int, most_bytes: int = sys.maxsize) -> list[Input]:
        with self._tables.lock:
            return self._tables.inputs(seq, after, limit, most_bytes)

    def holding_pause(self, seq: int) -> HoldingPause | None:
        with self._tables.lock:
            return holding_pause(self._tables, seq)

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
