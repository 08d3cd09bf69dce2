"""One turn of the dispatcher: what was gathered, and what is to be seen once it is committed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.errors import StoreUnavailable
    from taskbahn.protocol import messages
    from taskbahn_router.core.retry import Ending
    from taskbahn_router.model.state import Job, Task, Worker
    from taskbahn_router.stores.contract import Batch
    from taskbahn_router.stores.minutes import MinuteRow
    from taskbahn_router.stores.rows import Answer

    Acknowledge = Callable[[list[list[Any]]], None]


class Submission(NamedTuple):
    """Jobs that are accepted together; `size` is the bytes of their arguments, about."""

    caller: int | None
    jobs: list[Job]
    size: int
    accepted: Callable[[], None]
    refused: Callable[[StoreUnavailable], None]


class LostAttempt(NamedTuple):
    """An attempt that ended without a report of its worker."""

    job: Job
    ending: Ending
    error: dict[str, Any]


@dataclass(slots=True)
class TurnInput:
    """Requests that wait for the next commit."""

    new: list[Job] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    reports: list[tuple[Acknowledge | None, Worker, messages.Report]] = field(default_factory=list)
    losses: list[LostAttempt] = field(default_factory=list)
    returns: list[Job] = field(default_factory=list)  # back to ready, not charged
    cancels: list[tuple[bytes, str, Callable[[Answer | None], None]]] = field(default_factory=list)  # id, reason, answer
    retries: list[tuple[bytes, Callable[[Answer | None], None]]] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    sweep: bool = False
    prune_after: int | None = None
    minutes: list[MinuteRow] = field(default_factory=list)
    place: bool = False  # room became free
    claim: bool = False  # the last claim was as large as one may be: there is room for more

    def __bool__(self) -> bool:
        return bool(self.new) or not self.is_only_new()

    def is_only_new(self) -> bool:
        """Return whether there is nothing but new jobs."""
        return not (self.reports or self.place or self.claim) and self.is_plain()

    def is_plain(self) -> bool:
        """Return whether there is nothing but new jobs, reports and room that became free."""
        return not (
            self.losses or self.returns or self.cancels or self.retries or self.tasks or self.sweep or self.minutes
        ) and self.prune_after is None  # fmt: skip


class Ended(NamedTuple):
    """A job that is final."""

    job: Job
    state: str
    result: str | None
    error: dict[str, Any] | None
    at: float


class DispatchedEarly(NamedTuple):
    """A job that its worker got before the commit, and the number of that event."""

    job: Job
    worker: Worker
    number: int


class Requeued(NamedTuple):
    """A job whose attempt is over and which will have another one."""

    job: Job
    state: str
    due_at: float | None
    error: dict[str, Any] | None


class JobEvent(NamedTuple):
    """Something a running job said, with the number it got."""

    job: Job
    number: int
    notice: messages.Notice


@dataclass(slots=True)
class TurnEffects:
    """What a batch means outside; kept beside it until it is committed."""

    batch: Batch
    gathered: TurnInput
    started: list[tuple[Job, Worker]] = field(default_factory=list)
    dispatched_early: list[DispatchedEarly] = field(default_factory=list)
    claims: list[Worker] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    requeued: list[Requeued] = field(default_factory=list)
    noticed: list[JobEvent] = field(default_factory=list)
    answers: list[tuple[Acknowledge, list[list[Any]]]] = field(default_factory=list)  # to reports, with what of them was refused

    def follows(self, held: TurnEffects) -> None:
        """Take over what was held back: it is committed and shown together with this, and before it."""
        self.batch.partitions[:0] = held.batch.partitions
        self.batch.new[:0] = held.batch.new
        self.gathered.new[:0] = held.gathered.new
        self.gathered.submissions[:0] = held.gathered.submissions
        self.dispatched_early = held.dispatched_early

    def forget(self, jobs: set[Job]) -> None:
        """Drop all that was reported of jobs that are turned away."""
        self.batch.forget({job.seq for job in jobs})
        self.ended = [ended for ended in self.ended if ended.job not in jobs]
        self.requeued = [requeued for requeued in self.requeued if requeued.job not in jobs]
        self.noticed = [noticed for noticed in self.noticed if noticed.job not in jobs]
