"""Certificates of clients as keys: what counts of one, and what the node knows while its connections are open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL.crypto import X509
from support.tls import make_certificate, split

from taskbahn.errors import InvalidRequest
from taskbahn.transport.access import access_of
from taskbahn.transport.certificate import by_certificate
from taskbahn_router.access.certificates import certificate_proof_in, proof_of_certificate
from taskbahn_router.access.keys import made_of
from taskbahn_router.crossbar_edge.peer_keys import PeerKeys

if TYPE_CHECKING:
    from pathlib import Path


def certificate_of(folder: Path, name: str, **more: Any) -> tuple[x509.Certificate, str]:
    file = make_certificate(folder, name, **more)
    split(file, folder / f"{name}-cert.pem", folder / f"{name}-key.pem")
    return x509.load_pem_x509_certificate(file.read_bytes()), (folder / f"{name}-cert.pem").read_text()


def test_the_proof_is_of_the_key_and_not_of_the_certificate(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    first, text = certificate_of(tmp_path, "first", key=key)
    second, _ = certificate_of(tmp_path, "second", key=key, host="other", days=(-2, 400))
    other, _ = certificate_of(tmp_path, "other")
    assert proof_of_certificate(first) == proof_of_certificate(second) == certificate_proof_in(text)
    assert proof_of_certificate(first) != proof_of_certificate(other)


def test_the_first_of_a_chain_is_its_owners(tmp_path: Path) -> None:
    (own, text), (_, authority) = certificate_of(tmp_path, "own"), certificate_of(tmp_path, "authority")
    assert certificate_proof_in(text + authority) == proof_of_certificate(own)


@given(st.one_of(st.text(max_size=200), st.none(), st.integers(), st.binary(max_size=40), st.lists(st.text())))
def test_anything_else_is_refused(given: Any) -> None:
    with pytest.raises(InvalidRequest):
        certificate_proof_in(given)
    with pytest.raises(InvalidRequest):
        certificate_proof_in(f"-----BEGIN CERTIFICATE-----\n{given}\n-----END CERTIFICATE-----")


def test_a_key_is_one_thing_of_three(tmp_path: Path) -> None:
    _, text = certificate_of(tmp_path, "own")
    for more in ({"public_key": "4a" * 32}, {"wampcra": True}):
        with pytest.raises(InvalidRequest, match="give one of public_key, certificate and wampcra"):
            made_of({"name": "shop", "role": "client", "certificate": text, **more}, 0.0, None)


def test_a_key_is_known_while_a_connection_shows_it(tmp_path: Path) -> None:
    keys, (own, _) = PeerKeys(), certificate_of(tmp_path, "own")
    details = {"sha256": own.fingerprint(SHA256()).hex(":").upper()}
    assert keys.proof(details) is None
    first, second = (keys.shown(X509.from_cryptography(own)) for _ in range(2))
    assert first is not None
    assert keys.proof(details) == proof_of_certificate(own)
    keys.gone(first)
    assert keys.proof(details) == proof_of_certificate(own)
    assert second is not None
    keys.gone(second)
    assert (keys.proof(details), len(keys)) == (None, 0)


@pytest.mark.parametrize("details", [None, {}, {"sha256": None}, {"sha256": "zz"}, {"sha256": 7}, "sha256", ["sha256"]])
def test_what_is_no_certificate_proves_nothing(details: Any) -> None:
    assert PeerKeys().proof(details) is None


def test_only_what_is_shown_is_a_login(tmp_path: Path) -> None:
    access = access_of(None, None, make_certificate(tmp_path, "own"))
    for url, has_login in (("wss://a/ws", True), ("rss://a:1", True), ("ws://a/ws", False), ("rs://a:1", False)):
        assert (by_certificate(access, url) is not None) == has_login
    assert by_certificate(access_of(None, None), "wss://a/ws") is None
