"""Whatever strangers send, each connection has one short line in the node's log, at the level info."""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from support.by_hand import ByHand
from support.programs import running_node
from support.secure_node import running_secure_node

from taskbahn_router.crossbar_edge.stranger_lines import MOST_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LINE = MOST_CHARACTERS + 100  # with its time, and what it is from
MUCH = 81_000
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE = ("Host: a", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")


def sends(data: bytes) -> Callable[[ByHand], None]:
    return lambda stranger: stranger.socket.sendall(data)


def says_by_websocket(*messages: list[Any]) -> Callable[[ByHand], None]:
    def begin(stranger: ByHand) -> None:
        assert stranger.open_websocket() == 101
        for message in messages:
            stranger.send(message)

    return begin


def says_by_rawsocket(*messages: list[Any]) -> Callable[[ByHand], None]:
    def begin(stranger: ByHand) -> None:
        stranger.open_rawsocket()
        for message in messages:
            stranger.send_raw(message)

    return begin


def speaks_tls(stranger: ByHand) -> None:
    context = ssl.create_default_context()
    with contextlib.suppress(OSError):
        context.wrap_socket(stranger.socket, server_hostname="localhost").close()


def sends_a_bad_frame(stranger: ByHand) -> None:
    assert stranger.open_websocket() == 101
    stranger.socket.sendall(b"\xf7\xff" + b"\x01" * 1_000)


def upgrade(*lines: str, path: str = "/ws") -> Callable[[ByHand], None]:
    return sends("\r\n".join([f"GET {path} HTTP/1.1", *UPGRADE, *lines, "", ""]).encode())


HELLO: list[Any] = [1, "taskbahn", {"roles": {"caller": {}}}]
FORMS = [
    *[sends(b"\x01" * 125_000)] * 10,
    sends(b"\x1b[31m" + b"a" * MUCH + b"\r\n"),
    *[speaks_tls] * 2,
    sends(b"\x16\x03\x01 a b\r\n"),
    sends(b"\x10" * 10_000),
    sends(b"\x7f\xff\xff\xff"),
    sends(b"GET /\xff" + b"\xfe" * MUCH + b" HTTP/1.1\r\n"),
    upgrade(KEY, "Origin: " + "http://a" * 5_000),
    upgrade(KEY, "Origin: http://evil.example", "X: " + "a" * 10_000),
    upgrade("Sec-WebSocket-Key: " + "a" * 10_000),
    upgrade(KEY, "Sec-WebSocket-Protocol: " + ",".join(["wamp.2.json"] * 900)),
    upgrade(KEY, "Sec-WebSocket-Protocol: " + "b" * 10_000),
    upgrade(KEY, path="/ws?" + "x" * 10_000 + "#f"),
    sends_a_bad_frame,
    says_by_websocket([1, "r" * MUCH, {"roles": {"caller": {}}}]),
    says_by_websocket([1, "taskbahn", {"roles": {"caller": {}}, "authmethods": ["ticket"], "authid": "a" * MUCH}]),
    says_by_websocket([1, None, "x" * MUCH]),
    says_by_websocket(["x" * MUCH]),
    says_by_websocket([3, {"message": "y" * MUCH}, "wamp.error." + "x" * 1_000]),
    says_by_websocket([6, {"message": "y" * MUCH}, "wamp.close." + "x" * 1_000]),
    says_by_websocket([5, "y" * MUCH, {}]),
    says_by_websocket([48, 1, {}, "z" * MUCH]),
    says_by_websocket(HELLO, HELLO, HELLO),
    says_by_rawsocket([1, "r" * MUCH, {"roles": {"caller": {}}}]),
    says_by_rawsocket([1, None, "x" * MUCH]),
    says_by_rawsocket(["x" * MUCH]),
    says_by_rawsocket([3, {"message": "y" * MUCH}, "wamp.error." + "x" * 1_000]),
    says_by_rawsocket([48, 1, {}, "z" * MUCH]),
]  # fmt: skip


def log_of_strangers(folder: Path, level: str) -> str:
    """Return what a node with login has logged of them all."""
    with running_node(folder, TASKBAHN_UP_AUTH="1", TASKBAHN_UP_LOGLEVEL=level) as node:
        before = len(node.output)
        strangers_come(node.port)
        assert node.get("/healthz")[0] == 200
    return node.output[before:]


def strangers_come(port: int, tls: ssl.SSLContext | None = None, patience: float | None = None) -> None:
    """Have them all come, one after the other.   patience: seconds that one of them waits for the node to hang up."""
    for begin in [form for form in FORMS if tls is None or form is not speaks_tls]:
        with contextlib.suppress(OSError, EOFError), ByHand(port, tls=tls) as stranger:
            if patience is not None:
                stranger.socket.settimeout(patience)
            begin(stranger)
            if tls is None:
                stranger.end_input()
            stranger.seconds_until_end()


@pytest.mark.slow
def test_strangers_write_one_refused_origin_into_the_log_at_its_usual_level(tmp_path: Path) -> None:
    log = log_of_strangers(tmp_path, "warn")
    assert not any("127.0.0.1" in line for line in log.splitlines())
    assert sum("a page of http://evil.example:80 was refused" in line for line in log.splitlines()) == 1
    assert len(log) < 2 * LINE, log[:5_000]


@pytest.mark.slow
def test_each_stranger_has_one_short_line_at_the_level_info(tmp_path: Path) -> None:
    log = log_of_strangers(tmp_path, "info")
    about = [line for line in log.splitlines() if "127.0.0.1" in line]
    assert 20 < len(about) <= len(FORMS) + 2
    assert max(map(len, log.splitlines())) < LINE
    assert len(log) < (len(FORMS) + 30) * LINE
    assert sum("speaks TLS to a port without" in line for line in about) == 3
    assert any("\\x01\\x01" in line for line in about)
    assert "Traceback" not in log


@pytest.mark.slow
def test_through_tls_and_before_it_a_stranger_has_as_few_lines(tmp_path: Path) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with running_secure_node(tmp_path, "--loglevel", "warn", TASKBAHN_UP_AUTH="1") as node:
        before = len(node.output)
        strangers_come(node.port, patience=0.5)
        strangers_come(node.port, context, patience=0.5)
    log = node.output[before:]
    assert not any("127.0.0.1" in line for line in log.splitlines())
    assert len(log) < 2 * LINE, log[:5_000]
