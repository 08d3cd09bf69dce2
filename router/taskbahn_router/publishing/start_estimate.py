"""What the workers of this moment mean for jobs that do not run yet. On the event loop: it reads the state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from taskbahn.protocol.messages import plain
from taskbahn.protocol.states import State
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.reactions import IS_SUSPENDED
from taskbahn_router.core.rows import costs_of
from taskbahn_router.core.wait_reason import (
    WHY_BEHIND,
    WHY_PARENTS,
    WHY_SUSPENDED,
    WHY_UNTIL,
    Capacity,
    WorkerFit,
    capacity_of,
    expected_start,
    why_job_paused,
    why_kept,
    why_paused,
    why_ready,
    why_waiting,
)
from taskbahn_router.model.wire_format import packed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from taskbahn.protocol.views import Pause
    from taskbahn_router.core.job_pauses import HoldingPause
    from taskbahn_router.core.rows import Costs, Gate, HeldJob
    from taskbahn_router.model.state import AttachedWorker, DispatcherState
    from taskbahn_router.promises.limits import Limit
    from taskbahn_router.stores.rows import JobRow


class JobPosition(NamedTuple):
    """A job; if it is ready, the partitions that are served together with its own, and how many ready jobs of them come before it.

    held: the limit that holds it, if one does.  kept_for: the id of the job for which that keeps permits, if it does.
    pause: what holds it, of its own or of a job of which it is a part.
    """

    row: JobRow
    partitions: tuple[int, ...] = ()
    ahead: int | None = None
    held: HeldJob | None = None
    kept_for: bytes | None = None
    pause: HoldingPause | None = None


class ShownPauses(Protocol):
    """What operators have paused."""

    def on(self, gate: Gate) -> Pause | None:
        """Return the pause that closes a gate, None if none does."""

    def holding(self, queue: str, task: str) -> Pause | None:
        """Return the pause that holds all jobs of a task in a queue, None if none does."""

    def view_of(self, kind: str, name: str) -> Pause | None:
        """Return the pause of a queue or a task."""


class DeclaredLimits(Protocol):
    """What tasks declare; the limit book."""

    @property
    def hung(self) -> Mapping[int, Costs]:
        """By partition: the keys that all its jobs have."""

    @property
    def domains(self) -> Mapping[str, str]:
        """The domain of each limit that connects tasks, one of which has several."""

    def limit(self, name: str) -> Limit:
        """Return the limit of a name."""

    @property
    def pauses(self) -> ShownPauses:
        """What operators have paused."""


class StartEstimate:
    """Tells the `views.Place` of jobs; what holds for all jobs of a partition is worked out once.

    limits: what tasks declare.   typical: the seconds that an attempt of a task takes, None if that is not known.
    """

    def __init__(
        self, state: DispatcherState, limits: DeclaredLimits, now: float, typical: Callable[[str], float | None]
    ) -> None:
        self._state = state
        self._limits = limits
        self._now = now
        self._typical = typical
        self._partitions: dict[int, tuple[str, Capacity]] = {}
        self._seconds: dict[str, float | None] = {}
        self._workers = [worker for worker in state.workers.values() if worker.orders is not None]

    def place(self, placed: JobPosition) -> dict[str, Any] | None:
        """Return the place of a job; None if it runs or has ended."""
        row, pause = placed.row, placed.pause
        if row.state == State.WAITING and pause is not None:
            why = why_job_paused(pause.pause, None if pause.id == row.id else id_text(pause.id))
            return {"why": why} if pause.pause.until is None else {"why": why, "starts_at": pause.pause.until}
        if row.state == State.WAITING and row.flags & IS_SUSPENDED:
            return {"why": WHY_SUSPENDED} if row.due_at is None else {"why": WHY_UNTIL, "starts_at": row.due_at}
        if row.state == State.WAITING and row.due_at is None:
            return {"why": WHY_PARENTS}
        if row.state == State.WAITING:
            has_eta = "eta" in (packed(row.options) or {})
            return {"why": why_waiting(row.attempt, row.failures + row.crashes, has_eta=has_eta), "starts_at": row.due_at}
        if placed.ahead is None:
            return None
        of_all = self._limits.pauses.holding(row.queue, row.task)
        if of_all is not None:
            return self._paused(of_all, placed.ahead)
        why, its_hands = self.workers(row)
        if not its_hands.slots:
            return {"why": why, "ahead": placed.ahead, "served": False}
        if placed.held is not None:
            return self._held(placed.held, placed)
        if 0 < its_hands.free <= placed.ahead:
            why = WHY_BEHIND
        place = {"why": why, "ahead": placed.ahead}
        starts_at = expected_start(self._now, placed.ahead, its_hands, self._seconds_each(placed.partitions))
        return place if starts_at is None else place | {"starts_at": starts_at}

    def _held(self, held: HeldJob, placed: JobPosition) -> dict[str, Any]:
        """Return the place of a job that a limit holds."""
        pause = self._limits.pauses.on(held.gate)
        if pause is not None:
            return self._paused(pause, held.ahead)
        gate, costs = held.gate, (*self._limits.hung.get(placed.row.partition, ()), *(costs_of(held.keys) if held.keys else ()))
        limit, cost = self._limits.limit(gate.limit), dict(costs).get(gate.key, 1)
        key = gate.key.removeprefix(gate.limit)
        holds = {"name": gate.limit, "key": key, "holders": [id_text(id) for id in held.holders]}
        place = {
            "why": limit.why(gate),
            "ahead": held.ahead,
            "limit": {name: value for name, value in holds.items() if value},
        }
        now_us = int(self._now * 1e6)
        if placed.kept_for is not None and limit.room(gate, now_us, cost):
            return place | {"why": why_kept(limit.named(gate.key), id_text(placed.kept_for))}
        opens_at = limit.opens_at(gate, now_us, cost * (held.ahead + 1))
        return place if opens_at is None else place | {"starts_at": max(self._now, opens_at / 1e6)}

    def _paused(self, pause: Pause, ahead: int) -> dict[str, Any]:
        """Return the place of a job that operators hold."""
        place = {"why": why_paused(pause), "ahead": ahead, "paused": plain(pause)}
        return place if pause.until is None else place | {"starts_at": max(self._now, pause.until)}

    def workers(self, row: JobRow) -> tuple[str, Capacity]:
        """Return why the jobs of a partition wait, and what the workers that may start them have."""
        if row.partition not in self._partitions:
            fits = [_fit(worker, row) for worker in self._workers]
            self._partitions[row.partition] = why_ready(row.task, row.queue, fits), capacity_of(fits)
        return self._partitions[row.partition]

    def _seconds_each(self, partitions: Sequence[int]) -> float | None:
        """Return what a ready job of some partitions takes, on the average; None if that is not known of all of them."""
        total, jobs = 0.0, 0
        known = self._state.partitions_by_id
        for partition in (known[id] for id in partitions if id in known):
            # partitions may have vanished since the question to the store
            if partition.ready > 0:
                if partition.task not in self._seconds:
                    self._seconds[partition.task] = self._typical(partition.task)
                seconds = self._seconds[partition.task]
                if seconds is None:
                    return None
                total, jobs = total + seconds * partition.ready, jobs + partition.ready
        return total / jobs if jobs else None


def _fit(worker: AttachedWorker, row: JobRow) -> WorkerFit:
    """Return whether and how a worker can run the jobs of a row's partition."""
    room, blocked = worker.room, worker.is_blocked_for(row.task)
    serves = row.partition in room.partitions or (blocked and row.queue in worker.hello.queues)
    offers = serves or any(task.name == row.task for task in worker.hello.tasks)
    return WorkerFit(offers, serves, room.open, room.slots, room.in_flight, blocked)
