"""Deadlines over a real node and a worker, in every pool: what a task knows of its own, and what becomes of a tree that misses one."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support.programs import Node, running, running_node, worker_of
from support.shell import Shell
from support.until import until

from taskbahn import InvalidOption, Job, JobCancelled, JobFailed, Taskbahn, chain, group

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow
POOLS = ("process", "thread", "loop")
SECONDS = 30.0
MODULE = """
    import asyncio, os, time
    from taskbahn import Taskbahn, current

    app = Taskbahn()

    def left() -> float | None:
        return None if current.deadline is None else current.deadline.timestamp() - time.time()

    async def left_async() -> float | None:
        return left()

    def linger(path: str, seconds: float = 60.0) -> None:
        try:
            for _ in range(int(seconds * 100)):
                time.sleep(0.01)
        finally:
            open(path, "w").close()

    async def linger_async(path: str, seconds: float = 60.0) -> None:
        try:
            await asyncio.sleep(seconds)
        finally:
            open(path, "w").close()

    for pool in ("process", "thread"):
        app.task(name=f"late.left_{pool}", pool=pool)(left)
        app.task(name=f"late.linger_{pool}", pool=pool)(linger)
    left_task = app.task(name="late.left_loop")(left_async)
    linger_task = app.task(name="late.linger_loop")(linger_async)

    @app.task(name="late.parent", finish_within="1h")
    async def parent(path: str) -> list[float | None]:
        children = [left_task, left_task.options(finish_within=60), left_task.options(detached=True)]
        return [await (await child.start_async()) for child in children]

    @app.task(name="late.waits", pool="thread")
    def waits(path: str) -> None:
        linger_task.start(path).result()

    @app.task(name="late.gate")
    async def gate(path: str) -> str:
        while not os.path.exists(path):
            await asyncio.sleep(0.01)
        return "through"

    @app.task(name="late.leaves", pool="thread")
    def leaves(path: str) -> list[str]:
        # Start a child that goes on without its parent, and one that does not; wait for both.
        children = [gate.options(detached=True).start(path), gate.start(path)]
        return [child.result() for child in children]

    @app.task(name="late.asks", pool="thread")
    def asks() -> str:
        return current.ask("Go on?", str)
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, node: Node) -> Iterator[Taskbahn]:
    folder = tmp_path_factory.mktemp("late")
    with worker_of(MODULE, folder, node, 4), Taskbahn(node.websocket) as app:
        yield app


def failure(job: Job[Any]) -> dict[str, Any]:
    with pytest.raises(JobFailed) as caught:
        job.result(SECONDS)
    return caught.value.detail


@pytest.mark.parametrize("pool", POOLS)
def test_a_task_knows_its_deadline(app: Taskbahn, pool: str) -> None:
    left = app.get(f"late.left_{pool}")
    assert left.start().result(SECONDS) is None
    assert 3500 < left.options(finish_within="1h").start().result(SECONDS) <= 3600
    moment = datetime.now(UTC) + timedelta(minutes=5)
    assert 200 < left.options(finish_by=moment).start().result(SECONDS) <= 300
    flow = group(left.si(), left.options(finish_within=timedelta(seconds=60)).si()).options(finish_within="30m").start()
    first, second = flow.result(SECONDS)
    assert 1700 < first <= 1800
    assert 0 < second <= 60


def test_children_inherit_the_deadline(app: Taskbahn) -> None:
    same, own, none = app.get("late.parent").start("").result(SECONDS)
    assert 3500 < same <= 3600
    assert 0 < own <= 60
    assert none is None


@pytest.mark.parametrize("pool", POOLS)
def test_a_running_attempt_is_stopped_at_the_deadline(app: Taskbahn, tmp_path: Path, pool: str) -> None:
    path = tmp_path / "ended"
    began = time.monotonic()
    error = failure(app.get(f"late.linger_{pool}").options(finish_within=0.5).start(str(path)))
    assert error["type"] == "DeadlineExceeded"
    assert time.monotonic() - began < 20
    until(path.exists)


def test_a_tree_ends_with_what_has_the_deadline(app: Taskbahn, tmp_path: Path) -> None:
    waits, linger, left = app.get("late.waits"), app.get("late.linger_loop"), app.get("late.left_loop")
    job = waits.options(finish_within=1.5).start(str(tmp_path / "child"))
    flow = chain(linger.si(str(tmp_path / "member")), left.si()).options(finish_within=1.5).start()
    asks = app.get("late.asks").options(finish_within=1.5).start()
    for missed in (job, flow, asks):
        assert failure(missed)["type"] == "DeadlineExceeded"
    (child,) = job.members()
    assert failure(app.job(child.id))["type"] == "DeadlineExceeded"
    for member in flow.members():
        with pytest.raises(JobCancelled, match="which had not ended by its deadline"):
            app.job(member.id).result(SECONDS)


def test_a_detached_child_goes_on_when_its_parked_parent_misses_its_deadline(app: Taskbahn, tmp_path: Path) -> None:
    job = app.get("late.leaves").options(finish_within=1.5).start(str(tmp_path / "gate"))
    until(lambda: len(job.members()) == 2)
    detached, child = sorted(job.members(), key=lambda view: view.deadline is not None)
    assert failure(job)["type"] == "DeadlineExceeded"
    assert failure(app.job(child.id))["type"] == "DeadlineExceeded"
    assert (detached.deadline, child.deadline) == (None, job.view().deadline)
    assert app.job(detached.id).state() == "running"
    (tmp_path / "gate").touch()
    assert app.job(detached.id).result(SECONDS) == "through"


@pytest.mark.parametrize("end", ["stopped", "killed"])
def test_a_deadline_that_passes_while_the_router_is_down_counts(tmp_path: Path, end: str) -> None:
    gate = tmp_path / "gate"
    (tmp_path / "work").mkdir()
    with (
        running_node(tmp_path) as node,
        worker_of(MODULE, tmp_path / "work", node, 8),
        Taskbahn(node.websocket) as app,
    ):
        linger, left, waits = app.get("late.linger_loop"), app.get("late.left_loop"), app.get("late.waits")
        by = datetime.now(UTC) + timedelta(seconds=10)
        missed: list[Job[Any]] = [
            left.options(queue="unserved", finish_by=by).start(),
            linger.options(finish_by=by).start(str(tmp_path / "running")),
            waits.options(finish_by=by).start(str(tmp_path / "child")),
            chain(linger.si(str(tmp_path / "member")), left.si()).options(finish_by=by).start(),
        ]
        kept = app.get("late.gate").options(finish_within="1h").start(str(gate))
        until(lambda: [job.state() for job in (*missed, kept)] == ["ready", *["running"] * 4] and len(missed[2].members()) == 1)
        if end == "killed":
            os.killpg(node.process.pid, signal.SIGKILL)
        node.close()
        until(lambda: datetime.now(UTC) > by)
        gate.touch()
        with running(Node(tmp_path, node.port), "Taskbahn is ready"):
            for job in missed:
                error = failure(job)
                assert (error["type"], error["deadline"]) == ("DeadlineExceeded", by.timestamp())
            assert kept.result(SECONDS) == "through"
            until(lambda: all((tmp_path / name).exists() for name in ("running", "child", "member")))  # all attempts were stopped


def test_asyncio_code_says_a_deadline_too(app: Taskbahn) -> None:
    async def run() -> Any:
        return await app.get("late.linger_loop").options(finish_within=0.3).start_async("/dev/null")

    with ThreadPoolExecutor() as threads:
        job = threads.submit(lambda: asyncio.run(run())).result()
    assert failure(job)["type"] == "DeadlineExceeded"


def test_what_cannot_be_is_refused(app: Taskbahn) -> None:
    left = app.get("late.left_loop").options(tags=["wrong"])
    with pytest.raises(InvalidOption, match="that moment has passed"):
        left.options(finish_by=time.time() - 1).start()
    with pytest.raises(InvalidOption, match="exclude each other"):
        left.options(finish_by=time.time() + 1, finish_within=5)
    with pytest.raises(InvalidOption, match="begins no number with a unit"):
        left.options(finish_within="soon")
    with pytest.raises(InvalidOption, match=r"chain\[1\].*that moment has passed"):
        chain(left.si(), left.options(finish_by=time.time() - 1).si()).options(tags=["wrong"]).start()
    assert app.view.jobs(tag="wrong").jobs == []


def test_the_command_line_takes_and_shows_deadlines(app: Taskbahn, node: Node) -> None:
    shell = Shell(node.websocket)
    id = shell("submit", "late.left_loop", "-o", "queue=unserved", "--finish-within", "1h").out.strip()
    assert ", in 59 min" in shell("job", id).out.partition("deadline")[2].partition("\n")[0]
    assert 3500 < shell("job", id, "--json").json["deadline"] - time.time() <= 3600
    assert "Its deadline has not passed: it fails at" in shell("explain", id).out
    moment = datetime.now().astimezone() + timedelta(hours=2)
    for typed in (moment.isoformat(), moment.replace(tzinfo=None).isoformat(sep=" "), str(moment.timestamp())):
        other = shell("submit", "late.left_loop", "-o", "queue=unserved", "--finish-by", typed).out.strip()
        assert shell("job", other, "--json").json["deadline"] == pytest.approx(moment.timestamp())
    missed = shell("call", "late.left_loop", "-o", "queue=unserved", "--finish-within", "300ms", "--json")
    assert missed.json["error"]["type"] == "DeadlineExceeded"
    assert missed.code == 1
    assert (
        "it has not ended by its deadline"
        in shell("call", "late.left_loop", "-o", "queue=unserved", "--finish-within", "0.3").err
    )


def test_explain_says_of_a_running_job_when_it_fails(app: Taskbahn, node: Node, tmp_path: Path) -> None:
    job = app.get("late.waits").options(finish_within="1h").start(str(tmp_path / "ended"))
    until(lambda: job.state() == "running")
    shell = Shell(node.websocket)
    assert "Its deadline has not passed: it fails at" in shell("explain", job.id).out
    flow = chain(app.get("late.linger_loop").si(str(tmp_path / "member"))).options(finish_within="1h").start()
    (member,) = flow.members()
    until(lambda: app.job(member.id).state() == "running")
    said = shell("explain", member.id).out
    assert f"{member.id} is running: nothing is between it and its start" in said
    assert "Its deadline has not passed: it fails at" in said
    job.cancel()
    flow.cancel()


WRONG = [
    (["--finish-by", "2020-01-31T18:00"], "that moment has passed"),
    (["--finish-by", "soon"], "--finish-by soon: a time is written as 2030-01-31T18:00, or in seconds since 1970"),
    (["-o", "finish_by=true"], "--option finish_by=true: a time is written as"),
    (["--finish-by", "-5"], "option finish_by = -5: it is a datetime, or seconds since 1970"),
    (["--finish-within", "-1h"], "option finish_within = '-1h': '-' at position 1 begins no number with a unit"),
    (["--finish-within", "0"], "option finish_within = 0: it is in seconds, more than 0"),
    (["--finish-within", "soon"], "option finish_within = 'soon': 's' at position 1 begins no number with a unit"),
    (
        ["--finish-within", "1h", "--finish-by", "2100-01-31"],
        "options finish_within and finish_by exclude each other: give one of them",
    ),
]


@pytest.mark.parametrize("command", ["submit", "call"])
def test_the_command_line_refuses_a_deadline_that_cannot_be(app: Taskbahn, node: Node, command: str) -> None:
    shell = Shell(node.websocket)
    for words, sentence in WRONG:
        refused = shell(command, "late.left_loop", "-o", 'tags=["refused"]', *words)
        assert sentence in refused.err, refused
        assert refused.code not in (0, None)
    assert app.view.jobs(tag="refused").jobs == []
