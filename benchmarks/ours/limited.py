"""i: jobs a second under limits that never hold a job, beside the same jobs without limits, in turns on one node and worker."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from benchmarks.contract import ANSWER, THREADS, Figure
from benchmarks.ours import tasks
from benchmarks.ours.node import Node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmarks.contract import Plan
    from benchmarks.processes import Place
    from taskbahn import Batch

WARM_UP_JOBS = 500


def plain(count: int) -> Batch[int]:
    return tasks.unlimited.start_many(() for _ in range(count))


def one_for_all(count: int) -> Batch[int]:
    return tasks.limited.start_many(() for _ in range(count))


def by_key(count: int) -> Batch[int]:
    return tasks.keyed.start_many((number % tasks.KEYS,) for number in range(count))


KINDS: dict[str, Callable[[int], Batch[int]]] = {
    "without a limit": plain,
    "one limit for all": one_for_all,
    f"a limit for each of {tasks.KEYS:,} keys": by_key,
}


def run(plan: Plan, place: Place) -> Sequence[Figure]:
    """Measure with threads."""
    node = Node(place)
    node.start()
    node.use("websocket")
    node.start_worker("under_limits", THREADS)
    node.wait_for_worker(tasks.under_limits)
    for start in KINDS.values():
        rate(start, WARM_UP_JOBS)
    seen: dict[str, list[float]] = {name: [] for name in KINDS}
    for _ in range(plan.repeats):
        for name, start in KINDS.items():
            seen[name].append(rate(start, plan.jobs))
    tasks.under_limits.close()
    return list(figures(seen, plan.jobs))


def rate(start: Callable[[int], Batch[int]], jobs: int) -> float:
    """Return jobs a second, from the submission to the last result."""
    began = time.perf_counter()
    good = sum(value == ANSWER for value in start(jobs).results())
    if good != jobs:
        raise ValueError(f"{good:,} of {jobs:,} jobs gave the right result")
    return jobs / (time.perf_counter() - began)


def figures(seen: dict[str, list[float]], jobs: int) -> Iterable[Figure]:
    """Return the median of each kind, and its share of the first."""
    first = statistics.median(next(iter(seen.values())))
    for name, rates in seen.items():
        median = statistics.median(rates)
        yield Figure(
            name, round(median), "jobs/s", f"{median / first:.0%} of those without a limit; {len(rates)} × {jobs:,}, threads"
        )
