"""Which ready job goes to which worker.

Works on what the dispatcher has in memory: free room of workers, and which partitions (a queue and a task) they serve.
The order is exact: higher priority first, then first come.
"""

from __future__ import annotations

from dataclasses import dataclass, field

LOOK_AHEAD_SECONDS = 0.02
MOST_AHEAD = 2000
LONG_SECONDS = 1.0


@dataclass(slots=True, eq=False)
class WorkerCapacity:
    """One worker's room for attempts; `partitions` are the ids of the partitions it serves."""

    slots: int
    partitions: set[int] = field(default_factory=set)
    in_flight: int = 0
    slow: int = 0  # attempts in flight that are not known to be short
    open: bool = True

    def free(self, ahead: int) -> int:
        """Return how many more attempts may be handed out now, when *ahead* may lie in front of the slots.

        Beyond its slots a worker gets only short attempts, and only while nothing that may take long sits in a slot,
        so that nobody waits behind a long job for more than about `LOOK_AHEAD_SECONDS`.
        """
        if not self.open:
            return 0
        return self.slots + (0 if self.slow else ahead) - self.in_flight


def look_ahead(slots: int, seconds_each: float | None) -> int:
    """Return how many attempts that take *seconds_each* fill the slots for `LOOK_AHEAD_SECONDS`; 0 when that is not known."""
    if seconds_each is None or not seconds_each * 2 <= LOOK_AHEAD_SECONDS:  # not a number, if a worker's clock is no clock
        return 0
    return min(MOST_AHEAD, int(slots * LOOK_AHEAD_SECONDS / max(seconds_each, 1e-6)))


def learn(seconds_each: float | None, sample: float) -> float:
    """Return the new estimate of a task's duration: quick to believe that it is long, slow to believe that it is short."""
    sample = min(sample, LONG_SECONDS)  # long is long; a worker's clock that was set meanwhile says hours
    if seconds_each is None:
        return sample
    weight = 0.5 if sample > seconds_each else 0.05
    return seconds_each + weight * (sample - seconds_each)


def most_available(rooms: list[WorkerCapacity], partition: int, seconds_each: float | None) -> WorkerCapacity | None:
    """Return the worker with the most room that serves *partition*; None when all are full.

    Free slots count before look-ahead, so that one worker's look-ahead does not fill while another one idles.
    """
    best: WorkerCapacity | None = None
    best_key = (0, 0)
    for room in rooms:
        if partition in room.partitions:
            free = room.free(look_ahead(room.slots, seconds_each))
            key = (max(0, room.slots - room.in_flight), free)
            if free > 0 and (best is None or key > best_key):
                best, best_key = room, key
    return best
