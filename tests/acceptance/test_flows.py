"""Flows over a real node and two real workers, as programs start them: shapes, large results, children, and what a kill does."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from support.programs import Node, two_workers_of

from taskbahn import Job, JobFailed, Taskbahn, chain, chord, group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow
MODULE = """
    import asyncio, os
    from pathlib import Path
    from taskbahn import Taskbahn, current

    app = Taskbahn()

    def add(a: int, b: int = 0) -> int:
        return a + b

    def total(numbers: list[int]) -> int:
        return sum(numbers)

    def lengths(lists: list[list[int]]) -> list[int]:
        return [len(one) for one in lists]

    for pool in ("process", "thread"):
        app.task(name=f"flows.add_{pool}", pool=pool)(add)
        app.task(name=f"flows.total_{pool}", pool=pool)(total)

    @app.task(name="flows.add")
    async def quick_add(a: int, b: int = 0) -> int:
        return a + b

    @app.task(name="flows.total")
    async def quick_total(numbers: list[int]) -> int:
        return sum(numbers)

    @app.task(name="flows.lengths")
    async def quick_lengths(lists: list[list[int]]) -> list[int]:
        return lengths(lists)

    @app.task(name="flows.text")
    async def text(size: int) -> str:
        return "x" * size

    @app.task(name="flows.spread")
    async def spread(count: int) -> int:
        for number in range(count):
            await current.add_to_group_async(quick_add.si(100 + number))
        return count

    @app.task(name="flows.fail")
    async def fail(number: int) -> int:
        raise ValueError(f"no {number}")

    @app.task(name="flows.once", pool="process", crash_attempts=2)
    def once(number: int, mark: str) -> int:
        path = Path(mark)
        if not path.exists():
            path.touch()
            os.kill(os.getpid(), 9)
        return number

    @app.task(name="flows.parent")
    async def parent(count: int) -> None:
        for _ in range(count):
            current.chunk((await app.get("flows.slow").options(delay=600).start_async()).id)
        await asyncio.sleep(600)

    @app.task(name="flows.slow")
    async def slow() -> None:
        pass
"""
SECONDS = 60.0


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, node: Node) -> Iterator[Taskbahn]:
    with two_workers_of(MODULE, tmp_path_factory, node, 4) as client:
        yield client


def ended(job: Job[Any]) -> Any:
    return job.result(timeout=SECONDS)


@pytest.mark.parametrize("pool", ["", "_process", "_thread"])
def test_shapes_give_their_results_in_each_pool(app: Taskbahn, pool: str) -> None:
    add, total = app.get(f"flows.add{pool}"), app.get(f"flows.total{pool}")
    flow = add.s(1, 2) | group(add.s(10), add.s(20) | add.s(5)) | total.s()
    assert ended(flow.start()) == 3 + 10 + 3 + 20 + 5
    assert ended(chain(add.si(1, 1), add.si(2, 2)).start()) == 4
    a, b = add.si(1, 2), add.si(3, 4)
    assert ended(total.si([a.output, b.output, 5]).start()) == 15
    assert add.chunks(((n, 1) for n in range(10)), 4).call() == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]


def test_a_long_list_and_large_results_reach_body_and_caller(app: Taskbahn) -> None:
    add, total, lengths, text = (app.get(f"flows.{name}") for name in ("add", "total", "lengths", "text"))
    assert ended(chord((add.si(n) for n in range(1500)), total.s()).start()) == sum(range(1500))
    inner = group(add.si(n) for n in range(1100))
    assert ended((group(inner, group(add.si(1))) | lengths.s()).start()) == [1100, 1]
    large = group(text.si(40_000) for _ in range(3))
    assert [len(one) for one in ended(large.start())] == [40_000] * 3
    assert ended(group(large, add.si(1)).start()) == [["x" * 40_000] * 3, 1]


def test_a_result_by_reference_is_awaited_as_any_other(app: Taskbahn) -> None:
    async def run() -> list[int]:
        found: list[int] = await group(app.get("flows.add").si(n) for n in range(1001)).call_async()
        return found

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(lambda: asyncio.run(run())).result(SECONDS) == list(range(1001))


def test_the_error_of_a_member_is_that_of_the_whole(app: Taskbahn) -> None:
    with pytest.raises(JobFailed, match="ValueError: no 3") as caught:
        ended((app.get("flows.add").si(1, 2) | app.get("flows.fail").s() | app.get("flows.add").s(1)).start())
    assert caught.value.detail["type"] == "ValueError"
    assert caught.value.detail["member"]["task"] == "flows.fail"


def test_a_flow_goes_on_when_a_member_killed_its_process(app: Taskbahn, tmp_path: Any) -> None:
    once, total = app.get("flows.once"), app.get("flows.total")
    flow = chord([once.si(n, str(tmp_path / str(n))) for n in range(3)], total.s())
    assert ended(flow.start()) == 3


def waits_for(what: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_what_a_task_starts_is_cancelled_with_it(app: Taskbahn) -> None:
    parent = app.get("flows.parent").start(3)
    children = [Job[Any](app, id) for _, id in zip(range(3), parent.chunks(str), strict=False)]
    assert {child.state() for child in children} == {"waiting"}
    parent.cancel()
    assert {child.state() for child in children} == {"cancelled"}


def test_a_cancel_of_the_whole_ends_its_members_in_slices(app: Taskbahn) -> None:
    slow = app.get("flows.slow").options(delay=600)
    job = group(slow.si() for _ in range(1200)).start()
    assert app.view.status().jobs["waiting"] >= 1200
    assert job.cancel("enough") == "cancelled"
    waits_for(lambda: app.view.status().jobs["waiting"] < 1200)
    waits_for(lambda: app.view.status().jobs["waiting"] == 0)


def test_a_member_adds_others_to_its_group(app: Taskbahn) -> None:
    """The group waits for them, and their results come behind the others; a body gets all of them."""
    spread, total = app.get("flows.spread"), app.get("flows.total")
    assert group(spread.si(2), spread.si(0)).call() == [2, 0, 100, 101]
    assert (group(spread.si(3), spread.si(1)) | total.s()).call() == 3 + 1 + 100 + 101 + 102 + 100
    assert group(group(spread.si(1)), spread.si(0)).call() == [[1, 100], 0]
    with pytest.raises(JobFailed, match="no group that still runs"):
        spread.call(1)
