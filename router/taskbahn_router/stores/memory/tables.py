"""The tables of the memory store: what is kept, and the way back when a batch fails half-way."""

from __future__ import annotations

import heapq
import threading
from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taskbahn.protocol.states import State
from taskbahn_router.core.reactions import IN_TIME, IS_FLOW, IS_OVERDUE, IS_UNSEALED, FlaggedJob, Input
from taskbahn_router.core.rows import NO_PLACE
from taskbahn_router.core.unique_keys import KeyHolder
from taskbahn_router.stores.minutes import BeganAgain, rows_of
from taskbahn_router.stores.rows import AttemptRow, EventRow, JobRow, KnownJob, LimitRow, NewJob, PartitionRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from taskbahn_router.core.audit import AuditRow
    from taskbahn_router.core.credentials import CredentialRow
    from taskbahn_router.core.firings import FiredRow, ScheduleRow
    from taskbahn_router.core.job_pauses import JobPause
    from taskbahn_router.core.reactions import Duty, Edge
    from taskbahn_router.core.rows import Gate, Lane, LaneId, Permit, Place
    from taskbahn_router.core.suspensions import Note
    from taskbahn_router.core.triggers import TriggerRow
    from taskbahn_router.core.unique_keys import KeyRow
    from taskbahn_router.stores.contract import CommitBatch
    from taskbahn_router.stores.minutes import DropMinutes, MinuteRow

Key = tuple[float, int]  # what orders the jobs, and a job's seq
FORGOTTEN_BY_RETRY: dict[str, Any] = dict.fromkeys(
    ("finished_at", "delete_at", "result", "error", "fingerprint", "progress", "due_at", "expires_at", "worker")
)


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
    deadline: float | None = None  # of its own
    started_at: float | None = None
    finished_at: float | None = None
    delete_at: float | None = None
    worker: str | None = None
    progress: str | None = None
    result: str | None = None
    error: str | None = None
    fingerprint: str | None = None
    flags: int = 0
    pending: int = 0  # edges to parents that are not satisfied, and `PAUSE_BIT`
    place: Place = NO_PLACE

    def end(self) -> BeganAgain:
        """Return how the job ended, for it begins again."""
        return BeganAgain(self.new.partition, self.state, self.finished_at or self.new.created_at)

    def ready_at(self) -> float | None:
        """Return when the job became ready; None when that is not known."""
        if self.due_at is not None:
            return self.due_at
        return None if self.attempt else self.new.created_at


@dataclass(slots=True)
class Tables:
    """The tables, and an undo log back to the beginning of the batch."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    partitions: dict[int, PartitionRow] = field(default_factory=dict)
    tasks: dict[str, tuple[str, str, float]] = field(default_factory=dict)
    limits: dict[str, LimitRow] = field(default_factory=dict)
    records: dict[int, Record] = field(default_factory=dict)  # by seq
    seqs: dict[bytes, int] = field(default_factory=dict)
    members: dict[int, dict[int, None]] = field(default_factory=dict)  # parent -> seqs of its members
    trees: dict[int, dict[int, None]] = field(default_factory=dict)  # root -> seqs of the jobs of its tree
    attempts: dict[int, dict[int, AttemptRow]] = field(default_factory=dict)
    events: dict[int, dict[int, EventRow]] = field(default_factory=dict)
    ready: dict[int, list[Key]] = field(default_factory=dict)  # partition -> (-priority, seq), in order
    queues: dict[LaneId, list[Key]] = field(
        default_factory=dict
    )  # lane, that of the plain jobs too -> (-priority, seq), in order
    lanes: dict[LaneId, Lane] = field(default_factory=dict)
    gates: dict[str, Gate] = field(default_factory=dict)
    permits: dict[tuple[int, int], Permit] = field(default_factory=dict)  # by seq and attempt
    edges: dict[int, dict[tuple[int, int], Edge]] = field(default_factory=dict)  # by parent; by child and position
    parents: dict[int, dict[tuple[int, int], None]] = field(default_factory=dict)  # by child; position and parent
    duties: dict[tuple[str, int], Duty] = field(default_factory=dict)  # by kind and subject
    unique: dict[str, KeyRow] = field(default_factory=dict)
    notes: dict[int, dict[str, Note]] = field(default_factory=dict)  # by seq and name
    questions: dict[tuple[int, str, str], None] = field(default_factory=dict)  # open ones: seq, kind and name
    waits: dict[int, frozenset[str]] = field(default_factory=dict)  # seq of a suspended job -> names of notes that wake it
    pauses: dict[int, JobPause] = field(default_factory=dict)  # by seq
    aliases: dict[bytes, int] = field(default_factory=dict)  # id -> seq of the job that it means
    due: list[Key] = field(default_factory=list)  # (due_at, seq), in order
    expiring: list[Key] = field(default_factory=list)  # (expires_at, seq), in order
    ending: list[Key] = field(default_factory=list)  # (deadline, seq), in order: what a sweep looks at
    schedules: dict[str, ScheduleRow] = field(default_factory=dict)
    next_firings: list[tuple[float, str]] = field(default_factory=list)  # (next_at, id of a schedule), in order
    next_alarms: list[tuple[float, str]] = field(default_factory=list)  # (alarm_at, id of a schedule), in order
    firings: dict[str, dict[int, FiredRow]] = field(default_factory=dict)  # by schedule and number
    triggers: dict[str, TriggerRow] = field(default_factory=dict)
    credentials: dict[str, CredentialRow] = field(default_factory=dict)
    audit: dict[int, AuditRow] = field(default_factory=dict)  # by id, in order
    audited: int = 0  # the newest id
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
        """Replace the record of a job; None deletes it."""
        before = self.records.get(seq)
        self._order(before, record)
        self.undo.append(lambda: self._order(record, before))
        if (before.place if before is not None else NO_PLACE) != (record.place if record is not None else NO_PLACE):
            self._put_in_tree(before, record)
            self.undo.append(lambda: self._put_in_tree(record, before))
        if record is None:
            self.drop(self.records, seq)
        else:
            self.put(self.records, seq, record)

    def forget_names(self, gone: set[int]) -> None:
        """Forget the unique keys and other ids of deleted jobs."""
        for key in [key for key, row in self.unique.items() if row.seq in gone]:
            self.drop(self.unique, key)
        for id in [id for id, seq in self.aliases.items() if seq in gone]:
            self.drop(self.aliases, id)

    def take_back(self) -> None:
        """Undo all since `undo` was last empty."""
        while self.undo:
            self.undo.pop()()

    def flagged(self, seq: int) -> FlaggedJob:
        """Return a job as reactions see it."""
        one = self.records[seq]
        return FlaggedJob(
            seq, one.new.id, one.new.partition, one.state, one.number, one.pending, one.due_at, one.flags, one.place.root,
            one.deadline,
        )  # fmt: skip

    def deadline(self, record: Record) -> float | None:
        """Return the deadline of a job, or of its flow if that comes first."""
        flow = self.records.get(record.place.parent or 0) if record.flags & IN_TIME else None
        both = record.deadline, None if flow is None else flow.deadline
        return min((time for time in both if time is not None), default=None)

    def inputs(self, seq: int, after: int, limit: int, most_bytes: int) -> list[Input]:
        """Return what other jobs give to a job, as `contract.Reader.inputs` does."""
        places = heapq.nsmallest(limit, (place for place in self.parents.get(seq, ()) if place[0] > after))
        found, weight = [], 0
        for parent, _, position, policy, _ in (self.edges[parent][seq, position] for position, parent in places):
            record = self.records.get(parent)
            if record is None:
                continue
            if weight >= most_bytes:
                break
            weight += len((record.result or "").encode())
            found.append(Input(parent, position, policy, record.state, record.result, record.flags))
        return found

    def put_edge(self, edge: Edge) -> None:
        """Add an edge."""
        self.put(self.edges.setdefault(edge.parent, {}), (edge.child, edge.position), edge)
        self.put(self.parents.setdefault(edge.child, {}), (edge.position, edge.parent), None)

    def drop_edge(self, parent: int, child: int, position: int) -> None:
        """Forget an edge."""
        self.drop(self.edges[parent], (child, position))
        self.drop(self.parents[child], (position, parent))

    def edges_to(self, seqs: Sequence[int], most: int) -> list[Edge]:
        """Return the first edges to some jobs."""
        places = ((parent, child, position) for child in set(seqs) for position, parent in self.parents.get(child, ()))
        found = [self.edges[parent][child, position] for parent, child, position in places]
        return sorted(found, key=lambda edge: (edge.child, edge.position, edge.parent))[:most]

    def jobs(self, seqs: Sequence[int]) -> list[FlaggedJob]:
        """Return those of some jobs that exist."""
        return [self.flagged(seq) for seq in seqs if seq in self.records]

    def awaiting(self, seqs: Sequence[int]) -> set[int]:
        """Return those of some jobs that wait for notes."""
        return {seq for seq in seqs if self.waits.get(seq)}

    def children(self, seq: int) -> list[tuple[int, int, str | None]]:
        """Return the edges of a job: child, position, and the child's state; None: it is gone."""
        jobs = ((key, self.records.get(key[0])) for key in sorted(self.edges.get(seq, ())))
        return [(*key, None if child is None else child.state) for key, child in jobs]

    def holders(self, keys: Iterable[tuple[str, bool]]) -> list[KeyHolder]:
        """Return the jobs that have unique keys; with each key: whether with its arguments."""
        found = []
        for row, is_whole in ((self.unique[key], is_whole) for key, is_whole in keys if key in self.unique):
            record = self.records[row.seq]
            new, packed = record.new, row.said or record.new.packed if is_whole else None
            found.append(
                KeyHolder(row, new.id, new.partition, new.keys or "", record.state, packed, bool(record.flags & IS_UNSEALED))
            )
        return found

    def meant(self, id: bytes) -> int | None:
        """Return the seq of the job that an id means."""
        return self.seqs.get(id, self.aliases.get(id))

    def known(self, id: bytes) -> KnownJob | None:
        """Return whose the job is that an id means."""
        seq = self.meant(id)
        new = None if seq is None else self.records[seq].new
        return None if new is None else KnownJob(new.partition, new.caller, new.tags, is_joined=new.id != id)

    def next_sweep(self) -> float | None:
        times = [keys[0][0] for keys in (self.due, self.expiring, self.ending) if keys]
        times += [pause.until for pause in self.pauses.values() if pause.until is not None]
        return min(times, default=None)

    def next_wake_us(self) -> int | None:
        """Return when rules are to be asked again."""
        return min((gate.wakes_at_us for gate in self.gates.values() if gate.wakes_at_us is not None), default=None)

    def holding(self) -> list[tuple[bytes, int]]:
        """Return the attempts that hold a permit, but not those that run."""
        found = ((self.records[seq], attempt) for seq, attempt in sorted(self.permits) if seq in self.records)
        return [
            (record.new.id, attempt) for record, attempt in found if (record.state, record.attempt) != (State.RUNNING, attempt)
        ]

    def unsealed(self) -> list[bytes]:
        """Return the ids of running flows of which jobs are still to be stored."""
        running = (record for _, record in sorted(self.records.items()) if record.state == State.RUNNING)
        return [record.new.id for record in running if record.flags & IS_UNSEALED]

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

    def add_names(self, batch: CommitBatch) -> None:
        """Write the partitions, tasks and limits of a batch."""
        for partition in batch.partitions:
            if partition.id not in self.partitions:
                self.put(self.partitions, partition.id, partition)
        for name in batch.forgotten_tasks:
            self.drop(self.tasks, name)
        for task in batch.tasks:
            self.put(self.tasks, task[0], task)
        for name in batch.forgotten_limits:
            self.drop(self.limits, name)
        for limit in batch.limits:
            self.put(self.limits, limit.name, limit)

    def vacate(self, partitions: list[int]) -> None:
        """Forget partitions of which no job is left."""
        for partition in partitions:
            self.drop(self.partitions, partition)
            self.drop(self.ready, partition)

    def uncount(self, again: list[BeganAgain]) -> None:
        """Have the minutes count no longer how jobs ended that began again."""
        self.add_minutes(rows_of(again, lambda partition: self.partitions[partition].task), None)

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
            record.fingerprint, self._id(record.place.parent), self._id(record.place.root), record.place.label, record.flags,
            self.deadline(record),
        )  # fmt: skip

    def _id(self, seq: int | None) -> bytes | None:
        """Return the id of a job that is there."""
        record = None if seq is None else self.records.get(seq)
        return None if record is None else record.new.id

    def _order(self, before: Record | None, after: Record | None) -> None:
        for keys, key in self._keys(before):
            del keys[bisect_left(keys, key)]
        for keys, key in self._keys(after):
            insort(keys, key)

    def _put_in_tree(self, before: Record | None, after: Record | None) -> None:
        """Let a job be where it belongs."""
        for table, top in self._places(before):
            del table[top][before.new.seq]  # type: ignore[union-attr]
        for table, top in self._places(after):
            table.setdefault(top, {})[after.new.seq] = None  # type: ignore[union-attr]

    def _places(self, record: Record | None) -> Iterable[tuple[dict[int, dict[int, None]], int]]:
        if record is not None and record.place.parent is not None:
            yield self.members, record.place.parent
        if record is not None and record.place.root is not None:
            yield self.trees, record.place.root

    def _keys(self, record: Record | None) -> Iterable[tuple[list[Key], Key]]:
        if record is None:
            return
        seq, state = record.new.seq, State(record.state)
        if record.deadline is not None and (not state.is_final or record.flags & (IS_FLOW | IS_OVERDUE) == IS_FLOW):
            yield self.ending, (record.deadline, seq)
        if state not in (State.WAITING, State.READY):
            return
        if record.state == State.READY:
            key = -record.new.priority, seq
            yield self.ready.setdefault(record.new.partition, []), key
            yield self.queues.setdefault((record.new.partition, record.new.keys or ""), []), key
        elif record.due_at is not None and not record.pending:
            yield self.due, (record.due_at, seq)
        if record.expires_at is not None:
            yield self.expiring, (record.expires_at, seq)
