"""Generators as tasks: real workers and a real node, read by the client as their chunks come."""

import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.programs import Node, Program

from taskbahn import Taskbahn
from taskbahn.errors import JobFailed

pytestmark = pytest.mark.slow
POOLS = ("process", "thread", "loop")
MODULE = """
    import asyncio
    from collections.abc import AsyncIterator, Generator, Iterator
    from pathlib import Path
    from taskbahn import Taskbahn

    app = Taskbahn()

    def plain(number: int) -> Generator[int, None, str]:
        for index in range(number):
            yield index
        return "all"

    def again(mark: str) -> Iterator[str]:
        is_first = not Path(mark).exists()
        yield "begins"
        if is_first:
            Path(mark).touch()
            raise ValueError("once")
        yield "ends"

    @app.task(name="loop.count")
    async def count(number: int) -> AsyncIterator[int]:
        for index in range(number):
            yield index

    @app.task(name="loop.again", retries=1, retry_backoff=0.01)
    async def again_async(mark: str) -> AsyncIterator[str]:
        for one in again(mark):
            yield one

    for pool in ("process", "thread"):
        app.task(name=f"{pool}.count", pool=pool)(plain)
        app.task(name=f"{pool}.again", pool=pool, retries=1, retry_backoff=0.01)(again)
"""


@pytest.fixture(scope="module")
def app(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taskbahn]:
    directory = tmp_path_factory.mktemp("streams")
    (directory / "streams.py").write_text(textwrap.dedent(MODULE))
    worker = Program("worker", "streams:app", "--url", node.websocket, cwd=directory)
    try:
        worker.wait_for("ready")
        with Taskbahn(node.websocket) as app:
            yield app
    finally:
        worker.close()


@pytest.mark.parametrize("pool", POOLS)
def test_chunks_are_read_as_they_come_and_then_the_result(app: Taskbahn, pool: str) -> None:
    job = app.get(f"{pool}.count").start(3000)
    assert list(job.chunks()) == list(range(3000))
    assert job.result(40) == (None if pool == "loop" else "all")
    assert list(app.job(job.id).chunks(float))[:2] == [0.0, 1.0]


@pytest.mark.parametrize("pool", POOLS)
def test_chunks_of_another_attempt_are_kept_apart(app: Taskbahn, pool: str, tmp_path: Path) -> None:
    chunks = app.get(f"{pool}.again").start(str(tmp_path / "mark")).chunks()
    (first, one), (second, two), (last, three) = [(chunks.attempt, chunk) for chunk in chunks]
    assert (one, two, three) == ("begins", "begins", "ends")
    assert first < second == last  # a busy worker may hand an attempt back before it begins, and the next one has another number


def test_a_stream_of_a_job_that_fails_ends_with_its_error(app: Taskbahn, tmp_path: Path) -> None:
    job = app.get("thread.again").options(retries=0).start(str(tmp_path / "mark"))
    seen: list[str] = []
    with pytest.raises(JobFailed, match="once"):
        seen.extend(job.chunks())  # keeps what came before the error
    assert seen == ["begins"]
