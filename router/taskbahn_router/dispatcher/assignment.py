"""Which worker gets which job in a turn. A job that can start at once is written as running; claims fill the rest of the room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.placement import Placement, WorkerCapacity, is_short, look_ahead
from taskbahn_router.core.reactions import HAS_CHILDREN, NewEdge, NewMember
from taskbahn_router.core.rows import Room
from taskbahn_router.dispatcher.group_commit import SMALL_COMMIT_ROWS
from taskbahn_router.dispatcher.outcomes import is_slow
from taskbahn_router.stores.rows import Claim, NewJob
from taskbahn_router.submission.slices import parts_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from taskbahn_router.dispatcher.limit_book import LimitBook
    from taskbahn_router.model.state import AttachedWorker, DispatcherState, LiveJob
    from taskbahn_router.model.turn import TurnEffects

    Group = tuple[set[int], list[WorkerCapacity]]  # the set holds as long as the turn: a worker may get another one meanwhile

MAX_CLAIMED = 1000  # jobs in one claim, so that a commit stays short


class Assignment:
    """Places new jobs and claims ready ones."""

    def __init__(self, state: DispatcherState, limits: LimitBook) -> None:
        self._state = state
        self._limits = limits

    def place(self, effects: TurnEffects, now: float) -> Iterator[None]:
        """Decide for all new jobs of the turn, then claim for the workers that still have room; rules decide where there are limits.

        Between two steps workers may come and go. What goes to one that is lost meanwhile comes back, as if it was lost during the commit.
        """
        if self._limits.is_used:
            self._limits.take_in(self._state.new_partitions)
        rooms = yield from self._place(effects, now)
        submissions = effects.turn_input.submissions
        effects.batch.firings = [firing for one in submissions if one.firings for firing in one.due()]
        if self._limits.is_used or effects.batch.submissions or effects.batch.firings:
            effects.batch.rules = self._limits.rules(now, rooms, purges=effects.turn_input.purge)

    def _place(self, effects: TurnEffects, now: float) -> Generator[None, None, list[Room]]:
        """Return the rooms of the workers that claim, if rules decide about these claims."""
        following = self._following(effects)
        if not (effects.turn_input.new or effects.requeued or self._state.partitions_with_backlog or following):
            return []  # no job waits for a worker
        workers = {id(worker.room): worker for worker in self._state.workers.values() if worker.orders is not None}
        back = {requeued.job.partition.id for requeued in effects.requeued if requeued.state == State.READY}
        partitions_with_backlog = self._state.partitions_with_backlog | back  # partitions in which older ready jobs come first
        serving = self._grouped(workers)
        idle = (room for served, rooms in serving if served.isdisjoint(partitions_with_backlog) for room in rooms)
        placement = Placement(idle, self._state.sets_of)
        new = effects.turn_input.new
        order = sorted(new, key=lambda job: -job.policy.priority) if any(job.policy.priority for job in new) else new
        seq = self._state.last_seq
        for job in new:
            seq += 1
            job.seq = seq
        self._state.last_seq = seq
        hung, asking = self._limits.hung, self._asking(effects)
        for part in parts_of(order) if placement or self._limits.is_used else ():
            for job in part:
                if job.keys is not None or job.partition.id in hung:  # a job under limits starts in a commit only
                    self._state.ruled.add(job.partition.id)
                elif placement and job.state is State.READY and self._state.jobs.get(job.id) is job and job not in asking:
                    # without repetitions of a submission
                    self._start_at_once(effects, job, placement, workers, now)
            yield
        for part in parts_of(new):
            effects.batch.new += [row(job) for job in part if job not in asking] if asking else map(row, part)
            yield
        return (yield from self._claim(effects, serving, workers, partitions_with_backlog | following, now))

    def _following(self, effects: TurnEffects) -> set[int]:
        """Return the partitions in which the commit itself may make jobs ready, for what they wait for ends in it."""
        if self._state.flow_partitions and any(ended.job.flags & HAS_CHILDREN for ended in effects.ended):
            return self._state.flow_partitions
        return set()

    def _asking(self, effects: TurnEffects) -> set[LiveJob]:
        """Return the jobs that rules admit in the commit, and leave those to it."""
        asking = list(self._limits.asking(effects.turn_input.submissions))
        batch = effects.batch
        batch.submissions = [[row(job) for job in jobs] for jobs in asking]
        jobs = {job for jobs in asking for job in jobs}
        for job in jobs:
            if (links := job.links) is not None:
                batch.members.append(
                    NewMember(
                        job.seq, links.parent, links.flags, links.label, not links.is_child, links.awaited, links.is_late,
                        links.seals, links.needs, links.joins,
                    )
                )  # fmt: skip
                batch.edges += [NewEdge(job.seq, *edge) for edge in links.after]
                batch.edges += [NewEdge(child, job.seq, position, policy) for child, position, policy in links.leads_to]
        batch.unique = [job.unique._replace(seq=job.seq) for jobs in asking for job in jobs if job.unique is not None]
        if asking and batch.rows() <= SMALL_COMMIT_ROWS:
            batch.admission_rows = sum(map(self._limits.admission_rows, asking))
        return jobs

    def _start_at_once(
        self, effects: TurnEffects, job: LiveJob, placement: Placement, workers: dict[int, AttachedWorker], now: float
    ) -> None:
        task = self._state.tasks.get(job.partition.task)
        room = placement.most_available(job.partition.id, task.seconds_each if task else None)
        if room is None:
            return
        worker = workers[id(room)]
        if job.id in worker.attempts:
            # the id was submitted again while a cancelled attempt of it still ends there; the store finds the repetition
            return
        job.start(worker, now)
        if is_slow(self._state, worker, job.partition.task):
            worker.holds_slow([job.id])
        effects.started.append((job, worker))

    @staticmethod
    def _grouped(workers: dict[int, AttachedWorker]) -> list[Group]:
        """Return the rooms of the workers, those together that share one set of partitions, with that set."""
        groups: dict[int, Group] = {}
        for worker in workers.values():
            served = worker.room.partitions
            groups.setdefault(id(served), (served, []))[1].append(worker.room)
        return list(groups.values())

    def _claim(
        self,
        effects: TurnEffects,
        serving: list[Group],
        workers: dict[int, AttachedWorker],
        partitions_with_backlog: set[int],
        now: float,
    ) -> Generator[None, None, list[Room]]:
        backlog = partitions_with_backlog | {job.partition.id for job in effects.turn_input.new if job.state is State.READY}
        takers = []
        for served, rooms in serving:
            partitions = served & backlog
            if not partitions:
                continue
            seconds_each = self._seconds_each(partitions)
            named = tuple(sorted(partitions))
            for room in rooms:
                limit = min(room.free(look_ahead(room.slots, seconds_each)), MAX_CLAIMED)
                if limit > 0:
                    takers.append((workers[id(room)], named, limit))
            yield
        takers.sort(key=lambda taker: taker[0].room.in_flight - taker[0].room.slots)
        for worker, named, limit in takers:
            effects.claims.append(worker)
            effects.batch.claims.append(Claim(worker.id, named, limit, now))
        return [] if self._state.ruled.isdisjoint(backlog) else rooms_of(takers)

    def _seconds_each(self, partitions: set[int]) -> float | None:
        """Return the longest seconds that a job of those partitions takes; None if one may be long, which rules out look-ahead."""
        tasks = {self._state.partitions_by_id[partition].task for partition in partitions}
        known = [task.seconds_each if (task := self._state.tasks.get(name)) else None for name in tasks]
        return max((each for each in known if each is not None), default=None) if all(map(is_short, known)) else None

    def take_slot(self, worker: AttachedWorker, jobs: list[LiveJob], now: float) -> None:
        """Put claimed jobs into the slots of their worker."""
        slow = {task for task in {job.partition.task for job in jobs} if is_slow(self._state, worker, task)}
        for job in jobs:
            job.take_slot(worker, now)
        if slow:
            worker.holds_slow(job.id for job in jobs if job.partition.task in slow)

    @staticmethod
    def was_bounded(claim: Claim) -> bool:
        """Return whether there may have been room for more than was claimed."""
        return claim.limit == MAX_CLAIMED


def rooms_of(takers: Iterable[tuple[AttachedWorker, tuple[int, ...], int]]) -> list[Room]:
    """Return the rooms of workers that claim from partitions; each limit takes the free slots first."""
    served: dict[tuple[int, ...], frozenset[int]] = {}  # one set for all workers with the same partitions
    rooms = []
    for worker, named, limit in takers:
        free = min(limit, max(0, worker.room.slots - worker.room.in_flight))
        rooms.append(Room(worker.id, served.setdefault(named, frozenset(named)), free, limit - free))
    return rooms


def row(job: LiveJob) -> NewJob:
    """Return the row of a job that is being accepted."""
    policy = job.policy
    return NewJob(
        job.seq, job.raw, job.partition.id, str(job.state), policy.priority, job.attempt, job.number, job.created_at, job.due_at,
        job.expires_at(), job.started_at, job.worker_id or None, job.caller, policy.own or None,
        messages.to_json(policy.tags) if policy.tags else None, job.packed, job.keys,
        job.deadline,
    )  # fmt: skip
