"""A node that asks each client for a certificate: who has none of its authority reaches neither page nor login."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import pytest
from support.logins import command
from support.secure_node import SecureNode, running_secure_node
from support.tls import make_certificate, split
from support.tokens import token_for

from taskbahn import RouterUnavailable, Taskbahn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


class Closed:
    """A node, the authority of its clients, and a certificate that is of it."""

    def __init__(self, node: SecureNode, folder: Path, token: str) -> None:
        self.node = node
        self.folder = folder
        self.own = folder / "own.pem"
        self.token = token


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closed]:
    folder = tmp_path_factory.mktemp("closed")
    authority = make_certificate(folder, "clients", host="authority")
    make_certificate(folder, "own", host="photos", by=authority)
    split(authority, folder / "clients-cert.pem", folder / "clients-key.pem")
    token = token_for("photos", "viewer", folder / "data")
    with running_secure_node(folder, "--auth", "--tls-client-ca", str(folder / "clients-cert.pem")) as node:
        yield Closed(node, folder, token)


@pytest.mark.parametrize("transport", ["websocket", "rawsocket"])
def test_a_client_with_a_certificate_comes_to_the_login(closed: Closed, transport: str) -> None:
    url = getattr(closed.node, transport)
    with Taskbahn(url, ca=closed.node.first, client_cert=closed.own, token=closed.token) as app:
        assert app.view.status().workers == 0
        values = {setting.name: setting.value for setting in app.view.settings()}
        assert values["node.tls_client_ca"] == str(closed.folder / "clients-cert.pem")


@pytest.mark.parametrize("transport", ["websocket", "rawsocket"])
def test_without_a_certificate_of_its_authority_none_gets_in(closed: Closed, transport: str) -> None:
    url = getattr(closed.node, transport)
    foreign = make_certificate(closed.folder, f"foreign-{transport}", host="photos")
    expired = make_certificate(
        closed.folder, f"expired-{transport}", host="photos", by=closed.folder / "clients.pem", days=(-3, -1)
    )
    for shown in (None, foreign, expired):
        with (
            pytest.raises(RouterUnavailable, match=r"client's certificate|asks who the client is"),
            Taskbahn(url, ca=closed.node.first, client_cert=shown, token=closed.token) as app,
        ):
            app.view.status()


def test_without_a_certificate_the_page_is_not_served(closed: Closed) -> None:
    context = ssl.create_default_context(cafile=str(closed.node.first))
    with (
        socket.create_connection(("127.0.0.1", closed.node.port), 20) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as tls,
    ):
        try:
            tls.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            heard = tls.recv(1)
        except (ssl.SSLError, ConnectionError):
            heard = b""
    assert heard == b""


def test_a_renewed_authority_counts_for_new_connections(closed: Closed) -> None:
    file = closed.folder / "clients-cert.pem"
    before = file.read_text()
    other = make_certificate(closed.folder, "other-authority", host="other-authority")
    late = make_certificate(closed.folder, "late", host="late", by=other)
    split(other, closed.folder / "other-cert.pem", closed.folder / "other-key.pem")
    try:
        (closed.folder / "other-cert.pem").replace(file)
        with Taskbahn(closed.node.websocket, ca=closed.node.first, client_cert=late, token=closed.token) as app:
            assert app.view.status().workers == 0
    finally:
        file.write_text(before)


def test_what_cannot_be_used_starts_nothing(tmp_path: Path) -> None:
    node = make_certificate(tmp_path, "node")
    bad = tmp_path / "bad.pem"
    bad.write_text("no certificate")
    data = ["--port", "0", "--data", str(tmp_path / "data")]
    for words, why in (
        (["--tls-client-ca", str(node)], "add --tls-cert"),
        (["--tls-cert", str(node), "--tls-client-ca", str(bad)], f"--tls-client-ca {bad}: the file has no certificate in PEM"),
        (["--tls-cert", str(node), "--tls-client-ca", str(tmp_path / "none.pem")], "there is no such file"),
    ):
        refused = command("up", *data, *words)
        assert refused.returncode in (1, 2)
        assert why in refused.stderr
    assert not (tmp_path / "data" / "taskbahn.db").exists()
