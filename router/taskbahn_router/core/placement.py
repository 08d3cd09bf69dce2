"""Which ready job goes to which worker.

Works on what the dispatcher has in memory: free room of workers, and which partitions (a queue and a task) they serve.
The order is exact: higher priority first, then first come.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heapify, heappop, heapreplace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    _Key = tuple[int, bool, int]
    _Entry = tuple[_Key, int, "WorkerCapacity"]

LOOK_AHEAD_SECONDS = 0.02
MAX_AHEAD = 2000
LONG_SECONDS = 1.0


@dataclass(slots=True, eq=False)
class WorkerCapacity:
    """One worker's room for attempts; `partitions` are the ids of the partitions it serves."""

    slots: int
    partitions: set[int] = field(default_factory=set)
    in_flight: int = 0
    slow: int = 0  # attempts in flight that are not known to be short
    open: bool = True

    @property
    def taken(self) -> int:
        """How many slots are taken: what was handed out ahead waits in front of them, and does not run yet."""
        return min(self.in_flight, self.slots)

    def free(self, ahead: int) -> int:
        """Return how many more attempts may be handed out now, when *ahead* may lie in front of the slots.

        Beyond its slots a worker gets only short attempts, and only while nothing that may take long sits in a slot,
        so that no attempt waits behind a long one for more than about `LOOK_AHEAD_SECONDS`.
        """
        if not self.open:
            return 0
        return self.slots + (0 if self.slow else ahead) - self.in_flight


def look_ahead(slots: int, seconds_each: float | None) -> int:
    """Return how many attempts that take *seconds_each* fill the slots for `LOOK_AHEAD_SECONDS`; 0 when that is not known."""
    if seconds_each is None or not is_short(seconds_each):
        return 0
    return min(MAX_AHEAD, int(slots * LOOK_AHEAD_SECONDS / max(seconds_each, 1e-6)))


def is_short(seconds_each: float | None) -> bool:
    """Return whether attempts are known to be short enough for look-ahead; a NaN, from a worker with a broken clock, is not."""
    return seconds_each is not None and seconds_each * 2 <= LOOK_AHEAD_SECONDS


def learn(seconds_each: float | None, sample: float) -> float:
    """Return the new estimate of a task's duration: quick to believe that it is long, slow to believe that it is short."""
    sample = min(sample, LONG_SECONDS)  # a worker whose clock was set during the attempt may report hours
    if seconds_each is None:
        return sample
    weight = 0.5 if sample > seconds_each else 0.05
    return seconds_each + weight * (sample - seconds_each)


class Placement:
    """Finds the most available worker for one job after the other, while their rooms fill up; each turn makes one.

    Free slots count before look-ahead, so that one worker's look-ahead does not fill while another one idles. Rooms that share one
    set of partitions are one group, and each combination of groups has a heap: a job costs the logarithm of the workers, not all of
    them. In a turn rooms only fill up, so an entry whose room has changed since is put back where it belongs when it comes up.
    sets_of: returns the rooms' sets of partitions that contain a partition.
    """

    def __init__(self, rooms: Iterable[WorkerCapacity], sets_of: Callable[[int], Sequence[set[int]]]) -> None:
        self._sets_of = sets_of
        self._groups: dict[int, list[WorkerCapacity]] = {}
        for room in rooms:
            if room.open:
                self._groups.setdefault(id(room.partitions), []).append(room)
        self._serving: dict[int, tuple[int, ...]] = {}  # partition -> its groups
        # key: the groups, and seconds an attempt; None orders by free slots
        self._heaps: dict[tuple[tuple[int, ...], float | None], list[_Entry]] = {}

    def __bool__(self) -> bool:
        return bool(self._groups)

    def most_available(self, partition: int, seconds_each: float | None) -> WorkerCapacity | None:
        """Return the worker with the most room that serves *partition*; None when all are full."""
        groups = self._serving.get(partition)
        if groups is None:
            sets = self._sets_of(partition)
            groups = tuple(dict.fromkeys(id(found) for found in sets if id(found) in self._groups)) if sets else ()
            self._serving[partition] = groups
        if not groups:
            return None
        found = self._first(groups, None, _free_slots)
        if found is None and is_short(seconds_each):
            found = self._first(groups, seconds_each, lambda room: _ahead(room, seconds_each))
        return found

    def _first(
        self, groups: tuple[int, ...], kind: float | None, key_of: Callable[[WorkerCapacity], _Key | None]
    ) -> WorkerCapacity | None:
        heap = self._heaps.get((groups, kind))
        if heap is None:
            rooms = (room for group in groups for room in self._groups[group])
            heap = [(key, number, room) for number, room in enumerate(rooms) if (key := key_of(room)) is not None]
            heapify(heap)
            self._heaps[groups, kind] = heap
        while heap:
            key, number, room = heap[0]
            now = key_of(room)
            if now == key:
                return room
            if now is None:
                heappop(heap)
            else:
                heapreplace(heap, (now, number, room))
        return None


def _free_slots(room: WorkerCapacity) -> _Key | None:
    """Order rooms with a free slot: the more of them, then those that take more beyond their slots."""
    free = room.slots - room.in_flight
    return (-free, room.slow > 0, -room.slots) if free > 0 else None


def _ahead(room: WorkerCapacity, seconds_each: float | None) -> _Key | None:
    free = room.free(look_ahead(room.slots, seconds_each))
    return (-free, False, 0) if free > 0 else None
