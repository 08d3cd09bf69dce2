"""Which readers are dropped, on a simulated clock: those who read nothing, and those who let too much gather; not the slow ones."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet import tcp
from twisted.internet.address import IPv4Address
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock

from taskbahn_router.core.forwarding import Proxies
from taskbahn_router.crossbar_edge.client_connections import ClientConnection, ClientConnections
from taskbahn_router.crossbar_edge.send_buffers import (
    LOOK_SECONDS,
    MEBIBYTE,
    PATIENCE,
    STALLED_SECONDS,
    Backlogs,
    SlowReaders,
    backlog,
)
from taskbahn_router.model.limits import MAX_SEND_BUFFERS_BYTES, SEND_BUFFER_HIGH_WATER_BYTES

BLOCK = b"x" * MEBIBYTE


class Layer:
    """A session, or a protocol around the connection."""

    def __init__(self, **inner: Any) -> None:
        vars(self).update(inner)


class Socket:
    """Takes as many bytes as the reader has made room for."""

    def __init__(self) -> None:
        self.room = 0

    def send(self, data: memoryview) -> int:
        if not self.room:
            raise BlockingIOError(11, "it would block")
        taken = min(len(data), self.room)
        self.room -= taken
        return taken


class Connection(tcp.Server):
    """Twisted's own, on a socket that is not one."""

    def __init__(self, street: Any, port: int) -> None:
        self.reactor = self.street = street
        self.socket: Any = Socket()
        self.connected = True
        self._tempDataBuffer = []
        self._tempDataLen = 0
        self.port = port
        self.aborted = False
        twisted: Any = super()  # untyped
        self._write, self._send = twisted.write, twisted.doWrite
        street.router.attach(Layer(_session_id=port * 1000, _transport=Layer(transport=Layer(transport=self))))

    def getPeer(self) -> IPv4Address:  # noqa: N802 - Twisted's name
        return IPv4Address("TCP", "127.0.0.1", self.port)

    def abortConnection(self) -> None:  # noqa: N802 - Twisted's name
        self.aborted = True
        self.street.removeWriter(self)

    def owed(self, length: int) -> None:
        """The router writes."""
        for _ in range(length // MEBIBYTE):
            self._write(BLOCK)
        self._write(BLOCK[: length % MEBIBYTE])

    def reads(self, length: int) -> None:
        """The reader takes some."""
        self.socket.room += length
        while self.socket.room and backlog(self):
            self._send()


class Street(Clock):
    """A reactor with connections, and what watches over them."""

    def __init__(self) -> None:
        super().__init__()
        self.writers: dict[Connection, None] = {}
        self.backlogs = Backlogs()
        self.router: Any = Layer(attach=lambda _: "attached", detach=lambda _=None: "detached")
        self.backlogs.follow(self.router)
        self.watch = SlowReaders(self, self.backlogs)
        self.watch.start()

    def addWriter(self, writer: Connection) -> None:  # noqa: N802 - Twisted's name
        self.writers[writer] = None

    def removeWriter(self, writer: Connection) -> None:  # noqa: N802 - Twisted's name
        self.writers.pop(writer, None)

    def getWriters(self) -> list[Connection]:  # noqa: N802 - Twisted's name
        return list(self.writers)

    def passes(self, seconds: float) -> None:
        for _ in range(round(seconds / LOOK_SECONDS)):
            self.advance(LOOK_SECONDS)


@pytest.fixture
def street() -> Street:
    return Street()


def test_who_reads_nothing_for_long_is_dropped_and_its_backlog_freed(street: Street) -> None:
    deaf = Connection(street, 1)
    deaf.owed(SEND_BUFFER_HIGH_WATER_BYTES + 1)
    street.passes(STALLED_SECONDS)
    assert (backlog(deaf), street.watch.dropped) == (SEND_BUFFER_HIGH_WATER_BYTES + 1, 0)
    street.passes(LOOK_SECONDS)
    assert (backlog(deaf), street.watch.dropped) == (0, 1)
    assert deaf.aborted


def test_the_log_names_the_client_behind_a_proxy(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(SlowReaders, "log", SimpleNamespace(warn=lambda _, peer, **__: said.append(peer)))
    deaf: Any = Connection(street, 1)
    kind: Any = ClientConnection
    above = kind(ClientConnections(Factory(), None, Proxies()), None)
    above.transport, above.client = deaf, IPv4Address("TCP", "203.0.113.9", 0)
    deaf.protocol = above
    deaf.owed(SEND_BUFFER_HIGH_WATER_BYTES + 1)
    street.passes(STALLED_SECONDS + LOOK_SECONDS)
    assert said == ["203.0.113.9:0"]


def test_who_takes_a_byte_now_and_then_is_only_slow(street: Street) -> None:
    slow = Connection(street, 1)
    slow.owed(4 * SEND_BUFFER_HIGH_WATER_BYTES)
    for _ in range(20):
        street.passes(STALLED_SECONDS - LOOK_SECONDS)
        slow.reads(1)
    assert not slow.aborted


def test_a_little_may_wait_for_as_long_as_it_likes(street: Street) -> None:
    asleep = Connection(street, 1)
    asleep.owed(SEND_BUFFER_HIGH_WATER_BYTES)
    street.passes(STALLED_SECONDS * 10)
    assert not asleep.aborted


@pytest.mark.parametrize("most, seconds", PATIENCE.items())
def test_a_far_too_long_backlog_that_stays_is_dropped_soon(street: Street, most: int, seconds: float) -> None:
    flooded = Connection(street, 1)
    flooded.owed(most + MEBIBYTE)
    street.passes(LOOK_SECONDS)
    for _ in range(round(seconds / LOOK_SECONDS)):
        assert not flooded.aborted
        flooded.owed(1000)
        flooded.reads(999)
        street.passes(LOOK_SECONDS)
    assert flooded.aborted


def test_a_reader_who_works_off_a_long_backlog_gets_it_all(street: Street) -> None:
    busy = Connection(street, 1)
    busy.owed(max(PATIENCE) * 2)
    while backlog(busy):
        busy.reads(MEBIBYTE)
        street.passes(LOOK_SECONDS)
    assert not busy.aborted
    assert street.getWriters() == []


def test_when_all_together_have_too_much_the_longest_backlogs_go(street: Street) -> None:
    few = [Connection(street, port) for port in range(20)]
    for number, connection in enumerate(few):
        connection.owed(MAX_SEND_BUFFERS_BYTES // 18 - number)
    street.passes(LOOK_SECONDS)
    assert sum(backlog(connection) for connection in few) <= MAX_SEND_BUFFERS_BYTES
    assert [connection.aborted for connection in few] == [True] * 2 + [False] * 18
    assert street.watch.dropped == 2


def test_it_says_which_session_it_was(street: Street) -> None:
    connection, silent = Connection(street, 7), Connection(street, 8)
    assert street.backlogs.session_of(connection) == 7000
    assert street.router.detach(Layer(_session_id=8000)) == street.router.detach() == "detached"
    assert street.backlogs.session_of(silent) is None
    assert street.router.attach(Layer(_session_id=9000, _transport=Layer(transport=silent))) == "attached"  # its next session
    assert street.backlogs.session_of(silent) == 9000


def test_how_much_waits_for_a_session_is_known_at_once(street: Street) -> None:
    slow, quick = Connection(street, 1), Connection(street, 2)
    of = street.backlogs.of
    assert (of(1000), of(2000), of(None), of(5)) == (0, 0, 0, 0)
    slow.owed(SEND_BUFFER_HIGH_WATER_BYTES)
    assert (of(1000), of(2000)) == (SEND_BUFFER_HIGH_WATER_BYTES, 0)
    slow.reads(SEND_BUFFER_HIGH_WATER_BYTES - 1)
    assert of(1000) == 1
    slow.owed(5)
    quick.owed(3)
    assert (of(1000), of(2000)) == (6, 3)


def test_a_session_inside_the_router_has_no_connection(street: Street) -> None:
    street.router.attach(Layer(_session_id=1, _transport=Layer()))
    street.router.detach(Layer(_session_id=1))
    assert street.backlogs.of(1) == 0
