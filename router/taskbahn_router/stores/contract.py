"""What every store does, in the moves of `core.lifecycle`.

One `Batch` is one transaction: all of it is durable when `commit` returns, or nothing of it happened and `StoreUnavailable` was
raised. A store is called on one thread of its own; each `Reader` on another one, and never waits for commits nor holds them up.
A store decides nothing: it neither knows the time nor draws conclusions, it moves what it is told to move, guarded by state.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from taskbahn.errors import ServiceError, StoreUnavailable
from taskbahn_router.core.lifecycle import advance
from taskbahn_router.stores.questions import FailedRow, Filter, Listed, OutcomeRow, Spot

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from taskbahn.states import State
    from taskbahn_router.core.lifecycle import Event
    from taskbahn_router.stores.minute import DropMinutes, MinuteRow

__all__ = [
    "Batch",
    "CommitResult",
    "FailedRow",
    "Filter",
    "Listed",
    "OutcomeRow",
    "Reader",
    "Spot",
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


class LineRow(NamedTuple):
    """A line: the jobs of one task in one queue."""

    id: int
    queue: str
    task: str


class NewJob(NamedTuple):
    """A job to insert; `seq` is the order of acceptance, given by the dispatcher. Times in seconds since the epoch."""

    seq: int
    id: bytes
    line: int
    state: str
    priority: int
    attempt: int
    number: int
    created_at: float
    due_at: float | None
    expires_at: float | None
    started_at: float | None
    worker: str | None
    caller: str | None
    options: str | None
    tags: str | None  # JSON list
    packed: str


class Finish(NamedTuple):
    """A running job's end; guarded by its attempt."""

    state: str
    finished_at: float
    result: str | None
    error: str | None
    progress: str | None
    number: int
    failures: int
    crashes: int
    delete_at: float
    fingerprint: str | None  # of a failed job, to find those that failed alike
    seq: int
    attempt: int


class Requeue(NamedTuple):
    """A running job goes back to ready, or to waiting until `due_at`; guarded by its attempt.

    If its attempt counts (`failures` or `crashes` rise) it has started in time and expires no more.
    """

    state: str
    due_at: float | None
    progress: str | None
    number: int
    failures: int
    crashes: int
    seq: int
    attempt: int


class AttemptRow(NamedTuple):
    """An attempt that did not succeed."""

    seq: int
    attempt: int
    worker: str
    started_at: float
    ended_at: float
    outcome: str
    error: str | None  # JSON


class EventRow(NamedTuple):
    """A log line or a chunk.

    attempt: whose it is; 0: not known.  mark: the newest of that attempt's marks so far, so that its newest row tells what was heard.
    """

    seq: int
    number: int
    at: float
    kind: str
    data: str  # JSON
    attempt: int = 0
    mark: int = 0


class Snapshot(NamedTuple):
    """The newest event number and progress of a running job."""

    number: int
    progress: str | None
    seq: int


class Claim(NamedTuple):
    """Start up to `limit` ready jobs of `lines` for `worker`: higher priority first, then first come."""

    worker: str
    lines: tuple[int, ...]
    limit: int
    now: float


class Claimed(NamedTuple):
    """A job that was started by a `Claim`; `attempt` and `number` are the new ones.

    ready_at: when it became ready; None if that is not known, as after an attempt that was handed back.
    """

    seq: int
    id: bytes
    line: int
    priority: int
    attempt: int
    failures: int
    crashes: int
    number: int
    created_at: float
    ready_at: float | None
    caller: str | None
    options: str | None
    packed: str


class CancelJob(NamedTuple):
    """Cancel a job that is not final."""

    id: bytes
    now: float
    delete_at: float
    error: str


class RetryJob(NamedTuple):
    """Put a failed, cancelled or expired job back to ready, its counts at zero."""

    id: bytes


class Moved(NamedTuple):
    """A job that the store itself moved: by a cancel, by a retry by hand, or because its time has come.  number: of that event."""

    id: bytes
    seq: int
    line: int
    event: Event
    before: State
    number: int

    @property
    def after(self) -> State:
        """The state to which the table leads."""
        return advance(self.before, self.event)


class Answer(NamedTuple):
    """How a cancel or a retry by hand left a job; it changed nothing where the table has no such move."""

    state: State
    is_moved: bool


class Sweep(NamedTuple):
    """Make what is due ready and expire what did not start in time, up to `limit` of each; `now` by the dispatcher's clock."""

    now: float
    limit: int
    delete_after: float  # seconds that expired jobs stay readable


class Prune(NamedTuple):
    """Delete final jobs with `delete_at` <= now among the seqs after `after`, looking at no more than `limit` of them."""

    now: float
    after: int
    limit: int


@dataclass(slots=True)
class Batch:
    """The moves of one turn; applied in the order of the fields, in one transaction."""

    lines: list[LineRow] = field(default_factory=list)
    tasks: list[tuple[str, str, float]] = field(default_factory=list)  # name, declaration as JSON, declared_at
    new: list[NewJob] = field(default_factory=list)
    finishes: list[Finish] = field(default_factory=list)
    requeues: list[Requeue] = field(default_factory=list)
    attempts: list[AttemptRow] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    cancels: list[CancelJob] = field(default_factory=list)
    retries: list[RetryJob] = field(default_factory=list)
    sweep: Sweep | None = None
    prune: Prune | None = None
    minutes: list[MinuteRow] = field(default_factory=list)
    drop_minutes: DropMinutes | None = None
    claims: list[Claim] = field(default_factory=list)

    def rows(self) -> int:
        """Return about how many rows it touches; what takes long counts as many."""
        many = 1000 if self.sweep or self.prune or self.minutes else 0
        small = (
            len(self.new) + len(self.finishes) + len(self.requeues) + len(self.attempts) + len(self.events) + len(self.snapshots)
        )
        return many + small + len(self.cancels) + len(self.retries) + sum(claim.limit for claim in self.claims)

    def forget(self, seqs: set[int]) -> None:
        """Drop all rows of some jobs."""
        self.new = [row for row in self.new if row.seq not in seqs]
        self.finishes = [row for row in self.finishes if row.seq not in seqs]
        self.requeues = [row for row in self.requeues if row.seq not in seqs]
        self.attempts = [row for row in self.attempts if row.seq not in seqs]
        self.events = [row for row in self.events if row.seq not in seqs]
        self.snapshots = [row for row in self.snapshots if row.seq not in seqs]


@dataclass(slots=True)
class CommitResult:
    """What came of a `Batch`; lists run parallel to those of the batch where both have one."""

    duplicates: set[int] = field(default_factory=set)  # seqs of new jobs whose id was there already: nothing was inserted
    moved: list[Moved] = field(default_factory=list)  # by cancels, retries and the sweep, in the order in which it happened
    answers: list[Answer | None] = field(default_factory=list)  # to the cancels, then to the retries; None: no such job
    next_sweep: float | None = None  # when the next waiting job is due or the next one expires, if a sweep was asked for
    pruned: int = 0
    prune_after: int | None = None  # where the next prune goes on; None: the end was reached
    claimed: list[list[Claimed]] = field(default_factory=list)


class JobRow(NamedTuple):
    """A job as it is stored, with the names of its line."""

    seq: int
    id: bytes
    line: int
    queue: str
    task: str
    state: str
    priority: int
    attempt: int
    failures: int
    crashes: int
    number: int
    created_at: float
    due_at: float | None
    expires_at: float | None
    started_at: float | None
    finished_at: float | None
    delete_at: float | None  # when it may be pruned, once it is final
    worker: str | None
    caller: str | None
    options: str | None
    tags: str | None
    packed: str
    progress: str | None
    result: str | None
    error: str | None
    fingerprint: str | None  # of a failed job; those that failed before schema 4 have none


@dataclass(frozen=True, slots=True)
class StartState:
    """What a dispatcher needs to know when it starts."""

    last_seq: int
    lines: list[LineRow]
    ready: dict[int, int]  # line -> count
    tasks: list[tuple[str, str]]  # name, declaration as JSON
    running: list[JobRow]  # `number` is that of the newest event stored, which may be ahead of the row's
    next_sweep: float | None
    counts: dict[str, int]  # state -> jobs
    minutes: list[MinuteRow] = field(default_factory=list)  # of the newest minute that was stored
    heard: dict[int, int] = field(default_factory=dict)  # seq -> the newest mark that is stored of a running job's attempt


class Reader(Protocol):
    """Questions that change nothing; on a thread of their own.  Each raises StoreUnavailable when the store cannot be read."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Answer all questions that are asked inside from one moment, as if no commit came between them."""

    def job(self, id: bytes) -> JobRow | None:
        """Return one job; None when there is none of this id."""

    def jobs(self, wanted: Filter) -> Listed:
        """Return up to `wanted.limit` jobs, newest first, and where to go on; it looks at a bounded number of rows."""

    def rows(self, seqs: Sequence[int]) -> list[JobRow]:
        """Return those jobs as lists have them, newest first."""

    def failed(self, before: int | None, limit: int) -> list[FailedRow]:
        """Return up to *limit* failed jobs with seqs below *before*, newest first."""

    def errors(self, seqs: Sequence[int]) -> dict[int, str]:
        """Return the whole errors, as JSON, of those jobs that have one."""

    def ahead(self, spots: Sequence[Spot], most: int) -> list[int]:
        """Return for each spot how many ready jobs come before it, counting no more than *most*."""

    def outcomes(self, ids: Sequence[bytes], most_bytes: int = sys.maxsize) -> list[OutcomeRow]:
        """Return how those jobs stand that exist, in any order, and none after *most_bytes* by `OutcomeRow.weight`.

        So if those that are returned weigh less, the others do not exist.
        """

    def events(self, seq: int, after: int, limit: int, most_bytes: int = sys.maxsize) -> list[EventRow]:
        """Return the stored events of a job with number > *after*, in order: *limit* at most, and none after *most_bytes* of data."""

    def newest_event(self, seq: int) -> int:
        """Return the number of a job's newest stored event; 0: it has none."""

    def attempts(self, seq: int) -> list[AttemptRow]:
        """Return the unsuccessful attempts of a job, in order."""

    def oldest(self) -> dict[int, float]:
        """Return for each line with ready jobs when the oldest of them was accepted, whatever its priority."""

    def waiting(self) -> dict[int, int]:
        """Return for each line how many jobs wait for a time."""

    def minutes(self, since: int, until: int, task: str | None) -> list[MinuteRow]:
        """Return the minutes that began at *since* or later and before *until*, in order; None: of all tasks, and of all together."""

    def close(self) -> None:
        """Let go of the store; safe twice."""


class Store(Protocol):
    """The durable truth. Methods are called on one thread, in order."""

    def open(self) -> StartState:
        """Open or create, migrate, and tell where things stand.  Raises StoreUnusable."""

    def commit(self, batch: Batch) -> CommitResult:
        """Apply a batch in one transaction.  Raises StoreUnavailable: nothing was changed, safe to call again.

        It never waits for other programs (`StoreLocked`). After a refusal the next commit writes to the disk even if the batch
        is empty, so that what comes of it tells whether the store is well again.
        """

    def prepare(self, batch: Batch) -> None:
        """Do what can be done before of a batch's commit, of which nothing is seen until then; never raises.

        *batch* has nothing but new jobs and lines. The next commit is of a batch that begins with the same, or without them.
        """

    def knows(self, id: bytes) -> bool:
        """Return whether there is a job of that id; for one that is about to be accepted, so it must be quick.

        Raises StoreUnavailable.
        """

    def reader(self) -> Reader:
        """Return a new reader, to be used on one other thread."""

    def close(self) -> None:
        """Let go of everything; safe twice."""
