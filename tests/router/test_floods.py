"""The router still serves other clients while one floods it. `make bench` measures how well; here only that it holds."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.processes import memory, only_child
from support.programs import Node, Program, running

from taskbahn import Taskbahn

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.alone]
TESTS = Path(__file__).parents[1]
CALLS = 40
FLOOD_SECONDS = 5.0  # that a flood takes at least: 20,000 jobs are accepted in less than half of that
MAX_SECONDS = 1.0  # of a quiet call, in the middle; it takes some 5 ms alone and 100 ms beside a flood on an idle machine
MAX_GROWTH = 150.0  # MiB


@pytest.fixture(scope="module")
def flooded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node of its own, with a worker."""
    node = Node(tmp_path_factory.mktemp("flooded"))
    with running(node, "Taskbahn is ready"):
        worker = Program("worker", "support.sample_app:app", "--slots", "2", cwd=TESTS, TASKBAHN_URL=node.websocket)
        with running(worker, "ready"):
            yield node


@contextlib.contextmanager
def flood(node: Node, kind: str, count: int, what: str) -> Iterator[dict[str, Any]]:
    """Flood; afterwards the dictionary has what came of it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.ours.flooder", str(node.port), kind, str(count), what],
        cwd=TESTS.parent,
        env={**os.environ, "PYTHONPATH": str(TESTS.parent)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    came: dict[str, Any] = {}
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert json.loads(process.stdout.readline()) == {"ready": True}
            yield came
            process.stdin.close()
            came.update(json.loads(process.stdout.readline()))
        finally:
            process.kill()


def quiet_call(app: Taskbahn, at_least: float = 0.0) -> float:
    """Return the seconds that a call takes, in the middle of some.   at_least: seconds that they take together."""
    task = app.get("shop.add")
    seconds: list[float] = []
    while len(seconds) < CALLS or sum(seconds) < at_least:
        number = len(seconds)
        started = time.perf_counter()
        assert task.call(number) == number + 1
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


@pytest.mark.parametrize("kind, count", [("submit", 20), ("watch", 300), ("idle", 300)])
def test_a_quiet_client_is_served_beside_a_flood_and_memory_is_bounded(flooded: Node, kind: str, count: int) -> None:
    router = only_child(only_child(flooded.process.pid))
    with Taskbahn(flooded.websocket) as app:
        quiet_call(app)
        before = memory(router)
        long = app.get("shop.nap").start(30)
        with flood(flooded, kind, count, "shop.add" if kind == "submit" else long.id) as came:
            seconds = quiet_call(app, FLOOD_SECONDS)
            growth = memory(router) - before
        long.cancel()
        assert seconds < MAX_SECONDS, came
        assert growth < MAX_GROWTH, came
        assert kind != "submit" or came["accepted"] >= 20_000
    assert flooded.get("/readyz")[0] == 200
