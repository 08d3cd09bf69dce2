"""The certificate of a node that speaks TLS: read from its files, checked, and made a context of OpenSSL.

`taskbahn up` reads it before it starts anything, and the router again when the files have changed. Knows no Twisted. It is imported
only where TLS is wanted, for OpenSSL takes 50 ms.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL
from OpenSSL.crypto import X509

from taskbahn_router.node.failure import NodeFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

# TLS 1.2 with forward secrecy and authenticated encryption alone; of TLS 1.3, OpenSSL takes all, which are such
CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20"
OPTIONS = SSL.OP_NO_COMPRESSION | SSL.OP_CIPHER_SERVER_PREFERENCE | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_TICKET
LEAST_RSA_BITS = 2048
MOST_BYTES = 1024 * 1024  # of one of the files
SOON = dt.timedelta(days=7)
RENEW = "renew the file, and the node takes the new one without a restart"

Stamp = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Where the certificate, with its chain, and its key are; both in PEM.

    clients: the authorities of which each client has to show a certificate; None: clients show none.   is_optional: it may show none.
    """

    certificate: Path
    key: Path
    clients: Path | None = None
    is_optional: bool = False

    def stamp(self) -> Stamp:
        """Return what changes when one of the files is written, replaced, or may be read by others. Raises OSError."""
        found = [path.stat() for path in (self.certificate, self.key, self.clients) if path is not None]
        return tuple((one.st_dev, one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns) for one in found)

    def load(self) -> Certificate:
        """Read both files and see that they fit.  Raises NodeFailed."""
        chain = _chain(self.certificate)
        key = _key(self.key)
        own = chain[0].public_key()
        if isinstance(own, RSAPublicKey) and own.key_size < LEAST_RSA_BITS:
            raise NodeFailed(
                f"--tls-cert {self.certificate}: its RSA key has {own.key_size} bits, which no browser takes: "
                f"make a certificate with {LEAST_RSA_BITS} bits or more, or with an ECDSA key"
            )
        if key.public_key() != own:
            if any(key.public_key() == one.public_key() for one in chain[1:]):
                raise NodeFailed(
                    f"--tls-cert {self.certificate}: the certificate of the key is not the first: put it before its chain"
                )
            raise NodeFailed(
                f"--tls-key {self.key} is not the key of the certificate in {self.certificate}: "
                "give the key that the certificate was made with"
            )
        authorities = () if self.clients is None else _chain(self.clients, "--tls-client-ca", "the certificates of authorities")
        return Certificate(self, tuple(chain), key, tuple(authorities))


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate, the chain to its authority, and its key."""

    files: CertificateFiles
    chain: Sequence[x509.Certificate]
    key: Any
    authorities: Sequence[x509.Certificate] = ()  # of clients

    def context(self) -> SSL.Context:
        """Return what a connection with it is made of.  Raises NodeFailed."""
        made = SSL.Context(SSL.TLS_SERVER_METHOD)
        made.set_min_proto_version(SSL.TLS1_2_VERSION)
        made.set_options(OPTIONS)
        made.set_session_cache_mode(SSL.SESS_CACHE_OFF)  # a session that goes on would not see a new certificate
        made.set_cipher_list(CIPHERS)
        try:
            made.use_certificate(self.chain[0])
            for one in self.chain[1:]:
                made.add_extra_chain_cert(one)
            made.use_privatekey(self.key)
            made.check_privatekey()
        except (SSL.Error, TypeError, ValueError) as error:  # as OpenSSL is set up on this machine
            raise NodeFailed(
                f"--tls-cert {self.files.certificate}: OpenSSL does not take it ({error}): make a certificate with an RSA or ECDSA key"
            ) from None
        self._ask_clients(made)
        return made

    def _ask_clients(self, made: SSL.Context) -> None:
        """Ask each client for a certificate of an authority. With another one, or without if it must have one, it does not get through."""
        if not self.authorities:
            return
        known: Any = made.get_cert_store()
        for one in self.authorities:
            known.add_cert(X509.from_cryptography(one))
        made.set_client_ca_list([X509.from_cryptography(one).get_subject() for one in self.authorities])
        is_needed = 0 if self.files.is_optional else SSL.VERIFY_FAIL_IF_NO_PEER_CERT
        made.set_verify(SSL.VERIFY_PEER | is_needed, lambda *given: bool(given[-1]))  # as OpenSSL decides

    def warning(self, now: dt.datetime) -> str:
        """Say that its time is over, has not begun or is nearly over; nothing else."""
        leaf, path = self.chain[0], self.files.certificate
        if now >= leaf.not_valid_after_utc:
            return f"the certificate in {path} expired on {leaf.not_valid_after_utc:%Y-%m-%d}, and clients refuse it: {RENEW}"
        if now < leaf.not_valid_before_utc:
            begin = leaf.not_valid_before_utc
            return f"the certificate in {path} is valid from {begin:%Y-%m-%d %H:%M} UTC on, and clients refuse it until then"
        if now >= leaf.not_valid_after_utc - SOON:
            return f"the certificate in {path} expires on {leaf.not_valid_after_utc:%Y-%m-%d}: {RENEW}"
        return ""


def _read(path: Path, option: str, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise NodeFailed(f"{option} {path}: there is no such file; give {what}, in PEM") from None
    except PermissionError:
        raise NodeFailed(f"{option} {path}: permission denied; let the user of the node's process read the file") from None
    except OSError as error:
        raise NodeFailed(f"{option} {path}: {error.strerror or error}; give {what}, in PEM") from None
    if len(content) > MOST_BYTES:
        raise NodeFailed(f"{option} {path}: the file is larger than {MOST_BYTES:,} bytes; give {what}, in PEM")
    return content


def _chain(
    path: Path, option: str = "--tls-cert", what: str = "the certificate, followed by its chain"
) -> list[x509.Certificate]:  # fmt: skip
    content = _read(path, option, what)
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        raise NodeFailed(
            f"{option} {path}: the file has no certificate in PEM (-----BEGIN CERTIFICATE-----), or a damaged one"
        ) from None


def _key(path: Path) -> Any:
    content = _read(path, "--tls-key", "the key of the certificate")
    try:
        return load_pem_private_key(content, None)
    except TypeError:
        raise NodeFailed(
            f"--tls-key {path}: the key needs a password, and a node asks for none: "
            "write it without one (openssl pkey -in KEY -out NEW), readable by the node's user alone"
        ) from None
    except Exception:  # noqa: BLE001 - of keys that are damaged or of unknown kinds, in several classes
        raise NodeFailed(
            f"--tls-key {path}: the file has no private key in PEM (-----BEGIN PRIVATE KEY-----), or a damaged one"
        ) from None
