"""Who gets what in this turn: jobs that can start at once are written as running, the rest of the room is claimed from the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn import wire
from taskbahn.states import State
from taskbahn_router.core.placement import WorkerCapacity, look_ahead, most_available
from taskbahn_router.dispatcher.outcomes import is_slow
from taskbahn_router.stores.rows import Claim, NewJob

if TYPE_CHECKING:
    from taskbahn_router.model.state import DispatcherState, Job, Worker
    from taskbahn_router.model.turn import TurnEffects

MOST_CLAIMED = 1000  # jobs in one claim, so that a commit stays short


class Assignment:
    """Places new jobs and claims ready ones."""

    def __init__(self, board: DispatcherState) -> None:
        self._board = board

    def place(self, effects: TurnEffects, now: float) -> None:
        """Decide for all new jobs of the turn, then claim for whoever still has room."""
        if not (effects.gathered.new or effects.requeued or self._board.partitions_with_backlog):
            return  # nobody to place
        workers = {id(worker.room): worker for worker in self._board.workers.values() if worker.orders is not None}
        back = {requeued.job.partition.id for requeued in effects.requeued if requeued.state == State.READY}
        partitions_with_backlog = self._board.partitions_with_backlog | back  # where others come first
        rooms = [
            worker.room
            for worker in workers.values()
            if worker.room.open and worker.room.partitions.isdisjoint(partitions_with_backlog)
        ]
        new = effects.gathered.new
        order = sorted(new, key=lambda job: -job.policy.priority) if any(job.policy.priority for job in new) else new
        seq = self._board.last_seq
        for job in new:
            seq += 1
            job.seq = seq
        self._board.last_seq = seq
        for job in order:
            if rooms and job.state is State.READY and self._board.jobs.get(job.id) is job:  # not sent twice
                self._start_at_once(effects, job, rooms, workers, now)
        effects.batch.new = [row(job, now) for job in new]
        self._claim(effects, workers, partitions_with_backlog, now)

    def _start_at_once(
        self, effects: TurnEffects, job: Job, rooms: list[WorkerCapacity], workers: dict[int, Worker], now: float
    ) -> None:
        task = self._board.tasks.get(job.partition.task)
        room = most_available(rooms, job.partition.id, task.seconds_each if task else None)
        if room is None:
            return
        worker = workers[id(room)]
        if job.id in worker.attempts:  # sent again while an attempt of it still ends there: the store knows it
            return
        job.start(worker, now)
        if is_slow(self._board, worker, job.partition.task):
            worker.holds_slow([job.id])
        effects.started.append((job, worker))

    def _claim(self, effects: TurnEffects, workers: dict[int, Worker], partitions_with_backlog: set[int], now: float) -> None:
        partitions_with_backlog = partitions_with_backlog | {
            job.partition.id for job in effects.gathered.new if job.state is State.READY
        }
        takers = []
        for worker in workers.values():
            room = worker.room
            partitions = room.partitions & partitions_with_backlog
            limit = min(self.room_for(room, partitions), MOST_CLAIMED) if partitions else 0
            if limit > 0:
                takers.append((worker, tuple(sorted(partitions)), limit))
        takers.sort(key=lambda taker: taker[0].room.in_flight - taker[0].room.slots)
        for worker, lines_of, limit in takers:
            effects.claims.append(worker)
            effects.batch.claims.append(Claim(worker.id, lines_of, limit, now))

    def room_for(self, room: WorkerCapacity, partitions: set[int]) -> int:
        """Return how many jobs of any of those partitions *room* can take; look-ahead only when all of them are short."""
        tasks = (self._board.tasks.get(self._board.partitions_by_id[partition].task) for partition in partitions)
        ahead = min((look_ahead(room.slots, task.seconds_each if task else None) for task in tasks), default=0)
        return room.free(ahead)

    def take_slot(self, worker: Worker, jobs: list[Job], now: float) -> None:
        """Claimed jobs take their places."""
        slow = {task for task in {job.partition.task for job in jobs} if is_slow(self._board, worker, task)}
        for job in jobs:
            job.take_slot(worker, now)
        if slow:
            worker.holds_slow(job.id for job in jobs if job.partition.task in slow)

    @staticmethod
    def was_bounded(claim: Claim) -> bool:
        """Return whether there may have been room for more than was claimed."""
        return claim.limit == MOST_CLAIMED


def row(job: Job, now: float) -> NewJob:
    """Return the row of a job that is being accepted."""
    policy = job.policy
    expires_at = None
    if policy.start_within is not None:
        expires_at = max(now, job.due_at or 0.0) + policy.start_within
    return NewJob(
        job.seq, job.raw, job.partition.id, str(job.state), policy.priority, job.attempt, job.number, job.created_at, job.due_at, expires_at,
        job.started_at, job.worker_id or None, job.caller, policy.own or None, wire.to_json(policy.tags) if policy.tags else None, job.packed,
    )  # fmt: skip
