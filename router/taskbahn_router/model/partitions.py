"""The partitions in memory, and which of them each worker serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakSet, WeakValueDictionary

from taskbahn_router.stores.rows import PartitionRow

if TYPE_CHECKING:
    from taskbahn_router.model.state import AttachedWorker


@dataclass(slots=True, eq=False)
class Partition:
    """The jobs of one task in one queue; `ready` counts those that wait for a worker.

    `jobs` counts all that the store keeps, finished ones too, and those on their way to it. Without any the partition vanishes.
    """

    id: int
    queue: str
    task: str
    ready: int = 0
    jobs: int = 0


Named = dict[tuple[str, str], Partition]  # that a submission names, by queue and task; without an id: not yet taken in


@dataclass(slots=True, eq=False, weakref_slot=True)
class Reach:
    """The partitions that workers with the same tasks and the same queues serve: one set for all of them, which grows with the partitions."""

    names: frozenset[str]
    partitions: set[int]


class Partitions:
    """All partitions, by name and by id; those with ready jobs; those that the store does not know yet, or is to forget."""

    def __init__(self) -> None:
        self.partitions: dict[tuple[str, str], Partition] = {}
        self.partitions_by_id: dict[int, Partition] = {}
        self.partitions_with_backlog: set[int] = set()  # partitions with ready jobs
        self.new_partitions: list[PartitionRow] = []
        self.vacant: set[int] = set()  # partitions that had no job left at some moment
        self._last_id = 0  # no id is given twice: a batch on its way, or an answer of the store, may name one that has vanished
        self._reaches: WeakValueDictionary[tuple[frozenset[str], frozenset[str]], Reach] = WeakValueDictionary()
        self._reaches_of_queue: dict[str, WeakSet[Reach]] = {}

    def partition(self, queue: str, task: str) -> Partition:
        """Return the partition of a task in a queue, making it if it is new."""
        named: Named = {}
        partition = self.named(queue, task, named)
        self.take_in(named)
        return partition

    def named(self, queue: str, task: str, named: Named) -> Partition:
        """Return the partition of a task in a queue, and keep it in *named*; one that does not exist comes to be by `take_in`."""
        key = queue, task
        partition = named.get(key)
        if partition is None:
            partition = named[key] = self.partitions.get(key) or Partition(0, queue, task)
        return partition

    def take_in(self, named: Named) -> dict[Partition, Partition]:
        """Make those partitions exist; return those in whose place others came meanwhile, with these."""
        others: dict[Partition, Partition] = {}
        for key, partition in named.items():
            known = self.partitions.get(key)
            if known is None:
                partition.id = self._last_id + 1
                self._add_partition(partition)
                self.new_partitions.append(PartitionRow(partition.id, partition.queue, partition.task))
                self.vacant.add(partition.id)
            elif known is not partition:
                others[partition] = known
        return others

    def serves(self, worker: AttachedWorker) -> None:
        """Work out which partitions a worker serves."""
        # its event loop is blocked: jobs that need it go to other workers, or wait, and those of its other pools are not concerned
        kept = "loop" if worker.vitals.blocked is not None else None
        names = frozenset(task.name for task in worker.hello.tasks if task.pool != kept)
        queues = frozenset(worker.hello.queues)
        reach = self._reaches.get((names, queues))
        if reach is None:
            served = (one for one in self.partitions_by_id.values() if one.task in names and one.queue in queues)
            reach = self._reaches[names, queues] = Reach(names, {one.id for one in served})
            self._reaches_of_queue = {queue: reaches for queue, reaches in self._reaches_of_queue.items() if reaches}
            for queue in queues:
                self._reaches_of_queue.setdefault(queue, WeakSet()).add(reach)
        worker.reach = reach
        worker.room.partitions = reach.partitions

    def sets_of(self, id: int) -> list[set[int]]:
        """Return the sets of partitions of attached workers in which a partition is."""
        partition = self.partitions_by_id[id]
        reaches = self._reaches_of_queue.get(partition.queue)
        if reaches is None:
            return []
        return [reach.partitions for reach in reaches if partition.task in reach.names]

    def ready(self, partition: Partition, change: int) -> None:
        """Count jobs that became ready, or ceased to be."""
        partition.ready += change
        if partition.ready > 0:
            self.partitions_with_backlog.add(partition.id)
        else:
            self.partitions_with_backlog.discard(partition.id)

    def keep(self, partition: Partition, change: int) -> None:
        """Count jobs that are on their way to the store, or that are not kept after all, or no longer."""
        partition.jobs += change
        if not partition.jobs:
            self.vacant.add(partition.id)

    def take_vacant(self, most: int) -> list[int]:
        """Forget partitions without jobs, looking at *most* of them; return their ids, which the next commit has the store forget."""
        gone = []
        for _ in range(min(most, len(self.vacant))):
            partition = self.partitions_by_id[self.vacant.pop()]
            if not partition.jobs:  # it may have got some again
                self._remove_partition(partition)
                gone.append(partition.id)
        return gone

    def _add_partition(self, partition: Partition) -> None:
        self.partitions[partition.queue, partition.task] = partition
        self.partitions_by_id[partition.id] = partition
        self._last_id = max(self._last_id, partition.id)
        for reach in self._reaches_of_queue.get(partition.queue, ()):
            if partition.task in reach.names:
                reach.partitions.add(partition.id)

    def _remove_partition(self, partition: Partition) -> None:
        del self.partitions[partition.queue, partition.task], self.partitions_by_id[partition.id]
        for reach in self._reaches_of_queue.get(partition.queue, ()):
            reach.partitions.discard(partition.id)
