"""SIGKILL to each process of a node: the others end by themselves, nothing stays, and the next start has port and data at once."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from autobahn.wamp.types import CallOptions
from support.plain import patiently, session_to
from support.processes import first_child, only_child, wait_until_gone
from support.programs import Node, Program, running
from support.relay import Relay
from twisted.internet.threads import deferToThread

from taskbahn.attempt.stages import TOO_MANY_STAGES
from taskbahn.protocol import messages
from taskbahn.protocol.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn.transport.session import Session

pytestmark = pytest.mark.slow
TESTS = Path(__file__).parents[1]
LINES = 400  # of each job, and as many chunks: four seconds
QUIET_SECONDS = 1.0  # a report takes some milliseconds
LOADED_SECONDS = 40.0  # a router that is being loaded notices when that is done, on a busy machine
MAX_SECONDS = 15.0  # to be gone; two on an idle machine
HOLD_ON = "import signal; signal.signal(signal.{signal}, signal.SIG_IGN); print('started', flush=True); signal.pause()"

ORPHAN_STARTER = (
    "import os, subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1], str(os.getpid())]); os._exit(0)"
)
ORPHAN = """
import os, signal, sys, time
while os.getppid() == int(sys.argv[1]):
    time.sleep(0.01)
from taskbahn_router.node.parent_watch import end_with_parent
print("orphaned", flush=True)
end_with_parent()
signal.pause()
"""


class House:
    """One directory and port, and the node that lives there now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.node = Node(folder)
        self.move_in()

    def move_in(self) -> None:
        """Wait for the node, and learn of its processes."""
        self.node.wait_for("Taskbahn is ready")
        self.up = self.node.process.pid
        self.controller = only_child(self.up)
        self.router = only_child(self.controller)

    def next(self) -> None:
        """Start a node in the place of the one before."""
        before = self.node
        self.node = Node(self.folder, before.port)
        self.move_in()
        before.close()

    @property
    def all(self) -> list[int]:
        return [self.up, self.controller, self.router]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("house"))
    yield house
    house.node.close()


async def leave_a_job(house: House) -> str:
    """Have a job accepted that no worker runs."""
    job = str(new_id())
    async with session_to(house.node.rawsocket) as session:
        await patiently(session.register(lambda: None, messages.OFFER_PREFIX + "kills.task"))
        options = {"delay": 3600}
        assert await patiently(session.call(messages.SUBMIT, [{"task": "kills.task", "id": job, "options": options}])) == [job]
    return job


async def state_of(house: House, job: str) -> Any:
    async with session_to(house.node.rawsocket) as session:
        return (await patiently(session.call(messages.JOB_GET, job)))["state"]


@pytest_twisted.ensureDeferred
async def test_a_killed_up_takes_the_rest_along_and_the_next_starts(house: House) -> None:
    job = await leave_a_job(house)
    left = [house.controller, house.router]
    os.kill(house.up, signal.SIGKILL)
    await deferToThread(house.next)  # it does not wait for anything
    wait_until_gone(left, 0)
    assert await state_of(house, job) == "waiting"


@pytest.mark.parametrize("victim", ["controller", "router"])
@pytest_twisted.ensureDeferred
async def test_up_ends_with_one_line_when_a_crossbar_process_is_killed(house: House, victim: str) -> None:
    job = await leave_a_job(house)
    os.kill(getattr(house, victim), signal.SIGKILL)
    await deferToThread(wait_until_gone, house.all, MAX_SECONDS)
    assert house.node.wait() == 1
    last = house.node.lines[-1]
    assert last.startswith("taskbahn: ")
    assert ("ended by SIGKILL" if victim == "controller" else "ended by itself with code 1") in last
    assert "Traceback" not in house.node.output
    # A killed controller leaves this file behind. By now its process id is that of another process, which must not be stopped.
    left = house.folder / "data" / "node" / "node.pid"
    assert left.exists() == (victim == "controller")
    left.write_text(json.dumps({"pid": os.getpid()}))
    await deferToThread(house.next)
    assert await state_of(house, job) == "waiting"


@pytest_twisted.ensureDeferred
async def test_a_signal_amid_thousands_of_jobs_exits_with_0_and_loses_none(
    house: House,
) -> None:
    jobs = [str(new_id()) for _ in range(3000)]
    done: dict[str, str] = {}

    def on_progress(part: Any) -> None:
        done.update((id, state) for id, state, *_ in part["outcomes"])

    worker = Program("worker", "support.sample_app:app", "--url", house.node.websocket, "--slots", "20", cwd=TESTS)
    with running(worker, "ready"):
        async with session_to(house.node.rawsocket) as session:
            calls = [{"task": "shop.nap", "id": job, "args": [0.01]} for job in jobs]
            assert await patiently(session.call(messages.SUBMIT, calls)) == jobs
            before, left = house.node, house.all
            before.process.send_signal(signal.SIGTERM)
            await deferToThread(house.next)  # which finds the one before still ending, and waits for that
        wait_until_gone(left, MAX_SECONDS)
        assert before.wait() == 0
        assert "Traceback" not in before.output
        async with session_to(house.node.rawsocket) as session:
            await patiently(session.call(messages.JOB_WAIT, jobs, options=CallOptions(on_progress=on_progress)))
    assert done == dict.fromkeys(jobs, "succeeded")


@pytest_twisted.ensureDeferred
async def test_what_a_worker_reports_again_after_a_kill_is_stored_once(house: House) -> None:
    relay = Relay(house.node.port)
    worker = Program(
        "worker", "support.sample_app:app", "--url", f"rs://127.0.0.1:{relay.port}", "--slots", "3", "--queues", "talk", cwd=TESTS
    )
    jobs = [str(new_id()) for _ in range(3)]
    try:
        with running(worker, "ready"):
            async with session_to(house.node.rawsocket) as session:
                calls = [{"task": "shop.talk", "id": job, "args": [LINES, 0.01], "options": {"queue": "talk"}} for job in jobs]
                assert await patiently(session.call(messages.SUBMIT, calls)) == jobs
                await until_it_grows(session, jobs[0], 0)
                relay.throttle(0)  # from now on the worker hears no acknowledgement, so it sends one more report
                stored = await until_it_grows_no_more(session, jobs[0])
                os.kill(house.router, signal.SIGKILL)
            relay.cut()
            relay.throttle(None)
            relay.mend()
            await deferToThread(wait_until_gone, house.all, MAX_SECONDS)
            await deferToThread(house.next)
            async with session_to(house.node.rawsocket) as session:
                await patiently(session.call(messages.JOB_WAIT, jobs))
                for job in jobs:
                    events = await events_of(session, job)
                    said = [event["data"]["message"] if event["kind"] == "log" else event["data"] for event in events]
                    said.remove(TOO_MANY_STAGES)  # which one line says, and only one
                    assert said == [word for n in range(LINES) for word in (f"line {n} [bold]", f"chunk {n}")]
                    assert {event["attempt"] for event in events} == {1}
        assert 0 < stored < 2 * LINES, "it was killed before or after, not while it spoke"
    finally:
        relay.close()


async def events_of(session: Session, job: str) -> list[Any]:
    events: list[Any] = []
    while part := (await patiently(session.call(messages.JOB_EVENTS, job, events[-1]["number"] if events else 0)))["events"]:
        events += part
    return events


async def until_it_grows(session: Session, job: str, length: int) -> int:
    """Wait until more events of a job are stored; return how many."""
    until = time.monotonic() + LOADED_SECONDS
    while (now := len(await events_of(session, job))) <= length:
        assert time.monotonic() < until, "it says nothing"
    return now


async def until_it_grows_no_more(session: Session, job: str) -> int:
    """Wait until no event of a job was stored for a while; return how many are."""
    until, length, since = time.monotonic() + LOADED_SECONDS, -1, 0.0
    while length < 0 or time.monotonic() - since < QUIET_SECONDS:
        assert time.monotonic() < until, "it says more and more"
        now = len(await events_of(session, job))
        if now != length:
            length, since = now, time.monotonic()
    return length


@pytest.mark.parametrize("both", [False, True], ids=["up", "up and controller"])
def test_who_is_killed_while_it_starts_leaves_nothing_either(tmp_path: Path, *, both: bool) -> None:
    node = Node(tmp_path)
    try:
        up = node.process.pid
        controller = first_child(up)
        router = first_child(controller)  # it is only being loaded
        os.kill(up, signal.SIGSTOP)  # or it would see to the rest
        if both:
            os.kill(controller, signal.SIGKILL)
        os.kill(up, signal.SIGKILL)
        wait_until_gone([up, controller, router], LOADED_SECONDS)
    finally:
        node.close()


def test_a_router_process_ends_whose_controller_died_before_it_could_watch() -> None:
    controller = f"from taskbahn_router.node.parent_watch import end_with_input; end_with_input(); {ORPHAN_STARTER}"
    reading, writing = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", controller, ORPHAN], stdin=reading, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            said, _ = process.communicate(timeout=LOADED_SECONDS)  # until no process is left that could write
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            os.close(reading)
            os.close(writing)
    assert said == b"orphaned\n"


@pytest.mark.parametrize("function, number", [("end_with_input", "SIGINT"), ("end_with_parent", "SIGTERM")])
def test_a_process_that_does_not_stop_is_ended_hard(function: str, number: str) -> None:
    """Its event loop is stuck, so it takes no signal; what it started itself ends with it if it leads the group."""
    stubborn = f"from taskbahn_router.node.parent_watch import {function}; {function}(); {HOLD_ON.format(signal=number)}"
    start = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {stubborn!r}]).wait()"
    own = stubborn if function == "end_with_input" else start
    with subprocess.Popen(
        [sys.executable, "-c", own], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        pids = [process.pid] if function == "end_with_input" else [process.pid, only_child(process.pid)]
        began = time.monotonic()
        if function == "end_with_input":
            process.stdin.close()
        else:
            process.kill()
        process.wait(MAX_SECONDS)
        wait_until_gone(pids, MAX_SECONDS)
        assert time.monotonic() - began < MAX_SECONDS
