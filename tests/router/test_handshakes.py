"""Handshakes that are slow, giant or nonsense are ended, on each listener, before they cost anything; those in time are let in."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.by_hand import ByHand
from support.programs import Node, Program, running, running_node
from support.tokens import token_for

from taskbahn import Taskbahn
from taskbahn_router.crossbar_edge.visitors import LOGIN_SECONDS, MAX_BYTES, MAX_OF_AN_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Iterator

MADE: dict[str, str] = {}
SLACK_SECONDS = 3.0


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("slow")
    MADE["viewer"] = token_for("the-viewer", "viewer", folder / "data")
    with running_node(folder, TASKBAHN_UP_AUTH="1") as node:
        yield node


def silent(_: ByHand) -> None: ...


def half_a_request(stranger: ByHand) -> None:
    stranger.socket.sendall(b"GET /ws HTTP/1.1\r\nHost: localhost\r\n")


def websocket_without_hello(stranger: ByHand) -> None:
    assert stranger.open_websocket() == 101


def rawsocket_without_hello(stranger: ByHand) -> None:
    stranger.open_rawsocket()


def challenge_without_answer(stranger: ByHand) -> None:
    stranger.open_rawsocket()
    stranger.send_raw([1, "taskbahn", {"roles": {"caller": {}}, "authmethods": ["ticket"], "authid": "*"}])
    assert stranger.receive_raw()[0] == 4


def one_byte_a_second(stranger: ByHand) -> None:
    stranger.socket.sendall(b"GET /healthz HTTP/1.1\r\nX: ")

    def drip() -> None:
        try:
            while True:
                stranger.socket.sendall(b"x")
                time.sleep(1)  # what this client does
        except OSError:
            pass

    threading.Thread(target=drip, daemon=True).start()


BEGINNINGS = [
    silent,
    half_a_request,
    websocket_without_hello,
    rawsocket_without_hello,
    challenge_without_answer,
    one_byte_a_second,
]


@pytest.mark.slow
def test_whatever_does_not_log_in_is_closed_in_time(node: Node) -> None:
    strangers = [ByHand(node.port) for _ in BEGINNINGS]
    began = time.monotonic()
    for begin, stranger in zip(BEGINNINGS, strangers, strict=True):
        begin(stranger)
    with ByHand(node.port) as viewer:
        viewer.log_in(MADE["viewer"], by_rawsocket=True)
        for begin, stranger in zip(BEGINNINGS, strangers, strict=True):
            with stranger:
                stranger.socket.settimeout(LOGIN_SECONDS + 20)
                stranger.seconds_until_end()
                assert LOGIN_SECONDS - SLACK_SECONDS < time.monotonic() - began < LOGIN_SECONDS + SLACK_SECONDS, begin
        viewer.send_raw([48, 1, {}, "taskbahn.view.status", []])  # who has logged in may be silent for as long as it likes
        assert viewer.receive_raw()[0] == 50


def giant_line(stranger: ByHand) -> None:
    stranger.socket.sendall(b"GET /" + b"a" * MAX_BYTES + b" HTTP/1.1\r\n")


def giant_header(stranger: ByHand) -> None:
    stranger.socket.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * MAX_BYTES + b"\r\n\r\n")


def giant_hello(stranger: ByHand) -> None:
    stranger.open_rawsocket()
    stranger.send_raw([1, "taskbahn", {"roles": {"caller": {}}, "authextra": {"x": "a" * 8_000_000}}])


def giant_hello_by_websocket(stranger: ByHand) -> None:
    assert stranger.open_websocket() == 101
    stranger.send([1, "taskbahn", {"roles": {"caller": {}}, "authextra": {"x": "a" * 8_000_000}}])


def giant_ticket(stranger: ByHand) -> None:
    challenge_without_answer(stranger)
    stranger.send_raw([5, "a" * 8_000_000, {}])


def endless_hellos(stranger: ByHand) -> None:
    stranger.open_rawsocket()
    for _ in range(10_000):
        stranger.send_raw([1, "taskbahn", {"roles": {"caller": {}}, "authmethods": ["x"], "authid": "a" * 100}])


@pytest.mark.parametrize("begin", [giant_line, giant_header, giant_hello, giant_hello_by_websocket, giant_ticket, endless_hellos])
def test_a_giant_handshake_is_cut_off_at_once(node: Node, begin: object) -> None:
    with ByHand(node.port) as stranger:
        began = time.monotonic()
        try:
            begin(stranger)  # type: ignore[operator]
        except (BrokenPipeError, ConnectionResetError):
            return
        stranger.seconds_until_end()
        assert time.monotonic() - began < 5


def test_nonsense_costs_no_traceback_and_no_word_of_it_rules_the_log(node: Node) -> None:
    nonsense = [
        b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\n\r\n",
        b"\x10\x00\x00\x00",
        b"\x7f\xff\xff\xff",
        b"\x7f\xf1\x00\x00\x00\x00\x00\x02[]",
        b"\x7f\xf1\x00\x00\x00\x00\x00\x05[[[[[",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x1b[31m\x07\r\n",
    ]
    hellos: list[list[Any]] = [
        [1, "x\n2026 [Taskbahn] all is well \x1b[31m\u202egnp", {"roles": {"caller": {}}}],
        [1, "taskbahn", {"roles": {}, "authid": "\x1b[31m", "authmethods": ["ticket"]}],
        [1, "taskbahn", {"roles": {"caller": {}}, "authid": "a\nb\u202e", "authmethods": ["\x1b[31m\n"]}],
        [1, "taskbahn", {"roles": {"caller": {}}, "authid": 5, "authmethods": 7}],
        [1, None, []],
        [5, {}, {}],
        [6, {"message": "\x1b[31m\nforged"}, "wamp.close.\x1b[31m"],
        [3, {"message": "\x1b[31m\nforged"}, "wamp.error.x"],
        [48, 1, {}, "taskbahn.view.status"],
    ]
    before = len(node.output)
    for data in nonsense:
        with ByHand(node.port, first=data) as stranger:
            stranger.end_input()
            stranger.seconds_until_end()
    for hello in hellos:
        with ByHand(node.port) as stranger:
            stranger.open_rawsocket()
            stranger.send_raw(hello)
            stranger.end_input()
            stranger.seconds_until_end()
    for name in ("\x1b[31m", "a\nb", "\u202egnp", "x" * 60_000, ""):
        with ByHand(node.port) as stranger:
            assert stranger.open_websocket() == 101
            stranger.send([1, "taskbahn", {"roles": {"caller": {}}, "authmethods": ["ticket"], "authid": name}])
            if json.dumps(stranger.receive()).startswith("[4"):
                stranger.send([5, "\x1b[31m\n\u202e", {}])
                assert "\x1b" not in str(stranger.receive())
    app = Taskbahn(node.websocket, token=MADE["viewer"])
    assert app.view.status().version
    app.close()
    said = node.output[before:]
    assert "Traceback" not in said
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert not any(line.startswith(("2026 [Taskbahn]", "forged")) for line in said.splitlines())


@pytest.mark.slow
def test_an_address_with_many_silent_connections_leaves_room_for_others(node: Node) -> None:
    silent_ones = [
        socket.create_connection(("127.0.0.1", node.port), source_address=("127.0.0.9", 0)) for _ in range(MAX_OF_AN_ADDRESS)
    ]
    try:
        with ByHand(node.port, "127.0.0.8") as other:
            other.log_in(MADE["viewer"], by_rawsocket=True)
        time.sleep(2.5)  # what waits longer than 2 s without a word makes room
        for _ in range(5):
            with ByHand(node.port, "127.0.0.9") as same:
                same.log_in(MADE["viewer"], by_rawsocket=True)
        node.wait_for("500 connections of 127.0.0.9 have not logged in")
    finally:
        for each in silent_ones:
            each.close()


@pytest.mark.slow
def test_a_unix_socket_has_the_same_bound_and_needs_no_login(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("unix")
    path = folder / "n.sock"
    node = Program("up", "--socket", str(path), "--data", str(folder / "data"), cwd=folder)
    with running(node, "Taskbahn is ready"), ByHand(str(path)) as stranger:
        stranger.socket.settimeout(LOGIN_SECONDS + 20)
        assert stranger.seconds_until_end() < LOGIN_SECONDS + SLACK_SECONDS
