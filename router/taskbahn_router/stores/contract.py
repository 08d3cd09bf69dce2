"""What every store does, in the moves of `core.lifecycle`.

One `CommitBatch` is one transaction: all of it is durable when `commit` returns, or nothing of it happened and `StoreUnavailable` was
raised. A store is called on one thread of its own; each `Reader` on another one, and never waits for commits nor holds them up.
A store decides nothing: it neither knows the time nor draws conclusions, it moves what the batch names, guarded by state.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from taskbahn.errors import ServiceError, StoreUnavailable
from taskbahn_router.stores.auditing import AuditReader
from taskbahn_router.stores.kept_contract import KeptReader
from taskbahn_router.stores.queries import FailedRow, Filter, Listed, OutcomeRow, QueueCursor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from taskbahn_router.core.alarms import AlarmChange
    from taskbahn_router.core.audit import ActParts, AuditRow
    from taskbahn_router.core.credentials import CredentialChange, CredentialRow
    from taskbahn_router.core.firings import Firing, ScheduleChange
    from taskbahn_router.core.job_pauses import HoldingPause, PauseJob, ResumeJob
    from taskbahn_router.core.reactions import Edge, Hold, Input, NewEdge, NewMember, ReactionRules
    from taskbahn_router.core.rows import Admitted, Gate, GateUse, HeldJob, Rules, StalledGate
    from taskbahn_router.core.suspensions import Asked, Note, OpenQuestion, Suspension, Told
    from taskbahn_router.core.triggers import TriggerChange, Triggered
    from taskbahn_router.core.unique_keys import NewKey
    from taskbahn_router.stores.auditing import DropAudit
    from taskbahn_router.stores.minutes import BeganAgain, DropMinutes, MinuteRow
    from taskbahn_router.stores.rows import (
        Answer,
        AttemptRow,
        CancelJob,
        Claim,
        Claimed,
        EventRow,
        Finish,
        JobRow,
        KnownJob,
        LimitRow,
        Moved,
        NewJob,
        PartitionRow,
        Prune,
        Requeue,
        RetryJob,
        SkipJob,
        Snapshot,
        Sweep,
    )

__all__ = [
    "CommitBatch",
    "CommitResult",
    "FailedRow",
    "Filter",
    "Listed",
    "OutcomeRow",
    "QueueCursor",
    "Reader",
    "Store",
    "StoreLocked",
    "StoreUnavailable",
    "StoreUnusable",
]


class StoreUnusable(ServiceError):
    """The store cannot be opened: not writable, damaged, or made by a newer version. The sentence says what to do."""

    uri = "taskbahn.error.store_unusable"


class StoreLocked(StoreUnavailable):
    """Another program holds the data at this moment; nothing was changed, and it is worth a little waiting."""


@dataclass(slots=True)
class CommitBatch:
    """The moves of one turn; applied in the order of the fields, in one transaction."""

    partitions: list[PartitionRow] = field(default_factory=list)
    forgotten_tasks: list[str] = field(default_factory=list)  # names of declarations to delete
    tasks: list[tuple[str, str, float]] = field(default_factory=list)  # name, declaration as JSON, declared_at
    forgotten_limits: list[str] = field(default_factory=list)  # names of limits to delete
    limits: list[LimitRow] = field(default_factory=list)  # whole rows, new or changed
    new: list[NewJob] = field(default_factory=list)
    finishes: list[Finish] = field(default_factory=list)
    requeues: list[Requeue] = field(default_factory=list)
    attempts: list[AttemptRow] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)  # what jobs remember from now on
    asked: list[Asked] = field(default_factory=list)  # questions of running jobs
    told: list[Told] = field(default_factory=list)  # notes from outside
    cancels: list[CancelJob] = field(default_factory=list)
    retries: list[RetryJob] = field(default_factory=list)
    skips: list[SkipJob] = field(default_factory=list)
    job_pauses: list[PauseJob] = field(default_factory=list)
    resumes: list[ResumeJob] = field(default_factory=list)
    sweep: Sweep | None = None
    prune: Prune | None = None
    vacated: list[int] = field(default_factory=list)  # ids of partitions to delete: no job is left in them
    minutes: list[MinuteRow] = field(default_factory=list)
    drop_minutes: DropMinutes | None = None
    claims: list[Claim] = field(default_factory=list)
    ended: list[tuple[bytes, int]] = field(default_factory=list)  # attempts of jobs that were cancelled before: id, attempt
    submissions: list[list[NewJob]] = field(default_factory=list)  # entries that the rules admit or refuse, each as a whole
    edges: list[NewEdge] = field(default_factory=list)  # of new jobs in `submissions`; `unique` likewise
    unique: list[NewKey] = field(default_factory=list)  # at most one of a job
    members: list[NewMember] = field(default_factory=list)  # likewise
    admission_rows: int = 0  # about how many rows that touches besides
    rules: Rules | None = None  # decide about jobs with keys, and about all claims if their rooms are these
    schedules: list[ScheduleChange] = field(default_factory=list)  # new or changed
    dropped_schedules: list[tuple[str, int]] = field(default_factory=list)  # to delete if they have that version: id, version
    alarms: list[AlarmChange] = field(default_factory=list)
    firings: list[Firing] = field(default_factory=list)  # at most one of a schedule counts
    triggers: list[TriggerChange] = field(default_factory=list)  # as schedules
    dropped_triggers: list[tuple[str, int]] = field(default_factory=list)
    credentials: list[CredentialChange] = field(default_factory=list)  # new or changed
    dropped_credentials: list[tuple[str, int]] = field(default_factory=list)  # to delete if they have that version: id, version
    triggered: list[Triggered] = field(default_factory=list)  # what events have meant to triggers
    suspensions: list[Suspension] = field(default_factory=list)  # of jobs that `requeues` put to waiting
    reactions: ReactionRules | None = None  # decide what follows when flagged jobs move; without them nothing does
    acts: list[ActParts] = field(
        default_factory=list
    )  # what sessions asked for of all this; those that change something become entries
    audit: list[AuditRow] = field(default_factory=list)  # entries about what changes nothing
    drop_audit: DropAudit | None = None
    is_continued: bool = False  # a budget cut off what the batch goes on with, so it takes long

    def rows(self) -> int:
        """Return about how many rows the batch touches; a slow move counts as many."""
        purges = self.rules is not None and self.rules.purge is not None
        many = 1000 if self.sweep or self.prune or purges or self.minutes or self.is_continued else 0
        asked = len(self.cancels) + len(self.retries) + len(self.skips) + 2 * (len(self.job_pauses) + len(self.resumes))
        names = len(self.tasks) + len(self.forgotten_tasks) + len(self.limits) + len(self.forgotten_limits)
        new = len(self.new) + (
            sum(map(len, self.submissions)) + self.admission_rows + len(self.edges) + len(self.unique) if self.submissions else 0
        )
        small = new + len(self.finishes) + len(self.requeues) + len(self.attempts) + len(self.events) + len(self.snapshots)
        small += (
            len(self.notes)
            + len(self.asked)
            + 2 * len(self.told)
            + sum(8 + len(one.jobs) + len(one.notes) for one in self.suspensions)
        )
        fired = 3 * (len(self.firings) + len(self.alarms)) + len(self.triggered)
        fired += 2 * (len(self.acts) + len(self.audit)) + (1000 if self.drop_audit else 0)
        kept = 3 * (len(self.schedules) + len(self.dropped_schedules) + len(self.triggers) + len(self.dropped_triggers))
        kept += len(self.credentials) + len(self.dropped_credentials)
        return many + names + small + asked + fired + kept + sum(claim.limit for claim in self.claims)

    def now(self) -> float:
        """Return the time of the commit, seconds; a batch without reactions tells none."""
        return self.reactions.now if self.reactions is not None else 0.0

    def allow(self, budget: int) -> None:
        """Let rules and reactions do a number of units of work."""
        for decides in (self.rules, self.reactions):
            if decides is not None:
                decides.budget = budget

    def forget(self, seqs: set[int]) -> None:
        """Drop all rows of some jobs."""
        self.new = [row for row in self.new if row.seq not in seqs]
        self.submissions = [left for rows in self.submissions if (left := [row for row in rows if row.seq not in seqs])]
        self.edges = [row for row in self.edges if row.holder not in seqs]
        self.unique = [row for row in self.unique if row.seq not in seqs]
        self.members = [row for row in self.members if row.seq not in seqs]
        self.finishes = [row for row in self.finishes if row.seq not in seqs]
        self.requeues = [row for row in self.requeues if row.seq not in seqs]
        self.attempts = [row for row in self.attempts if row.seq not in seqs]
        self.events = [row for row in self.events if row.seq not in seqs]
        self.snapshots = [row for row in self.snapshots if row.seq not in seqs]
        self.notes = [row for row in self.notes if row.seq not in seqs]
        self.asked = [row for row in self.asked if row.seq not in seqs]
        self.suspensions = [row for row in self.suspensions if row.seq not in seqs]
        self.firings = [firing for firing in self.firings if seqs.isdisjoint(firing.jobs)]
        self.triggered = [one for one in self.triggered if seqs.isdisjoint(one.jobs)]
        self.acts = [kept for one in self.acts if (kept := one.without(seqs)) is not None]


@dataclass(slots=True)
class CommitResult:
    """What came of a `CommitBatch`; lists run parallel to those of the batch where both have one."""

    duplicates: set[int] = field(default_factory=set)  # seqs of new jobs whose id the store has already: it inserted nothing
    aliases: dict[int, bytes] = field(default_factory=dict)  # those of them whose id means another job -> that job's id
    others: dict[int, KnownJob] = field(default_factory=dict)  # those of them whose id has a job of another partition or caller
    moved: list[Moved] = field(default_factory=list)  # jobs that cancels, retries, the sweep, rules and reactions moved, in order
    again: list[BeganAgain] = field(default_factory=list)  # those of them that had ended; their minutes count them no longer
    errors: dict[int, str] = field(default_factory=dict)  # seqs of jobs that reactions ended without success -> the error as JSON
    results: dict[int, str] = field(default_factory=dict)  # seqs of flows that succeeded -> the result as JSON
    admitted: Admitted | None = None  # what became of the submissions of the batch, if it had some
    answers: list[Answer | None] = field(default_factory=list)  # to cancels, retries, then skips; None: no such job
    paused: list[Answer | None] = field(default_factory=list)  # to the pauses of jobs, then to those that end them
    held: list[Hold] = field(default_factory=list)  # jobs that a pause holds since this commit, or lets go
    told: list[tuple[Answer, str] | None] = field(
        default_factory=list
    )  # whether each note was new, and its name; None: no such job
    look_at: list[int] = field(
        default_factory=list
    )  # seqs of jobs that ended before, and that others follow since now, or that were skipped
    repaused: list[int] = field(default_factory=list)  # seqs of jobs whose own pause began or ended
    next_sweep: float | None = None  # when the next waiting job is due or expires; None without a sweep or reactions
    pruned: int = 0
    pruned_of: dict[tuple[int, str], int] = field(default_factory=dict)  # (partition, state) -> pruned jobs
    prune_after: int | None = None  # seq after which the next prune goes on; None: the prune reached the end
    claimed: list[list[Claimed]] = field(default_factory=list)
    more: bool = False  # rules or reactions were cut off: another commit goes on
    purge_after: str | None = None  # key after which the next purge of gates goes on; None: the purge reached the end
    ruled: set[int] = field(default_factory=set)  # partitions whose lanes changed
    next_wake_us: int | None = None  # when the rules are to be asked again, if a batch had some
    schedules: list[bool] = field(default_factory=list)  # whether each change of schedules, then each deletion, holds
    alarms: list[bool] = field(default_factory=list)  # whether each change of an alarm holds
    fired: list[str] = field(default_factory=list)  # the outcome of each firing
    triggers: list[bool] = field(default_factory=list)  # as schedules
    credentials: list[bool] = field(default_factory=list)  # as schedules
    unfired: set[int] = field(default_factory=set)  # seqs of the jobs of firings that start none
    replaced: dict[int, str] = field(default_factory=dict)  # seqs of the jobs that firings cancelled -> why
    audited: list[tuple[int, AuditRow] | None] = field(
        default_factory=list
    )  # entries of acts, then the others; None: nothing changed
    dropped_audit: int = 0  # entries


@dataclass(frozen=True, slots=True)
class StartState:
    """What a dispatcher needs to know when it starts."""

    last_seq: int
    partitions: list[PartitionRow]
    jobs: dict[int, int]  # partition -> count of all its jobs; without partitions that have none
    ready: dict[int, int]  # partition -> count
    tasks: list[tuple[str, str, float]]  # name, declaration as JSON, declared_at
    running: list[JobRow]  # `number` is that of the newest event stored, which may be ahead of the row's
    next_sweep: float | None
    counts: dict[str, int]  # state -> jobs
    minutes: list[MinuteRow] = field(default_factory=list)  # rows of the newest stored minute
    ruled: list[int] = field(default_factory=list)  # partitions that have lanes
    holding: list[tuple[bytes, int]] = field(default_factory=list)  # id, attempt: what holds a permit and is not running
    next_wake_us: int | None = None
    has_duties: bool = False  # reactions were cut off: the next commit goes on
    limits: list[LimitRow] = field(default_factory=list)  # by name
    last_marks: dict[int, int] = field(default_factory=dict)  # seq of a running job -> the newest stored mark of its attempt
    unsealed: list[bytes] = field(default_factory=list)  # ids of running flows of which jobs are still to be stored
    credentials: list[CredentialRow] = field(default_factory=list)  # in the order in which they were created


class Reader(KeptReader, AuditReader, Protocol):
    """Questions that change nothing; on a thread of their own.  Each raises StoreUnavailable when the store cannot be read."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Answer all questions that are asked inside from one moment, as if no commit came between them."""

    def job(self, id: bytes) -> JobRow | None:
        """Return one job; None when there is none of this id.  An id that means another job gives that one."""

    def unique_key(self, seq: int) -> str | None:
        """Return the unique key that a job was given last of all with that key; None: it has none."""

    def jobs(self, wanted: Filter) -> Listed:
        """Return up to `wanted.limit` jobs, newest first, and where to go on; it looks at a bounded number of rows."""

    def rows(self, seqs: Sequence[int]) -> list[JobRow]:
        """Return those jobs as lists have them, newest first."""

    def failed(self, before: int | None, limit: int) -> list[FailedRow]:
        """Return up to *limit* failed jobs with seqs below *before*, newest first."""

    def errors(self, seqs: Sequence[int]) -> dict[int, str]:
        """Return the whole errors, as JSON, of those jobs that have one."""

    def ahead(self, spots: Sequence[QueueCursor], most: int) -> list[int]:
        """Return for each spot how many ready jobs come before it, counting no more than *most*."""

    def held(self, seqs: Sequence[int], most: int, holders: int) -> list[HeldJob]:
        """Return those of the ready jobs whose lane is before a gate, counting jobs ahead to *most*, with the first *holders*."""

    def member_counts(self, seqs: Sequence[int], most: int) -> dict[int, dict[str, int]]:
        """Return by state how many members those jobs have, of the first of them until *most* members are counted."""

    def member_weights(self, seq: int) -> dict[str, float]:
        """Return by state what the members of a job weigh, by their own options."""

    def members(self, seq: int, after: int, limit: int, states: Sequence[str] = ()) -> list[int]:
        """Return the first *limit* members of a job with seqs above *after*, in order; in any state if none is named."""

    def edges_to(self, seqs: Sequence[int], most: int) -> list[Edge]:
        """Return what those jobs wait for or have waited for, by child and position, *most* of all together."""

    def edges_from(self, seqs: Sequence[int], most: int) -> list[Edge]:
        """Return what waits for those jobs or has waited for them, by parent and child, *most* of all together."""

    def keys(self, seq: int) -> str | None:
        """Return the keys of a job's own, as JSON; None: it has none, or does not exist."""

    def gates(self, keys: Sequence[str]) -> list[Gate]:
        """Return the gates of those keys that have a row."""

    def gates_in_use(self, now_us: int, most: int, most_jobs: int) -> list[GateUse]:
        """Return the gates that are in use or have lanes before them, up to *most* of each limit, the fullest first.

        Jobs are counted to *most_jobs*; the oldest is that of the counted ones.
        """

    def stalled(self, attempts: Sequence[tuple[bytes, int]], most_jobs: int) -> list[StalledGate]:
        """Return the gates with lanes before them, all of whose permits belong to those attempts, by key.

        An attempt is a job's id and the attempt's number. Jobs are counted to *most_jobs*.
        """

    def outcomes(self, ids: Sequence[bytes], most_bytes: int = sys.maxsize) -> list[OutcomeRow]:
        """Return the outcomes of those jobs that exist, in any order, and none after *most_bytes* by `OutcomeRow.weight`.

        So if those that are returned weigh less, the others do not exist. Each row has the id that was asked for.
        """

    def events(self, seq: int, after: int, limit: int, most_bytes: int = sys.maxsize) -> list[EventRow]:
        """Return the stored events of a job with number > *after*, in order: *limit* at most, and none after *most_bytes* of data."""

    def inputs(self, seq: int, after: int, limit: int, most_bytes: int = sys.maxsize) -> list[Input]:
        """Return what other jobs give to a job behind the position *after*: *limit* at most, and none after *most_bytes* of results."""

    def notes(self, seq: int, after: str, limit: int, most_bytes: int = sys.maxsize) -> list[Note]:
        """Return what a job remembers behind the name *after*, by name: *limit* at most, and none after *most_bytes* of values."""

    def questions(self, seq: int | None, after: int, limit: int, kind: str = "question") -> list[OpenQuestion]:
        """Return what is open of a kind of `suspensions.KINDS`: of a job, or of jobs with seqs above *after*, *limit* at most."""

    def awaited(self, seq: int, most: int) -> list[str]:
        """Return the names of notes for which a suspended job waits, in order."""

    def holding_pause(self, seq: int) -> HoldingPause | None:
        """Return the pause that holds a job: its own, or that of the nearest job that it is a part of."""

    def newest_event(self, seq: int) -> int:
        """Return the number of a job's newest stored event; 0: it has none."""

    def attempts(self, seq: int) -> list[AttemptRow]:
        """Return the unsuccessful attempts of a job, in order."""

    def oldest(self) -> dict[int, float]:
        """Return for each partition with ready jobs when the oldest of them was accepted, whatever its priority."""

    def waiting(self) -> dict[int, int]:
        """Return for each partition how many jobs wait for a time."""

    def minutes(self, since: int, until: int, task: str | None) -> list[MinuteRow]:
        """Return the minutes that began at *since* or later and before *until*, in order; None: of all tasks, and of all together."""

    def close(self) -> None:
        """Let go of the store; safe twice."""


class Store(Protocol):
    """The durable truth. Methods are called on one thread, in order."""

    def open(self) -> StartState:
        """Open or create, migrate, and return what it found.  Raises StoreUnusable."""

    def commit(self, batch: CommitBatch) -> CommitResult:
        """Apply a batch in one transaction.  Raises StoreUnavailable: nothing was changed, safe to call again.

        It never waits for other programs (`StoreLocked`). After a refusal the next commit writes to the disk even if the batch
        is empty, so that what comes of it tells whether the store is well again.
        """

    def prepare(self, batch: CommitBatch) -> None:
        """Start the transaction of a batch early. Nothing is visible before `commit`; never raises.

        *batch* has only new jobs and partitions. The next commit may begin with the same ones, or discards them.
        """

    def knows(self, id: bytes) -> bool:
        """Return whether the store has a job of that id, or one that it means. Quick, for each early hand-out waits for it.

        Raises StoreUnavailable.
        """

    def reader(self) -> Reader:
        """Return a new reader, to be used on one other thread."""

    def close(self) -> None:
        """Let go of everything; safe twice."""
