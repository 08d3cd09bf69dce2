"""Who gets what in this turn: jobs that can start at once are written as running, the rest of the room is claimed from the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.placement import Placement, WorkerCapacity, is_short, look_ahead
from taskbahn_router.dispatcher.outcomes import is_slow
from taskbahn_router.stores.rows import Claim, NewJob

if TYPE_CHECKING:
    from taskbahn_router.model.state import AttachedWorker, DispatcherState, LiveJob
    from taskbahn_router.model.turn import TurnEffects

MAX_CLAIMED = 1000  # jobs in one claim, so that a commit stays short


class Assignment:
    """Places new jobs and claims ready ones."""

    def __init__(self, state: DispatcherState) -> None:
        self._state = state

    def place(self, effects: TurnEffects, now: float) -> None:
        """Decide for all new jobs of the turn, then claim for the workers that still have room."""
        if not (effects.turn_input.new or effects.requeued or self._state.partitions_with_backlog):
            return  # no job waits for a worker
        workers = {id(worker.room): worker for worker in self._state.workers.values() if worker.orders is not None}
        back = {requeued.job.partition.id for requeued in effects.requeued if requeued.state == State.READY}
        partitions_with_backlog = self._state.partitions_with_backlog | back  # where others come first
        serving = self._grouped(workers)
        idle = (room for rooms in serving if rooms[0].partitions.isdisjoint(partitions_with_backlog) for room in rooms)
        placement = Placement(idle, self._state.sets_of)
        new = effects.turn_input.new
        order = sorted(new, key=lambda job: -job.policy.priority) if any(job.policy.priority for job in new) else new
        seq = self._state.last_seq
        for job in new:
            seq += 1
            job.seq = seq
        self._state.last_seq = seq
        for job in order:
            if placement and job.state is State.READY and self._state.jobs.get(job.id) is job:  # not sent twice
                self._start_at_once(effects, job, placement, workers, now)
        effects.batch.new = [row(job) for job in new]
        self._claim(effects, serving, workers, partitions_with_backlog, now)

    def _start_at_once(
        self, effects: TurnEffects, job: LiveJob, placement: Placement, workers: dict[int, AttachedWorker], now: float
    ) -> None:
        task = self._state.tasks.get(job.partition.task)
        room = placement.most_available(job.partition.id, task.seconds_each if task else None)
        if room is None:
            return
        worker = workers[id(room)]
        if job.id in worker.attempts:  # sent again while an attempt of it still ends there: the store knows it
            return
        job.start(worker, now)
        if is_slow(self._state, worker, job.partition.task):
            worker.holds_slow([job.id])
        effects.started.append((job, worker))

    @staticmethod
    def _grouped(workers: dict[int, AttachedWorker]) -> list[list[WorkerCapacity]]:
        """Return the rooms of the workers, those together that share one set of partitions."""
        groups: dict[int, list[WorkerCapacity]] = {}
        for worker in workers.values():
            groups.setdefault(id(worker.room.partitions), []).append(worker.room)
        return list(groups.values())

    def _claim(
        self,
        effects: TurnEffects,
        serving: list[list[WorkerCapacity]],
        workers: dict[int, AttachedWorker],
        partitions_with_backlog: set[int],
        now: float,
    ) -> None:
        backlog = partitions_with_backlog | {job.partition.id for job in effects.turn_input.new if job.state is State.READY}
        takers = []
        for rooms in serving:
            partitions = rooms[0].partitions & backlog
            if not partitions:
                continue
            seconds_each = self._seconds_each(partitions)
            named = tuple(sorted(partitions))
            for room in rooms:
                limit = min(room.free(look_ahead(room.slots, seconds_each)), MAX_CLAIMED)
                if limit > 0:
                    takers.append((workers[id(room)], named, limit))
        takers.sort(key=lambda taker: taker[0].room.in_flight - taker[0].room.slots)
        for worker, named, limit in takers:
            effects.claims.append(worker)
            effects.batch.claims.append(Claim(worker.id, named, limit, now))

    def _seconds_each(self, partitions: set[int]) -> float | None:
        """Return how long jobs of those partitions take, at the most; None if one of them may be long: then nothing goes ahead."""
        tasks = {self._state.partitions_by_id[partition].task for partition in partitions}
        known = [task.seconds_each if (task := self._state.tasks.get(name)) else None for name in tasks]
        return max((each for each in known if each is not None), default=None) if all(map(is_short, known)) else None

    def take_slot(self, worker: AttachedWorker, jobs: list[LiveJob], now: float) -> None:
        """Claimed jobs take their places."""
        slow = {task for task in {job.partition.task for job in jobs} if is_slow(self._state, worker, task)}
        for job in jobs:
            job.take_slot(worker, now)
        if slow:
            worker.holds_slow(job.id for job in jobs if job.partition.task in slow)

    @staticmethod
    def was_bounded(claim: Claim) -> bool:
        """Return whether there may have been room for more than was claimed."""
        return claim.limit == MAX_CLAIMED


def row(job: LiveJob) -> NewJob:
    """Return the row of a job that is being accepted."""
    policy = job.policy
    return NewJob(
        job.seq, job.raw, job.partition.id, str(job.state), policy.priority, job.attempt, job.number, job.created_at, job.due_at,
        job.expires_at(), job.started_at, job.worker_id or None, job.caller, policy.own or None,
        messages.to_json(policy.tags) if policy.tags else None, job.packed,
    )  # fmt: skip
