"""Both ends of a connection are set up for small messages, and to notice a peer that has vanished."""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from autobahn.wamp.exception import TransportLost
from support.plain import Heard, patiently, session_to
from support.relay import Relay
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.threads import deferToThread

from taskbahn.transport.sockets import IDLE_SECONDS, OPTIONS
from taskbahn_router.crossbar_edge.socket_setup import set_up_accepted

if TYPE_CHECKING:
    from support.programs import Node

KEEPALIVE = "02"  # in /proc/net/tcp: what the timer of a socket is for
TICKS = 100  # a second, in which it counts


def assert_set_up(sock: socket.socket) -> None:
    """Read back what is set, of the options that this platform has."""
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    known = {name: getattr(socket, name) for name in OPTIONS if hasattr(socket, name)}
    assert len(known) >= 4
    found = {name: sock.getsockopt(socket.IPPROTO_TCP, option) for name, option in known.items()}
    assert found.pop("TCP_NODELAY")  # macOS has another number for yes
    assert found == {name: OPTIONS[name] for name in found}


def probes_after(near: int, far: int) -> float:
    """Wait until nothing but the keepalive timer runs for a socket of this machine; return in how many seconds it will probe."""
    until = time.monotonic() + 40
    while time.monotonic() < until:
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, local, remote, _, _, timer, *_ = line.split()
            if (int(local[-4:], 16), int(remote[-4:], 16)) == (near, far) and timer.startswith(KEEPALIVE):
                return int(timer.partition(":")[2], 16) / TICKS
        time.sleep(0.05)
    raise AssertionError(f"no keepalive timer runs for port {near} with {far}")


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["rawsocket", "websocket"])
@pytest_twisted.ensureDeferred
async def test_both_ends_of_a_real_connection_are_set_up(node: Node, transport: str) -> None:
    async with session_to(getattr(node, transport)) as session:
        carrier: Any = session._transport
        ours = carrier.transport.socket
        assert_set_up(ours)
        if sys.platform == "linux":  # the router's own socket, seen from outside; nothing else shows it
            assert 0 < await deferToThread(probes_after, node.port, ours.getsockname()[1]) <= IDLE_SECONDS


@pytest_twisted.ensureDeferred
async def test_what_is_accepted_is_set_up_whether_it_came_before_or_after() -> None:
    from twisted.internet import reactor as installed

    reactor: Any = installed
    accepted = Heard()

    class Guest(Protocol):
        def connectionMade(self) -> None:
            transport: Any = self.transport
            accepted(transport.socket)

    port = reactor.listenTCP(0, Factory.forProtocol(Guest), interface="127.0.0.1")
    address = ("127.0.0.1", port.getHost().port)
    try:
        with socket.create_connection(address):
            early = await accepted.first(bool)
            assert not early.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            set_up_accepted(reactor)
            assert_set_up(early)
            with socket.create_connection(address):
                assert_set_up(await accepted.first(lambda sock: sock is not early))
    finally:
        await port.stopListening()


@pytest_twisted.ensureDeferred
async def test_what_waits_when_the_connection_breaks_gets_an_error(node: Node) -> None:
    relay = Relay(node.port)
    try:
        async with session_to(f"ws://127.0.0.1:{relay.port}/ws") as session:
            asked: Deferred[None] = Deferred()

            def answers_never() -> Deferred[None]:
                asked.callback(None)
                return Deferred()

            await patiently(session.register(answers_never, "test.answers_never"))
            answer = session.call("test.answers_never")
            await patiently(asked)
            relay.cut()
            with pytest.raises(TransportLost):
                await patiently(answer)
            relay.mend()
    finally:
        relay.close()
