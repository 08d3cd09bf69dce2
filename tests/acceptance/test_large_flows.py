"""Flows of many members: submitted by one call, read as an iterator, over the sudden death of the router."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from support.programs import Node, running, worker_of

from taskbahn import Job, JobCancelled, Taskbahn, UnknownJob, chain, group

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCE = """
    from collections.abc import Iterable
    from taskbahn import Taskbahn
    app = Taskbahn()

    @app.task(name="large.number", pool="loop")
    async def number(n: int) -> int:
        return n

    @app.task(name="large.add", pool="loop")
    async def add(n: int, more: int) -> int:
        return n + more

    @app.task(name="large.total")
    def total(numbers: Iterable[int]) -> list[str | int]:
        return [type(numbers).__name__, sum(numbers), sum(numbers)]

    @app.task(name="large.spread", pool="thread")
    def spread(count: int) -> int:
        return len(number.start_many(range(count)).ids)
"""
CLIENT = """
from taskbahn import Taskbahn, group
app = Taskbahn("{url}")
number = app.get("large.number")
group(number.si(n) for n in range({count})).options(id="{id}").start()
"""
MEMBERS = 3_000


@pytest.fixture(scope="module")
def large(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taskbahn]:
    with worker_of(SOURCE, tmp_path_factory.mktemp("large"), node, 8), Taskbahn(node.websocket) as app:
        yield app


def test_the_body_of_a_large_group_iterates_over_its_results(large: Taskbahn) -> None:
    number, total = large.get("large.number"), large.get("large.total")
    job = (group(number.si(n) for n in range(MEMBERS)) | total.s()).start()
    expected = sum(range(MEMBERS))
    assert job.result(60) == ["PagedList", expected, expected]
    assert (group(number.si(n) for n in range(3)) | total.s()).call() == ["list", 3, 3]


def test_a_large_group_of_chains_gives_its_list(large: Taskbahn) -> None:
    number, add = large.get("large.number"), large.get("large.add")
    assert group(number.si(n) | add.s(1) for n in range(MEMBERS // 2)).call() == list(range(1, MEMBERS // 2 + 1))


def test_a_long_chain_gives_its_last_result(large: Taskbahn) -> None:
    number, add = large.get("large.number"), large.get("large.add")
    assert chain([number.si(0), *[add.s(1)] * 1_000]).call() == 1_000


def test_a_task_starts_many_children_in_one_call(large: Taskbahn) -> None:
    job = large.get("large.spread").start(MEMBERS)
    assert job.result(60) == MEMBERS
    assert len(list(job.members())) == MEMBERS


def test_a_large_flow_outlives_the_router_that_takes_it(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    folder.mkdir()
    id = Job.new_id()
    killed = Node(folder)
    with contextlib.ExitStack() as stack:
        stack.enter_context(running(killed, "Taskbahn is ready"))
        stack.enter_context(worker_of(SOURCE, tmp_path, killed, 8))
        app = stack.enter_context(Taskbahn(killed.websocket))
        number = app.get("large.number")
        flow = group(number.si(n) for n in range(3 * MEMBERS)).options(id=id)
        starter = ThreadPoolExecutor(1)
        started = starter.submit(flow.start)
        while not members(app, id):  # each look is a call, so this does not spin
            assert not started.done()
        os.killpg(killed.process.pid, signal.SIGKILL)
        killed.wait()
        stack.enter_context(running(Node(folder, killed.port), "Taskbahn is ready"))
        job = started.result(60)
        assert job.id == str(id)
        assert job.result(60) == list(range(3 * MEMBERS))
        assert members(app, id) == 3 * MEMBERS


def test_a_flow_whose_client_was_killed_is_stored_when_sent_again(large: Taskbahn, node: Node, tmp_path: Path) -> None:
    id, source = Job.new_id(), tmp_path / "client.py"
    source.write_text(CLIENT.format(url=node.websocket, count=10 * MEMBERS, id=id))
    client = subprocess.Popen([sys.executable, source])
    while not members(large, id):
        assert client.poll() is None
    client.kill()
    client.wait()
    number = large.get("large.number")
    job = group(number.si(n) for n in range(10 * MEMBERS)).options(id=id).start()
    assert job.id == str(id)
    assert job.result(120) == list(range(10 * MEMBERS))
    assert members(large, id) == 10 * MEMBERS


def test_a_large_flow_is_cancelled_by_another_client_while_it_is_submitted(large: Taskbahn, node: Node) -> None:
    id = Job.new_id()
    with Taskbahn(node.websocket) as app, ThreadPoolExecutor(1) as starter:
        number = app.get("large.number")
        started = starter.submit((group(number.si(n) for n in range(3 * MEMBERS)) | number.si(1)).options(id=id).start)
        while not members(large, id):
            assert not started.done()
        large.job(str(id)).cancel()
        job = started.result(60)
    with pytest.raises(JobCancelled):
        job.result(60)
    states = {member.state for member in large.job(str(id)).members()}
    assert states <= {"cancelled", "succeeded"}


def members(app: Taskbahn, id: object) -> int:
    """Return how many members a job has; 0: it is not there."""
    try:
        counted = app.job(str(id)).view().members
    except UnknownJob:
        return 0
    return 0 if counted is None else counted.total
