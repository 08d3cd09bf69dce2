"""Jobs and workflows that are paused, over a real node and workers: nothing of them starts, whatever dies, and all of it goes on."""

from __future__ import annotations

import contextlib
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.programs import Node, running, worker_of

from taskbahn import Job, JobCancelled, JobFailed, Taskbahn, WrongState, chain, chord
from taskbahn.tasks.flow import Flow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow
POOLS = ("process", "thread", "loop")
MODULE = """
    import asyncio, time
    from pathlib import Path
    from taskbahn import Taskbahn, current

    app = Taskbahn()

    def mark(folder, text):
        with open(Path(folder) / "marks", "a") as file:
            file.write(text + "\\n")

    def work(folder: str, number: int, until: str = "") -> int:
        mark(folder, f"begin {number}")
        current.step("once", mark, folder, f"once {number}")
        while until and not Path(until).exists():
            current.check()
            time.sleep(0.01)
        return number

    async def work_async(folder: str, number: int, until: str = "") -> int:
        mark(folder, f"begin {number}")
        await current.step_async("once", mark, folder, f"once {number}")
        while until and not Path(until).exists():
            await current.check_async()
            await asyncio.sleep(0.01)
        return number

    def hear(folder: str) -> int:
        mark(folder, "hear")
        message = current.inbox.get()
        current.check()
        mark(folder, "heard")
        return message

    async def hear_async(folder: str) -> int:
        mark(folder, "hear")
        message = await current.inbox.get_async()
        await current.check_async()
        mark(folder, "heard")
        return message

    for pool in ("process", "thread"):
        app.task(name=f"pause.{pool}", pool=pool)(work)
        app.task(name=f"hear.{pool}", pool=pool)(hear)
    app.task(name="pause.loop")(work_async)
    app.task(name="hear.loop")(hear_async)

    @app.task(name="pause.fail", pool="thread")
    def fail() -> int:
        raise ValueError("no")

    @app.task(name="pause.sum", pool="thread")
    def total(numbers: list[int | None]) -> int:
        return sum(filter(None, numbers))

    @app.task(name="pause.probe", pool="thread")
    def probe() -> bool:
        return True
"""


@pytest.fixture(scope="module")
def app(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taskbahn]:
    with worker_of(MODULE, tmp_path_factory.mktemp("pausing"), node, 2), Taskbahn(node.websocket) as app:
        yield app


def marks(folder: Path, word: str) -> list[str]:
    file = folder / "marks"
    return [line for line in file.read_text().splitlines() if line.startswith(word)] if file.exists() else []


def when(condition: Callable[[], Any], within: float = 30) -> None:
    until = time.monotonic() + within
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def is_parked(job: Job[Any]) -> bool:
    return any("holds no slot" in reason.why for reason in job.explain())


def is_idle(app: Taskbahn) -> bool:
    """Return whether the worker runs what comes, after all that it could have run before."""
    return all(app.get("pause.probe").start().result(30) for _ in range(3))


def starts(app: Taskbahn, task: str, *args: object, **options: Any) -> Job[int]:
    """Start a job, and wait until its function runs."""
    job: Job[int] = app.get(task).options(**options).start(*args)
    when(lambda: job.state() == "running")
    return job


@pytest.mark.parametrize("pool", POOLS)
def test_a_running_task_waits_without_its_slot_and_goes_on(app: Taskbahn, pool: str, tmp_path: Path) -> None:
    until = tmp_path / "until"
    jobs: list[Job[int]] = [app.get(f"pause.{pool}").start(str(tmp_path), number, str(until)) for number in (1, 2)]
    when(lambda: len(marks(tmp_path, "once")) == 2)
    for job in jobs:
        assert job.pause("too warm") == "running"
    when(lambda: all(map(is_parked, jobs)))
    assert app.get("pause.probe").start().result(30) is True
    view = jobs[0].view()
    assert view.paused is not None
    assert (view.paused.reason, view.paused.job) == ("too warm", jobs[0].id)
    until.touch()
    for job in jobs:
        assert job.resume() == "running"
    assert [job.result(30) for job in jobs] == [1, 2]
    assert len(marks(tmp_path, "begin")) == 2
    with pytest.raises(WrongState):
        jobs[0].pause()


def test_a_pause_ends_by_itself_and_a_job_starts(app: Taskbahn, tmp_path: Path) -> None:
    job: Job[int] = app.get("pause.thread").options(delay=2).start(str(tmp_path), 3)
    assert job.pause("a moment", within=3) == "waiting"
    assert job.result(30) == 3


@pytest.mark.parametrize("pool", POOLS)
def test_a_ready_job_waits_for_more_than_a_slot(app: Taskbahn, pool: str, tmp_path: Path) -> None:
    until = tmp_path / "until"
    before = [app.get(f"pause.{pool}").start(str(tmp_path), number, str(until)) for number in (1, 2)]
    when(lambda: len(marks(tmp_path, "once")) == 2)
    job: Job[int] = app.get(f"pause.{pool}").start(str(tmp_path), 3)
    assert job.state() == "ready"
    assert job.pause("not now") == "waiting"
    until.touch()
    assert [one.result(30) for one in before] == [1, 2]
    assert is_idle(app)
    assert job.state() == "waiting"
    (reason, *_) = job.explain()
    assert "It is paused" in reason.why
    assert "not now" in reason.why
    job.resume()
    assert job.result(30) == 3


@pytest.mark.parametrize("pool", POOLS)
def test_a_task_that_waits_keeps_what_comes_for_it(app: Taskbahn, pool: str, tmp_path: Path) -> None:
    job = starts(app, f"hear.{pool}", str(tmp_path))
    when(lambda: is_parked(job))
    assert job.pause() == "running"
    job.send(7)
    assert is_idle(app)
    assert (job.state(), marks(tmp_path, "heard")) == ("running", [])
    job.resume()
    assert job.result(30) == 7
    assert marks(tmp_path, "hear") == ["hear", "heard"]


@pytest.mark.parametrize("pool", POOLS)
def test_a_cancel_ends_what_is_paused(app: Taskbahn, pool: str, tmp_path: Path) -> None:
    until = tmp_path / "until"
    task = app.get(f"pause.{pool}")
    runs = starts(app, f"pause.{pool}", str(tmp_path), 1, str(until))
    hears = starts(app, f"hear.{pool}", str(tmp_path))
    delayed: Job[int] = task.options(delay=600).start(str(tmp_path), 2)
    flow: Job[int] = chain(task.s(str(tmp_path), 3, str(until)), app.get("pause.probe").si()).start()
    jobs = [runs, hears, delayed, flow]
    when(lambda: is_parked(hears) and "once 3" in marks(tmp_path, "once"))
    for job in jobs:
        job.pause()
    when(lambda: is_parked(runs))
    for job in jobs:
        assert job.cancel("enough") == "cancelled"
    for job in jobs:
        with pytest.raises(JobCancelled, match="enough"):
            job.result(30)
    assert {member.state for member in flow.members()} == {"cancelled"}
    until.touch()
    assert is_idle(app)
    assert not marks(tmp_path, "heard")
    assert not [job for job in jobs if job.view().paused]


@pytest.mark.parametrize("pool", POOLS)
def test_a_deadline_passes_while_its_job_is_paused(app: Taskbahn, pool: str, tmp_path: Path) -> None:
    until = tmp_path / "until"
    jobs = [
        starts(app, f"pause.{pool}", str(tmp_path), 1, str(until), finish_within=3),
        starts(app, f"hear.{pool}", str(tmp_path), finish_within=3),
        app.get(f"pause.{pool}").options(delay=2.5, finish_within=3).start(str(tmp_path), 2),
    ]
    for job in jobs:
        job.pause()
    for job in jobs:
        with pytest.raises(JobFailed, match="DeadlineExceeded"):
            job.result(30)
    until.touch()
    assert is_idle(app)
    assert marks(tmp_path, "begin") == ["begin 1"]


def test_a_workflow_rests_in_all_states_of_its_members(app: Taskbahn, tmp_path: Path) -> None:
    """Each member stays as it is: the one that failed too, which other members wait for until a person decides."""
    until = tmp_path / "until"
    task = app.get("pause.thread")
    members = [
        task.s(str(tmp_path), 1),
        app.get("pause.fail").s().if_fails("hold"),
        task.s(str(tmp_path), 2, str(until)),
        app.get("hear.loop").s(str(tmp_path)),
        chain(app.get("pause.loop").s(str(tmp_path), 3, str(until)), task.si(str(tmp_path), 4)),
    ]
    flow: Flow[object, int] = chord(members, app.get("pause.sum").s())
    job = flow.start()

    def states() -> list[str]:
        return sorted(member.state for member in job.members() if member.task != "taskbahn.group")

    as_they_are = ["failed", "running", "running", "running", "succeeded", "waiting", "waiting"]
    when(lambda: states() == as_they_are and len(marks(tmp_path, "once")) == 3 and marks(tmp_path, "hear"))
    assert job.pause("too warm") == "running"
    when(lambda: all(is_parked(app.job(member.id)) for member in job.members("running")))
    hears = next(app.job(member.id) for member in job.members() if member.task == "hear.loop")
    hears.send(7)
    until.touch()
    assert is_idle(app)
    assert states() == as_they_are
    for member in job.members():
        if member.state == "waiting":
            assert "of which it is a part, is paused" in app.job(member.id).explain()[0].why
    assert job.resume() == "running"
    when(lambda: states() == ["failed", *["succeeded"] * 5, "waiting"])
    failed = next(member for member in job.members("failed"))
    app.job(failed.id).skip()
    assert job.result(30) == 1 + 2 + 7 + 4
    assert len(marks(tmp_path, "begin")) == 4


@pytest.mark.parametrize("pool", POOLS)
def test_a_paused_workflow_outlives_its_router_and_its_worker(tmp_path: Path, pool: str) -> None:
    """The router is killed, and then the worker that runs two members, with the others waiting behind them."""
    folder = tmp_path / "node"
    folder.mkdir()
    until = tmp_path / "until"
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(running(Node(folder), "Taskbahn is ready"))
        assert isinstance(first, Node)
        app = stack.enter_context(Taskbahn(first.websocket))
        worker = stack.enter_context(worker_of(MODULE, tmp_path, first, 2))
        task = app.get(f"pause.{pool}")
        members = [task.s(str(tmp_path), number, str(until)) for number in range(6)]
        flow: Flow[object, int] = chord(members, app.get("pause.sum").s())
        job = flow.start()
        when(lambda: len(marks(tmp_path, "once")) == 2)
        assert job.pause("too warm") == "running"
        when(lambda: sum(member.state == "running" for member in job.members()) == 2)
        first.end(signal.SIGKILL)
        node = stack.enter_context(running(Node(folder, first.port), "Taskbahn is ready"))
        assert isinstance(node, Node)
        when(lambda: app.get("pause.probe").start().result(30))
        worker.end(signal.SIGKILL)
        stack.enter_context(worker_of(MODULE, tmp_path, node, 2))
        until.touch()
        when(lambda: {member.state for member in job.members()} == {"waiting"})
        assert app.get("pause.probe").start().result(30) is True
        assert len(marks(tmp_path, "begin")) == 2
        (reason, *_) = app.job(job.members()[0].id).explain()
        assert "of which it is a part, is paused" in reason.why
        assert job.resume() == "running"
        assert job.result(60) == 15
    assert sorted(marks(tmp_path, "once")) == [f"once {number}" for number in range(6)]
