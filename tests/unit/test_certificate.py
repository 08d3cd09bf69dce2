"""The certificate of a node: what cannot be used is refused with a sentence, and what is renewed is used."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key
from OpenSSL import SSL
from support.tls import make_certificate, pem_of, split
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import globalLogPublisher
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure

from taskbahn_router.crossbar_edge.renewed_tls import BoundedHandshake, RenewedTls
from taskbahn_router.node.certificate import CertificateFiles
from taskbahn_router.node.failure import NodeFailed

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def files(tmp_path: Path) -> CertificateFiles:
    found = CertificateFiles(tmp_path / "cert.pem", tmp_path / "key.pem")
    split(make_certificate(tmp_path), found.certificate, found.key)
    return found


def refusal(files: CertificateFiles) -> str:
    with pytest.raises(NodeFailed) as found:
        files.load().context()
    return found.value.message


def test_a_certificate_with_its_chain_is_taken_in_one_file_or_two(tmp_path: Path, files: CertificateFiles) -> None:
    leaf = make_certificate(tmp_path, "leaf", by=tmp_path / "localhost.pem")
    leaf.write_text(leaf.read_text() + files.certificate.read_text())
    both = CertificateFiles(leaf, leaf).load()
    assert len(both.chain) == 2
    both.context()
    files.load().context()


@pytest.mark.parametrize(
    "content", [b"", b"junk", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", bytes(range(256))]
)
def test_a_damaged_certificate_is_refused(files: CertificateFiles, content: bytes) -> None:
    files.certificate.write_bytes(content)
    assert refusal(files).startswith(f"--tls-cert {files.certificate}: the file has no certificate in PEM")


@pytest.mark.parametrize("content", [b"", b"junk", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_damaged_key_is_refused(files: CertificateFiles, content: bytes) -> None:
    files.key.write_bytes(content)
    assert refusal(files).startswith(f"--tls-key {files.key}: the file has no private key in PEM")


def test_files_that_cannot_be_read_are_refused(tmp_path: Path, files: CertificateFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "there is no such file; give the key of the certificate, in PEM" in refusal(
        CertificateFiles(files.certificate, tmp_path / "no")
    )
    assert "Is a directory; give the certificate" in refusal(CertificateFiles(tmp_path, files.key))
    files.key.write_bytes(b" " * (1024 * 1024 + 1))
    assert "larger than 1,048,576 bytes" in refusal(files)

    def denied(*_: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", denied)  # root may read everything
    assert "permission denied; let the user of the node's process read the file" in refusal(files)


def test_a_key_of_another_certificate_is_refused(tmp_path: Path, files: CertificateFiles) -> None:
    leaf = make_certificate(tmp_path, "leaf", by=tmp_path / "localhost.pem")
    assert "is not the key of the certificate in" in refusal(CertificateFiles(leaf, files.key))
    leaf.write_text(files.certificate.read_text() + leaf.read_text())
    assert "the certificate of the key is not the first: put it before its chain" in refusal(CertificateFiles(leaf, leaf))


def test_a_key_with_a_password_or_too_short_a_one_is_refused(tmp_path: Path, files: CertificateFiles) -> None:
    key = load_pem_private_key(files.key.read_bytes(), None)
    files.key.write_bytes(pem_of(key, BestAvailableEncryption(b"secret")))  # type: ignore[arg-type]
    assert "the key needs a password" in refusal(files)
    short = make_certificate(tmp_path, "short", key=rsa.generate_private_key(65537, 1024))  # noqa: S505 - that is the point
    assert "its RSA key has 1024 bits, which no browser takes" in refusal(CertificateFiles(short, short))


@pytest.mark.parametrize(
    "days, said",
    [((-2, -1), "expired on"), ((1, 2), "is valid from"), ((-1, 3), "expires on"), ((-1, 30), "")],
)
def test_a_certificate_out_of_its_time_is_only_warned_of(tmp_path: Path, days: tuple[float, float], said: str) -> None:
    file = make_certificate(tmp_path, days=days)
    found = CertificateFiles(file, file).load()
    found.context()
    warning = found.warning(NOW)
    assert said in warning
    assert bool(warning) == bool(said)


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """What the log is given."""
    events: list[str] = []

    def hear(event: dict[str, Any]) -> None:
        if event.get("log_namespace", "").endswith("RenewedTls"):
            events.append(f"{event['log_level'].name}: {event.get('why') or event.get('warning') or event.get('end')}")

    globalLogPublisher.addObserver(hear)  # type: ignore[arg-type]  # a function provides the interface
    yield events
    globalLogPublisher.removeObserver(hear)  # type: ignore[arg-type]


def test_each_change_of_the_files_is_taken_or_complained_of_once(
    tmp_path: Path, files: CertificateFiles, heard: list[str]
) -> None:
    tls = RenewedTls(files)
    first = tls.serverConnectionForTLS(None).get_context()
    assert tls.serverConnectionForTLS(None).get_context() is first
    other = make_certificate(tmp_path, "other")
    text = other.read_text()
    files.certificate.write_text(text[: text.index("-----BEGIN PRIVATE KEY")])
    assert [tls.serverConnectionForTLS(None).get_context() is first for _ in range(3)] == [True] * 3
    assert len(heard) == 1
    assert "error: --tls-key" in heard[0]
    split(other, files.certificate, files.key)
    second = tls.serverConnectionForTLS(None).get_context()
    assert second is not first
    files.key.unlink()
    assert tls.serverConnectionForTLS(None).get_context() is second
    assert tls.serverConnectionForTLS(None).get_context() is second
    assert len(heard) == 3
    split(other, files.certificate, files.key)
    assert tls.serverConnectionForTLS(None).get_context() is not second


def test_an_expired_certificate_is_complained_of_once_a_day(tmp_path: Path, heard: list[str]) -> None:
    file = make_certificate(tmp_path, days=(-9, -1))
    time = [NOW]
    tls = RenewedTls(CertificateFiles(file, file), lambda: time[0])
    for days in (0, 0, 0, 1, 1, 2):
        time[0] = NOW + dt.timedelta(days=days)
        tls.serverConnectionForTLS(None)
    assert len(heard) == 3
    assert all("warn: the certificate in" in one and "expired on" in one for one in heard)


@pytest.mark.parametrize(
    "version, cipher, is_taken",
    [
        (SSL.TLS1_3_VERSION, "", True),
        (SSL.TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", True),
        (SSL.TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA", False),  # no authenticated encryption
        (SSL.TLS1_1_VERSION, "ALL:@SECLEVEL=0", False),
    ],
)
def test_only_sane_versions_and_ciphers_are_spoken(files: CertificateFiles, version: int, cipher: str, *, is_taken: bool) -> None:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(version)
    if cipher:
        context.set_cipher_list(cipher.encode())
    client, server = SSL.Connection(context, None), RenewedTls(files).serverConnectionForTLS(None)
    client.set_connect_state()
    server.set_accept_state()
    assert shakes_hands(client, server) == is_taken


def test_a_handshake_that_does_not_end_ends_the_connection(files: CertificateFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr("twisted.internet.reactor", clock)
    tls: Any = TLSMemoryBIOFactory  # what Twisted implements by its interfaces is none of the type checker's
    factory: Any = tls(RenewedTls(files), False, Factory.forProtocol(Protocol), clock=clock)
    factory.protocol = BoundedHandshake
    transport: Any = StringTransport
    silent, quick = transport(), transport()
    factory.buildProtocol(None).makeConnection(silent)
    protocol = factory.buildProtocol(None)
    protocol.makeConnection(quick)
    client = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)
    client.set_connect_state()
    for _ in range(2):
        with contextlib.suppress(SSL.WantReadError):
            client.do_handshake()
        protocol.dataReceived(client.bio_read(65_536))
        clock.advance(0)
        client.bio_write(quick.value())
        quick.clear()
    clock.advance(20)
    assert (silent.disconnected, quick.disconnected) == (True, False)
    protocol.connectionLost(Failure(ConnectionDone()))  # type: ignore[no-untyped-call]


def shakes_hands(client: SSL.Connection, server: SSL.Connection) -> bool:
    done = set()
    for _ in range(8):
        for one, other in ((client, server), (server, client)):
            try:
                one.do_handshake()
                done.add(one)
            except SSL.WantReadError:
                pass
            except SSL.Error:
                return False
            try:
                other.bio_write(one.bio_read(65536))
            except SSL.WantReadError:
                continue
    return done == {client, server}
