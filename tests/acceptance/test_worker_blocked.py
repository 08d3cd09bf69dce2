"""Async tasks that block the event loop of a real worker: who notices, who pays, and what goes on."""

from __future__ import annotations

import os
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.programs import Program

from taskbahn import JobFailed, Taskbahn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.programs import Node

MODULE = """
    import asyncio, os, sys, time
    from pathlib import Path
    from taskbahn import Taskbahn, current

    app = Taskbahn()

    def hold(release):
        Path(f"{release}.held").touch()
        while not os.path.exists(release):
            time.sleep(0.01)  # HERE

    @app.task(name="loop.hold", crash_attempts=1)
    async def hold_task(release: str) -> str:
        hold(release)
        return "released"

    @app.task(name="loop.hold_in_helper", crash_attempts=1)
    async def hold_in_helper(release: str) -> str:
        async def helper():
            hold(release)
        await asyncio.gather(helper(), asyncio.sleep(0))
        return "released"

    @app.task(name="loop.leave_behind")
    async def leave_behind(release: str) -> str:
        asyncio.get_running_loop().call_later(0.1, hold, release)
        return "left"

    @app.task(name="loop.for_ever", crash_attempts=1, run_within=0.5)
    async def for_ever(fifo: str) -> None:
        with open(fifo) as never:  # a call that never returns
            never.read()

    @app.task(name="loop.spin", crash_attempts=1, run_within=0.5)
    async def spin() -> None:
        while True:
            pass

    @app.task(name="loop.innocent", crash_attempts=1)
    async def innocent(release: str) -> int:
        Path(f"{release}.innocent-{current.attempt}").touch()
        while not os.path.exists(release):
            await asyncio.sleep(0.01)
        return current.attempt

    @app.task(name="loop.add")
    async def add(a: int, b: int) -> int:
        return a + b

    @app.task(name="thread.add", pool="thread")
    def thread_add(a: int, b: int) -> int:
        return a + b

    @app.task(name="process.add")
    def process_add(a: int, b: int) -> int:
        return a + b

    @app.task(name="loop.ask")
    async def ask(way: str) -> int:
        if way == "call":
            return add.call(1, 2)
        if way == "result":
            return (await add.start_async(1, 2)).result()
        if way == "events":
            return len(list((await add.start_async(1, 2)).events()))
        if way == "view":
            return len(app.view.workers())
        return await add.call_async(1, 2)

    @app.task(name="thread.ask", pool="thread")
    def ask_in_thread() -> int:
        async def main():
            return add.call(1, 2)
        return asyncio.run(main())

    @app.task(name="process.ask")
    def ask_in_process() -> int:
        async def main():
            return add.call(1, 2)
        return asyncio.run(main())

    @app.task(name="loop.mischief")
    async def mischief(kind: str) -> str:
        if kind == "stop":
            asyncio.get_running_loop().stop()
        elif kind == "reactor":
            from twisted.internet import reactor
            reactor.stop()
        else:
            async def leave():
                raise {"exit": SystemExit(3), "interrupt": KeyboardInterrupt()}[kind]
            try:
                await asyncio.create_task(leave())
            except BaseException as error:
                return type(error).__name__
        await asyncio.sleep(0.01)
        return "went on"

    @app.task(name="loop.twisted")
    async def twisted() -> list:
        from twisted.internet import reactor, task, threads
        loop = asyncio.get_running_loop()
        later = await task.deferLater(reactor, 0.01, lambda: "later").asFuture(loop)
        thread = await threads.deferToThread(lambda: "thread").asFuture(loop)
        return [later, thread, loop is reactor._asyncioEventloop]
"""
LINE = next(number for number, line in enumerate(textwrap.dedent(MODULE).splitlines(), 1) if "# HERE" in line)


class Place:
    """A directory with an application, its worker, and a client; `release` is the file that lets tasks go, another for each test."""

    def __init__(self, directory: Path, url: str) -> None:
        (directory / "studio.py").write_text(textwrap.dedent(MODULE))
        self.directory = directory
        self.name = f"w-{os.getpid()}"
        self.worker = Program("worker", "studio:app", "--slots", "4", "--name", self.name, cwd=directory, TASKBAHN_URL=url)
        self.app = Taskbahn(url)
        self.release = ""

    def start(self, task: str, *args: Any) -> Any:
        return self.app.get(task).start(*args)

    def call(self, task: str, *args: Any) -> Any:
        return self.start(task, *args).result(timeout=60)

    def view(self) -> Any:
        return next(view for view in self.app.view.workers() if view.id == self.name)

    def until(self, condition: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + 60
        while not (found := condition()):
            assert time.monotonic() < deadline, self.worker.output
            time.sleep(0.02)
        return found

    def start_innocent(self) -> Any:
        """Start a job that awaits, and return when it runs."""
        job = self.start("loop.innocent", self.release)
        self.until(Path(f"{self.release}.innocent-1").exists)
        return job

    def let_go(self) -> None:
        Path(self.release).touch()

    def cli(self, *arguments: str) -> str:
        program = Program(*arguments, "--url", self.app.url, cwd=self.directory)
        try:
            assert program.process.wait(timeout=60) == 0
            return " ".join(program.output.split())
        finally:
            program.close()

    def close(self) -> None:
        self.app.close()
        self.worker.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, node: Node) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("studio"), node.websocket)
    try:
        made.worker.wait_for("ready")
        yield made
    finally:
        made.close()


@pytest.fixture
def place(made: Place, tmp_path: Path) -> Iterator[Place]:
    made.release = str(tmp_path / "release")
    yield made
    made.let_go()


@pytest.mark.parametrize("way", ["call", "result", "events", "view"])
def test_a_blocking_call_in_an_async_task_is_refused_at_once(place: Place, way: str) -> None:
    with pytest.raises(JobFailed, match=r"WouldBlock.*write `"):
        place.call("loop.ask", way)
    assert place.call("loop.ask", "await") == 3


@pytest.mark.parametrize("pool", ["thread", "process"])
def test_a_blocking_call_on_a_plain_tasks_own_loop_is_refused_too(place: Place, pool: str) -> None:
    with pytest.raises(JobFailed, match=r"WouldBlock.*await task\.call_async"):
        place.call(f"{pool}.ask")


@pytest.mark.parametrize(
    "kind, answer", [("stop", "went on"), ("reactor", "went on"), ("exit", "SystemExit"), ("interrupt", "KeyboardInterrupt")]
)
def test_nothing_that_a_task_does_ends_the_loop(place: Place, kind: str, answer: str) -> None:
    assert place.call("loop.mischief", kind) == answer
    assert place.call("loop.twisted") == ["later", "thread", True]
    assert place.call("loop.add", 1, 2) == 3


@pytest.mark.parametrize("task", ["loop.hold", "loop.hold_in_helper"])
def test_a_blocked_loop_is_shown_while_it_lasts_and_costs_others_nothing(place: Place, task: str) -> None:
    innocent = place.start_innocent()
    blocker = place.start(task, place.release)
    blocked = place.until(lambda: place.view().blocked)
    assert (blocked.job, blocked.task, blocked.attempt) == (blocker.id, task, 1)
    assert blocked.at == f"studio.py:{LINE} (hold)"
    assert abs(time.time() - blocked.since) < 60

    # the other pools go on, and their reports arrive
    assert place.call("thread.add", 1, 2) == 3
    assert place.call("process.add", 1, 2) == 3
    waiting = place.start("loop.add", 1, 2)  # has to wait: there is no other worker for it

    assert blocker.view().blocks == blocked
    assert innocent.view().blocks is None
    assert f"studio.py:{LINE} (hold)" in place.until(lambda: [one.message for one in blocker.logs()])[0]
    sentence = f"blocks the worker's event loop at studio.py:{LINE} (hold) for "
    place.worker.wait_for(sentence)
    problem = place.until(lambda: [one for one in place.app.view.status().problems if one.kind == "blocked_worker"])[0]
    assert problem.id == place.view().id
    assert task in problem.sentence
    assert "blocked for" in place.cli("workers")
    assert f"{task}, job {blocker.id}, blocks its event loop at studio.py:{LINE}" in place.cli("workers")
    assert f"the worker's event loop at studio.py:{LINE} (hold) for" in place.cli("job", blocker.id)

    place.let_go()
    assert blocker.result(timeout=60) == "released"
    assert innocent.result(timeout=60) == 1
    assert waiting.result(timeout=60) == 3
    place.until(lambda: place.view().blocked is None)
    assert place.call("loop.add", 3, 4) == 7
    place.worker.wait_for(f"blocked the worker's event loop at studio.py:{LINE} (hold) for ")


def test_what_a_task_left_behind_on_the_loop_is_named_too(place: Place) -> None:
    job = place.start("loop.leave_behind", place.release)
    assert job.result(timeout=60) == "left"
    place.until(Path(f"{place.release}.held").exists)
    waiting = place.start("loop.add", 1, 2)
    blocked = place.until(lambda: place.view().blocked)
    assert (blocked.task, blocked.job) == ("loop.leave_behind", job.id)
    place.let_go()
    assert waiting.result(timeout=60) == 3
    place.until(lambda: place.view().blocked is None)


@pytest.mark.parametrize("kind", ["for_ever", "spin"])
def test_a_loop_that_stays_blocked_costs_only_the_task_that_blocks_it(place: Place, kind: str) -> None:
    innocent = place.start_innocent()
    fifo = Path(place.release).with_name("fifo")
    os.mkfifo(fifo)
    blocker = place.start(f"loop.{kind}", *([str(fifo)] if kind == "for_ever" else []))
    with pytest.raises(
        JobFailed, match=r"longer than its time limit of 0\.5 s; it blocked the worker's event loop at studio\.py:"
    ):
        blocker.result(timeout=60)
    assert place.call("loop.add", 1, 2) == 3  # on another loop
    place.let_go()
    assert innocent.result(timeout=60) == 2  # begun once more, and not charged
    place.until(lambda: place.view().blocked is None)
    assert "was given up for another one" in place.worker.output
