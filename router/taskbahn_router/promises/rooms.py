"""The rooms of the workers while one commit fills them: free slots over all workers first, then what may go ahead of the slots."""

from __future__ import annotations

from heapq import heapify, heapreplace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbahn_router.core.rows import Room


class Rooms:
    """Gives out places. Workers that serve the same partitions are one group with a heap, so that a job costs no look at each worker.

    free: the free slots that are left.  places: these, and what may go ahead of the slots.
    """

    def __init__(self, rooms: Sequence[Room]) -> None:
        self._left = ([room.free for room in rooms], [room.ahead for room in rooms])
        self._members: dict[int, list[int]] = {}  # group -> its rooms
        self._served: dict[int, frozenset[int]] = {}  # group -> its partitions
        for number, room in enumerate(rooms):
            if room.free > 0 or room.ahead > 0:
                self._members.setdefault(id(room.partitions), []).append(number)
                self._served[id(room.partitions)] = room.partitions
        self._groups: dict[int, list[int]] = {}  # partition -> the groups that serve it
        self._heaps: dict[tuple[int, int], list[tuple[int, int]]] = {}
        self.free = sum(max(0, room.free) for room in rooms)
        self.places = self.free + sum(max(0, room.ahead) for room in rooms)

    def partitions(self) -> set[int]:
        """Return the partitions for which there is room."""
        return set().union(*self._served.values())

    def serves(self, partition: int) -> bool:
        """Return whether there is room for a job of a partition."""
        return (self.free > 0 and self.has_free(partition)) or self._best(partition, 1) is not None

    def has_free(self, partition: int) -> bool:
        """Return whether a slot is free for a job of a partition."""
        return self._best(partition, 0) is not None

    def take(self, partition: int, *, may_go_ahead: bool) -> int | None:
        """Take a place for a job of a partition; return the number of its room.  None: there is none."""
        for kind in (0, 1) if may_go_ahead else (0,):
            best = self._best(partition, kind)
            if best is not None:
                self._left[kind][best] -= 1
                self.free -= kind == 0
                self.places -= 1
                return best
        return None

    def _best(self, partition: int, kind: int) -> int | None:
        groups = self._groups.get(partition)
        if groups is None:
            groups = self._groups[partition] = [group for group, served in self._served.items() if partition in served]
        best = (0, 0)
        for group in groups:
            best = min(best, self._top(group, kind))
        return best[1] if best[0] < 0 else None

    def _top(self, group: int, kind: int) -> tuple[int, int]:
        """Return the fullest room's entry of a group, minus what is left first."""
        heap, left = self._heaps.get((group, kind)), self._left[kind]
        if heap is None:
            heap = self._heaps[group, kind] = [(-left[number], number) for number in self._members[group]]
            heapify(heap)
        while heap[0][0] != -left[heap[0][1]]:  # rooms only fill up, so an old entry is too good
            heapreplace(heap, (-left[heap[0][1]], heap[0][1]))
        return heap[0]
