"""Addresses with TLS, certificates of one's own, and headers for a proxy, where only `pip install taskbahn` was run."""

from __future__ import annotations

import contextlib
import socketserver
import ssl
import threading
from typing import TYPE_CHECKING, Any

import pytest
from support.plain_install import missing, needed, run_plainly
from support.programs import Program, running
from support.tls import Gate, make_certificate, split

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


TASKS = """
from taskbahn import Taskbahn
app = Taskbahn()

@app.task(name="tls.sum")
def sum_of(numbers: list[int]) -> int:
    return add.start(numbers[0], sum_of.start(numbers[1:]).result()).result() if numbers else 0

@app.task(name="tls.add")
def add(a: int, b: int) -> int:
    return a + b
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
    assert "give the authority that has signed it with Taskbahn(ca=...), --ca or TASKBAHN_CA" in str(found.value)


@pytest.mark.parametrize("address", ["wss://localhost:{}/ws", "rss://localhost:{}"])
def test_a_client_shows_its_own_certificate(sample_node: Node, certificate: Path, tmp_path: Path, address: str) -> None:
    own = make_certificate(tmp_path, "client", host="batch", by=certificate)
    shown, key = tmp_path / "shown.pem", tmp_path / "key.pem"
    split(own, shown, key)
    with Gate(sample_node.port, certificate, clients=certificate) as gate:
        url = address.format(gate.port)
        ways: list[dict[str, Any]] = [{"client_cert": own}, {"client_cert": str(shown), "client_key": key}]
        for words in ways:
            with Taskbahn(url, ca=certificate, **words) as app:
                assert app.get("shop.add").call(1, 2) == 3
        done = run_plainly(
            COMMAND, "call", "shop.add", "1", "2", "--url", url, "--ca", str(certificate), "--client-cert", str(shown), "--client-key", str(key)
        )  # fmt: skip
        assert (done.stdout, done.stderr) == ("3\n", "")


class Asker(socketserver.BaseRequestHandler):
    """A proxy that asks each client for a certificate, and says what it lacks."""

    context: ssl.SSLContext

    def handle(self) -> None:
        with contextlib.suppress(OSError), self.context.wrap_socket(self.request, server_side=True) as tls:
            tls.recv(1)


@pytest.mark.parametrize("address", ["wss://localhost:{}/ws", "rss://localhost:{}"])
def test_a_client_without_the_certificate_that_is_asked_for_hears_so(certificate: Path, tmp_path: Path, address: str) -> None:
    Asker.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    Asker.context.load_cert_chain(certificate)
    Asker.context.load_verify_locations(certificate)
    Asker.context.verify_mode = ssl.CERT_REQUIRED
    foreign: dict[str, Any] = {"client_cert": make_certificate(tmp_path, "foreign", host="batch")}
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Asker) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for more in ({}, foreign):
            app = Taskbahn(address.format(server.server_address[1]), ca=certificate, timeout=5, **more)
            with app, pytest.raises(RouterUnavailable) as found:
                app.view.status()
            assert "--client-cert or TASKBAHN_CLIENT_CERT" in str(found.value)
        server.shutdown()


def test_a_worker_takes_authority_and_certificate_from_its_options(sample_node: Node, certificate: Path, tmp_path: Path) -> None:
    own = make_certificate(tmp_path, "client", host="batch", by=certificate)
    (tmp_path / "tasks_with_tls.py").write_text(TASKS)
    with Gate(sample_node.port, certificate, clients=certificate) as gate:
        options = ["--url", f"wss://localhost:{gate.port}/ws", "--ca", str(certificate), "--client-cert", str(own)]
        worker = Program("worker", "tasks_with_tls:app", *options, cwd=tmp_path)
        with running(worker, " ready"), Taskbahn(sample_node.websocket) as app:  # the task calls on through the gate, too
            assert app.get("tls.sum").start([1, 2, 3]).result(timeout=60) == 6


def test_an_authority_for_an_address_without_tls_is_refused(tmp_path: Path, certificate: Path) -> None:
    words = ["status", "--url", "ws://127.0.0.1:9/ws", "--ca", str(certificate)]
    done = run_plainly(COMMAND, *words)
    assert done.returncode == 2
    assert "ca is for connections with TLS, wss:// and rss://, and the address is ws://127.0.0.1:9/ws" in done.stderr
    done = run_plainly(COMMAND, "status", "--ca", str(tmp_path / "no.pem"))
    assert done.returncode == 2
    assert "no.pem' does not exist" in done.stderr


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
