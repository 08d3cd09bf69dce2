"""Addresses with TLS, certificates of one's own, and headers for a proxy, where only `pip install taskbahn` was run."""

from __future__ import annotations

import socketserver
import threading
from typing import TYPE_CHECKING

import pytest
from support.plain_install import missing, needed, run_plainly
from support.tls import Gate, make_certificate

from taskbahn import RouterUnavailable, Taskbahn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.programs import Node

PROGRAM = """
import sys
from taskbahn import Taskbahn
app = Taskbahn(sys.argv[1], timeout=10)
print(app.get("shop.add").call(20, 22))
try:
    import crossbar
except ModuleNotFoundError:
    print("plain")
app.close()
"""
COMMAND = """
import sys
sys.argv[0] = "taskbahn"
from taskbahn.cli import main
main()
"""


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return make_certificate(tmp_path)


@pytest.fixture
def gate(sample_node: Node, certificate: Path) -> Iterator[Gate]:
    with Gate(sample_node.port, certificate) as gate:
        yield gate


def test_a_plain_installation_has_all_that_tls_needs() -> None:
    assert {"taskbahn", "twisted", "autobahn", "pyopenssl", "service-identity"} <= needed()
    assert {"crossbar", "pytest", "mypy"} <= missing()


@pytest.mark.parametrize("address", ["wss://localhost:{}/ws", "rss://localhost:{}"])
def test_a_plain_installation_speaks_tls(gate: Gate, certificate: Path, address: str) -> None:
    done = run_plainly(PROGRAM, address.format(gate.port), TASKBAHN_CA=str(certificate))
    assert (done.stdout, done.stderr) == ("42\nplain\n", "")
    done = run_plainly(COMMAND, "call", "shop.add", "1", "2", "--url", address.format(gate.port), TASKBAHN_CA=str(certificate))
    assert (done.stdout, done.stderr) == ("3\n", "")


def test_an_application_brings_its_own_authority(gate: Gate, certificate: Path) -> None:
    with Taskbahn(f"wss://localhost:{gate.port}/ws", ca=certificate, headers={"X-Trace": "1"}) as app:
        assert app.get("shop.add").call(1, 2) == 3
    with Taskbahn(f"wss://localhost:{gate.port}/ws", timeout=5) as app, pytest.raises(RouterUnavailable) as found:
        app.view.status()
    assert "certificate verify failed" in str(found.value)
    assert "give the authority that has signed it with Taskbahn(ca=...) or TASKBAHN_CA" in str(found.value)


class Doorman(socketserver.BaseRequestHandler):
    """A proxy that lets nothing pass."""

    seen: list[bytes]

    def handle(self) -> None:
        self.seen.append(self.request.recv(4000))
        self.request.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")


def test_headers_reach_a_proxy_and_its_refusal_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    Doorman.seen = []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Doorman) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"ws://127.0.0.1:{server.server_address[1]}/ws"
        monkeypatch.setenv("TASKBAHN_HEADERS", "X-From: the environment\nAuthorization: Basic c2VjcmV0")
        for headers in ({"Authorization": "Bearer c2VjcmV0"}, None):
            with Taskbahn(url, headers=headers) as app, pytest.raises(RouterUnavailable) as found:
                app.view.status()
            assert "was 401 Unauthorized; give credentials with Taskbahn(headers=...) or TASKBAHN_HEADERS" in str(found.value)
            assert "c2VjcmV0" not in f"{found.value!r} {app.access!r}"
        server.shutdown()
    first, last = Doorman.seen[0], Doorman.seen[-1]
    assert b"\r\nAuthorization: Bearer c2VjcmV0\r\n" in first
    assert b"\r\nX-From: the environment\r\nAuthorization: Basic c2VjcmV0\r\n" in last
