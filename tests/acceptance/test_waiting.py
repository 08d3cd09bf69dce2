"""Tasks that wait, over a real node and workers, in every pool: nothing they wait for lacks a slot, and nothing is done twice."""

from __future__ import annotations

import contextlib
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.programs import Node, Program, worker_of

from taskbahn import Job, JobFailed, Taskbahn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow
POOLS = ("process", "thread", "loop")
MODULE = """
    import asyncio, os, threading, time
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path
    import taskbahn
    from taskbahn import Concurrency, Taskbahn, chain, current

    taskbahn.attempt.waiting.SUSPEND_AFTER = float(os.environ.get("SUSPEND_AFTER", "30"))
    app = Taskbahn()
    ONE = Concurrency(1, name="one")

    def mark(folder, text):
        with open(Path(folder) / "marks", "a") as file:
            file.write(text + "\\n")

    def until_there(path):
        while not Path(path).exists():
            time.sleep(0.01)

    @app.task(name="wait.leaf", pool="thread")
    def leaf(number: int, until: str = "", fail: bool = False) -> int:
        if until:
            until_there(until)
        if fail:
            raise ValueError(f"no {number}")
        return number * number

    @app.task(name="wait.slow", pool="thread")
    def slow(number: int) -> int:
        time.sleep(0.1)
        return number

    def sum_of(count: int, until: str = "") -> int:
        jobs = [leaf.start(number, until) for number in range(count)]
        return sum(job.result() for job in jobs)

    def batch_of(count: int) -> int:
        return sum(leaf.start_many(range(count)).results())

    def nested(kind: str, depth: int) -> int:
        return 1 + app.get(f"wait.nested_{kind}").start(kind, depth - 1).result() if depth else 1

    def work(folder: str, until: str, started: str) -> list[int]:
        '''Do two steps around a wait, and mark what is done.'''
        def step(number: int) -> int:
            mark(folder, f"step {number}")
            return number
        mark(folder, "begin")
        found = [current.step("first", step, 1)]
        Path(started).touch()
        found.append(leaf.start(7, until).result())
        found.append(current.step("second", step, 2))
        return found

    def impatient(until: str) -> str:
        try:
            return str(leaf.start(1, until).result(timeout=1.0))
        except TimeoutError:
            return "too late"

    def brave(until: str) -> str:
        try:
            return str(leaf.start(1, until).result())
        except BaseException:
            return "caught"

    def again(folder: str) -> int:
        '''Fail once, after one child that succeeded and one that failed.'''
        good = leaf.start(2).result()
        bad = flaky.start(folder)
        return good + bad.result()

    def replaced(folder: str, fail: bool) -> int:
        mark(folder, "replaced")
        return current.replace(chain(leaf.si(3), leaf.s(fail=fail), leaf.s()))

    def large(size: int) -> str:
        return current.replace(chain(text.si(size), same.s()))

    @app.task(name="wait.text", pool="thread")
    def text(size: int) -> str:
        return "x" * size

    @app.task(name="wait.same", pool="thread")
    def same(text: str) -> str:
        return text

    @app.task(name="wait.flaky", pool="thread")
    def flaky(folder: str) -> int:
        mark(folder, "flaky")
        if (Path(folder) / "marks").read_text().count("flaky") == 1:
            raise ValueError("once")
        return 10

    for pool in ("process", "thread"):
        for function in (sum_of, batch_of, nested, work, impatient, brave, replaced, large):
            app.task(name=f"wait.{function.__name__}_{pool}", pool=pool)(function)
        app.task(name=f"wait.again_{pool}", pool=pool, retries=1)(again)
        app.task(name=f"wait.limited_{pool}", pool=pool, limits=[ONE])(sum_of)

    async def asum_of(count: int, until: str = "") -> int:
        jobs = [await leaf.start_async(number, until) for number in range(count)]
        return sum(await asyncio.gather(*(job for job in map(awaiting, jobs))))

    async def awaiting(job):
        return await job

    async def abatch_of(count: int) -> int:
        return sum(await (await leaf.start_many_async(range(count))))

    async def anested(kind: str, depth: int) -> int:
        return 1 + await (await app.get("wait.nested_loop").start_async(kind, depth - 1)) if depth else 1

    async def awork(folder: str, until: str, started: str) -> list[int]:
        async def step(number: int) -> int:
            mark(folder, f"step {number}")
            return number
        mark(folder, "begin")
        found = [await current.step_async("first", step, 1)]
        Path(started).touch()
        found.append(await (await leaf.start_async(7, until)))
        found.append(await current.step_async("second", step, 2))
        return found

    async def areplaced(folder: str, fail: bool) -> int:
        mark(folder, "replaced")
        return await current.replace_async(chain(leaf.si(3), leaf.s(fail=fail), leaf.s()))

    async def alarge(size: int) -> str:
        return await current.replace_async(chain(text.si(size), same.s()))

    async def aagain(folder: str) -> int:
        good = await (await leaf.start_async(2))
        return good + await (await flaky.start_async(folder))

    for function in (asum_of, abatch_of, anested, awork, areplaced, alarge):
        app.task(name=f"wait.{function.__name__[1:]}_loop")(function)
    app.task(name="wait.again_loop", retries=1)(aagain)
    app.task(name="wait.limited_loop", limits=[ONE])(asum_of)

    @app.task(name="wait.sleeper", pool="thread")
    def sleeper(folder: str, seconds: float) -> float:
        mark(folder, "sleeper")
        begun = current.step("now", time.time)
        current.sleep(seconds)
        return time.time() - begun

    def called(count: int) -> int:
        return sum(slow.call(number) for number in range(count))

    def in_threads(count: int) -> int:
        with ThreadPoolExecutor(count) as threads:
            return sum(threads.map(slow.call, range(count)))

    def followed(count: int) -> int:
        kinds = [event.kind for event in slow.start(1).events()]
        return sum(counter.start(count).chunks()) + (kinds[-1] == "outcome")

    for pool in ("process", "thread"):
        for function in (called, in_threads, followed):
            app.task(name=f"wait.{function.__name__}_{pool}", pool=pool)(function)

    @app.task(name="wait.called_loop")
    async def acalled(count: int) -> int:
        return sum([await slow.call_async(number) for number in range(count)])

    @app.task(name="wait.in_threads_loop")
    async def ain_threads(count: int) -> int:
        return sum(await asyncio.gather(*(asyncio.to_thread(slow.call, number) for number in range(count))))

    @app.task(name="wait.followed_loop")
    async def afollowed(count: int) -> int:
        kinds = [event.kind async for event in (await slow.start_async(1)).events()]
        return sum([chunk async for chunk in (await counter.start_async(count)).chunks()]) + (kinds[-1] == "outcome")

    @app.task(name="wait.counter", pool="thread")
    def counter(count: int):
        yield from range(count)

    @app.task(name="wait.in_thread", pool="thread")
    def in_thread(number: int) -> int:
        found = []
        thread = threading.Thread(target=lambda: found.append(leaf.start(number).result()))
        thread.start()
        thread.join()
        return found[0]
"""


@pytest.fixture(scope="module")
def app(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taskbahn]:
    with worker_of(MODULE, tmp_path_factory.mktemp("waiting"), node, 2), Taskbahn(node.websocket) as app:
        yield app


@pytest.fixture
def start_worker(app: Taskbahn, node: Node, tmp_path: Path) -> Iterator[Callable[[], Program]]:
    """Start workers of a queue of their own that suspend after a tenth of a second; the children run on the other worker."""
    with contextlib.ExitStack() as stack:  # `app` has the other worker

        def start() -> Program:
            words = ("--queues", tmp_path.name.lower())
            return stack.enter_context(worker_of(MODULE, tmp_path, node, 2, *words, SUSPEND_AFTER="0.1"))

        yield start


def start(app: Taskbahn, task: str, *args: Any, folder: Path) -> Job[Any]:
    """Start a job in the queue of those workers."""
    return app.get(task).options(queue=folder.name.lower()).start(*args)


def marks(folder: Path) -> list[str]:
    return (folder / "marks").read_text().split("\n")[:-1]


def when(condition: Callable[[], Any], within: float = 20) -> None:
    until = time.monotonic() + within
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize("pool", POOLS)
def test_as_many_parents_as_slots_wait_for_their_children(app: Taskbahn, pool: str) -> None:
    """Before, they held the slots that their children needed, and waited for ever."""
    jobs: list[Job[int]] = [app.get(f"wait.sum_of_{pool}").start(4) for _ in range(4)]
    assert [job.result(30) for job in jobs] == [14] * 4
    assert app.get(f"wait.batch_of_{pool}").call(50) == sum(number * number for number in range(50))


@pytest.mark.parametrize("pool", POOLS)
def test_waits_nest_deeper_than_there_are_slots(app: Taskbahn, pool: str) -> None:
    assert app.get(f"wait.nested_{pool}").start(pool, 6).result(60) == 7


@pytest.mark.parametrize("pool", POOLS)
def test_a_parent_under_the_limit_of_its_children_waits_without_its_permit(app: Taskbahn, pool: str) -> None:
    jobs: list[Job[int]] = [app.get(f"wait.limited_{pool}").start(2) for _ in range(3)]
    assert [job.result(60) for job in jobs] == [1] * 3


@pytest.mark.parametrize("pool", POOLS)
def test_a_retry_starts_failed_children_again_and_keeps_the_others(app: Taskbahn, pool: str, tmp_path: Path) -> None:
    job: Job[int] = app.get(f"wait.again_{pool}").start(str(tmp_path))
    assert job.result(30) == 14
    children = job.members()
    assert len(children) == 2
    assert [child.state for child in children] == ["succeeded"] * 2


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("way, total", [("called", 6), ("in_threads", 6), ("followed", 6 + 1)])
def test_no_way_of_waiting_keeps_the_only_slots(app: Taskbahn, pool: str, way: str, total: int) -> None:
    """By `call`, in several threads of the task's own, by events and chunks."""
    jobs: list[Job[int]] = [app.get(f"wait.{way}_{pool}").start(4) for _ in range(3)]
    assert [job.result(60) for job in jobs] == [total] * 3


def test_a_thread_of_a_task_may_wait(app: Taskbahn) -> None:
    jobs: list[Job[int]] = [app.get("wait.in_thread").start(number) for number in range(4)]
    assert [job.result(30) for job in jobs] == [0, 1, 4, 9]


def test_a_function_that_catches_its_end_fails_with_the_reason(
    app: Taskbahn, start_worker: Callable[[], Program], tmp_path: Path
) -> None:
    start_worker()
    job: Job[str] = start(app, "wait.brave_thread", str(tmp_path / "never"), folder=tmp_path)
    with pytest.raises(JobFailed, match=r"caught Suspended and went on"):
        job.result(30)
    assert job.view().attempt == 1
    for child in job.members():
        app.job(child.id).cancel()


@pytest.mark.parametrize("pool", ["process", "thread"])
def test_what_waits_long_is_called_again_and_does_no_step_twice(
    app: Taskbahn, start_worker: Callable[[], Program], tmp_path: Path, pool: str
) -> None:
    start_worker()
    until = tmp_path / "go"
    job: Job[list[int]] = start(app, f"wait.work_{pool}", str(tmp_path), str(until), str(tmp_path / "started"), folder=tmp_path)
    when(lambda: job.state() == "waiting")
    until.touch()
    assert job.result(30) == [1, 49, 2]
    assert sorted(marks(tmp_path)) == ["begin", "begin", "step 1", "step 2"]
    assert (job.view().attempt, len(job.members())) == (2, 1)


@pytest.mark.parametrize("pool", ["process", "thread"])
def test_the_items_of_a_chunk_remember_what_each_has_done(
    app: Taskbahn, start_worker: Callable[[], Program], tmp_path: Path, pool: str
) -> None:
    start_worker()
    (tmp_path / "open").touch()
    items = [(str(tmp_path), str(tmp_path / gate), str(tmp_path / "started")) for gate in ("open", "go", "open")]
    job = app.get(f"wait.work_{pool}").chunks(items, 3).options(queue=tmp_path.name.lower()).start()
    (chunk,) = job.members()
    when(lambda: app.job(chunk.id).state() == "waiting" and marks(tmp_path).count("step 1") == 2)
    before = marks(tmp_path).count("begin")
    (tmp_path / "go").touch()
    assert job.result(30) == [[[1, 49, 2]] * 3]
    assert [marks(tmp_path).count(f"step {number}") for number in (1, 2)] == [3, 3]
    assert marks(tmp_path).count("begin") - before <= 3  # the second goes on, and the last one may wait for long, too


def test_an_item_of_a_chunk_is_not_replaced(app: Taskbahn, tmp_path: Path) -> None:
    job = app.get("wait.replaced_thread").chunks([(str(tmp_path), False)], 1).start()
    with pytest.raises(JobFailed, match="use map instead of chunks"):
        job.result(30)


def test_a_retry_by_hand_starts_cancelled_children_again(
    app: Taskbahn, start_worker: Callable[[], Program], tmp_path: Path
) -> None:
    """Also when the job was cancelled while no attempt of it ran."""
    start_worker()
    until = tmp_path / "go"
    words = (str(tmp_path), str(until), str(tmp_path / "started"))
    job: Job[list[int]] = start(app, "wait.work_thread", *words, folder=tmp_path)
    when(lambda: job.state() == "waiting")
    job.cancel()
    when(lambda: [child.state for child in job.members()] == ["cancelled"])
    until.touch()
    job.retry()
    assert job.result(30) == [1, 49, 2]
    assert [child.state for child in job.members()] == ["succeeded"]


@pytest.mark.parametrize("pool", ["process", "thread"])
def test_the_time_of_a_wait_goes_on_over_its_attempts(
    app: Taskbahn, start_worker: Callable[[], Program], tmp_path: Path, pool: str
) -> None:
    start_worker()
    job: Job[str] = start(app, f"wait.impatient_{pool}", str(tmp_path / "never"), folder=tmp_path)
    assert job.result(30) == "too late"
    assert job.view().attempt == 2
    app.job(job.members()[0].id).cancel()


@pytest.mark.parametrize("pool, end", [*((pool, "stopped") for pool in POOLS), ("thread", "killed")])
def test_a_wait_outlives_its_worker(
    app: Taskbahn, start_worker: Callable[[], Program], tmp_path: Path, pool: str, end: str
) -> None:
    worker = start_worker()
    until, started = tmp_path / "go", tmp_path / "started"
    job: Job[list[int]] = start(app, f"wait.work_{pool}", str(tmp_path), str(until), str(started), folder=tmp_path)
    when(started.exists)
    when(lambda: len(job.members()) == 1)
    worker.end(signal.SIGKILL if end == "killed" else signal.SIGTERM)
    start_worker()
    until.touch()
    assert job.result(60) == [1, 49, 2]
    assert [mark for mark in marks(tmp_path) if mark != "begin"] == ["step 1", "step 2"]
    assert len(job.members()) == 1
    if end == "stopped":
        assert [attempt.outcome for attempt in job.view().attempts] == ["succeeded"]


def test_a_sleep_is_over_when_its_time_has_come(app: Taskbahn, start_worker: Callable[[], Program], tmp_path: Path) -> None:
    start_worker()
    job: Job[float] = start(app, "wait.sleeper", str(tmp_path), 2.0, folder=tmp_path)
    when(lambda: job.state() == "waiting")
    assert job.view().due_at is not None
    assert 1.9 < job.result(30) < 4
    assert marks(tmp_path) == ["sleeper"] * 2


@pytest.mark.parametrize("pool", POOLS)
def test_a_flow_takes_the_place_of_a_job(app: Taskbahn, tmp_path: Path, pool: str) -> None:
    task = app.get(f"wait.replaced_{pool}")
    job: Job[int] = task.start(str(tmp_path), fail=False)
    assert job.result(30) == 6561
    assert marks(tmp_path) == ["replaced"]
    failed: Job[int] = task.start(str(tmp_path), fail=True)
    with pytest.raises(JobFailed, match="no 9"):
        failed.result(30)
    assert marks(tmp_path) == ["replaced"] * 2
    assert app.get(f"wait.large_{pool}").call(100_000) == "x" * 100_000
