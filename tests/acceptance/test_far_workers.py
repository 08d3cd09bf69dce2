"""Parents with permits on a worker that is far from its node: what their children gave comes later than an attempt may wait."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from support.programs import Program, running
from support.relay import Relay

from taskbahn import Taskbahn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.programs import Node

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
LAG = 0.05  # seconds, ten times as long as an attempt with permits waits in its slot
CHILDREN = 4
MOST_ATTEMPTS = 2 * CHILDREN + 2  # for each child one that waits for it, and one that learns it has ended
SOURCE = """
import asyncio
from taskbahn import Concurrency, Taskbahn

app = Taskbahn()
ONE = Concurrency(1, name="far-one")

@app.task(name="far.leaf", pool="thread")
def leaf(number: int) -> int:
    return number

def parent(count: int) -> int:
    return sum(leaf.start(number).result() for number in range(count))

for pool in ("thread", "process"):
    app.task(name=f"far.{pool}", pool=pool, limits=[ONE])(parent)

@app.task(name="far.batch", pool="thread", limits=[ONE])
def batch(count: int) -> int:
    return sum(leaf.start_many(range(count)).results())

@app.task(name="far.loop", limits=[ONE])
async def one_by_one(count: int) -> int:
    return sum([await (await leaf.start_async(number)) for number in range(count)])

@app.task(name="far.gather", limits=[ONE])
async def gather(count: int) -> int:
    return sum(await asyncio.gather(*(leaf.call_async(number) for number in range(count))))
"""


@pytest.fixture(scope="module")
def app(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taskbahn]:
    folder: Path = tmp_path_factory.mktemp("far")
    (folder / "far_work.py").write_text(SOURCE)
    with contextlib.closing(Relay(node.port)) as relay:
        relay.delay(LAG)
        url = f"ws://127.0.0.1:{relay.port}/ws"
        worker = Program("worker", "far_work:app", "--slots", "4", cwd=folder, TASKBAHN_URL=url)
        with running(worker, " ready"), Taskbahn(node.websocket) as app:
            yield app


@pytest.mark.parametrize("kind", ["thread", "process", "batch", "loop", "gather"])
def test_a_parent_with_a_permit_learns_what_its_children_gave(app: Taskbahn, kind: str) -> None:
    job = app.get(f"far.{kind}").start(CHILDREN)
    assert job.result(timeout=120) == sum(range(CHILDREN))
    assert job.view().attempt <= MOST_ATTEMPTS
