"""A node behind proxies: what these say of their clients counts, and what all others say does not."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.by_hand import ByHand
from support.programs import Node, Program, running, running_node
from support.secure_node import SecureNode, running_secure_node

from taskbahn import Taskbahn

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow
PROXY, STRANGER = "127.0.0.2", "127.0.0.3"
SAID = ["X-Forwarded-For: 6.6.6.6, 203.0.113.9, 127.0.0.2", "X-Forwarded-Proto: https", "X-Forwarded-Host: tasks.example.org"]
ORIGIN = "Origin: https://tasks.example.org"
FIRST = b"PROXY TCP4 203.0.113.7 10.0.0.1 4711 443\r\n"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with running_node(tmp_path_factory.mktemp("proxied"), TASKBAHN_UP_BEHIND_PROXY=f"{PROXY} fd00::/8") as node:
        yield node


def test_the_session_of_a_websocket_has_the_clients_address(node: Node) -> None:
    with ByHand(node.port, PROXY) as proxy:
        assert proxy.open_websocket(*SAID) == 101
        assert proxy.peer_by_websocket() == "tcp4:203.0.113.9:0"
    with ByHand(node.port, STRANGER) as stranger:
        assert stranger.open_websocket(*SAID) == 101
        assert stranger.peer_by_websocket().startswith(f"tcp4:{STRANGER}:")
    with ByHand(node.port, PROXY) as proxy:
        assert proxy.peer_by_rawsocket().startswith(f"tcp4:{PROXY}:")


@pytest.mark.parametrize("path", ["/ws", "/ws-view"])
def test_pages_of_the_public_address_connect_and_no_others(node: Node, path: str) -> None:
    def status(source: str, *lines: str) -> int:
        with ByHand(node.port, source) as connection:
            return connection.open_websocket(*lines, path=path)

    assert status(PROXY, *SAID, ORIGIN) == 101
    assert status(PROXY, *SAID, "Origin: https://TASKS.example.org:443") == 101
    assert status(PROXY, *SAID, "Origin: http://localhost:3000") == 101
    for lines in (
        [*SAID, "Origin: https://evil.example"],
        [*SAID, "Origin: http://tasks.example.org"],
        [*SAID, "Origin: https://tasks.example.org:8443"],
        [*SAID, "Origin: null"],
        [*SAID, ORIGIN, ORIGIN],
        [ORIGIN],
        [*SAID[:2], ORIGIN],
        [
            SAID[0],
            "X-Forwarded-Proto: http",
            SAID[2],
            "Origin: http://tasks.example.org",
        ],  # by a name of its own, any site is this
        ["X-Forwarded-Proto: https, http", SAID[2], ORIGIN],
        ["X-Forwarded-Host: tasks.example.org, other.example.org", SAID[1], ORIGIN],
    ):
        assert status(PROXY, *lines) in (400, 403), lines
    assert status(STRANGER, *SAID, ORIGIN) == 403


def test_each_request_on_a_connection_is_of_its_own_client(node: Node) -> None:
    with ByHand(node.port, PROXY) as proxy:
        for path in ("/", "/no", "/hooks/x", "/readyz", "/ws"):
            assert proxy.ask(path, *SAID).headers["strict-transport-security"] == "max-age=31536000"
            assert "strict-transport-security" not in proxy.ask(path, SAID[0], "X-Forwarded-Proto: http", SAID[2]).headers
            assert "strict-transport-security" not in proxy.ask(path).headers
    with ByHand(node.port, STRANGER) as stranger:
        assert "strict-transport-security" not in stranger.ask("/", *SAID).headers


def test_garbage_of_a_proxy_is_no_address_and_no_error(node: Node) -> None:
    for line in (
        "X-Forwarded-For: \x01\xff, ,,",
        "X-Forwarded-For: " + "1.1.1.1," * 900,
        "X-Forwarded-For: 203.0.113.9, unknown",
    ):
        with ByHand(node.port, PROXY) as proxy:
            assert proxy.open_websocket(line, "X-Forwarded-Host: \x7f", "X-Forwarded-Proto: \t") == 101
            assert proxy.peer_by_websocket().startswith(f"tcp4:{PROXY}:")
    assert node.get("/readyz")[0] == 200
    assert "Traceback" not in node.output


def test_clients_and_settings_are_as_without_a_proxy(node: Node) -> None:
    for url in (node.websocket, node.rawsocket):
        with Taskbahn(url) as app:
            values = {setting.name: setting for setting in app.view.settings()}
            assert values["node.behind_proxy"].value == ["127.0.0.2/32", "fd00::/8"]
            assert (values["node.behind_proxy"].source, values["node.proxy_protocol"].value) == ("environment", False)
            assert values["node.port"].value == node.port


@pytest.fixture(scope="module")
def secure_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureNode]:
    options = ["--behind-proxy", PROXY, "--proxy-protocol"]
    with running_secure_node(tmp_path_factory.mktemp("proxied"), *options) as node:
        yield node


def test_the_proxy_protocol_says_the_client_before_tls(secure_node: SecureNode) -> None:
    tls = ssl.create_default_context(cafile=str(secure_node.first))
    source = bytes([203, 0, 113, 8, 10, 0, 0, 1]) + (4711).to_bytes(2, "big") + (443).to_bytes(2, "big")
    second = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + source
    for first, peer in ((FIRST, "tcp4:203.0.113.7:4711"), (second, "tcp4:203.0.113.8:4711")):
        with ByHand(secure_node.port, PROXY, first, tls) as proxy:
            assert proxy.peer_by_rawsocket() == peer
        with ByHand(secure_node.port, PROXY, first, tls) as proxy:
            assert proxy.open_websocket(*SAID) == 101  # the client is no proxy: what it says of others does not count
            assert proxy.peer_by_websocket() == peer
    with ByHand(secure_node.port, PROXY, b"PROXY UNKNOWN\r\n", tls) as proxy:
        assert proxy.ask("/readyz").status == 200


def test_only_proxies_may_begin_with_the_header(secure_node: SecureNode) -> None:
    tls = ssl.create_default_context(cafile=str(secure_node.first))
    with ByHand(secure_node.port, STRANGER, b"", tls) as stranger:
        assert stranger.peer_by_rawsocket().startswith(f"tcp4:{STRANGER}:")
    with pytest.raises((OSError, EOFError)):
        ByHand(secure_node.port, STRANGER, FIRST, tls)
    with ByHand(secure_node.port, PROXY, b"GET / HTTP/1.1\r\n\r\n") as proxy:
        assert proxy.is_closed()
    secure_node.wait_for("the proxy at 127.0.0.2 is to begin with a header of the PROXY protocol, and sent something else")
    with ByHand(secure_node.port, PROXY, b"PROXY TCP4 203.0.113.7") as proxy:
        assert proxy.is_closed()
    secure_node.wait_for("sent no header within 5 s: turn that on there, or leave out --proxy-protocol")
    with Taskbahn(secure_node.websocket, ca=secure_node.first) as app:
        app.view.status()


def test_a_proxy_on_the_unix_socket_is_believed_if_that_is_said() -> None:
    with tempfile.TemporaryDirectory(prefix="s:=") as made:
        path = str(Path(made) / "n.sock")
        for words, peer in ((["--behind-proxy", "unix"], "tcp4:203.0.113.9:0"), ([], "unix")):
            node = Program("up", "--socket", path, "--data", f"{made}/data", *words, cwd=Path(made))
            with running(node, f"Taskbahn is ready: Unix socket unix://{path}"):
                assert Path(path).stat().st_mode & 0o777 == 0o660
                with ByHand(path) as proxy:
                    assert proxy.open_websocket("X-Forwarded-For: 6.6.6.6, 203.0.113.9") == 101
                    assert proxy.peer_by_websocket().startswith(peer)
                with Taskbahn(f"unix://{path}") as app:
                    assert {setting.name: setting.value for setting in app.view.settings()}["node.socket"] == path
