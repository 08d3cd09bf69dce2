"""What one attempt does to its process or to the worker around it, and what the next one finds."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.worker_harness import run_worker

from taskbahn.worker.loading import load_app
from taskbahn.worker.loop_thread import LoopThread
from taskbahn.worker.pools import childprocess
from taskbahn.worker.pools.program import ChildProgram

SOURCE = """
    import asyncio, os, shutil, signal, time
    from taskbahn import Taskbahn

    app = Taskbahn()

    @app.task(name="leave", pool="thread")
    def leave(place: str) -> None:
        os.chdir(place)
        shutil.rmtree(place)
        os.environ.clear()

    @app.task(name="alarm")
    def alarm(kind: str) -> None:
        signal.alarm(1) if kind == "alarm" else signal.setitimer(getattr(signal, kind), 0.2, 0.2)

    @app.task(name="burn")
    def burn() -> None:
        began, burnt = time.monotonic(), time.process_time()
        while time.monotonic() - began < 1.2 or time.process_time() - burnt < 0.4:
            pass

    @app.task(name="close")
    def close() -> None:
        os.closerange(3, 4096)

    @app.task(name="cut_off")
    def cut_off() -> None:
        import socket, sys
        for number in range(3, 4096):  # the socket has a number of the worker's
            try:
                socket.socket(fileno=number).shutdown(socket.SHUT_WR)
            except OSError:
                pass
        time.sleep(60)

    @app.task(name="factory")
    async def factory() -> None:
        asyncio.get_running_loop().set_task_factory(lambda *_, **__: 1 / 0)

    @app.task(name="plain")
    async def plain() -> int:
        return 1

    @app.task(name="end")
    def end() -> None:
        os._exit(3)

    @app.task(name="where")
    def where(seconds: float = 0) -> list:
        time.sleep(seconds)
        return [os.getcwd(), os.environ.get("WORD"), os.getpid()]
"""


@pytest.fixture
def target(make_module: Callable[[str], str]) -> str:
    return f"{make_module(SOURCE)}:app"


def test_a_new_process_starts_where_the_worker_was_and_with_its_variables(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WORD", "kept")
    monkeypatch.setattr(os, "environ", os.environ.copy())  # the task clears it
    gone = tmp_path / "gone"
    gone.mkdir()

    async def scenario(worker: Any, dispatcher: Any) -> None:
        for name, task, args in (("a", "leave", [str(gone)]), ("b", "end", []), ("c", "where", [])):
            dispatcher.run((name, task, args))
            await dispatcher.until(lambda: worker.is_clear)
        assert list(dispatcher.failed) == ["b"]
        assert dispatcher.done["c"][:2] == [str(tmp_path), "kept"]

    run_worker(load_app(target), scenario, slots=1, target=target)


@pytest.mark.parametrize("kind", ["alarm", "ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF"])
def test_an_alarm_left_by_an_attempt_does_not_end_the_next(target: str, kind: str) -> None:
    async def scenario(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", "alarm", [kind]), ("b", "burn"))
        await dispatcher.until(lambda: worker.is_clear)
        assert sorted(dispatcher.done) == ["a", "b"]

    run_worker(load_app(target), scenario, slots=1, target=target)


@pytest.mark.parametrize("task", ["close", "cut_off"])
def test_the_job_names_closed_descriptors_for_which_its_process_was_ended(target: str, task: str) -> None:
    async def scenario(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", task))
        await dispatcher.until(lambda: worker.is_clear)
        dispatcher.run(("b", "where"))
        await dispatcher.until(lambda: worker.is_clear)
        assert "did a task close descriptors of others?" in dispatcher.failed["a"]["error"]["message"]
        assert list(dispatcher.done) == ["b"]

    run_worker(load_app(target), scenario, slots=1, target=target)


@pytest.mark.parametrize("has_descriptor", [True, False])
def test_a_process_for_whose_end_other_code_has_waited_is_replaced(
    target: str,
    monkeypatch: pytest.MonkeyPatch,
    has_descriptor: bool,  # noqa: FBT001 - of parametrize
) -> None:
    async def scenario(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", "end"))
        await dispatcher.until(lambda: worker.is_clear)
        dispatcher.run(("b", "where"))
        await dispatcher.until(lambda: worker.is_clear)
        assert "waits for all processes (os.wait) or ignores SIGCHLD" in dispatcher.failed["a"]["error"]["message"]
        assert list(dispatcher.done) == ["b"]

    if not has_descriptor:
        monkeypatch.setattr(childprocess, "_exit_descriptor", lambda _: None)
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # then the system itself waits for them
    try:
        run_worker(load_app(target), scenario, slots=1, target=target)
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_a_process_that_cannot_be_started_just_now_is_started_later(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    start, refusals = ChildProgram.start, [OSError(24, "Too many open files"), OSError(11, "Resource temporarily unavailable")]

    def refused_twice(*args: Any) -> Any:
        if refusals:
            raise refusals.pop()
        return start(*args)

    async def scenario(worker: Any, dispatcher: Any) -> None:
        monkeypatch.setattr(ChildProgram, "start", refused_twice)
        dispatcher.run(("a", "end"))
        await dispatcher.until(lambda: worker.is_clear)
        number = 0
        while refusals or not dispatcher.done:  # meanwhile what waits is handed back, for other workers
            number += 1
            dispatcher.run((f"b{number}", "where"))
            await dispatcher.until(lambda: worker.is_clear)

    run_worker(load_app(target), scenario, slots=1, target=target)


def test_a_task_factory_that_a_task_sets_takes_no_slot(target: str) -> None:
    async def scenario(worker: Any, dispatcher: Any) -> None:
        for name, task in (("a", "factory"), ("b", "plain"), ("c", "plain")):
            dispatcher.run((name, task))
            await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done == {"a": None, "b": 1, "c": 1}

    run_worker(load_app(target), scenario, slots=1, target=target)


def test_the_task_loops_timers_go_on_though_a_task_stops_time(monkeypatch: pytest.MonkeyPatch) -> None:
    thread, rang = LoopThread(), threading.Event()
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    thread.start()
    thread.call(thread.loop.call_later, 0.01, rang.set)
    assert rang.wait(20)
    thread.stop()
    assert thread.join(20)
