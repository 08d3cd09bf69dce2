"""What a client says where something answers at the address of its router, and is none or keeps it out."""

from __future__ import annotations

import re
import socketserver
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from taskbahn import RouterUnavailable, Taskbahn
from taskbahn.transport.refusals import closed_early

if TYPE_CHECKING:
    from collections.abc import Iterator

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

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def said_at(scheme: str, line: str) -> str:
    path = "/ws" if scheme.startswith("w") else ""
    with answering(line.encode()) as port, Taskbahn(f"{scheme}://127.0.0.1:{port}{path}", timeout=0.5) as app:
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
        (ConnectionDone(), False, "the connection was closed before it was open"),
    ],
)
def test_what_tls_says_leads_to_what_helps(error: Exception, *, is_final: bool, remedy: str) -> None:
    refusal = closed_early(Failure(error))  # type: ignore[no-untyped-call]
    assert refusal.is_final == is_final
    assert remedy in refusal.why
