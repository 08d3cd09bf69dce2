"""What the dispatcher holds in memory: partitions, tasks, workers, and the jobs that run or are just being accepted.

What waits is in the store; of it only counts are here. Nothing here sends or stores anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from taskbahn.errors import InvalidRequest, TaskbahnError
from taskbahn.protocol import messages
from taskbahn.protocol.inputs import filled
from taskbahn.protocol.states import State
from taskbahn.protocol.vitals import Vitals
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.job_times import expiry
from taskbahn_router.core.lifecycle import Event, advance, first_state
from taskbahn_router.core.placement import WorkerCapacity
from taskbahn_router.core.policy import Policy, policy_of
from taskbahn_router.core.reactions import HAS_INPUTS, HAS_NOTES, IS_LARGE, given
from taskbahn_router.model.declared_task import DeclaredTask
from taskbahn_router.model.other_code import NOTHING, OtherCode
from taskbahn_router.model.partitions import Partition, Partitions, Reach

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from taskbahn_router.core.reactions import Input
    from taskbahn_router.core.unique_keys import Member, NewKey
    from taskbahn_router.model.job_links import JobLinks
    from taskbahn_router.stores.contract import StartState
    from taskbahn_router.stores.rows import Claimed, JobRow

ID_LENGTH = 36
ID_BYTES = 16
MAX_ATTEMPT = (1 << 63) - 1  # that a store can keep


def id_bytes(text: Any, name: str = "") -> bytes:
    """Return the 16 bytes of a UUID in its text form; raises `InvalidRequest`, which says the *name* of the argument."""
    if isinstance(text, str) and len(text) == ID_LENGTH and text[8] == text[13] == text[18] == text[23] == "-":
        try:
            raw = bytes.fromhex(text.replace("-", ""))
        except ValueError:
            raw = b""
        if len(raw) == ID_BYTES:  # text with spaces gives fewer bytes
            return raw
    shown = repr(text[:100]) if isinstance(text, str) else f"a {type(text).__name__}"
    raise InvalidRequest(
        f"{name and f'{name}: '}{shown} is no job id: it must be a UUID such as 0192f0c1-2d3e-7abc-8def-0123456789ab"
    )


def both_ids(text: Any) -> tuple[str, bytes]:
    """Return the canonical text form of a UUID, and its 16 bytes; raises `InvalidRequest`."""
    raw = id_bytes(text)
    return text if text.islower() else id_text(raw), raw


class Channel(Protocol):
    """The way to a worker."""

    def order(self, order: dict[str, Any]) -> None:
        """Send a `messages.WorkerOrder`."""

    def dismiss(self, error: TaskbahnError) -> None:
        """End its session."""


@dataclass(slots=True, eq=False)
class AttachedWorker:
    """A worker that is attached, or that lost its session a moment ago (then `orders` is None)."""

    id: str
    hello: messages.Hello
    room: WorkerCapacity
    orders: Channel | None
    attached_at: float
    since: float  # when it was welcomed first, perhaps by an earlier dispatcher; `attached_at` is of this session
    last_heartbeat: float  # by the monotonic clock
    attempts: dict[str, int] = field(default_factory=dict)  # job -> attempt that occupies it
    slow: set[str] = field(default_factory=set)  # jobs whose attempts are not known to be short
    parked: set[str] = field(default_factory=set)  # jobs whose attempts wait and have given their slots back
    limits: dict[str, tuple[Any, str]] = field(default_factory=dict)  # `protocol.limits.definitions` of all its tasks
    draining: bool = False  # the worker takes no more: it stops
    drained: bool = False  # an operator drained the worker
    finished: int = 0  # attempts that succeeded
    failed: int = 0
    vitals: Vitals = field(default_factory=Vitals)  # the newest that the worker reported
    blocked_since: float | None = None  # when its event loop was blocked first, by the dispatcher's clock
    outbox: dict[str, Any] = field(default_factory=dict)  # the next order
    reach: Reach | None = None
    gone_at: float = 0.0  # when its session ended, if it has none
    withheld: frozenset[str] = NOTHING  # tasks of which it gets no jobs: `other_code`
    owner: str | None = None  # the name of the session that came under this id; None: without login

    def holds_slow(self, jobs: Iterable[str]) -> None:
        """Note that the worker's attempts of those jobs may take long: it gets no look-ahead meanwhile."""
        self.slow.update(jobs)
        self.room.slow = len(self.slow)

    def park(self, id: str, attempt: int, *, is_parked: bool) -> None:
        """Note that an attempt gave its slot back while it waits, or has it again; then the worker may run more than its slots."""
        if self.attempts.get(id) != attempt or (id in self.parked) == is_parked:
            return
        if is_parked:
            self.parked.add(id)
            self.slow.discard(id)
            self.room.in_flight -= 1
        else:
            self.parked.discard(id)
            self.slow.add(id)
            self.room.in_flight += 1
        self.room.slow = len(self.slow)

    def blocked(self) -> dict[str, Any] | None:
        """Return the `views.BlockedView` of the worker's event loop; None while the loop answers."""
        told = self.vitals.blocked
        if told is None or self.blocked_since is None:
            return None
        return {"since": self.blocked_since, "at": told.at, "job": told.job, "attempt": told.attempt, "task": told.task}

    def is_blocked_for(self, task: str) -> bool:
        """Return whether the task needs the worker's event loop, and the loop is blocked."""
        return self.vitals.blocked is not None and any(one.name == task and one.pool == "loop" for one in self.hello.tasks)

    def settle_room(self) -> None:
        """Open or close the worker's room for new attempts, as the worker and operators want it."""
        self.room.open = self.orders is not None and not self.draining and not self.drained

    def order_run(self, job: LiveJob) -> None:
        """Put a job's attempt into the next order."""
        run = self.outbox.setdefault("run", [])
        order = [job.id, job.attempt, job.partition.task, job.packed, job.policy.run_within]
        has_notes = job.flags & HAS_NOTES != 0
        special: list[Any] = [job.lacks_inputs, has_notes, job.has_permits, job.policy.at_most_once]
        if job.deadline is not None:
            special.append(job.deadline)
        run.append([*order, *special] if any(special) else order)

    def order_recorded(self, refused: list[list[Any]]) -> None:
        """Put the acknowledgement of a streamed report into the next order."""
        self.outbox["recorded"] = self.outbox.get("recorded", 0) + 1
        if refused:
            self.outbox["refused"] = self.outbox.get("refused", []) + refused

    def order_note(self, id: str, attempt: int, name: str, value: str) -> None:
        """Put into the next order what the job of an attempt remembers from now on."""
        self.outbox.setdefault("notes", []).append([id, attempt, name, value])

    def order_cancel(self, id: str, attempt: int, reason: str) -> None:
        """Put the end of an attempt into the next order."""
        self.outbox.setdefault("cancel", []).append([id, attempt, reason])


class LiveJob:
    """A job that runs, or is being accepted in this turn."""

    __slots__ = (
        "attempt",
        "caller",
        "crashes",
        "created_at",
        "deadline",
        "due_at",
        "failures",
        "flags",
        "has_permits",
        "has_waiter",
        "heard_at",
        "id",
        "is_full",
        "is_new",
        "keys",
        "lacks_inputs",
        "last_mark",
        "links",
        "number",
        "packed",
        "partition",
        "policy",
        "progress",
        "progress_stored",
        "raw",
        "seq",
        "started_at",
        "state",
        "unique",
        "worker",
        "worker_id",
    )  # fmt: skip

    def __init__(
        self,
        id: str,
        raw: bytes,
        partition: Partition,
        policy: Policy,
        packed: str,
        created_at: float,
        caller: str | None,
        state: State = State.READY,
    ) -> None:
        self.id = id
        self.raw = raw
        self.partition = partition
        self.policy = policy
        self.packed = packed
        self.created_at = created_at
        self.caller = caller
        self.keys: str | None = None  # keys and costs of its limits, while it is being accepted; None: a plain job
        self.links: JobLinks | None = None  # while it is being accepted
        self.unique: NewKey | None = None  # its unique key, while it is being accepted
        self.is_new = False  # the dispatcher made its id, so it cannot be a repeated submission
        self.has_waiter = False  # a client waits for the outcome, and sees nothing before it
        self.seq = 0
        self.state = state  # the accepted or stored state; from there `advance` moves the job
        self.due_at: float | None = None
        self.deadline: float | None = None  # its own; of a job that came from the store, that of its flow if it comes first
        self.attempt = 0
        self.failures = 0
        self.flags = 0  # `core.reactions`; of a job that came from the store
        self.crashes = 0
        self.number = 1
        self.last_mark = 0  # the newest mark of the attempt's notices; stored with them, so that it outlives the router
        self.started_at: float | None = None
        self.heard_at = 0.0  # when its attempt reported progress, a line or a chunk; 0: not since this dispatcher began
        self.worker: AttachedWorker | None = None
        self.worker_id = ""
        self.progress: Any = None
        self.progress_stored = True
        self.has_permits = False  # its attempt holds permits of limits
        self.lacks_inputs = False  # its arguments have references, which its worker resolves
        self.is_full = False  # the store keeps no more of its lines and chunks, and its log says so

    def start(self, worker: AttachedWorker, now: float) -> None:
        """Put the job on a worker, as its next attempt."""
        self.advance(Event.START)
        self.attempt += 1
        self.number += 1
        self.last_mark = 0
        self.is_full = False
        self.take_slot(worker, now)

    def accepted_as(self, state: State) -> None:
        """Give the job the state in which it is accepted, as far as that follows from other jobs; raises `IllegalMove`."""
        self.state = first_state(state)

    def advance(self, event: Event) -> None:
        """Move the job by the table of its life; raises `IllegalMove`."""
        self.state = advance(self.state, event)

    def expires_at(self) -> float | None:
        """Return when the job expires unless it starts; None: never."""
        return expiry(self.created_at, self.due_at, self.policy.start_within)

    def inherit(self, deadline: float | None) -> None:
        """Let the job have ended when the one has to that starts it, unless it is detached; raises nothing."""
        if deadline is not None and not self.policy.detached:
            self.deadline = deadline if self.deadline is None else min(self.deadline, deadline)

    def take_inputs(self, inputs: Sequence[Input] | None) -> None:
        """Put into its arguments what other jobs give; if that is too much (None) or travels by reference, its worker reads it."""
        self.lacks_inputs = inputs is None or any(one.flags & IS_LARGE for one in inputs)
        if inputs is not None and not self.lacks_inputs:
            self.packed = filled(self.packed, given(inputs))

    def take_slot(self, worker: AttachedWorker, now: float) -> None:
        """Take the slot on *worker* for the job's attempt."""
        self.worker = worker
        self.worker_id = worker.id
        self.started_at = now
        if (
            self.id not in worker.attempts or self.id in worker.parked
        ):  # a cancelled attempt of the job may still hold the slot there
            worker.room.in_flight += 1
            worker.parked.discard(self.id)
        worker.attempts[self.id] = self.attempt


class DispatcherState(Partitions):
    """All that the dispatcher has in memory, with the few questions that several parts ask."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: dict[str, DeclaredTask] = {}
        self.workers: dict[str, AttachedWorker] = {}
        self.drained: dict[str, None] = {}  # ids of workers that operators want to take no more, the newest wish last
        self.jobs: dict[str, LiveJob] = {}
        self.counts: dict[str, int] = dict.fromkeys(map(str, State), 0)
        self.last_seq = 0
        self.holding_at_start: set[tuple[str, int]] = set()  # id and attempt of what holds a permit though its job does not run
        self.other_code = OtherCode(self)
        self.running_at_start: list[LiveJob] = []  # jobs whose workers may still come back within the grace time

    def load(self, start: StartState) -> list[LiveJob]:
        """Take over what the store knows; return the jobs that were running."""
        self.last_seq = start.last_seq
        for row in start.partitions:
            partition = Partition(row.id, row.queue, row.task)
            self._add_partition(partition)
            self.ready(partition, start.ready.get(row.id, 0))
            self.keep(partition, start.jobs.get(row.id, 0))
        for name, packed, declared_at in start.tasks:
            self.tasks[name] = DeclaredTask.of(msgspec.json.decode(packed, type=messages.TaskDeclaration), declared_at)
        self.counts.update(start.counts)
        self.ruled.update(start.ruled)
        self.holding_at_start = {(id_text(raw), attempt) for raw, attempt in start.holding}
        return [self._running(row, start.last_marks.get(row.seq, 0)) for row in start.running]

    def idle_tasks(self) -> list[str]:
        """Return the tasks that no worker offers and of which the store keeps no job, in the order in which they were declared."""
        needed = {partition.task for partition in self.partitions_by_id.values()}
        needed.update(task.name for worker in self.workers.values() for task in worker.hello.tasks)
        return [name for name in self.tasks if name not in needed]

    def policy(self, task: str, own: str | None) -> Policy:
        """Return the policy of a job from its task's options and its own, as stored."""
        known = self.tasks.get(task)
        return policy_of(known.options if known else "", own or "")

    def key_of(self, partition: int, member: Member) -> NewKey | None:
        """Return the unique key of a member whose arguments are known, without its seq; None: it has none. On the store's thread."""
        named = self.partitions_by_id[partition]
        known = self.tasks.get(named.task)
        return None if known is None else known.unique.of_member(member, named.queue)

    def jobs_of(self, claimed: Sequence[Claimed]) -> list[LiveJob]:
        """Return the records of jobs that were just claimed from the store."""
        jobs = []
        policies: dict[tuple[int, str | None], tuple[Partition, Policy]] = {}
        for row in claimed:
            known = policies.get((row.partition, row.options))
            if known is None:
                partition = self.partitions_by_id[row.partition]
                known = policies[row.partition, row.options] = partition, self.policy(partition.task, row.options)
            job = LiveJob(id_text(row.id), row.id, *known, row.packed, row.created_at, row.caller, State.RUNNING)
            if row.flags & HAS_INPUTS:
                job.take_inputs(row.inputs)
            job.seq = row.seq
            job.attempt, job.failures, job.crashes, job.number = row.attempt, row.failures, row.crashes, row.number
            job.flags, job.has_permits, job.deadline = row.flags, row.holds, row.deadline
            jobs.append(job)
        return jobs

    def moved(self, before: State | str, after: State | str, count: int = 1) -> None:
        """Count a move from one state to another."""
        self.counts[before] -= count
        self.counts[after] += count

    def _running(self, row: JobRow, last_mark: int) -> LiveJob:
        partition = self.partitions_by_id[row.partition]
        policy = self.policy(partition.task, row.options)
        job = LiveJob(id_text(row.id), row.id, partition, policy, row.packed, row.created_at, row.caller, State.RUNNING)
        job.seq = row.seq
        job.attempt, job.failures, job.crashes, job.number = row.attempt, row.failures, row.crashes, row.number
        job.flags, job.started_at = row.flags, row.started_at
        job.worker_id, job.deadline = row.worker or "", row.deadline
        job.progress = messages.from_json(row.progress) if row.progress else None
        job.progress_stored = False  # the number in the job's row may be behind its events
        job.last_mark = last_mark
        self.jobs[job.id] = job
        return job
