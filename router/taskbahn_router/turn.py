"""One turn of the dispatcher: what was gathered, and what is to be seen once it is committed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn import wire
    from taskbahn_router.board import Job, Task, Worker
    from taskbahn_router.calls import Call
    from taskbahn_router.core.verdict import Ending
    from taskbahn_router.stores.contract import Batch, Changed


class Loss(NamedTuple):
    """An attempt that ended without a report of its worker."""

    job: Job
    ending: Ending
    error: dict[str, Any]


@dataclass(slots=True)
class Gathered:
    """Requests that wait for the next commit."""

    new: list[Job] = field(default_factory=list)
    after: list[tuple[list[Job], Callable[[], None], Callable[[Exception], None]]] = field(default_factory=list)
    reports: list[tuple[Call | None, Worker, wire.Report]] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    returns: list[Job] = field(default_factory=list)  # back to ready, not charged
    cancels: list[tuple[bytes, str, Callable[[Changed | None], None]]] = field(default_factory=list)  # id, reason, answer
    retries: list[tuple[bytes, Callable[[Changed | None], None]]] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    sweep: bool = False
    prune_after: int | None = None
    place: bool = False  # room became free

    def __bool__(self) -> bool:
        return bool(
            self.new or self.reports or self.losses or self.returns or self.cancels or self.retries or self.tasks or self.sweep or self.place
        ) or self.prune_after is not None  # fmt: skip


class Ended(NamedTuple):
    """A job that is final."""

    job: Job
    state: str
    result: str | None
    error: dict[str, Any] | None
    at: float


class Requeued(NamedTuple):
    """A job whose attempt is over and which will have another one."""

    job: Job
    state: str
    due_at: float | None
    error: dict[str, Any] | None


class Noticed(NamedTuple):
    """Something a running job said, with the number it got."""

    job: Job
    number: int
    notice: wire.Notice


@dataclass(slots=True)
class Effects:
    """What a batch means outside; kept beside it until it is committed."""

    batch: Batch
    gathered: Gathered
    started: list[tuple[Job, Worker]] = field(default_factory=list)
    claims: list[Worker] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    requeued: list[Requeued] = field(default_factory=list)
    noticed: list[Noticed] = field(default_factory=list)
    answers: list[tuple[Call, list[list[Any]]]] = field(default_factory=list)  # reports and what of them was refused
