"""d: what one watcher gets a second of what tasks say in a tight loop.

Chunks and log lines are durable: each must arrive, in order. Progress is a value of which the newest wins.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from benchmarks.contract import PROCESSES, Figure
from benchmarks.ours import tasks
from benchmarks.ours.node import Node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.contract import Plan
    from benchmarks.processes import Place
    from taskbahn import Job, Task

EVENTS = 10_000  # of one job: the SDK's bound for log lines
WARM_UP_EVENTS = 1_000
PROGRESS_SECONDS = 3.0


class Watched:
    """What the watcher got of one job, and when."""

    def __init__(self, job: Job[int]) -> None:
        self.job = job
        self.kinds: list[str] = []
        self.values: list[object] = []
        self.times: list[float] = []

    def watch(self) -> None:
        """Watch the job to its end."""
        for event in self.job.events():
            if event.kind not in ("state", "snapshot", "outcome"):
                self.times.append(time.perf_counter())
                self.kinds.append(event.kind)
                self.values.append(event.data)

    def check(self, kind: str, count: int) -> None:
        """Raise ValueError unless all *count* events came in order."""
        numbers = [int(value["message"] if isinstance(value, dict) else str(value)) for value in self.values]
        if numbers != list(range(count)) or set(self.kinds) != {kind}:
            raise ValueError(f"{len(numbers):,} events of {count:,} came, or not in order")


def watch(jobs: Sequence[Job[int]]) -> list[Watched]:
    """Watch all *jobs* to their ends, over one connection."""
    found = [Watched(job) for job in jobs]
    threads = [threading.Thread(target=one.watch) for one in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def run(_plan: Plan, place: Place) -> Sequence[Figure]:
    """Measure with the default pool, processes."""
    node = Node(place)
    node.start()
    node.use("websocket")
    node.start_worker("telling", PROCESSES)
    node.wait_for_worker(tasks.telling)
    durable("warm-up", tasks.chunks, "chunk", 1, WARM_UP_EVENTS)
    figures = [
        durable("chunks of one job", tasks.chunks, "chunk", 1, EVENTS),
        durable("log lines of one job", tasks.logs, "log", 1, EVENTS),
        durable("chunks of two jobs at once", tasks.chunks, "chunk", 2, EVENTS),
        *coalesced(),
    ]
    tasks.telling.close()
    return figures


def durable(name: str, task: Task[[int], int], kind: str, jobs: int, count: int) -> Figure:
    """Return the rate of events that are stored, from the submission to the last of them; each must have come."""
    started = time.perf_counter()
    found = watch([task.start(count) for _ in range(jobs)])
    for one in found:
        one.check(kind, count)
    seconds = max(one.times[-1] for one in found) - started
    note = f"{jobs} × {count:,}, each stored before it is seen; all came, in order"
    return Figure(name, round(jobs * count / seconds), "events/s", note)


def coalesced() -> list[Figure]:
    """Return how often a task said how far it is, and what the watcher saw of it."""
    (found,) = watch([tasks.progress.start(PROGRESS_SECONDS)])
    said = found.job.result()
    return [
        Figure("progress: said by one job", round(said / PROGRESS_SECONDS), "calls/s", "current.progress() in a tight loop"),
        Figure(
            "progress: seen of it",
            round(len(found.times) / PROGRESS_SECONDS, 1),
            "events/s",
            "coalesced in the worker: the newest wins",
        ),
    ]
