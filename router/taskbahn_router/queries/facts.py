"""What has been seen of the whole, from which `problems` makes sentences."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from taskbahn.protocol.views import Problem
    from taskbahn_router.queries.failure_grades import Grade
    from taskbahn_router.queries.limit_problems import Declared, Stall
    from taskbahn_router.queries.schedule_facts import Lateness, Refusal
    from taskbahn_router.queries.trigger_facts import Trouble
    from taskbahn_router.workers.lost_workers import LostWorker


class PartitionFacts(NamedTuple):
    """A queue with ready jobs of a task; since: when the oldest of them became ready; typical: seconds that one takes."""

    task: str
    queue: str
    ready: int
    since: float
    typical: float | None = None


class WorkerFacts(NamedTuple):
    """An attached worker; silent: seconds since its last word; takes: it takes new jobs."""

    id: str
    slots: int
    running: int
    silent: float
    takes: bool
    tasks: frozenset[str]
    queues: frozenset[str]
    blocked: dict[str, Any] | None = None  # `views.BlockedView`


class GoneWorker(NamedTuple):
    """A worker whose session ended at a time, with jobs, and that is waited for."""

    id: str
    host: str
    jobs: int
    at: float


class LongRun(NamedTuple):
    """Running jobs of a task that have run for much longer than is typical; job: the one that runs for the longest, in seconds."""

    task: str
    number: int
    job: str
    longest: float
    typical: float


@dataclass(frozen=True)
class Facts:
    """What was seen. trouble: why the store takes nothing, as a sentence; failures: task -> how many failed, and of how many."""

    now: float
    trouble: str = ""
    lag: float = 0.0  # seconds by which the event loop is late
    has_tasks: bool = False
    alone_since: float | None = None  # since when no worker is attached
    partitions: list[PartitionFacts] = field(default_factory=list)
    workers: list[WorkerFacts] = field(default_factory=list)
    failures: dict[str, tuple[int, int]] = field(default_factory=dict)
    grades: dict[str, Grade] = field(default_factory=dict)  # of these tasks; without: by the counts alone
    daily: dict[str, tuple[int, int]] = field(default_factory=dict)  # of these tasks, the same of the last 24 hours
    gone: list[GoneWorker] = field(default_factory=list)
    lost: list[LostWorker] = field(default_factory=list)  # the latest first
    long_runs: list[LongRun] = field(default_factory=list)
    stalls: list[Stall] = field(default_factory=list)
    disagreements: dict[str, list[Declared]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    late: list[Lateness] = field(default_factory=list)  # the first of the schedules that are late
    late_count: int = 0  # how many they are
    node_worker: str = ""  # why the node's own worker does not stay
    access: list[Problem] = field(default_factory=list)  # what is wrong with those who come, as they are shown
    troubles: list[Trouble] = field(default_factory=list)
    not_taken: list[str] = field(
        default_factory=list
    )  # tasks of which a worker has just handed a job back, for its code is other

    @cached_property
    def kinds(self) -> dict[tuple[frozenset[str], frozenset[str]], list[WorkerFacts]]:
        """The workers, grouped by the tasks that they offer and the queues that they serve."""
        found: dict[tuple[frozenset[str], frozenset[str]], list[WorkerFacts]] = {}
        for worker in self.workers:
            found.setdefault((worker.tasks, worker.queues), []).append(worker)
        return found

    def able(self, partition: PartitionFacts) -> list[WorkerFacts]:
        """Return the workers that may be given such jobs."""
        fitting = [
            workers for (tasks, queues), workers in self.kinds.items() if partition.task in tasks and partition.queue in queues
        ]  # fmt: skip
        return fitting[0] if len(fitting) == 1 else list(chain.from_iterable(fitting))

    def older(self, seconds: float) -> list[PartitionFacts]:
        """Return the partitions with jobs that have been ready for longer than that."""
        return [partition for partition in self.partitions if self.now - partition.since > seconds]
