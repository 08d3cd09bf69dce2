"""Browsers connect from pages of this machine, and of the origins that the node was given."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING
from urllib.parse import quote

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


def answer(node: Node, path: str, origin: str, interface: str = "127.0.0.1") -> str:
    """Return the status line that a browser gets whose page has an origin."""
    head = f"GET {path} HTTP/1.1\r\nHost: {interface}:{node.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    words = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: wamp.2.json\r\n"
    with socket.create_connection((interface, node.port), 20) as connection:
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


def test_pages_at_the_address_that_the_node_prints_may_connect(tmp_path: Path) -> None:
    with running_node(tmp_path, TASKBAHN_UP_AUTH="1", TASKBAHN_UP_INTERFACE="127.0.0.2") as other:
        own = f"http://127.0.0.2:{other.port}"
        assert f"page {own}/" in other.output
        assert " 101 " in answer(other, "/ws", own, "127.0.0.2")
        for origin in (
            f"http://127.0.0.3:{other.port}",
            f"http://rebound.example:{other.port}",
            f"https://127.0.0.2:{other.port}",
        ):
            assert " 403 " in answer(other, "/ws", origin, "127.0.0.2"), origin


def test_the_log_names_a_refused_origin_and_the_options_once_a_minute(tmp_path: Path) -> None:
    with running_node(tmp_path) as node:
        for number in range(20):
            assert " 403 " in answer(node, "/ws", f"http://vm{'x' * number * 12}:18471")
    lines = [line for line in node.output.splitlines() if "was refused" in line]
    assert len(lines) == 1
    assert "a page of http://vm:18471 was refused: if it is yours, start the node with --origin http://vm:18471" in lines[0]
    assert "--behind-proxy where it came through a proxy" in lines[0]


def test_a_page_hears_whether_it_may_connect(node: Node) -> None:
    for origin, taken in (("http://vm:18471", False), ("https://shop.example.org", True), ("http://127.0.0.1:9", True)):
        for path in ("/ws", "/ws-view"):
            assert node.get(f"{path}?origin={quote(origin, safe='')}") == (200, json.dumps({"taken": taken}) + "\n")
    for words in ("origin=", "origin=null", "origin=x", "origin=http://a&origin=http://b", "origins=http://a"):
        assert node.get(f"/ws?{words}")[0] == 426
