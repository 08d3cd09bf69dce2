"""k: steps of a task, and children that it waits for one after the other, beside single jobs (b), in turns.

An attempt that stores its steps fails, and the one after it finds them. Both measure inside the task, as the one with children does.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from benchmarks.contract import ANSWER, Figure
from benchmarks.ours import tasks
from benchmarks.ours.node import APPS, SLOTS, Node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.contract import Mode, Plan
    from benchmarks.processes import Place
    from taskbahn import Taskbahn

ROUNDS = 10
WARM_UP = 50
STEP_IN_JOBS, FOUND_MS = 1.0, 0.1  # what is to hold: a step costs at most a job, finding one at most so long
MODES: tuple[tuple[Mode, Taskbahn], ...] = (("threads", tasks.threads), ("processes", tasks.processes), ("async", tasks.loop))


def run(plan: Plan, place: Place) -> Sequence[Figure]:
    """Measure each mode over WebSocket."""
    node = Node(place)
    node.start()
    node.use("websocket")
    figures: list[Figure] = []
    for mode, app in MODES:
        node.start_worker(APPS[mode], SLOTS[mode])
        node.wait_for_worker(app)
        samples(app, WARM_UP)
        figures += figures_of(mode, samples(app, plan.latency_samples))
        node.stop_worker(app)
        app.close()
    return figures


def samples(app: Taskbahn, count: int) -> dict[str, list[float]]:
    """Return the milliseconds of *count* of each kind, a tenth of them at a time."""
    found: dict[str, list[float]] = {"job": [], "stored": [], "found": [], "child": []}
    each = max(1, count // ROUNDS)
    for _ in range(ROUNDS):
        found["job"] += [one_job(app) for _ in range(each)]
        steps = app.get(tasks.STEPS).call(each)
        found["stored"] += steps["stored"]
        found["found"] += steps["found"]
        found["child"] += app.get(tasks.PARENT).call(each)
    return found


def one_job(app: Taskbahn) -> float:
    """Return the milliseconds of a job from its start to its result."""
    began = time.perf_counter()
    answer = app.get(tasks.NOOP).call()
    if answer != ANSWER:
        raise ValueError(f"a job gave {answer!r}")
    return (time.perf_counter() - began) * 1000


def figures_of(mode: str, found: dict[str, list[float]]) -> list[Figure]:
    """Return the medians, and how many times a single job they are."""
    median = {kind: statistics.median(times) for kind, times in found.items()}
    job = median["job"]
    step, in_time = median["stored"] / job, median["found"] < FOUND_MS
    return [
        Figure(f"{mode}: one job", round(job, 3), "ms", f"{len(found['job'])} jobs, as for b"),
        Figure(
            f"{mode}: a step is stored", round(median["stored"], 3), "ms", f"{step:.2f} jobs{held(is_held=step <= STEP_IN_JOBS)}"
        ),
        Figure(
            f"{mode}: a stored step is found", round(median["found"], 4), "ms", f"below {FOUND_MS:g} ms{held(is_held=in_time)}"
        ),
        Figure(
            f"{mode}: a child of a task that waits for it", round(median["child"], 3), "ms", f"{median['child'] / job:.2f} jobs"
        ),
    ]


def held(*, is_held: bool) -> str:
    """Say whether a bound holds, in a note."""
    return "" if is_held else ", **missed**"
