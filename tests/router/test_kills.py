"""SIGKILL to each process of a node: the others end by themselves, nothing stays, and the next start has port and data at once."""

from __future__ import annotations

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
from twisted.internet.threads import deferToThread

from taskbahn import wire
from taskbahn.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow
TESTS = Path(__file__).parents[1]
LOADED_SECONDS = 20.0  # a router that is being loaded notices when that is done, on a busy machine
MOST_SECONDS = 4.0  # to be gone; half of it on an idle machine
HOLD_ON = "import signal; signal.signal(signal.{signal}, signal.SIG_IGN); print('started', flush=True); signal.pause()"


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
    """Have a job accepted that nobody works on."""
    job = str(new_id())
    async with session_to(house.node.rawsocket) as session:
        await patiently(session.register(lambda: None, wire.OFFER_PREFIX + "kills.task"))
        options = {"delay": 3600}
        assert await patiently(session.call(wire.SUBMIT, [{"task": "kills.task", "id": job, "options": options}])) == [job]
    return job


async def state_of(house: House, job: str) -> Any:
    async with session_to(house.node.rawsocket) as session:
        return (await patiently(session.call(wire.JOB_GET, job)))["state"]


@pytest_twisted.ensureDeferred
async def test_when_up_is_killed_the_rest_ends_and_the_next_one_starts_at_once(house: House) -> None:
    job = await leave_a_job(house)
    left = [house.controller, house.router]
    os.kill(house.up, signal.SIGKILL)
    await deferToThread(house.next)  # it does not wait for anything
    wait_until_gone(left, 0)
    assert await state_of(house, job) == "waiting"


@pytest.mark.parametrize("victim", ["controller", "router"])
@pytest_twisted.ensureDeferred
async def test_when_a_process_of_crossbar_is_killed_up_ends_with_one_line_and_nothing_stays(house: House, victim: str) -> None:
    job = await leave_a_job(house)
    os.kill(getattr(house, victim), signal.SIGKILL)
    await deferToThread(wait_until_gone, house.all, MOST_SECONDS)
    assert house.node.wait() == 1
    last = house.node.lines[-1]
    assert last.startswith("taskbahn: ")
    assert ("ended by SIGKILL" if victim == "controller" else "ended by itself with code 1") in last
    assert "Traceback" not in house.node.output
    # what a killed controller leaves behind, and the process id is somebody else's by now: it must stop nobody
    left = house.folder / "data" / "node" / "node.pid"
    assert left.exists() == (victim == "controller")
    left.write_text(json.dumps({"pid": os.getpid()}))
    await deferToThread(house.next)
    assert await state_of(house, job) == "waiting"


@pytest_twisted.ensureDeferred
async def test_a_signal_while_thousands_of_jobs_are_under_way_ends_it_with_code_0_and_they_go_on_with_the_next(
    house: House,
) -> None:
    jobs = [str(new_id()) for _ in range(3000)]
    done: dict[str, str] = {}

    def on_progress(part: Any) -> None:
        done.update((id, state) for id, state, *_ in part["outcomes"])

    worker = Program("worker", "support.shop:app", "--url", house.node.websocket, "--slots", "20", cwd=TESTS)
    with running(worker, "ready"):
        async with session_to(house.node.rawsocket) as session:
            calls = [{"task": "shop.nap", "id": job, "args": [0.01]} for job in jobs]
            assert await patiently(session.call(wire.SUBMIT, calls)) == jobs
            house.node.process.send_signal(signal.SIGTERM)
            await deferToThread(wait_until_gone, house.all, MOST_SECONDS)
        assert house.node.wait() == 0
        assert "Traceback" not in house.node.output
        await deferToThread(house.next)
        async with session_to(house.node.rawsocket) as session:
            await patiently(session.call(wire.JOB_WAIT, jobs, options=CallOptions(on_progress=on_progress)))
    assert done == dict.fromkeys(jobs, "succeeded")


def test_up_killed_while_it_starts_leaves_nothing_either(tmp_path: Path) -> None:
    node = Node(tmp_path)
    try:
        up = node.process.pid
        controller = first_child(up)
        router = first_child(controller)  # it is only being loaded
        os.kill(up, signal.SIGKILL)
        wait_until_gone([up, controller, router], LOADED_SECONDS)
    finally:
        node.close()


@pytest.mark.parametrize("function, number", [("end_with_input", "SIGINT"), ("end_with_parent", "SIGTERM")])
def test_a_process_that_does_not_stop_is_ended_hard(function: str, number: str) -> None:
    """Its event loop is stuck, so it takes no signal; what it started itself ends with it if it leads the group."""
    stubborn = f"from taskbahn_router.lifeline import {function}; {function}(); {HOLD_ON.format(signal=number)}"
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
        process.wait(MOST_SECONDS)
        wait_until_gone(pids, MOST_SECONDS)
        assert time.monotonic() - began < MOST_SECONDS
