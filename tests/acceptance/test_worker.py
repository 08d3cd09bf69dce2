"""Real worker processes against a real node: their start, their end, and what they say when something is wrong."""

import os
import signal
import socketserver
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from autobahn.wamp.types import CallOptions
from benchmarks.ports import free_port
from support.plain import session_to
from support.programs import Node, Program
from twisted.internet.threads import deferToThread

from taskbahn.protocol import messages
from taskbahn.protocol.calls import Call
from taskbahn.protocol.ids import new_id
from taskbahn.transport.session import Session

MODULE = """
    import os, time
    from taskbahn import Taskbahn, current

    app = Taskbahn()

    @app.task(name="shop.version")
    def version() -> int:
        return 1

    @app.task(name="shop.nap", run_within=60, pool="thread")
    def nap(seconds: float, start: str) -> str:
        if os.path.exists(start):
            return "slept"  # before
        open(start, "w").close()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.01)
        return "slept"

    @app.task(name="shop.crash", retries=5)
    def crash() -> None:
        os.abort()
"""
BROKEN = """
    import os, sys
    if "taskbahn.cli" not in sys.modules:
        os._exit(7)
    from shop import app
"""


class Place:
    """A directory with an application, and the workers that were started in it."""

    def __init__(self, directory: Path, url: str) -> None:
        self.directory = directory
        self.url = url
        self.programs: list[Program] = []
        (directory / "shop.py").write_text(textwrap.dedent(MODULE))
        (directory / "broken_in_children.py").write_text(textwrap.dedent(BROKEN))

    def program(self, *arguments: str) -> Program:
        program = Program(*arguments, cwd=self.directory)
        self.programs.append(program)
        return program

    def worker(self, *arguments: str) -> Program:
        worker = self.program("worker", "shop:app", "--url", self.url, *arguments)
        worker.wait_for("ready")
        return worker

    def close(self) -> None:
        for program in self.programs:
            program.close()


@pytest.fixture
def place(tmp_path: Path, node: Node) -> Iterator[Place]:
    made = Place(tmp_path, node.websocket)
    yield made
    made.close()


async def submit(session: Session, task: str, *args: Any) -> str:
    job = new_id()
    (answer,) = await session.call(messages.SUBMIT, [messages.plain(Call(task=task, id=job, args=list(args)))])
    assert answer == job
    return job


async def started(place: Place, session: Session, seconds: float) -> str:
    """Submit a nap and wait until its function runs."""
    sign = place.directory / new_id()
    job = await submit(session, "shop.nap", seconds, str(sign))
    await deferToThread(appears, sign)
    return job


def appears(path: Path, *, gone: bool = False) -> None:
    deadline = time.monotonic() + 40
    while path.exists() == gone:
        assert time.monotonic() < deadline, path
        time.sleep(0.01)


async def ended(session: Session, *jobs: str) -> set[str]:
    """Wait until *jobs* are final; return their states."""
    states: set[str] = set()

    def on_progress(part: dict[str, Any]) -> None:
        states.update(state for _, state, *_ in part["outcomes"])

    await session.call(messages.JOB_WAIT, list(jobs), options=CallOptions(on_progress=on_progress))
    return states


async def view(session: Session, job: str) -> dict[str, Any]:
    shown: dict[str, Any] = await session.call(messages.JOB_GET, job)
    return shown


@pytest_twisted.ensureDeferred
async def test_sigterm_lets_what_runs_finish_and_ends_with_code_0(place: Place) -> None:
    worker = await deferToThread(place.worker, "--slots", "1")
    async with session_to(place.url) as session:
        job = await started(place, session, 1.0)
        worker.process.terminate()
        assert await ended(session, job) == {"succeeded"}
        assert await deferToThread(worker.wait) == 0
        shown = await view(session, job)
        assert (shown["result"], shown["attempt"]) == ("slept", 1)


@pytest_twisted.ensureDeferred
async def test_what_outlasts_the_grace_is_handed_back_to_another_worker(place: Place) -> None:
    worker = await deferToThread(place.worker, "--slots", "1", "--grace", "0.2")
    async with session_to(place.url) as session:
        job = await started(place, session, 50.0)
        assert await deferToThread(worker.end) == 0
        assert (await view(session, job))["state"] == "ready"
        await deferToThread(place.worker, "--slots", "1")
        assert await ended(session, job) == {"succeeded"}


@pytest_twisted.ensureDeferred
async def test_a_second_signal_hurries(place: Place) -> None:
    worker = await deferToThread(place.worker, "--slots", "1", "--grace", "60")
    async with session_to(place.url) as session:
        job = await started(place, session, 50.0)
        began = time.monotonic()
        worker.process.send_signal(signal.SIGINT)
        await deferToThread(worker.wait_for, "stopping")
        assert await deferToThread(worker.end, signal.SIGINT) == 0
        assert time.monotonic() - began < 40  # a second; the nap goes on for longer, and so does the grace
        assert (await view(session, job))["state"] == "ready"
        assert await session.call(messages.JOB_CANCEL, [job]) == ["cancelled"]


@pytest_twisted.ensureDeferred
async def test_burst_works_everything_off_and_ends_with_code_0(place: Place) -> None:
    first = await deferToThread(place.worker)  # declares the tasks
    assert await deferToThread(first.end) == 0
    async with session_to(place.url) as session:
        jobs = [await submit(session, "shop.version") for _ in range(20)]
        worker = await deferToThread(place.worker, "--burst")
        assert await deferToThread(worker.wait) == 0
        assert await ended(session, *jobs) == {"succeeded"}


@pytest_twisted.ensureDeferred
async def test_a_task_that_kills_its_process_is_failed_after_two_crashes(place: Place) -> None:
    await deferToThread(place.worker, "--slots", "1")
    async with session_to(place.url) as session:
        job = await submit(session, "shop.crash")
        assert await ended(session, job) == {"failed"}
        shown = await view(session, job)
        assert shown["attempt"] == 2
        assert "SIGABRT" in shown["error"]["message"]
        assert (shown["error"]["signal"], shown["error"]["peak_memory"] > 2**20) == ("SIGABRT", True)
        assert [attempt["error"]["signal"] for attempt in shown["attempts"]] == ["SIGABRT"] * 2
        assert await ended(session, await submit(session, "shop.version")) == {"succeeded"}


@pytest_twisted.ensureDeferred
async def test_watch_starts_again_with_the_changed_source(place: Place) -> None:
    worker = await deferToThread(place.worker, "--watch")
    source = place.directory / "shop.py"
    async with session_to(place.url) as session:
        assert await session.call("shop.version") == 1
        source.write_text(source.read_text().replace("return 1", "return 2"))
        os.utime(source, (1, 1))  # also where the file system's clock is coarse
        await deferToThread(worker.wait_for, "shop.py has changed")
        await deferToThread(worker.wait_for, "ready")
        assert await session.call("shop.version") == 2
    assert await deferToThread(worker.end) == 0


@pytest_twisted.ensureDeferred
async def test_a_worker_outlives_a_restart_of_the_router(tmp_path: Path) -> None:
    first = Node(tmp_path)
    place = Place(tmp_path, first.websocket)
    second = None
    try:
        await deferToThread(first.wait_for, "ready")
        worker = await deferToThread(place.worker)
        async with session_to(place.url) as session:
            job = await started(place, session, 2.0)
        assert await deferToThread(first.end) == 0
        await deferToThread(worker.wait_for, "lost the router")
        second = Node(tmp_path, first.port)
        await deferToThread(worker.wait_for, "back at")
        async with session_to(place.url) as session:
            assert await ended(session, job) == {"succeeded"}
            shown = await view(session, job)
            assert (shown["result"], shown["attempt"]) == ("slept", 1)
    finally:
        for program in (place, first, second):
            if program is not None:
                program.close()


@pytest_twisted.ensureDeferred
async def test_two_workers_of_one_name_are_one_too_many(place: Place) -> None:
    first = await deferToThread(place.worker, "--name", "twin")
    await deferToThread(place.worker, "--name", "twin")
    assert await deferToThread(first.wait) == 1
    assert "give each worker its own --name" in first.lines[-1]


def test_children_end_with_a_worker_that_is_killed(place: Place) -> None:
    worker = place.worker()
    pid = worker.process.pid
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert worker.end(signal.SIGKILL) == -signal.SIGKILL
    appears(Path(f"/proc/{child}"), gone=True)


@pytest.mark.parametrize(
    "target, sentence",
    [
        ("nowhere:app", "there is no module 'nowhere'"),
        ("shop:application", "shop has no 'application' (did you mean shop:app?)"),
        ("shop:nap", "is no Taskbahn application but"),
        ("broken_in_children:app", "could not import broken_in_children:app: its process ended with exit code 7"),
        ("shop.py", "write it like an import, for example shop:app"),
    ],
)
def test_an_application_that_cannot_be_had_is_one_sentence_and_code_1(place: Place, target: str, sentence: str) -> None:
    worker = place.program("worker", target, "--url", place.url)
    assert worker.wait() == 1
    assert sentence in worker.output
    assert "Traceback" not in worker.output


def test_without_a_router_it_says_so_once_and_goes_on_trying(place: Place) -> None:
    worker = place.program("worker", "shop:app", "--url", f"ws://127.0.0.1:{free_port()}/ws")
    worker.wait_for("no router answers at ws://127.0.0.1:")
    time.sleep(1.0)  # for more tries, of which nothing may be said
    assert worker.end() == 0
    assert len(worker.lines) == 1


def test_a_worker_that_is_kept_out_says_so_once(place: Place) -> None:
    asked = threading.Semaphore(0)

    class Doorman(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(4000)
            self.request.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
            asked.release()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Doorman) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        worker = place.program("worker", "shop:app", "--url", f"ws://127.0.0.1:{server.server_address[1]}/ws")
        worker.wait_for("no connection to ws://127.0.0.1:")
        for _ in range(5):  # more tries, of which nothing may be said
            assert asked.acquire(timeout=30)
        assert worker.end() == 0
        server.shutdown()
    (line,) = worker.lines
    assert "was 401 Unauthorized; give credentials with Taskbahn(headers=...) or TASKBAHN_HEADERS; still trying" in line


def test_an_address_that_is_none_is_said(place: Place) -> None:
    worker = place.program("worker", "shop:app", "--url", "http://127.0.0.1")
    assert worker.wait() == 1
    assert "is no address of a router" in worker.output
