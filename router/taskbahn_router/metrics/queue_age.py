"""How long ready jobs have waited: from what the store says of them, and from what was seen here.

When the oldest job of a partition was accepted is no answer alone: one that was delayed for a day, or tried again by hand a week later,
has not waited since then. So a partition counts as waiting at most since it was last seen empty.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.metrics.recent import STEP
from taskbahn_router.metrics.recorder import QueueGauge, Recorder

if TYPE_CHECKING:
    from taskbahn_router.model.partitions import Partition
    from taskbahn_router.model.state import DispatcherState

TICK = 1.0  # seconds between two looks at the state
LONG_AGO = 0.0


class QueueAges:
    """Looks at the state once a second."""

    def __init__(self, state: DispatcherState, history: Recorder) -> None:
        self._state = state
        self._history = history
        self._accepted: dict[int, float] = {}  # partition -> when its oldest ready job was accepted, by the store
        self._crowded: dict[int, float] = dict.fromkeys(
            state.partitions_with_backlog, LONG_AGO
        )  # partition -> since when it was never seen empty

    def look(self, now: float) -> None:
        """Note how many jobs wait and run; for each task only where a bucket of the charts ends."""
        self._crowded = {partition: self._crowded.get(partition, now) for partition in self._state.partitions_with_backlog}
        counts, oldest = self._state.counts, self.oldest(now)
        taken = sum(worker.room.taken for worker in self._state.workers.values() if worker.orders is not None)
        whole = QueueGauge(counts[State.READY] + counts[State.WAITING], taken, None if oldest is None else now - oldest)
        self._history.note_gauges(now, whole, self._tasks(now) if now % STEP >= STEP - TICK else {})

    def learn(self, accepted: dict[int, float]) -> None:
        """Take the store's answer: partition -> when the oldest of its ready jobs was accepted."""
        self._accepted = accepted

    def since(self, partition: Partition, now: float) -> float:
        """Return since when the oldest ready job of a partition waits."""
        since = self._crowded.get(partition.id, now)
        known = self._accepted.get(partition.id, now if since == LONG_AGO else since)
        return min(now, max(since, known))

    def oldest(self, now: float) -> float | None:
        """Return since when the oldest ready job of all waits; None when there is none."""
        return min(
            (self.since(self._state.partitions_by_id[partition], now) for partition in self._state.partitions_with_backlog),
            default=None,
        )

    def _tasks(self, now: float) -> dict[str, QueueGauge]:
        running: Counter[str] = Counter()
        for worker in self._state.workers.values():
            if worker.orders is not None:  # it runs what it got first; the rest waits in front of its slots
                held = (id for id in worker.attempts if id not in worker.parked and id in self._state.jobs)
                running.update(self._state.jobs[id].partition.task for id in islice(held, worker.room.slots))
        found = {task: QueueGauge(0, count, None) for task, count in running.items()}
        for id in self._state.partitions_with_backlog:
            partition = self._state.partitions_by_id[id]
            ready, count, oldest = found.get(partition.task, QueueGauge(0, 0, None))
            found[partition.task] = QueueGauge(
                ready + partition.ready, count, max(oldest or 0.0, now - self.since(partition, now))
            )
        return found
