"""The workers that were lost of late: their session ended while they had jobs, and they did not come back with these in time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn.protocol.states import State
    from taskbahn_router.model.partitions import Partition

MAX_LOST = 100  # the latest
MAX_IDS = 3  # ids of jobs that are kept of each
LOST_SECONDS = 900.0  # for which a loss is worth a look


@dataclass(slots=True)
class LostWorker:
    """A worker that was lost.  at: when it was given up.  jobs: how many it had; ids: of the first of them.

    failed: how many of them failed for good; queued: how many wait to run again; the commit of the others is under way.
    back_at: when a worker of this id was attached again. partitions: tasks and queues of the jobs.
    """

    id: str
    host: str
    at: float
    jobs: int = 0
    ids: list[str] = field(default_factory=list)
    failed: int = 0
    queued: int = 0
    back_at: float | None = None
    partitions: set[tuple[str, str]] = field(default_factory=set)

    def loses(self, job: str, of: Partition) -> LostWorker:
        """Count a job that it had."""
        self.jobs += 1
        self.partitions.add((of.task, of.queue))
        if len(self.ids) < MAX_IDS:
            self.ids.append(job)
        return self

    def decided(self, state: State) -> None:
        """Count what became of one of its jobs."""
        if state.is_final:
            self.failed += 1
        else:
            self.queued += 1


class LostWorkers:
    """Remembers them, in memory."""

    def __init__(self) -> None:
        self._lost: dict[str, LostWorker] = {}

    def add(self, lost: LostWorker) -> None:
        """Take note of a loss, if there were jobs."""
        if not lost.jobs:
            return
        self._lost.pop(lost.id, None)
        self._lost[lost.id] = lost
        while len(self._lost) > MAX_LOST:
            del self._lost[next(iter(self._lost))]

    def lately(self, now: float, attached: Mapping[str, float]) -> list[LostWorker]:
        """Return those that were lost of late, the latest first. attached: since when the workers are attached that there are now."""
        for id in [id for id, lost in self._lost.items() if now - lost.at > LOST_SECONDS]:
            del self._lost[id]
        for id, lost in self._lost.items():
            lost.back_at = attached.get(id)
        return list(reversed(self._lost.values()))
