"""h: what a quiet client notices while others flood the router, and what the router's memory does.

The quiet client calls a task that does nothing, a few times a second, first alone and then beside each flood (`flooder.py`).
"""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from benchmarks.contract import ANSWER, Figure
from benchmarks.environment import REPOSITORY
from benchmarks.measure import say
from benchmarks.ours import tasks
from benchmarks.ours.backlog import memory
from benchmarks.ours.node import Node, program

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.contract import Plan
    from benchmarks.processes import Place

CALLS = 150
PAUSE = 0.02  # seconds between two calls of the quiet client
SIZES = {"submit": 50, "watch": 1_000, "subscribe": 20, "idle": 10_000}
QUICK = {"submit": 10, "watch": 100, "subscribe": 5, "idle": 500}
FOREVER = 100_000_000  # lines of a task that logs


class Flood:
    """A `flooder.py`, from the outside."""

    def __init__(self, port: int, kind: str, count: int, what: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.ours.flooder", str(port), kind, str(count), what],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read()

    def end(self) -> dict[str, int]:
        """Stop it; return what came of it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        seen = self._read()
        self._process.wait()
        return seen

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the flood ended with code {self._process.wait()}")
        values: dict[str, Any] = json.loads(line)
        return values


def quiet_calls() -> list[float]:
    """Return the milliseconds of some calls."""
    found = []
    for _ in range(CALLS):
        started = time.perf_counter()
        answer = tasks.loop_noop.call()
        found.append((time.perf_counter() - started) * 1000)
        assert answer == ANSWER, answer
        time.sleep(PAUSE)
    return found


def figures_of(name: str, milliseconds: list[float], growth: float | None, note: str) -> list[Figure]:
    """Return median, 99th percentile and what the router grew by."""
    p99 = statistics.quantiles(milliseconds, n=100, method="inclusive")[98]
    figures = [
        Figure(f"{name}: quiet call, median", round(statistics.median(milliseconds), 2), "ms", note),
        Figure(f"{name}: quiet call, p99", round(p99, 2), "ms"),
    ]
    if growth is not None:
        figures.append(Figure(f"{name}: router's memory", round(growth, 1), "MiB", "more than before"))
    return figures


@contextlib.contextmanager
def talking() -> Iterator[str]:
    """Have a task log without pause; gives its id."""
    job = tasks.logs.start(FOREVER)
    while job.view().state != "running":
        time.sleep(PAUSE)
    yield job.id
    job.cancel()


def run(plan: Plan, place: Place) -> Sequence[Figure]:
    """Measure the quiet client alone and beside each flood."""
    node = Node(place)
    node.start()
    node.use("websocket")
    for name, app in (("worker", "loop"), ("talker", "telling")):
        place.spawn(name, [program("taskbahn"), "worker", f"benchmarks.ours.tasks:{app}", "--slots", "2"], directory=REPOSITORY)
    node.wait_for_worker(tasks.loop)
    while len(tasks.loop.view.workers()) < 2:
        time.sleep(PAUSE)
        place.check()
    tasks.loop_noop.call()
    sizes = SIZES if plan.waiting_jobs >= 1_000_000 else QUICK
    figures = figures_of("alone", quiet_calls(), None, f"{CALLS} calls of a task that does nothing, {PAUSE * 1000:.0f} ms apart")
    for kind, count in sizes.items():
        say(progress=kind)
        figures += beside(node, kind, count)
    say(progress="log")
    before = memory(node.router_pid, "VmRSS")
    with talking():
        figures += figures_of(
            "a task logs", quiet_calls(), memory(node.router_pid, "VmRSS") - before, "in a tight loop, no client watches"
        )
    tasks.loop.close()
    tasks.telling.close()
    return figures


def beside(node: Node, kind: str, count: int) -> list[Figure]:
    """Measure beside one flood."""
    with contextlib.ExitStack() as stack:
        what = stack.enter_context(talking()) if kind in ("watch", "subscribe") else tasks.NOOP
        before = memory(node.router_pid, "VmRSS")
        flood = Flood(node.port, kind, count, what)
        milliseconds = quiet_calls()
        growth = memory(node.router_pid, "VmRSS") - before
        seen = flood.end()
    name = {
        "submit": f"{count} submissions of 1,000 jobs at a time",
        "watch": f"{count:,} watchers of a job that logs",
        "subscribe": f"{count} subscribers that never read",
        "idle": f"{count:,} idle connections",
    }[kind]
    return figures_of(name, milliseconds, growth, ", ".join(f"{value:,} {what}" for what, value in seen.items()))
