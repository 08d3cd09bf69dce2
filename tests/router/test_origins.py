"""Browsers connect from pages of this machine, and of the origins that the node was given."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from support.programs import running_node

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.programs import Node

GIVEN = "https://shop.example.org http://[2001:db8::7]:8000"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder: Path = tmp_path_factory.mktemp("origins")
    with running_node(folder, TASKBAHN_UP_ORIGIN=GIVEN) as node:
        yield node


def answer(node: Node, path: str, origin: str) -> str:
    """Return the status line that a browser gets whose page has an origin."""
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{node.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    words = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: wamp.2.json\r\n"
    with socket.create_connection(("127.0.0.1", node.port), 20) as connection:
        connection.settimeout(20)
        connection.sendall(f"{head}{words}Origin: {origin}\r\n\r\n".encode())
        return connection.recv(1024).decode().partition("\r\n")[0]


@pytest.mark.parametrize("path", ["/ws", "/ws-view"])
def test_pages_of_given_origins_connect_and_no_others(node: Node, path: str) -> None:
    for origin in ("http://localhost:3000", "http://127.0.0.1", "https://shop.example.org", "http://[2001:db8::7]:8000"):
        assert " 101 " in answer(node, path, origin), origin
    for origin in (
        "http://shop.example.org",
        "https://shop.example.org:8443",
        "https://shop.example.org.evil.example",
        "https://evil.example",
        "https://notshop.example.org",
        "http://[2001:db8::7]",
        "null",
    ):
        assert " 101 " not in answer(node, path, origin), origin
