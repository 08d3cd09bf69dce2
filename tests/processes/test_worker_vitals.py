"""What a worker tells of itself: memory and processor of all its processes, now and then."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.worker_harness import FakeDispatcher, attach, run_worker

from taskbahn import Taskbahn
from taskbahn.protocol.vitals import Vitals
from taskbahn.worker import vitals
from taskbahn.worker.reporter import VITALS_SECONDS
from taskbahn.worker.vitals import CORES, Measure, Proc, Ps, Usage, read_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

LOOKS = [pytest.param(Ps, marks=pytest.mark.skipif(shutil.which("ps") is None, reason="there is no ps"))]
if (vitals.PROC / "self" / "stat").exists():
    LOOKS.append(pytest.param(Proc))
BURNS = "print('up', flush=True); x = b'x' * 60_000_000\nwhile True: pass"


@pytest.fixture
def app() -> Taskbahn:
    app = Taskbahn()

    @app.task(name="echo", pool="thread")
    def echo(value: int) -> int:
        return value

    return app


@pytest.fixture
def child() -> Iterator[subprocess.Popen[str]]:
    """A process that takes memory and a core."""
    with subprocess.Popen([sys.executable, "-c", BURNS], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        yield child
        child.kill()


@pytest.mark.parametrize("kind", LOOKS)
def test_memory_and_processor_time_of_several_processes_are_seen(kind: Callable[[], Any], child: subprocess.Popen[str]) -> None:
    look, deadline = kind(), time.monotonic() + 40
    found: dict[int, Usage] = {}
    while time.monotonic() < deadline:
        found = look([os.getpid(), child.pid]) or {}
        if found and found[child.pid].seconds >= 1 and found[child.pid].memory > 60_000_000:
            break
        time.sleep(0.02)
    look.close()
    assert set(found) == {os.getpid(), child.pid}
    assert 60_000_000 < found[child.pid].memory < 200_000_000
    assert 1 <= found[child.pid].seconds < 20
    assert found[os.getpid()].memory > 10_000_000


@pytest.mark.parametrize("kind", LOOKS)
def test_a_process_that_has_ended_is_left_out(kind: Callable[[], Any]) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    look, deadline = kind(), time.monotonic() + 30
    while (found := look([os.getpid(), ended.pid])) is None and time.monotonic() < deadline:
        time.sleep(0.01)
    look.close()
    assert set(found or ()) == {os.getpid()}


def test_a_ps_that_says_something_else_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ps"
    program.write_text("#!/bin/sh\necho what?\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    look, refusals, deadline = Ps(), 0, time.monotonic() + 30
    while refusals < 2 and time.monotonic() < deadline:
        try:
            assert look([1]) is None
        except ValueError:
            refusals += 1
        time.sleep(0.01)
    look.close()
    assert refusals == 2


@pytest.mark.parametrize(
    "row, seconds",
    [
        ("7 10 00:01", 1),
        ("7 10 02:03.50", 123.5),
        (" 7  10   1:02:03 ", 3723),
        ("7 10 2-01:00:00", 176_400),
        ("7 10 90:00.00", 5400),
    ],
)
def test_the_times_of_ps_are_read_as_linux_and_macos_write_them(row: str, seconds: float) -> None:
    assert read_row(row) == (7, Usage(10_240, seconds))


class Looks:
    """Answers in turn what it was given."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def __call__(self, pids: Iterable[int]) -> dict[int, Usage] | None:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if answer is None else {os.getpid(): Usage(1000, 5.0), 1: answer}

    def close(self) -> None:
        """Nothing is open."""


def measure(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> tuple[Measure, list[float], list[float]]:
    """Return a measure, the time on its clock, and the seconds that this process has taken."""
    now, own = [100.0], [50.0]
    monkeypatch.setattr(vitals, "own_seconds", lambda: own[0])
    return Measure(lambda: [1], look=Looks(*answers), clock=lambda: now[0]), now, own


def test_cores_are_processor_time_since_the_last_time_and_memory_is_summed(monkeypatch: pytest.MonkeyPatch) -> None:
    ask, now, own = measure(monkeypatch, Usage(2000, 0.0), Usage(2500, 0.25))
    now[0], own[0] = 102.0, 50.5
    first = ask()
    assert (first.memory, first.cpu) == (3000, 0.25)
    now[0], own[0] = 104.0, 50.75
    second = ask()
    assert (second.memory, second.cpu) == (3500, 0.25)
    assert second.load is not None
    assert second.load >= 0


@pytest.mark.parametrize("answer", [None, ValueError("odd"), IndexError("short")])
def test_what_cannot_be_known_is_left_out_and_counted_the_next_time(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    ask, now, own = measure(monkeypatch, answer, Usage(2000, 1.0))
    now[0] = 102.0
    assert (ask().memory, own) == (None, [50.0])
    now[0] = 104.0
    assert ask().cpu == 0.25


def test_no_more_cores_are_counted_than_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    ask, now, _ = measure(monkeypatch, Usage(1, 1e9))
    now[0] = 100.001
    assert ask().cpu == CORES


def told(dispatcher: FakeDispatcher) -> list[Vitals]:
    return [Vitals(**report["vitals"]) for report in dispatcher.reports if "vitals" in report]


async def done(dispatcher: FakeDispatcher, id: str) -> None:
    dispatcher.run((id, "echo", [1]))
    await dispatcher.until(lambda: id in dispatcher.done)


def test_vitals_go_with_reports_but_not_with_each(app: Taskbahn) -> None:
    async def action(worker: Any, dispatcher: FakeDispatcher) -> None:
        for number in range(5):
            await done(dispatcher, f"job-{number}")
        assert len(dispatcher.reports) == 5
        (only,) = told(dispatcher)
        assert only.memory is not None
        assert only.memory > 10_000_000
        worker.reporter._measured_at -= VITALS_SECONDS
        await done(dispatcher, "late")
        assert len(told(dispatcher)) == 2
        back = FakeDispatcher()
        worker.reporter.disconnected()
        await attach(worker, back)
        await done(back, "back")
        assert len(told(back)) == 1, "the worker reports at once to a dispatcher that does not know it"

    run_worker(app, action)


def test_an_idle_worker_tells_its_vitals_soon_and_then_with_its_heartbeats(app: Taskbahn) -> None:
    async def action(worker: Any, dispatcher: FakeDispatcher) -> None:
        dispatcher.heartbeat = 0.4
        await attach(worker, dispatcher)
        await dispatcher.until(lambda: len(dispatcher.reports) >= 3)
        assert "vitals" in dispatcher.reports[0]
        assert len(told(dispatcher)) == 1

    run_worker(app, action, attached=False)
