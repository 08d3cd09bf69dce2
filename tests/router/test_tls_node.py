"""A node whose port speaks TLS: worker, clients, commands and page, and certificates that are renewed while it runs."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.programs import Program, running
from support.secure_node import SecureNode, running_secure_node
from support.tls import make_certificate, serial_at, serial_of, split

from taskbahn import InvalidToken, JobFailed, RouterUnavailable, Taskbahn
from taskbahn.protocol.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow
TASKS = """
from taskbahn import Taskbahn, current
app = Taskbahn()

@app.task(name="tls.add")
def add(a: int, b: int) -> int:
    current.progress(0.5)
    return a + b
"""


@pytest.fixture(scope="module")
def secure_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureNode]:
    folder = tmp_path_factory.mktemp("tls")
    (folder / "tasks_of_tls.py").write_text(TASKS)
    with running_secure_node(folder) as node:
        yield node


@pytest.fixture(scope="module")
def worker(secure_node: SecureNode) -> Iterator[Program]:
    authority = {"TASKBAHN_CA": str(secure_node.first), "TASKBAHN_URL": secure_node.websocket}
    with running(Program("worker", "tasks_of_tls:app", cwd=secure_node.folder, **authority), " ready") as program:
        yield program


@pytest.fixture(params=["websocket", "rawsocket"])
def url(request: pytest.FixtureRequest, secure_node: SecureNode) -> str:
    found: str = getattr(secure_node, request.param)
    return found


def test_worker_client_and_command_come_through_tls(secure_node: SecureNode, worker: Program, url: str) -> None:
    assert f"https://127.0.0.1:{secure_node.port}/" in secure_node.output
    with Taskbahn(url, ca=secure_node.first) as app:
        assert app.get("tls.add").start(1, 2).result(timeout=30) == 3
        values = {setting.name: setting for setting in app.view.settings()}
        assert values["node.tls_cert"].value == str(secure_node.certificate)
        assert values["node.tls_key"].change == "taskbahn up --tls-key or TASKBAHN_UP_TLS_KEY"
        assert values["node.port"].value == secure_node.port
        assert "node.socket" not in values
    words = ["call", "tls.add", "1", "4", "--json", "--url", url, "--ca", str(secure_node.first)]
    called = subprocess.run([sys.executable, "-m", "taskbahn", *words], capture_output=True, check=True, timeout=60)
    assert json.loads(called.stdout)["result"] == 5


async def test_an_asyncio_client_comes_through_tls(secure_node: SecureNode, worker: Program, url: str) -> None:
    async with Taskbahn(url, ca=secure_node.first) as app:
        job = await app.get("tls.add").start_async(1, 2)
        assert await job == 3


def test_a_certificate_of_an_unknown_authority_is_refused_with_the_way_out(secure_node: SecureNode, url: str) -> None:
    with Taskbahn(url, timeout=5) as app, pytest.raises(RouterUnavailable) as found:
        app.view.status()
    assert "certificate verify failed" in found.value.message
    assert "--ca" in found.value.message


def test_a_certificate_for_another_name_is_refused(secure_node: SecureNode, url: str) -> None:
    said = "its certificate is for another name: use that one in the address"
    app = Taskbahn(url.replace("localhost", "127.0.0.1"), ca=secure_node.first, timeout=5)
    with app, pytest.raises(RouterUnavailable, match=said):
        app.view.status()


def test_a_renewed_certificate_is_for_the_connections_after_it(secure_node: SecureNode) -> None:
    with Taskbahn(secure_node.websocket, ca=secure_node.first) as app:
        app.view.status()
        assert serial_at(secure_node.port) == serial_of(secure_node.first)
        renewed = make_certificate(secure_node.folder, "renewed")
        split(renewed, secure_node.certificate, secure_node.key)
        assert serial_at(secure_node.port) == serial_of(renewed)
        app.view.status()  # connections that are open stay
        with Taskbahn(secure_node.websocket, ca=renewed) as fresh:
            fresh.view.status()
        secure_node.certificate.write_text("-----BEGIN CERTIFICATE-----\nhalf of it")
        assert serial_at(secure_node.port) == serial_of(renewed)
        secure_node.wait_for("the renewed certificate cannot be used, and the one before it goes on: --tls-cert")
        secure_node.certificate.unlink()
        assert serial_at(secure_node.port) == serial_of(renewed)
        secure_node.wait_for("there is no such file")
        split(secure_node.first, secure_node.certificate, secure_node.key)
        assert serial_at(secure_node.port) == serial_of(secure_node.first)


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["--tls-cert", "no.pem"], "--tls-cert {}/no.pem: there is no such file; give the certificate, followed by its chain, in PEM"),
        (["--tls-cert", "bare.pem"], "bare.pem has no private key: give it with --tls-key."),
        (["--tls-key", "a.pem"], "--tls-key belongs to a certificate: give that with --tls-cert."),
        (["--tls-cert", "a.pem", "--socket", "n.sock"], "--tls-cert is for a port: what comes through --socket does not leave the machine."),
    ],
)  # fmt: skip
def test_a_node_without_a_usable_certificate_does_not_start(tmp_path: Path, words: list[str], sentence: str) -> None:
    split(make_certificate(tmp_path), tmp_path / "bare.pem", tmp_path / "bare.key")
    asked = [sys.executable, "-m", "taskbahn", "up", "--data", "data", *words]
    refused = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode in (1, 2)
    assert sentence.format(tmp_path) in refused.stderr
    assert not (tmp_path / "data").exists()


def test_tokens_open_sessions_through_tls(tmp_path: Path) -> None:
    made = [sys.executable, "-m", "taskbahn", "token", "create", "ada", "--role", "admin", "--data", str(tmp_path / "data")]
    token = subprocess.run(made, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    with running_secure_node(tmp_path, "--auth") as node:
        for url in (node.websocket, node.rawsocket):
            with Taskbahn(url, ca=node.first) as app, pytest.raises(InvalidToken):
                app.view.status()
            with Taskbahn(url, ca=node.first, token=token) as app:
                app.view.status()


def test_a_node_deep_down_serves_itself_too(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 20)
    folder.mkdir()
    with running_secure_node(folder) as node, Taskbahn(node.websocket, ca=node.first) as app:
        delivery = app.webhook.start(str(new_id()), "http://127.0.0.1:1/")
        with pytest.raises(JobFailed, match="there is no job"):  # says its own worker, which came
            delivery.result(timeout=60)
