"""The partitions in memory, and which of them each worker serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary, ref

if TYPE_CHECKING:
    from collections.abc import Generator

    from taskbahn_router.model.state import AttachedWorker

PARTITIONS_IN_STEP = 32  # that are taken in


@dataclass(slots=True, eq=False)
class Partition:
    """The jobs of one task in one queue; `ready` counts those that wait for a worker.

    `jobs` counts all that the store keeps or is about to get, finished ones too. A partition without jobs vanishes.
    """

    id: int
    queue: str
    task: str
    ready: int = 0
    jobs: int = 0


@dataclass(slots=True)
class NamedPartition:
    """A partition that a submission names, and for how many jobs; without an id it does not exist yet."""

    partition: Partition
    jobs: int = 0


# the partitions of a submission, by queue and task
Named = dict[tuple[str, str], NamedPartition]


@dataclass(slots=True, eq=False, weakref_slot=True)
class Reach:
    """The partitions that workers with the same tasks and the same queues serve: one set for all of them, which grows with the partitions."""

    names: frozenset[str]
    partitions: set[int]


class Partitions:
    """All partitions, by name and by id; those with ready jobs; those that the next commit adds to the store or deletes."""

    def __init__(self) -> None:
        self.partitions: dict[tuple[str, str], Partition] = {}
        self.partitions_by_id: dict[int, Partition] = {}
        self.partitions_with_backlog: set[int] = set()  # partitions with ready jobs
        self.ruled: set[int] = set()  # partitions that may have ready jobs with keys: rules decide about these
        self.flow_partitions: set[int] = set()  # partitions of which jobs waited for others
        self.new_partitions: list[Partition] = []
        self.coming = 0  # new partitions that submissions name which are being taken in
        self.vacant: set[int] = set()  # partitions that had no job left at some moment
        self._last_id = 0  # ids are never used again: a batch or an answer of the store may name a partition that has vanished
        self._reaches: WeakValueDictionary[tuple[frozenset[str], frozenset[str]], Reach] = WeakValueDictionary()
        self._reaches_of_queue: dict[str, tuple[ref[Reach], ...]] = {}

    def partition(self, queue: str, task: str) -> Partition:
        """Return the partition of a task in a queue, making it if it is new."""
        known = self.partitions.get((queue, task)) or Partition(0, queue, task)
        self._count_in((queue, task), NamedPartition(known))
        self.keep(known, 0)
        return known

    def task_of(self, partition: int) -> str:
        """Return the task of a partition."""
        return self.partitions_by_id[partition].task

    def named(self, queue: str, task: str, named: Named) -> Partition:
        """Return the partition of a task in a queue, and count a job for it in *named*; `take_in` makes the ones that do not exist."""
        key = queue, task
        one = named.get(key)
        if one is None:
            one = named[key] = NamedPartition(self.partitions.get(key) or Partition(0, queue, task))
        one.jobs += 1
        return one.partition

    def take_in(self, named: Named) -> Generator[None, None, dict[Partition, Partition]]:
        """Make the named partitions exist and count their jobs; return each that another one replaced meanwhile, with that one."""
        others: dict[Partition, Partition] = {}
        new = {key for key in named if key not in self.partitions}
        self.coming += len(new)
        for number, (key, one) in enumerate(named.items(), 1):
            known = self._count_in(key, one)
            if key in new:
                self.coming -= 1
            if known is not one.partition:
                others[one.partition] = known
            if number % PARTITIONS_IN_STEP == 0:
                yield
        return others

    def _count_in(self, key: tuple[str, str], one: NamedPartition) -> Partition:
        known = self.partitions.get(key)
        if known is None:
            known = Partition(0, *key) if one.partition.id else one.partition  # that one was deleted meanwhile
            known.id = self._last_id + 1
            self._add_partition(known)
            self.new_partitions.append(known)
        known.jobs += one.jobs
        return known

    def serves(self, worker: AttachedWorker) -> None:
        """Work out which partitions a worker serves."""
        # While its event loop is blocked, the worker gets no jobs that need the loop; jobs of its other pools go on.
        kept = "loop" if worker.vitals.blocked is not None else None
        names = frozenset(task.name for task in worker.hello.tasks if task.pool != kept and task.name not in worker.withheld)
        queues = frozenset(worker.hello.queues)
        reach = self._reaches.get((names, queues))
        if reach is None:
            served = (one for one in self.partitions_by_id.values() if one.task in names and one.queue in queues)
            reach = self._reaches[names, queues] = Reach(names, {one.id for one in served})
            known = {queue: tuple(one for one in refs if one() is not None) for queue, refs in self._reaches_of_queue.items()}
            self._reaches_of_queue = {queue: refs for queue, refs in known.items() if refs}
            for queue in queues:
                self._reaches_of_queue[queue] = (*self._reaches_of_queue.get(queue, ()), ref(reach))
        worker.reach = reach
        worker.room.partitions = reach.partitions

    def sets_of(self, id: int) -> list[set[int]]:
        """Return the sets of partitions of attached workers in which a partition is."""
        return self._sets_with(self.partitions_by_id[id])

    def _sets_with(self, partition: Partition) -> list[set[int]]:
        refs = self._reaches_of_queue.get(partition.queue)
        if refs is None:
            return []
        return [reach.partitions for one in refs if (reach := one()) is not None and partition.task in reach.names]

    def ready(self, partition: Partition, change: int) -> None:
        """Add *change* to the count of ready jobs."""
        partition.ready += change
        if partition.ready > 0:
            self.partitions_with_backlog.add(partition.id)
        else:
            self.partitions_with_backlog.discard(partition.id)

    def keep(self, partition: Partition, change: int) -> None:
        """Add *change* to the count of jobs that the store keeps or is about to get."""
        partition.jobs += change
        if not partition.jobs:
            self.vacant.add(partition.id)

    def take_vacant(self, most: int) -> list[int]:
        """Forget partitions without jobs, looking at *most* of them; return their ids, which the next commit has the store forget."""
        gone = []
        for _ in range(min(most, len(self.vacant))):
            partition = self.partitions_by_id[self.vacant.pop()]
            if not partition.jobs:  # a partition that got jobs meanwhile stays
                self._remove_partition(partition)
                gone.append(partition.id)
        return gone

    def _add_partition(self, partition: Partition) -> None:
        self.partitions[partition.queue, partition.task] = partition
        self.partitions_by_id[partition.id] = partition
        self._last_id = max(self._last_id, partition.id)
        for served in self._sets_with(partition):
            served.add(partition.id)

    def _remove_partition(self, partition: Partition) -> None:
        del self.partitions[partition.queue, partition.task], self.partitions_by_id[partition.id]
        for served in self._sets_with(partition):
            served.discard(partition.id)
