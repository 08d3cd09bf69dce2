"""What a client says where something answers at the address of its router, and is none or keeps it out."""

from __future__ import annotations

import re
import socket
import socketserver
import ssl
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from support.tls import make_certificate
from twisted.python.failure import Failure

from taskbahn import RouterUnavailable, Taskbahn
from taskbahn.transport.refusals import closed_early

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADERS, PATH, TLS = (
    "give credentials with Taskbahn(headers=",
    "the path of a node's WebSocket is /ws",
    "nothing speaks TLS there",
)


@contextmanager
def answering(line: bytes) -> Iterator[int]:
    """Serve one answer to all; return the port."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(4000)
            self.request.sendall(line)

    with serving(Handler) as port:
        yield port


@contextmanager
def serving(handler: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    """Serve on a port; return that."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def said_at(scheme: str, line: str | bytes) -> str:
    path = "/ws" if scheme.startswith("w") else ""
    with (
        answering(line if isinstance(line, bytes) else line.encode()) as port,
        Taskbahn(f"{scheme}://127.0.0.1:{port}{path}", timeout=0.5) as app,
    ):
        with pytest.raises(RouterUnavailable) as found:
            app.view.status()
        assert found.value.detail == {"url": app.url}
        return str(found.value)


@pytest.mark.parametrize(
    "scheme, status, remedy",
    [
        ("ws", "401 Unauthorized", HEADERS),
        ("ws", "403 Forbidden", HEADERS),
        ("ws", "407 Proxy Authentication Required", HEADERS),
        ("ws", "404 Not Found", PATH),
        ("ws", "301 Moved Permanently", PATH),
        ("ws", "200 OK", PATH),
        ("wss", "200 OK", TLS),
        ("rss", "200 OK", TLS),
    ],
)
def test_who_is_kept_out_is_not_advised_to_start_a_node(scheme: str, status: str, remedy: str) -> None:
    said = said_at(scheme, f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")
    assert re.match(rf"no connection to {scheme}://127\.0\.0\.1:\d+", said)
    assert remedy in said
    assert "taskbahn up" not in said
    assert "wait longer" not in said


@pytest.mark.parametrize(
    "scheme, line", [("ws", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"), ("ws", ""), ("rs", "")]
)
def test_a_proxy_whose_node_is_away_is_no_refusal(scheme: str, line: str) -> None:
    said = said_at(scheme, line)
    assert said.startswith("no router answers at ")
    assert "start one with `taskbahn up`" in said


@pytest.mark.parametrize(
    "error, is_final, remedy",
    [
        (OSError("certificate verify failed"), True, "Taskbahn(ca=...), --ca or TASKBAHN_CA"),
        (OSError("tlsv13 alert certificate required"), True, "--client-cert or TASKBAHN_CLIENT_CERT"),
        (OSError("tlsv1 alert unknown ca"), True, "does not know who has signed the client's certificate"),
        (type("VerificationError", (Exception,), {})("no match"), True, "its certificate is for another name"),
        (OSError("something else"), False, "something else"),
        (OSError("wrong version number"), True, "nothing speaks TLS there: try ws://h:443/ws"),
    ],
)
def test_what_tls_says_leads_to_what_helps(error: Exception, *, is_final: bool, remedy: str) -> None:
    refusal = closed_early(Failure(error), "wss://h/ws", object())  # type: ignore[no-untyped-call]
    assert refusal.is_final == is_final
    assert remedy in refusal.why


@pytest.mark.parametrize("scheme, other", [("ws", "wss"), ("rs", "rss"), ("wss", "ws"), ("rss", "rs")])
def test_who_is_cut_off_at_once_may_have_the_wrong_scheme(scheme: str, other: str) -> None:
    said = said_at(scheme, "")
    assert re.search(rf"(that port|nothing) speaks TLS( there)?: try {other}://127\.0\.0\.1:\d+(/ws)?\);", said)
    assert said.startswith("no router answers at ")


@pytest.mark.parametrize("scheme", ["ws", "rs"])
def test_an_alert_of_tls_says_that_the_port_speaks_tls(scheme: str) -> None:
    said = said_at(scheme, bytes.fromhex("15 03 01 00 02 02 46"))
    assert re.match(rf"no connection to {scheme}://.*: that port speaks TLS; try {scheme}s://127\.0\.0\.1:\d+", said)


def test_web_servers_with_tls_answer_400_to_what_is_none() -> None:
    assert "perhaps that port speaks TLS: try wss://127" in said_at("ws", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    assert "speaks TLS" not in said_at("ws", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


def test_who_speaks_tls_and_closes_then_does_not_lack_it(tmp_path: Path) -> None:
    """A proxy does so while the node behind it is away."""
    file = make_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with context.wrap_socket(self.request, server_side=True) as spoken:
                spoken.recv(4000)

    with serving(Handler) as port, Taskbahn(f"wss://localhost:{port}/ws", ca=file, timeout=0.5) as app:
        with pytest.raises(RouterUnavailable, match="closed before it was open") as found:
            app.view.status()
        assert "speaks TLS" not in str(found.value)


@pytest.mark.parametrize("scheme, is_tls", [("rs", True), ("ws", False)])
def test_who_accepts_and_says_nothing_is_described(scheme: str, *, is_tls: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}"
        with Taskbahn(url, timeout=0.5) as app, pytest.raises(RouterUnavailable, match="and says nothing") as found:
            app.view.status()
    assert (f"perhaps that port speaks TLS: try rss{url[2:]})" in str(found.value)) == is_tls
