"""Bodies of HTTP requests are bounded in size and time, whatever the page: on a server in this process, and on a real node."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from twisted.internet import reactor as installed
from twisted.internet.threads import deferToThread
from twisted.web.resource import Resource
from twisted.web.server import Site

from taskbahn_router.crossbar_edge import bounded_requests
from taskbahn_router.crossbar_edge.bounded_requests import BoundedRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.programs import Node

reactor: Any = installed
CHUNKED = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def with_length(length: int) -> bytes:
    return f"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n".encode()


class Echo(Resource):
    isLeaf = True

    def render_POST(self, request: Any) -> bytes:
        """Say how much came."""
        return f"{len(request.content.read())} bytes".encode()


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(bounded_requests, "MOST_BYTES", 100_000)
    monkeypatch.setattr(bounded_requests, "MOST_SECONDS", 1.0)
    monkeypatch.setattr(bounded_requests, "LINGER_SECONDS", 0.2)
    site: Any = Site
    page: Any = Echo
    listening = reactor.listenTCP(0, site(page(), requestFactory=BoundedRequest), interface="127.0.0.1")
    yield listening.getHost().port
    pytest_twisted.blockon(listening.stopListening())


def talk(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """Send parts, and return all that comes until the server closes."""
    with socket.create_connection(("127.0.0.1", port), 20) as connection, suppress(ConnectionError):
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        return read_all(connection)
    return b""


def read_all(connection: socket.socket) -> bytes:
    found = b""
    with suppress(ConnectionError):
        while data := connection.recv(65536):
            found += data
            if b" bytes" in found:
                break
    return found


@pytest_twisted.ensureDeferred
async def test_a_body_within_the_bounds_arrives_whole(port: int) -> None:
    assert b"100000 bytes" in await deferToThread(talk, port, with_length(100_000), b"x" * 100_000)
    assert b"5 bytes" in await deferToThread(talk, port, CHUNKED, b"5\r\nabcde\r\n0\r\n\r\n")


@pytest_twisted.ensureDeferred
async def test_a_body_that_says_to_be_larger_is_refused_at_once(port: int) -> None:
    assert (await deferToThread(talk, port, with_length(100_001))).startswith(b"HTTP/1.1 413 ")
    assert (await deferToThread(talk, port, with_length(10**30))).startswith(b"HTTP/1.1 4")


@pytest_twisted.ensureDeferred
async def test_a_body_without_a_length_is_refused_where_it_ends(port: int) -> None:
    chunk = b"1000\r\n" + b"x" * 0x1000 + b"\r\n"
    assert b"413" in await deferToThread(talk, port, CHUNKED, chunk * 25)


@pytest_twisted.ensureDeferred
async def test_a_body_that_drips_is_cut_off_and_holds_up_no_other(port: int) -> None:
    started = time.monotonic()
    slow = deferToThread(talk, port, with_length(1000), *[b"x"] * 100, pause=0.1)
    assert b"5 bytes" in await deferToThread(talk, port, with_length(5), b"abcde")
    assert time.monotonic() - started < 5  # the other one drips for ten
    assert b"bytes" not in await slow
    assert time.monotonic() - started < 15


@pytest_twisted.ensureDeferred
async def test_a_node_refuses_a_body_beyond_the_largest_message(node: Node) -> None:
    said: Callable[..., Any] = talk
    assert b"413" in await deferToThread(said, node.port, with_length(17 * 1024 * 1024))
