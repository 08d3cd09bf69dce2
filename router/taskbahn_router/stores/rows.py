"""The rows that go into a store and come out of it.  Times are seconds since the epoch, UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from taskbahn_router.core.lifecycle import advance

if TYPE_CHECKING:
    from taskbahn.protocol.states import State
    from taskbahn_router.core.lifecycle import Event
    from taskbahn_router.core.reactions import Input


class PartitionRow(NamedTuple):
    """A partition: the jobs of one task in one queue."""

    id: int
    queue: str
    task: str


class LimitRow(NamedTuple):
    """A limit: what tasks declare and what operators set instead."""

    name: str
    kind: str
    declared: str | None  # JSON of the newest declaration
    override: str | None  # JSON; None: the declaration holds
    version: int  # counts its changes
    changed_by: str | None  # who changed the override
    changed_at: float | None


class NewJob(NamedTuple):
    """A job to insert; `seq` is the order of acceptance, given by the dispatcher. Times in seconds since the epoch."""

    seq: int
    id: bytes
    partition: int
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
    keys: str | None = None  # JSON of [[key, cost], ...] of the limits that it is under; None: a plain job
    deadline: float | None = None  # of its own


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
    fingerprint: str | None  # what jobs that failed alike have in common; None unless the job failed
    seq: int
    attempt: int


class Requeue(NamedTuple):
    """A running job goes back to ready, or to waiting until `due_at`; guarded by its attempt.

    If its attempt counts (`failures` or `crashes` rise), the job has started in time and expires no more.
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

    attempt: the attempt that said it; 0: not known.  mark: the attempt's newest mark so far: its newest row tells what the store has.
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
    """Start up to `limit` ready jobs of `partitions` for `worker`: higher priority first, then first come."""

    worker: str
    partitions: tuple[int, ...]
    limit: int
    now: float


class Claimed(NamedTuple):
    """A job that was started by a `Claim`; `attempt` and `number` are the new ones.

    ready_at: when it became ready; None if that is not known, as after an attempt that was handed back.
    """

    seq: int
    id: bytes
    partition: int
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
    flags: int = 0
    deadline: float | None = None  # of its own or of its flow, whichever comes first
    inputs: list[Input] | None = None  # what it gets from others; None: nothing, or too much
    holds: bool = False  # its attempt has permits


class KnownJob(NamedTuple):
    """Whose the job is that an id means.   is_joined: the id is another one than that of the job, which its caller's job has joined."""

    partition: int
    caller: str | None
    tags: str | None
    is_joined: bool

    def differs(self, new: NewJob) -> bool:
        """Return whether it is of another partition than a new job of that id, or of others; those of jobs that are joined may be."""
        return self.partition != new.partition or ((self.caller, self.tags) != (new.caller, new.tags) and not self.is_joined)


class CancelJob(NamedTuple):
    """Cancel a job that is not final."""

    id: bytes
    now: float
    delete_at: float
    error: str


class RetryJob(NamedTuple):
    """Put a failed, cancelled or expired job back to ready, its counts at zero."""

    id: bytes


class SkipJob(NamedTuple):
    """Let those go on without a job that are held by it; it ended without success."""

    id: bytes


class Moved(NamedTuple):
    """A job that the store itself moved: by a cancel, by a retry by hand, or because its time has come.  number: of that event."""

    id: bytes
    seq: int
    partition: int
    event: Event
    before: State
    number: int

    @property
    def after(self) -> State:
        """The state to which the table leads."""
        return advance(self.before, self.event)


class Answer(NamedTuple):
    """How a cancel, a retry by hand or a skip left a job; it changed nothing where the table has no such move, or nothing is held."""

    state: State
    is_moved: bool


class Sweep(NamedTuple):
    """Make what is due ready, expire what did not start in time, and fail what did not end by its deadline: up to `limit` of each.

    now: by the dispatcher's clock.   delete_after: seconds that the jobs which it ends stay readable.
    """

    now: float
    limit: int
    delete_after: float


class Prune(NamedTuple):
    """Delete final jobs with `delete_at` <= now among the seqs after `after`, looking at no more than `limit` of them."""

    now: float
    after: int
    limit: int


class JobRow(NamedTuple):
    """A job as it is stored, with the names of its partition."""

    seq: int
    id: bytes
    partition: int
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
    delete_at: float | None  # when the store may delete the job; None until it is final
    worker: str | None
    caller: str | None
    options: str | None
    tags: str | None
    packed: str
    progress: str | None
    result: str | None
    error: str | None
    fingerprint: str | None  # None unless the job failed, and for jobs that failed before schema 4
    parent: bytes | None = None  # id of the job to which it belongs; None: it belongs to none, or that is deleted
    root: bytes | None = None  # id of the job at the root of its tree
    label: str | None = None  # its name in the flow
    flags: int = 0  # as in `core.reactions`
    deadline: float | None = None  # of its own or of its flow, whichever comes first
