"""b, beside the table: one job at a time, and a plain RPC echo through the same Crossbar over the same transport.

Plain sessions in processes of their own call, in turn with the SDK here, so that a busy machine disturbs all alike:

    echo        caller -> router -> callee -> router -> caller: what Crossbar costs without us
    WAMP call   a plain session calls the task by its name
    SDK         `task.call()`

The task is once `async def`, as the echo's callee runs on its event loop too, and once a function in a thread.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Self

from benchmarks.contract import ANSWER, Figure
from benchmarks.environment import REPOSITORY
from benchmarks.ours import tasks
from benchmarks.ours.node import APPS, SLOTS, Node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.contract import Mode, Plan
    from benchmarks.processes import Place
    from taskbahn import Taskbahn
    from taskbahn.tasks.task import Task

ECHO = "raw.echo"
ROUNDS = 10
WARM_UP = 100
TRANSPORTS = ("websocket", "rawsocket")
MODES: tuple[tuple[Mode, Taskbahn, Task[[], Any]], ...] = (
    ("async", tasks.loop, tasks.loop_noop),
    ("threads", tasks.threads, tasks.thread_noop),
)


class Raw:
    """A `raw_session.py`, from the outside."""

    def __init__(self, url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.ours.raw_session", url],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read()

    def ask(self, **order: Any) -> dict[str, Any]:
        """Send an order and return the answer."""
        assert self._process.stdin is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return self._read()

    def calls(self, procedure: str, args: list[Any], samples: int) -> list[float]:
        """Return the milliseconds of *samples* calls."""
        milliseconds: list[float] = self.ask(call=procedure, args=args, samples=samples)["milliseconds"]
        return milliseconds

    def _read(self) -> dict[str, Any]:
        for line in self._process.stdout or ():
            if line.startswith("{"):  # the others are Autobahn's log
                values: dict[str, Any] = json.loads(line)
                return values
        raise RuntimeError(f"a plain session ended with code {self._process.wait()}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()


def sdk_calls(task: Task[[], Any], samples: int) -> list[float]:
    """Return the milliseconds of *samples* calls with the SDK."""
    found = []
    for _ in range(samples):
        started = time.perf_counter()
        answer = task.call()
        found.append((time.perf_counter() - started) * 1000)
        assert answer == ANSWER, answer
    return found


def run(plan: Plan, place: Place) -> Sequence[Figure]:
    """Measure each transport."""
    node = Node(place)
    node.start()
    figures: list[Figure] = []
    for transport in TRANSPORTS:
        node.use(transport)
        for mode, app, task in MODES:
            node.start_worker(APPS[mode], SLOTS[mode])
            node.wait_for_worker(app)
            figures += figures_of(f"{transport}, {mode}", samples(node.url(transport), task, plan.latency_samples))
            node.stop_worker(app)
            app.close()
    return figures


def samples(url: str, task: Task[[], Any], count: int) -> dict[str, list[float]]:
    """Return the milliseconds of *count* calls of each kind, a tenth of them at a time."""
    found: dict[str, list[float]] = {"echo": [], "WAMP call": [], "SDK": []}
    each = max(1, count // ROUNDS)
    with Raw(url) as callee, Raw(url) as caller:
        callee.ask(register=ECHO)
        caller.calls(ECHO, [ANSWER], WARM_UP)
        caller.calls(tasks.NOOP, [], WARM_UP)
        sdk_calls(task, WARM_UP)
        for _ in range(ROUNDS):
            found["echo"] += caller.calls(ECHO, [ANSWER], each)
            found["WAMP call"] += caller.calls(tasks.NOOP, [], each)
            found["SDK"] += sdk_calls(task, each)
    return found


def figures_of(where: str, found: dict[str, list[float]]) -> list[Figure]:
    """Return medians, 99th percentiles, and how many times the echo they are."""
    echo = statistics.median(found["echo"])
    figures: list[Figure] = []
    for kind, milliseconds in found.items():
        median = statistics.median(milliseconds)
        p99 = statistics.quantiles(milliseconds, n=100, method="inclusive")[98]
        note = "" if kind == "echo" else f"{median / echo:.2f} times the echo"
        figures.append(Figure(f"{where}, {kind}: median", round(median, 3), "ms", note))
        figures.append(Figure(f"{where}, {kind}: p99", round(p99, 3), "ms"))
    return figures
