"""Tasks that wait for each other over a real node and worker, in every pool: one of them hears of it, and all of them end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.programs import Node, worker_of

from taskbahn import Job, JobFailed, Taskbahn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow
POOLS = ("process", "thread", "loop")
MODULE = """
    import asyncio, os, time
    from taskbahn import Concurrency, Taskbahn

    app = Taskbahn()
    NINE = Concurrency(9, name="nine")  # an attempt with a permit is suspended as soon as it waits

    def result_of(id: str, gate: str) -> int:
        while not os.path.exists(gate):
            time.sleep(0.01)
        return app.job(id).result()

    async def result_of_async(id: str, gate: str) -> int:
        while not os.path.exists(gate):
            await asyncio.sleep(0.01)
        return await app.job(id)

    for pool in ("process", "thread"):
        app.task(name=f"circle.{pool}", pool=pool, limits=[NINE])(result_of)
    app.task(name="circle.loop", limits=[NINE])(result_of_async)
"""


@pytest.fixture(scope="module")
def app(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taskbahn]:
    with worker_of(MODULE, tmp_path_factory.mktemp("circles"), node, 2), Taskbahn(node.websocket) as app:
        yield app


@pytest.mark.parametrize("pool", POOLS)
def test_a_circle_of_waits_is_refused_and_ends(app: Taskbahn, pool: str, tmp_path: Path) -> None:
    ids, gate = [Job.new_id() for _ in range(3)], tmp_path / "gate"
    task = app.get(f"circle.{pool}")
    others = [*ids[1:], ids[0]]
    jobs: list[Job[int]] = [task.options(id=id).start(other, str(gate)) for id, other in zip(ids, others, strict=True)]
    gate.touch()  # all of them exist
    errors = []
    for job in jobs:
        with pytest.raises(JobFailed) as caught:
            job.result(30)
        errors.append(str(caught.value))
    (refused,) = [error for error in errors if error.startswith("taskbahn.errors.InvalidRequest: ")]
    assert "in a circle of jobs" in refused
    assert all(id in refused for id in ids)
