"""A certificate of a client as its login: who shows one with a key that the node knows has its name and its role."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from support.by_hand import ABORT, ByHand
from support.logins import command, refusals
from support.programs import running, worker_of
from support.secure_node import SecureNode, running_secure_node
from support.tls import make_certificate, split
from support.tokens import token_for
from support.until import until

from taskbahn import InvalidToken, NotAllowed, RouterUnavailable, Taskbahn
from taskbahn_router.access.throttle import FREE

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TASKS = """
from taskbahn import Taskbahn
app = Taskbahn()

@app.task(name="shown.add")
def add(a: int, b: int) -> int:
    return a + b
"""


class Known:
    """A node that knows certificates, those of its clients, and an admin's token."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = make_certificate(folder, "clients", host="authority")
        split(self.authority, folder / "clients-cert.pem", folder / "clients-key.pem")
        self.token = token_for("root", "admin", folder / "data")
        self.photos, self.shop = self.made("photos"), self.made("shop")
        for file, role in ((self.photos, "worker"), (self.shop, "client")):
            words = ["--certificate", str(file), "--role", role, "--data", str(folder / "data")]
            added = command("key", "add", file.stem, *words)
            assert added.returncode == 0, added.stderr

    def made(self, name: str, key: ec.EllipticCurvePrivateKey | None = None) -> Path:
        """Return the file of a new certificate of the clients' authority, and its key."""
        return make_certificate(self.folder, name, host=name, by=self.authority, key=key)

    def begin(self, node: SecureNode) -> None:
        self.node = node
        self.admin = self.app(self.shop, self.token)

    def app(self, certificate: Path | None, token: str | None = None, *, rawsocket: bool = False) -> Taskbahn:
        url = self.node.rawsocket if rawsocket else self.node.websocket
        return Taskbahn(url, ca=self.node.first, client_cert=certificate, token=token, timeout=10)

    def command(self, *words: str, certificate: Path | None = None) -> str:
        """Run a command of an admin, or of who has a certificate, and return what it prints."""
        shown = {"TASKBAHN_CA": str(self.node.first), "TASKBAHN_CLIENT_CERT": str(certificate or self.shop)}
        login = {} if certificate else {"TASKBAHN_TOKEN": self.token}
        done = command(*words, "--url", self.node.websocket, **shown, **login)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    folder = tmp_path_factory.mktemp("known")
    found = Known(folder)
    with running_secure_node(folder, "--auth", "--tls-client-ca", str(folder / "clients-cert.pem")) as node:
        found.begin(node)
        shown = {"TASKBAHN_CA": str(node.first), "TASKBAHN_CLIENT_CERT": str(found.photos), "TASKBAHN_URL": node.websocket}
        with worker_of(TASKS, folder, node, 1, **shown):  # type: ignore[arg-type]  # which has the addresses of one
            yield found
        found.admin.close()


@pytest.mark.parametrize("rawsocket", [False, True])
def test_a_certificate_lets_in_under_its_name_and_role(known: Known, rawsocket: bool) -> None:  # noqa: FBT001 - of pytest
    with known.app(known.shop, rawsocket=rawsocket) as app:
        with pytest.raises(NotAllowed):
            app.admin.keys()
        assert app.get("shown.add").start(1, 2).result(timeout=60) == 3
    assert {job.caller for job in known.admin.view.jobs("task:shown.add")} == {"shop"}
    assert json.loads(known.command("jobs", "--json", certificate=known.shop))


def test_a_renewed_certificate_of_the_same_key_is_the_same_login(known: Known) -> None:
    key = serialization.load_pem_private_key(known.shop.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    with known.app(known.made("renewed", key)) as app:
        assert app.get("shown.add").start(2, 2).result(timeout=60) == 4
    with pytest.raises(InvalidToken, match="does not know the certificate"), known.app(known.made("shop-again")) as app:
        app.view.jobs().page()


def test_an_unknown_certificate_is_refused_and_says_what_to_do(known: Known) -> None:
    stranger = known.made("stranger")
    with pytest.raises(InvalidToken, match=f"taskbahn key add NAME --certificate {stranger} --role ROLE"):
        known.app(stranger).view.jobs().page()
    until(lambda: refusals(known.admin, "no such key for certificate (the key in it has the SHA-256") >= 1)


def test_a_token_goes_before_the_certificate(known: Known) -> None:
    with known.app(known.shop, known.token) as app:
        assert app.admin.keys()


def test_an_admin_adds_lists_and_revokes_it_over_the_wire(known: Known) -> None:
    late = known.made("late")
    view = known.admin.admin.add_key("late", "viewer", certificate=late)
    assert (view.method, view.public_key, len(view.certificate_key or "")) == ("tls", None, 64)
    with pytest.raises(Exception, match="is there already"):
        known.admin.admin.add_key("later", "viewer", certificate=late)
    assert f"certificate {str(view.certificate_key)[:16]}" in known.command("key", "list")
    with known.app(late) as app:
        assert app.view.status().version
        revoked = time.monotonic()
        assert known.command("key", "revoke", "late") == f"revoked: {view.id} of late (viewer)\n"
        with pytest.raises(InvalidToken):
            asks_on(app)
        assert time.monotonic() - revoked < 15
    with pytest.raises(InvalidToken), known.app(late) as app:
        app.view.status()
    found = [entry.effect for entry in known.admin.view.audit() if entry.object == view.id]
    assert found == ["revoked for late, role viewer", "added for late, role viewer"]


def test_openssl_prints_the_digits_that_the_docs_say(known: Known) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("OpenSSL's command is not installed")
    [line] = [line for line in (ROOT / "docs" / "access.md").read_text().splitlines() if line.startswith("openssl x509 ")]
    made = subprocess.run(["sh", "-c", line], cwd=known.folder, capture_output=True, text=True, timeout=20, check=True)
    keys = known.admin.admin.keys()
    assert made.stdout.split()[0] in {key.certificate_key for key in keys if key.name == "photos"}


def says_hello(known: Known, certificate: Path | None, source: str) -> str:
    """Return who a plain client is that logs in by `tls` from an address, or why it is refused."""
    context = ssl.create_default_context(cafile=str(known.node.first))
    if certificate is not None:
        context.load_cert_chain(certificate)
    with ByHand(known.node.port, source, tls=context) as plain:
        plain.open_rawsocket()
        plain.send_raw([1, "taskbahn", {"roles": {"caller": {}}, "authmethods": ["tls"]}])
        heard = plain.receive_raw()
    return str(heard[2] if heard[0] == ABORT else heard[2]["authid"])


def test_unknown_certificates_make_their_address_wait_and_keep_no_other_out(known: Known) -> None:
    unknown, here = known.made("guess"), "127.5.0.1"
    heard = [says_hello(known, unknown, here) for _ in range(FREE + 2)]
    assert heard == ["wamp.error.authentication_failed"] * (FREE + 1) + ["taskbahn.error.too_many_logins"]
    assert says_hello(known, known.shop, here) == "shop"
    assert says_hello(known, unknown, "127.5.0.2") == "wamp.error.authentication_failed"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_may_log_in_in_the_same_packet_as_its_certificate(known: Known, version: ssl.TLSVersion) -> None:
    context = ssl.create_default_context(cafile=str(known.node.first))
    context.maximum_version = version
    context.load_cert_chain(known.shop)
    coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(coming, going, server_hostname="localhost")
    hello = json.dumps([1, "taskbahn", {"roles": {"caller": {}}, "authmethods": ["tls"]}]).encode()
    with socket.create_connection(("127.0.0.1", known.node.port), 20) as plain:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                plain.sendall(going.read())
                coming.write(plain.recv(65536))
        tls.write(b"\x7f\xf1\0\0" + len(hello).to_bytes(4, "big") + hello)
        plain.sendall(going.read())  # the end of the handshake, where it is the client's, and the session's first words
        heard = b""
        while b"]" not in heard:
            coming.write(plain.recv(65536))
            with contextlib.suppress(ssl.SSLWantReadError):
                while True:
                    heard += tls.read(65536)
    assert b'"authid":"shop"' in heard.replace(b" ", b""), heard


def asks_on(app: Taskbahn) -> None:
    """Ask until that is refused."""
    while True:
        app.view.status()


def test_a_session_ends_within_a_second_of_the_revocation(known: Known) -> None:
    brief = known.made("brief")
    known.admin.admin.add_key("brief", "viewer", certificate=brief)
    context = ssl.create_default_context(cafile=str(known.node.first))
    context.load_cert_chain(brief)
    with ByHand(known.node.port, tls=context) as plain:
        plain.open_rawsocket()
        plain.send_raw([1, "taskbahn", {"roles": {"caller": {}}, "authmethods": ["tls"], "authid": "root"}])
        welcome = plain.receive_raw()
        assert (welcome[0], welcome[2]["authid"], welcome[2]["authrole"]) == (2, "brief", "viewer")  # whatever it says of itself
        began = time.monotonic()
        known.admin.admin.revoke_key("brief")
        assert plain.receive_raw()[0] == 6  # GOODBYE
        assert time.monotonic() - began < 1


def test_strangers_cannot_ask_or_answer_in_the_place_of_the_node(known: Known) -> None:
    with known.app(known.shop) as app, pytest.raises(Exception, match=r"may not call taskbahn\.authenticate"):
        app.client.ask("taskbahn.authenticate", "taskbahn", "root", {}).get()
    assert "Traceback" not in known.node.output
    assert "onUserError" not in known.node.output  # of the refusals before


def test_what_is_no_certificate_is_refused(known: Known, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    data = ["--role", "client", "--data", str(tmp_path / "data")]
    for words, why in (
        (["--certificate", str(bad)], "that is no certificate"),
        (["--certificate", str(known.folder / "clients-key.pem")], "the file has no certificate in PEM"),
        (["--certificate", str(known.shop), "--wampcra"], "Give PUBLICKEY, or --certificate FILE, or --wampcra"),
    ):
        refused = command("key", "add", "x", *words, *data)
        assert (refused.returncode, why in refused.stderr) == (2, True), refused.stderr
    with pytest.raises(Exception, match="there is a private key, which stays where it is"):
        known.admin.client.ask("taskbahn.admin.key.add", "x", "client", certificate=known.shop.read_text()).get()


def test_a_node_that_asks_for_none_says_so(tmp_path: Path) -> None:
    own = make_certificate(tmp_path, "own", host="own")
    node = SecureNode(tmp_path, "--auth")
    with (
        running(node, "Taskbahn is ready"),
        pytest.raises(InvalidToken, match="takes no certificates for it"),
        Taskbahn(node.websocket, ca=node.first, client_cert=own) as app,
    ):
        app.view.status()


def test_a_node_without_login_takes_it_as_before(tmp_path: Path) -> None:
    authority = make_certificate(tmp_path, "clients", host="authority")
    split(authority, tmp_path / "clients-cert.pem", tmp_path / "clients-key.pem")
    own = make_certificate(tmp_path, "own", host="own", by=authority)
    with (
        running_secure_node(tmp_path, "--tls-client-ca", str(tmp_path / "clients-cert.pem")) as node,
        Taskbahn(node.websocket, ca=node.first, client_cert=own) as app,
    ):
        assert app.view.status().workers == 0


def test_where_it_is_optional_browsers_come_without_one(tmp_path: Path) -> None:
    known = Known(tmp_path)
    words = ("--auth", "--tls-client-ca", str(tmp_path / "clients-cert.pem"), "--tls-client-optional")
    with running_secure_node(tmp_path, *words) as node:
        known.begin(node)
        with known.app(None, known.token) as app:
            values = {setting.name: setting.value for setting in app.view.settings()}
            assert values["node.tls_client_optional"] == "yes"
        with known.app(known.shop) as app:
            assert app.view.jobs().page().jobs == []
        foreign = make_certificate(tmp_path, "foreign", host="shop")  # of no authority of the node
        with pytest.raises(RouterUnavailable, match="client's certificate"), known.app(foreign, known.token) as app:
            app.view.status()
        context = ssl.create_default_context(cafile=str(node.first))
        with ByHand(node.port, tls=context) as plain:
            assert plain.ask("/").status == 200
        assert says_hello(known, None, "127.5.0.3") == "wamp.error.authentication_failed"
        until(lambda: refusals(known.admin, "tls without a certificate") == 1)
        known.admin.close()


@pytest.mark.parametrize(
    "words, why",
    [
        (["--tls-client-optional", "--auth"], "add --tls-client-ca"),
        (["--tls-client-optional", "--tls-client-ca", "x", "--tls-cert", "x"], "add --auth"),
    ],
)
def test_what_does_not_go_together_starts_nothing(tmp_path: Path, words: list[str], why: str) -> None:
    refused = command("up", "--port", "0", "--data", str(tmp_path / "data"), *words)
    assert (refused.returncode, why in refused.stderr) == (2, True)
