"""The disk under a real node is full, read-only, held, damaged, or gone with the power: what callers and operators see, and how it ends.

The node recovers by itself, with all that it had acknowledged.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import sqlite3
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallOptions
from support.disks import breakable_disk, unwritable
from support.plain import Heard, patiently, session_to
from support.programs import Node, running_node
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from taskbahn.protocol import messages
from taskbahn.protocol.ids import new_id, new_ids
from taskbahn_router.model.state import id_bytes
from taskbahn_router.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn.transport.session import Session

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the router's process is found in /proc and limited with prlimit"),
]
FILES = ("taskbahn.db", "taskbahn.db-wal", "taskbahn.db-shm")
WELL = "the store takes commits again"
QUIET = 2.0  # seconds that a quiet caller's question may take at most, on a busy machine; the store waits for five


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A real node, whose disk is played with."""
    with running_node(tmp_path_factory.mktemp("disk")) as node:
        yield node


def router_of(node: Node) -> int:
    """Return the id of the process that has the node's database open."""
    database = node.data / "taskbahn.db"
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdigit() and any(link.readlink() == database for link in (process / "fd").iterdir()):
                return int(process.name)
    raise AssertionError("no process has the database open")


class Offer:
    """A task that a plain session offers; its calls end when the test says so, or at once."""

    def __init__(self, session: Session, name: str) -> None:
        self.name = name
        self.at_once = False
        self.calls = Heard()
        self._session = session

    async def register(self) -> None:
        await patiently(self._session.register(self._run, messages.OFFER_PREFIX + self.name))

    def _run(self, number: int) -> Any:
        if self.at_once:
            return number
        done: Deferred[Any] = Deferred()
        self.calls({"number": number, "done": done})
        return done


async def submit(session: Session, task: str, ids: list[str]) -> None:
    """Submit jobs, and return when they are acknowledged."""
    calls = [{"task": task, "id": id, "args": [number]} for number, id in enumerate(ids)]
    assert await patiently(session.call(messages.SUBMIT, calls)) == ids


async def refusal(answer: Deferred[Any]) -> str:
    """Return the sentence with which a call is refused for the store's sake."""
    with pytest.raises(ApplicationError) as caught:
        await patiently(answer)
    assert caught.value.error == "taskbahn.error.store_unavailable"
    return str(caught.value.args[0])


async def outcomes(session: Session, ids: list[str]) -> dict[str, str]:
    """Wait for jobs to end; return their states."""
    heard = Heard()
    answer = await patiently(session.call(messages.JOB_WAIT, ids, options=CallOptions(on_progress=heard)))
    parts = [value.get("outcomes", ()) for value in heard.values]
    parts.append(answer.kwresults.get("outcomes", ()) if hasattr(answer, "kwresults") else ())
    return {outcome[0]: outcome[1] for part in parts for outcome in part}


def ready(node: Node) -> tuple[int, str]:
    """Return status and sentence of /readyz."""
    status, body = node.get("/readyz")
    return status, json.loads(body).get("trouble", "")


def wait_until_well(node: Node, said: int) -> None:
    """Wait until the node has logged, after its first *said* lines, that the trouble is over."""
    while not any(WELL in line for line in node.lines[said:]):
        node.wait_for(WELL)


@contextlib.contextmanager
def full_disk(process: int) -> Iterator[None]:
    """Have every write of a process fail, as on a full disk."""
    before = resource.prlimit(process, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, before)


@pytest_twisted.ensureDeferred
async def test_a_full_disk_refuses_jobs_and_loses_none_until_there_is_room(node: Node) -> None:
    async with session_to(node.rawsocket) as worker, session_to(node.websocket) as client:
        offer = Offer(worker, "disk.full")
        await offer.register()
        outcome = client.call(offer.name, 99)
        running = await offer.calls.first(lambda call: call["number"] == 99)
        ids = new_ids(5)
        await submit(client, offer.name, ids)  # they wait: an offer has one slot
        with full_disk(router_of(node)):
            running["done"].callback("late")
            for _ in range(2):
                sentence = await refusal(client.call(messages.SUBMIT, [{"task": offer.name, "args": [1]}]))
                assert "nothing was changed, try again" in sentence
                assert f"see to the disk of {node.data}" in sentence
                assert await refusal(client.call(offer.name, 1))
                assert ready(node) == (503, sentence)
            assert node.get("/healthz")[0] == 200  # the process is well: to restart it would not help
            status = await patiently(client.call(messages.VIEW_STATUS))
            assert (status["jobs"]["running"], status["jobs"]["ready"]) == (1, 5)
            assert len((await patiently(client.call(messages.VIEW_JOBS, task=offer.name)))["jobs"]) == 6
            assert not outcome.called  # it is not recorded
            offer.at_once = True
        assert await patiently(outcome) == "late"
        assert ready(node) == (200, "")
        assert await outcomes(client, ids) == dict.fromkeys(ids, "succeeded")
        assert await patiently(client.call(offer.name, 7)) == 7


@pytest_twisted.ensureDeferred
async def test_submissions_wait_while_another_program_holds_the_database(node: Node) -> None:
    async with session_to(node.rawsocket) as worker, session_to(node.websocket) as client:
        offer = Offer(worker, "disk.locked")
        offer.at_once = True
        await offer.register()
        assert await patiently(client.call(offer.name, 1)) == 1
        with held(node):
            waits = client.call(offer.name, 2)
            assert await slowest(client, 20) < QUIET
            assert (waits.called, ready(node)) == (False, (200, ""))
        assert await patiently(waits) == 2
        said = len(node.lines)
        with held(node):
            sentence = await refusal(client.call(offer.name, 3))  # which takes its five seconds
            assert f"close the program that holds {node.data / 'taskbahn.db'}" in sentence
            assert ready(node) == (503, sentence)
            assert await slowest(client, 50) < QUIET
        wait_until_well(node, said)
        assert ready(node) == (200, "")
        assert await patiently(client.call(offer.name, 4)) == 4
        assert "Traceback" not in "".join(node.lines[said:])


@contextlib.contextmanager
def held(node: Node) -> Iterator[None]:
    """Hold the database, as a shell or a tool may."""
    with contextlib.closing(sqlite3.connect(node.data / "taskbahn.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


async def slowest(client: Session, count: int) -> float:
    """Ask *count* questions of a quiet caller; return the seconds that the slowest one took."""
    longest = 0.0
    for _ in range(count):
        began = time.monotonic()
        await patiently(client.call(messages.VIEW_STATUS))
        longest = max(longest, time.monotonic() - began)
    return longest


@contextlib.contextmanager
def frozen(process: int) -> Iterator[None]:
    """Stop a process where it is."""
    os.kill(process, signal.SIGSTOP)
    try:
        end = time.monotonic() + 10
        while Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "T":
            assert time.monotonic() < end, "it does not stop"
        yield
    finally:
        os.kill(process, signal.SIGCONT)


@pytest_twisted.ensureDeferred
async def test_whenever_the_power_is_cut_the_disk_has_what_was_acknowledged(node: Node, tmp_path: Path) -> None:
    async with session_to(node.rawsocket) as worker, session_to(node.websocket) as client:
        offer = Offer(worker, "disk.cut")
        offer.at_once = True
        await offer.register()
        router = router_of(node)
        accepted: set[str] = set()
        ended: set[str] = set()

        async def one(id: str) -> None:
            await submit(client, offer.name, [id])
            accepted.add(id)
            ended.update(await outcomes(client, [id]))

        on_their_way = []
        for moment in range(5):
            told = len(ended)
            on_their_way += [Deferred.fromCoroutine(one(new_id())) for _ in range(30)]
            while len(ended) < told + 10:  # by then some are accepted, some run and some have ended
                await patiently(client.call(messages.VIEW_STATUS))
            folder = tmp_path / f"cut{moment}"
            folder.mkdir()
            with frozen(router):
                for name in FILES[: 2 + moment % 2]:  # a power cut leaves no index, or an old one
                    shutil.copy(node.data / name, folder)
            store = SqliteStore(folder)
            store.open()
            reader = store.reader()
            states = {row.id: row.state for row in reader.outcomes([id_bytes(id) for id in accepted])}
            reader.close()
            store.close()
            assert {id for id in accepted if id_bytes(id) not in states} == set()
            assert {id for id in ended if states[id_bytes(id)] != "succeeded"} == set()
        for deferred in on_their_way:
            await patiently(deferred)
        assert len(ended) == 150


@pytest_twisted.ensureDeferred
async def test_damage_raises_typed_errors_until_it_is_repaired(node: Node) -> None:
    database = node.data / "taskbahn.db"
    async with session_to(node.rawsocket) as worker, session_to(node.websocket) as client:
        offer = Offer(worker, "disk.damaged")
        await offer.register()
        ids = new_ids(5)
        await submit(client, offer.name, ids)
        first = await offer.calls.first(lambda _: True)
        said = len(node.lines)
        good = damage(database)
        sentence = await refusal(client.call(messages.SUBMIT, [{"task": offer.name, "args": [1]}]))
        assert "is damaged: stop the router, and put the newest good copy in its place" in sentence
        assert ready(node) == (503, sentence)
        assert "is damaged" in await refusal(client.call(messages.VIEW_JOBS))
        assert (await patiently(client.call(messages.VIEW_STATUS)))["jobs"]["ready"] == 4
        database.write_bytes(good)
        wait_until_well(node, said)
        offer.at_once = True
        first["done"].callback(0)
        assert await outcomes(client, ids) == dict.fromkeys(ids, "succeeded")
        assert "Traceback" not in "".join(node.lines[said:])


def damage(database: Path) -> bytes:
    """Write garbage over all pages but the first; return what was there."""
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert not busy
    good = database.read_bytes()
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\x5a" * (len(good) - 4096))
    return good


@pytest_twisted.ensureDeferred
async def test_a_read_only_disk_refuses_jobs_and_loses_none_until_repaired(tmp_path: Path) -> None:
    """First the files refuse writes for a while, which ends without a repair; then the kernel gives the file system up."""
    with breakable_disk(tmp_path / "disk") as disk:
        node = Node(disk.folder)
        try:
            await deferToThread(node.wait_for, "Taskbahn is ready")
            async with session_to(node.rawsocket) as worker, session_to(node.websocket) as client:
                offer = Offer(worker, "disk.read_only")
                await offer.register()
                outcome = client.call(offer.name, 99)
                running = await offer.calls.first(lambda call: call["number"] == 99)
                ids = new_ids(5)
                await submit(client, offer.name, ids)
                said = len(node.lines)
                with unwritable(*(node.data / name for name in FILES[:2])):
                    running["done"].callback("late")
                    sentence = await refusal(client.call(messages.SUBMIT, [{"task": offer.name, "args": [1]}]))
                    assert "nothing was changed, try again" in sentence
                    assert ready(node) == (503, sentence)
                    assert not outcome.called  # it is not recorded
                assert await patiently(outcome) == "late"
                assert ready(node) == (200, "")
                second = await offer.calls.first(lambda call: call["number"] == 0)
                os.sync()  # or SQLite's index, which is in memory, would still be writable by chance
                disk.find_an_error()
                second["done"].callback("in vain")
                sentence = await refusal(client.call(messages.SUBMIT, [{"task": offer.name, "args": [1]}]))
                assert f"see to the disk of {node.data}, which is read-only (Read-only file system)" in sentence
                assert ready(node) == (503, sentence)
                assert node.get("/healthz")[0] == 200  # to restart the process would not help
                assert len((await patiently(client.call(messages.VIEW_JOBS, task=offer.name)))["jobs"]) == 6
            assert await deferToThread(node.end) == 0
            assert "Traceback" not in "".join(node.lines[said:])
            disk.repair()
            await work_goes_on(node, offer.name, ids)
        finally:
            node.close()


async def work_goes_on(before: Node, task: str, ids: list[str]) -> None:
    """Start the next node on the data, and see that what was acknowledged is there; the first waits a while for its worker."""
    node = Node(before.data.parent, before.port)
    try:
        await deferToThread(node.wait_for, "Taskbahn is ready")
        async with session_to(node.rawsocket) as worker, session_to(node.websocket) as client:
            offer = Offer(worker, task)
            offer.at_once = True
            await offer.register()
            assert await outcomes(client, ids[1:]) == dict.fromkeys(ids[1:], "succeeded")
            first = (await patiently(client.call(messages.JOB_GET, ids[0])))["state"]
            assert first in ("running", "succeeded")  # succeeded: on a slow machine the wait for its worker is over
    finally:
        node.close()
