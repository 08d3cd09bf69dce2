"""The clock of the machine is set by hours under a real node: nothing runs early, no lease ends, and every timer goes on."""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from autobahn.wamp.types import CallOptions
from support.plain import Heard, patiently, session_to
from support.programs import Node, running_node

from taskbahn.protocol import messages
from taskbahn.protocol.ids import new_ids

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow
HOUR = 3600.0
OFFSET = struct.Struct("=d")
# Python reads it at its start: every `time.time` of the node is off by what the file says
SITE = """
import mmap, struct, time
with open({path!r}, "r+b") as file:
    mapped = mmap.mmap(file.fileno(), 8)
real, real_ns = time.time, time.time_ns
time.time = lambda: real() + struct.unpack_from("=d", mapped)[0]
time.time_ns = lambda: real_ns() + int(struct.unpack_from("=d", mapped)[0] * 1e9)
"""


class SystemClock:
    """The clock of the machine that a node runs on."""

    def __init__(self, folder: Path) -> None:
        path = folder / "offset"
        path.write_bytes(OFFSET.pack(0.0))
        (folder / "sitecustomize.py").write_text(SITE.format(path=str(path)), "utf-8")
        with path.open("r+b") as file:
            self._mapped = mmap.mmap(file.fileno(), OFFSET.size)

    def set_by(self, seconds: float) -> None:
        OFFSET.pack_into(self._mapped, 0, seconds)


@pytest.fixture
def clock(tmp_path: Path) -> SystemClock:
    (tmp_path / "site").mkdir()
    return SystemClock(tmp_path / "site")


@pytest.fixture
def node(tmp_path: Path, clock: SystemClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    """A real node by that clock."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    with running_node(tmp_path) as node:
        yield node


@pytest_twisted.ensureDeferred
async def test_jobs_leases_and_timers_go_on_when_the_clock_is_set(node: Node, clock: SystemClock) -> None:
    async with session_to(node.rawsocket) as session, session_to(node.websocket) as client:
        orders = Heard()
        hello = {"protocol": 1, "worker": "clock", "slots": 2, "tasks": [{"name": "clock.task"}]}
        lease = session.call(messages.WORKER_ATTACH, hello, options=CallOptions(on_progress=orders))
        await orders.first(lambda order: "welcome" in order)
        running, delayed, patient, soon = ids = new_ids(4)

        async def submit(id: str, **options: Any) -> None:
            call = {"task": "clock.task", "id": id, "args": [], "options": options}
            assert await patiently(client.call(messages.SUBMIT, [call])) == [id]

        async def states() -> list[str]:
            for _ in range(20):  # turns of the router's loop, in which a timer that is over would have run
                await patiently(client.call(messages.VIEW_STATUS))
            return [(await patiently(client.call(messages.JOB_GET, id)))["state"] for id in ids[:3]]

        await submit(running)
        await orders.first(lambda order: any(run[0] == running for run in order.get("run", ())))
        await submit(delayed, delay=HOUR)
        await submit(patient, delay=HOUR, start_within=HOUR)
        before = await patiently(client.call(messages.VIEW_STATUS))
        for hours in (5, -5):
            clock.set_by(hours * HOUR)
            await submit(new_ids(1)[0], delay=HOUR)  # whatever makes the dispatcher look at the time
            assert await states() == ["running", "waiting", "waiting"]
            status = await patiently(client.call(messages.VIEW_STATUS))
            assert 0 <= status["now"] - before["now"] < HOUR / 2
            assert (lease.called, status["workers"]) == (False, 1)
        assert "the system's clock was set forward by 18,000 s" in node.output
        assert "the system's clock was set back by 18,000 s" in node.output
        await submit(soon, delay=0.3)  # and timers go on
        await orders.first(lambda order: any(run[0] == soon for run in order.get("run", ())))
        assert not any("cancel" in order for order in orders.values)
