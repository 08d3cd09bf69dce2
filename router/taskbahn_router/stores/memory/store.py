"""Everything in memory: the store of tests, ours and the users'. It keeps the contract as SQLite does, except that nothing outlives it.

A commit and a question exclude each other by a lock, so that no reader sees half of a batch. Jobs are values that are replaced,
never changed, and every replacement is noted, so that a batch that fails half-way is taken back.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from taskbahn.errors import StoreUnavailable
from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.job_times import is_over
from taskbahn_router.core.lifecycle import Event, advance
from taskbahn_router.core.reactions import (
    HAS_INPUTS,
    IS_FLOW,
    IS_HELD,
    IS_OVERDUE,
    IS_SKIPPED,
    IS_SUSPENDED,
    IS_UNSEALED,
    MOST_INPUT_BYTES,
    MOST_INPUTS,
    PAUSE_BIT,
    retried,
)
from taskbahn_router.stores.contract import CommitBatch, CommitResult, StartState
from taskbahn_router.stores.driving import admitted_of, aliased, others_in
from taskbahn_router.stores.guards import FINISH, GUARDS, INSERT, REQUEUE
from taskbahn_router.stores.memory.auditing import keep_audit
from taskbahn_router.stores.memory.deleting import prune
from taskbahn_router.stores.memory.holding import HoldingPart, unpause
from taskbahn_router.stores.memory.kept import change_kept
from taskbahn_router.stores.memory.overdue import error_at_deadline, renewed_deadline
from taskbahn_router.stores.memory.reacting import decided, skip
from taskbahn_router.stores.memory.reader import MemoryReader
from taskbahn_router.stores.memory.ruled import RuledPart
from taskbahn_router.stores.memory.scheduling import admit
from taskbahn_router.stores.memory.start import start_state
from taskbahn_router.stores.memory.suspending import ask, keep_notes, suspend, tell, uncount_suspension
from taskbahn_router.stores.memory.tables import FORGOTTEN_BY_RETRY, Key, Record, Tables
from taskbahn_router.stores.memory.triggers import note_triggered
from taskbahn_router.stores.reacting import bounded, moved_in
from taskbahn_router.stores.rows import Answer, AttemptRow, CancelJob, Claim, Claimed, Moved, NewJob, Snapshot, Sweep

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from taskbahn_router.core.reactions import ReactionRules
    from taskbahn_router.core.rows import Admitted, Rules

BEGUN_AGAIN = frozenset((Event.RETRY_BY_HAND, Event.REOPEN, Event.RESUME_FLOW))


class MemoryStore:
    """Keeps jobs in dicts. `close` forgets nothing: `open` after it finds everything, as after a restart of the router."""

    def __init__(self) -> None:
        self._tables = Tables()
        self._is_open = False

    def open(self) -> StartState:
        """Open the store; return the jobs, tasks and counts that it holds."""
        with self._tables.lock:
            self._is_open = True
            return start_state(self._tables)

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
        """Do nothing: no part of a commit takes long in memory."""

    def knows(self, id: bytes) -> bool:
        """Return whether there is a job of that id.  Raises StoreUnavailable."""
        with self._tables.lock:
            if not self._is_open:
                raise StoreUnavailable("the store is closed")
            return self._tables.meant(id) is not None

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
        self.holding = HoldingPart(tables, self.result, self._move)

    def apply(self, batch: CommitBatch) -> CommitResult:
        result, tables = self.result, self.tables
        tables.add_names(batch)
        result.duplicates = {job.seq for job in batch.new if not self._insert(job)}
        self._running(batch)
        self._history(batch)
        result.answers = [
            *map(self._cancel, batch.cancels),
            *(self._ask(retry.id, None, now=batch.now()) for retry in batch.retries),
        ]
        result.answers += [skip(tables, one.id, result) for one in batch.skips]
        if batch.sweep is not None:
            self._sweep(batch.sweep)
        self.holding.apply(batch)
        if batch.prune is not None:
            prune(tables, batch.prune, result)
        tables.vacate(batch.vacated)
        tables.add_minutes(batch.minutes, batch.drop_minutes)
        change_kept(tables, batch, result)
        ruled = RuledPart(tables, result, batch.rules) if batch.rules is not None else None
        if ruled is not None:
            batch = self._admit_all(batch, ruled)
        result.others = others_in(batch, result.duplicates, tables.known) if result.duplicates else {}
        note_triggered(tables, batch, result)
        self._suspend(batch)
        units = self._react(moved_in(batch, result), batch.reactions, 0, result.repaused) if batch.reactions is not None else 0
        tables.uncount(result.again)
        self.holding.answer()
        if ruled is not None:
            self._rule(batch, ruled, units)
        if batch.rules is None or not batch.rules.rooms:
            result.claimed = [self._claim(claim) for claim in batch.claims]
        keep_audit(tables, batch, result)
        return result

    def _admit_all(self, batch: CommitBatch, ruled: RuledPart) -> CommitBatch:
        def rule(left: CommitBatch) -> None:
            if left.submissions:
                self._admit(left, ruled.rules, ruled.admit(left))

        return admit(self.tables, batch, self.result, lambda seq, reason: self._cancel_one(seq, reason, ruled.rules), rule)

    def _suspend(self, batch: CommitBatch) -> None:
        for asked in batch.suspensions:
            if (ended := suspend(self.tables, asked, batch.now())) is not None:
                self.result.look_at.append(ended)
        if batch.notes or batch.suspensions or batch.told or batch.retries:
            self.result.next_sweep = self.tables.next_sweep()

    def _rule(self, batch: CommitBatch, ruled: RuledPart, units: int) -> None:
        rules, result = ruled.rules, self.result
        ruling = ruled.decide(batch, units)
        result.more, result.purge_after = result.more or ruling.more, ruling.purge_after
        result.ruled = {lane.partition for lane in ruling.lanes}
        if rules.rooms:
            result.claimed = [[] for _ in batch.claims]
            for start in ruling.starts:
                row = self._start(start.seq, batch.claims[start.room].worker, rules.now)._replace(holds=start.held is not None)
                result.claimed[start.room].append(row)
                ruled.keep_permit(start, row.attempt)
        for seq in ruling.expired:
            self._move(seq, Event.EXPIRE, finished_at=rules.now, delete_at=rules.now + rules.keep)
        if ruling.expired and batch.reactions is not None:
            self._react(ruling.expired, batch.reactions, batch.reactions.budget)
        result.next_wake_us = self.tables.next_wake_us()

    def _react(self, seqs: Iterable[int], reactions: ReactionRules, used: int, repaused: Sequence[int] = ()) -> int:
        """Let what moved have its consequences, unless the budget is used up already; return how much work that was."""
        known = (self.tables.flagged(seq) for seq in dict.fromkeys(seqs) if seq in self.tables.records)
        changed = [job for job in known if job.flags]
        if not (changed or repaused) and (used or not reactions.goes_on):
            return 0
        reacted = decided(self.tables, reactions, changed, used, repaused)
        until = reactions.now + reactions.keep
        for seq, hold in reacted.holds.items():
            flags = self.tables.records[seq].flags
            self._replace(seq, flags=flags | IS_HELD if hold.is_held else flags & ~IS_HELD)
        unpause(self.tables, reacted.unpaused)
        for seq, pending in reacted.pending.items():
            self._replace(seq, pending=pending, **({"due_at": reactions.now} if seq in reacted.woken else {}))
        self.result.held += reacted.holds.values()
        for job, event, error, result, flags in reacted.moves:
            if event is Event.DUE:
                self._move(job.seq, event, due_at=reactions.now)
            elif event is Event.PAUSE:
                self._move(job.seq, event)
            elif event is Event.COMPLETE:
                kept = self.tables.records[job.seq].flags | flags
                self._move(job.seq, event, finished_at=reactions.now, delete_at=until, result=result, flags=kept)
                self.result.results[job.seq] = result or ""
            elif error is None:
                self._begin_again(job.seq, event, reactions.now)
            else:
                self._keep_attempt(job.seq, reactions.now)
                self._move(job.seq, event, finished_at=reactions.now, delete_at=until, error=error)
                self.result.errors[job.seq] = error
        self.result.more = self.result.more or reacted.more
        if not used:
            self.result.next_sweep = self.tables.next_sweep()
        return reacted.units

    def _admit(self, batch: CommitBatch, rules: Rules, admitted: Admitted) -> None:
        """Store the jobs that the rules admitted, and cancel those that find no place."""
        self.result.admitted = admitted
        self.result.duplicates |= admitted.duplicates
        self.result.aliases.update(aliased(batch.submissions, admitted))
        for alias in admitted.aliases.values():
            self.tables.put(self.tables.aliases, alias.id, alias.seq)
        for key in admitted.keys:
            self.tables.put(self.tables.unique, key.key, key)
        for job in admitted_of(batch.submissions, admitted):
            self._insert(job)
        for seq, flags in admitted.flags.items():
            if flags or seq in admitted.trees:
                self._replace(
                    seq,
                    flags=self.tables.records[seq].flags | flags,
                    pending=admitted.pending.get(seq, self.tables.records[seq].pending),
                    place=admitted.trees.get(seq, self.tables.records[seq].place),
                )
        for edge in admitted.edges:
            self.tables.put_edge(edge)
        for seq in admitted.joined:
            self._replace(seq, pending=self.tables.records[seq].pending + 1)
        for seq in admitted.sealed:
            self._replace(seq, flags=self.tables.records[seq].flags & ~IS_UNSEALED)
        for seq, reason in admitted.cancelled.items():
            self._cancel_one(seq, reason, rules)

    def _cancel_one(self, seq: int, reason: str, rules: Rules) -> None:
        self._keep_attempt(seq, rules.now)
        error = messages.to_json({"message": reason})
        self._move(seq, Event.CANCEL, finished_at=rules.now, delete_at=rules.now + rules.keep, error=error)

    def _keep_attempt(self, seq: int, now: float) -> None:
        """Keep the attempt of a running job that is cancelled."""
        before = self.tables.records[seq]
        if before.state == State.RUNNING and not before.flags & IS_FLOW:
            row = AttemptRow(seq, before.attempt, before.worker or "", before.started_at or now, now, "cancelled", None)
            self.tables.put(self.tables.attempts.setdefault(seq, {}), row.attempt, row)

    def _history(self, batch: CommitBatch) -> None:
        tables = self.tables
        for row in batch.attempts:
            tables.put(tables.attempts.setdefault(row.seq, {}), row.attempt, row)
        for event in batch.events:
            if event.number not in tables.events.setdefault(event.seq, {}):
                tables.put(tables.events[event.seq], event.number, event)
        for snapshot in batch.snapshots:
            self._snapshot(snapshot)
        if batch.notes:
            keep_notes(tables, batch.notes, batch.now())
        ask(tables, batch.asked, batch.now())
        self.result.told = [tell(tables, told, batch.now()) for told in batch.told]

    def _insert(self, job: NewJob) -> bool:
        tables = self.tables
        if job.id in tables.seqs:
            return False
        if job.id in tables.aliases:
            self.result.aliases[job.seq] = tables.records[tables.aliases[job.id]].new.id
            return False
        if job.seq in tables.records:
            raise ValueError(f"seq {job.seq} was given before")
        tables.put(tables.seqs, job.id, job.seq)
        GUARDS[INSERT].check(INSERT, [job.state])
        record = Record(job, str(job.state), job.attempt, job.number)
        tables.keep(
            job.seq,
            replace(
                record, due_at=job.due_at, expires_at=job.expires_at, deadline=job.deadline, started_at=job.started_at, worker=job.worker
            ),
        )  # fmt: skip
        return True

    def _running(self, batch: CommitBatch) -> None:
        for finish in batch.finishes:
            self._end_attempt(FINISH, **finish._asdict())
        for requeue in batch.requeues:
            before = self.tables.records.get(requeue.seq)
            values = requeue._asdict() | {"worker": None}
            if before is not None:
                values["flags"] = before.flags & ~IS_SUSPENDED  # a suspension in the same batch follows
                if (before.failures, before.crashes) != (requeue.failures, requeue.crashes):
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

    def _ask(self, id: bytes, event: Event | None, **changes: Any) -> Answer | None:
        """Move a job because a client asked for it; None: by a retry by hand."""
        seq = self.tables.seqs.get(id)
        if seq is None:
            return None
        state, flags = self.tables.records[seq].state, self.tables.records[seq].flags
        may_be = event is not None or not flags & IS_UNSEALED
        event = event or retried(self.tables.records[seq].pending, flags)
        if state not in GUARDS[event].sources or not may_be:
            return Answer(State(state), is_moved=False)
        moved = self._begin_again(seq, event, **changes) if event in BEGUN_AGAIN else self._move(seq, event, **changes)
        return Answer(moved.after, is_moved=True)

    def _begin_again(self, seq: int, event: Event, now: float) -> Moved:
        """Begin an ended job again, as if it were accepted now."""
        record, changes = self.tables.records[seq], dict(FORGOTTEN_BY_RETRY, failures=0, crashes=0)
        self.result.again.append(record.end())
        flags, changes["deadline"] = record.flags, renewed_deadline(record, now)
        if event is Event.RETRY_BY_HAND:
            flags, changes["pending"] = uncount_suspension(self.tables, seq), record.pending & PAUSE_BIT
        return self._move(seq, event, flags=flags & ~IS_OVERDUE, **changes)

    def _move(self, seq: int, event: Event, **changes: Any) -> Moved:
        before = State(self.tables.records[seq].state)
        record = self._advance(seq, event, **changes)
        moved = Moved(record.new.id, seq, record.new.partition, event, before, record.number)
        self.result.moved.append(moved)
        return moved

    def _advance(self, seq: int, event: Event, **changes: Any) -> Record:
        """Move a job by the table; raises IllegalMove."""
        record = self.tables.records[seq]
        changes["flags"] = changes.get("flags", record.flags) & ~IS_SKIPPED
        return self._replace(seq, state=str(advance(State(record.state), event)), number=record.number + 1, **changes)

    def _replace(self, seq: int, **changes: Any) -> Record:
        record = replace(self.tables.records[seq], **changes)
        self.tables.keep(seq, record)
        return record

    def _sweep(self, sweep: Sweep) -> None:
        def over(keys: list[Key]) -> list[int]:
            return [seq for time, seq in keys[: sweep.limit] if time <= sweep.now]

        for seq in over(self.tables.expiring):
            record = self.tables.records[seq]
            if record.deadline is None or record.deadline > (record.expires_at or 0.0):
                self._move(seq, Event.EXPIRE, finished_at=sweep.now, delete_at=sweep.now + sweep.delete_after)
        for seq in over(self.tables.ending):
            self._overdue(seq, sweep)
        for seq in over(self.tables.due):
            self._move(seq, Event.DUE)
        self.holding.end(sweep.now, sweep.limit)
        self.result.next_sweep = self.tables.next_sweep()

    def _overdue(self, seq: int, sweep: Sweep) -> None:
        """Fail a job at its deadline, or have the members followed that outlived their flow."""
        record = self.tables.records[seq]
        flags = record.flags | IS_OVERDUE
        if State(record.state).is_final:
            self._replace(seq, flags=flags)
            return self.result.look_at.append(seq)
        self._keep_attempt(seq, sweep.now)
        self.result.errors[seq] = error = error_at_deadline(self.tables, record)
        self._move(seq, Event.OVERDUE, finished_at=sweep.now, delete_at=sweep.now + sweep.delete_after, error=error, flags=flags)
        return None

    def _claim(self, claim: Claim) -> list[Claimed]:
        heads = sorted(
            key for partition in set(claim.partitions) for key in islice(self._claimable(partition, claim.now), claim.limit)
        )
        return [self._start(seq, claim.worker, claim.now) for _, seq in heads[: claim.limit]]

    def _start(self, seq: int, worker: str, now: float) -> Claimed:
        before = self.tables.records[seq]
        job = self._advance(seq, Event.START, attempt=before.attempt + 1, started_at=now, worker=worker)
        new = job.new
        return Claimed(
            seq, new.id, new.partition, new.priority, job.attempt, job.failures, job.crashes, job.number, new.created_at,
            before.ready_at(), new.caller, new.options, new.packed, job.flags, self.tables.deadline(job),
            bounded(self.tables.inputs, seq, MOST_INPUTS, MOST_INPUT_BYTES) if job.flags & HAS_INPUTS else None,
        )  # fmt: skip

    def _claimable(self, partition: int, now: float) -> Iterable[Key]:
        for key in self.tables.queues.get((partition, ""), ()):
            if not is_over(self.tables.records[key[1]].expires_at, now):
                yield key
