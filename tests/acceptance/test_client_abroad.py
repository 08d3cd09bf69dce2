"""The client where it is hard: over lost connections and a restart of the node, in asyncio, in Twisted, after a fork."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from support import sample_app
from support.programs import Node, Program, running

from taskbahn import Taskbahn
from taskbahn.errors import (
    JobCancelled,
    JobFailed,
    RouterUnavailable,
    UnknownTask,
)
from taskbahn.protocol import messages
from taskbahn.protocol.states import State

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from taskbahn.jobs.job import Job

pytestmark = pytest.mark.slow
TESTS = Path(__file__).parents[1]
SECONDS = 40.0


def on_a_loop(main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(main())).result(SECONDS * 2)


def cut(app: Taskbahn) -> None:
    """Lose the connection, as a broken network would."""
    app.client.link.cut()


def test_a_watcher_misses_nothing_when_its_connection_is_cut(web: Taskbahn) -> None:
    job = sample_app.talk.start(30)
    events: list[messages.Event] = []
    for event in job.events():
        events.append(event)
        if len(events) in (5, 20, 40):
            cut(web)
    said = [event.data if event.kind == "chunk" else event.data["message"] for event in events if event.kind in ("log", "chunk")]
    assert said == [text for n in range(30) for text in (f"line {n} [bold]", f"chunk {n}")]


def test_a_wait_survives_a_cut(web: Taskbahn) -> None:
    job = sample_app.nap.start(0.5)
    threading.Timer(0.1, cut, [web]).start()
    assert job.result(SECONDS) == "slept"
    batch = sample_app.nap.start_many([0.3] * 8)
    cut(web)
    assert batch.results(SECONDS) == ["slept"] * 8


def test_what_was_on_its_way_is_sent_again_and_creates_nothing_twice(web: Taskbahn) -> None:
    tag = f"cut-{os.getpid()}"
    stop = threading.Event()

    def saw() -> None:
        pause = 0.3  # seconds; each pause is longer than the one before, since a busy machine may need all of it to connect
        while not stop.wait(pause):
            cut(web)
            pause *= 1.1

    sawing = threading.Thread(target=saw)
    sawing.start()
    try:
        batch = sample_app.add.options(tags=[tag]).start_many((n,) for n in range(3000))
        singles = [sample_app.add.options(tags=[tag]).call(n) for n in range(20)]
        assert batch.results(SECONDS) == list(range(1, 3001))
    finally:
        stop.set()
        sawing.join()
    assert singles == list(range(1, 21))
    assert len(jobs_with(web, tag)) == 3020


def jobs_with(app: Taskbahn, tag: str) -> set[str]:
    found: set[str] = set()
    page = app.view.jobs(tag=tag, limit=500)
    while page.jobs:
        found |= {view.id for view in page.jobs}
        if page.next is None:
            break
        page = app.view.jobs(tag=tag, limit=500, before=page.next)
    return found


def test_a_job_outlasts_its_client(sample_node: Node) -> None:
    with Taskbahn(sample_node.websocket) as first:
        job: Job[Any] = first.get("shop.nap").start(0.3)
    with Taskbahn(sample_node.websocket) as second:
        assert second.job(job.id).result(SECONDS) == "slept"


@pytest.mark.timeout(180)
def test_a_restart_of_the_node_is_waited_out(tmp_path: Path) -> None:
    with running(Node(tmp_path), "Taskbahn is ready") as node:
        assert isinstance(node, Node)
        with (
            running(Program("worker", "support.sample_app:app", cwd=TESTS, TASKBAHN_URL=node.websocket), "ready"),
            Taskbahn(node.websocket, timeout=60) as app,
        ):
            job = app.get("shop.nap").start(0.5)
            waiting = app.get("shop.add").options(delay=1).start(1)
            assert node.end() == 0
            with running(Node(tmp_path, node.port), "Taskbahn is ready"):
                assert waiting.result(60) == 2
                assert job.result(60) == "slept"
                assert app.get("shop.add").call(2) == 3


def test_a_router_that_goes_away_for_good_is_reported(tmp_path: Path) -> None:
    with running(Node(tmp_path), "Taskbahn is ready") as node:
        assert isinstance(node, Node)
        app = Taskbahn(node.websocket, timeout=1.0)
        assert app.view.status().workers == 0
        with pytest.raises(UnknownTask):
            app.get("shop.add").start(1)
    with app, pytest.raises(RouterUnavailable, match="no router answers"):
        app.view.status()


# where it runs


async def kinds_of(job: Job[Any], let_go: Callable[[], None]) -> list[str]:
    """Watch a job that is held until the first of its events is there; return the kinds of all of them."""
    kinds: list[str] = []
    async for event in job.events():
        let_go()
        kinds.append(event.kind)
    return kinds


def test_asyncio_has_everything_too(app: Taskbahn, gate: Path) -> None:
    async def main() -> None:
        job = await sample_app.add.start_async(2)
        assert await job == 3
        assert await job == 3
        assert list(await asyncio.gather(*[sample_app.add.call_async(n) for n in range(50)])) == list(range(1, 51))
        assert await (await sample_app.add.start_many_async((n,) for n in range(100))) == list(range(1, 101))
        assert (await kinds_of(await sample_app.talk.start_async(2, held=str(gate)), gate.touch))[-1] == "outcome"
        batch = await sample_app.repeat.start_many_async("abc")
        assert sorted([await job async for job in batch.as_completed()]) == ["aa", "bb", "cc"]
        with pytest.raises(JobFailed):
            await sample_app.fail.start("no")
        slow = await sample_app.nap.start_async(SECONDS)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(slow, 0.05)
        assert await slow.cancel_async() in (State.RUNNING, State.CANCELLED)
        with pytest.raises(JobCancelled):
            await slow
        assert (await slow.view_async()).state == "cancelled"

    on_a_loop(main)


@pytest_twisted.ensureDeferred
async def test_twisted_has_everything_too(web: Taskbahn, gate: Path) -> None:
    job = await sample_app.add.start_async(2)
    assert await job == 3
    assert await job.deferred() == 3
    assert await sample_app.add.call_async(3) == 4
    assert (await kinds_of(await sample_app.talk.start_async(2, held=str(gate)), gate.touch))[-1] == "outcome"
    with pytest.raises(JobFailed):
        await sample_app.fail.start("no")
    with pytest.raises(JobFailed):
        await sample_app.fail.start("no").deferred()
    assert sample_app.add.call(1) == 2  # blocking, on the reactor's own thread


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # from Python 3.12 on: that there are threads is the point
def test_a_forked_child_has_its_own_connection(web: Taskbahn) -> None:
    assert sample_app.add.call(1) == 2
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        os.write(write, str(sample_app.add.call(40)).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        assert answer.read() == "41"
    os.waitpid(child, 0)
    assert sample_app.add.call(2) == 3
