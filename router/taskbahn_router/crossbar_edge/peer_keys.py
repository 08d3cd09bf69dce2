"""The public keys in the certificates that clients have shown, while their connections are open.

Crossbar's logins see fingerprints of a client's certificate alone, as Autobahn makes them, and not the key in it.
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256

from taskbahn_router.access.certificates import proof_of_certificate


class PeerKeys:
    """Knows them, by the fingerprints of the certificates."""

    def __init__(self) -> None:
        self._proofs: dict[bytes, bytes] = {}
        self._open: dict[bytes, int] = {}  # connections

    def shown(self, certificate: Any) -> bytes | None:
        """Take note: a client has shown a certificate, one of OpenSSL's. Return what to give to `gone`; None: it cannot be read."""
        try:
            found = certificate.to_cryptography()
            proof, fingerprint = proof_of_certificate(found), found.fingerprint(SHA256())
        except ValueError:  # OpenSSL takes certificates that the library does not read
            return None
        self._proofs[fingerprint] = proof
        self._open[fingerprint] = self._open.get(fingerprint, 0) + 1
        return bytes(fingerprint)

    def gone(self, fingerprint: bytes) -> None:
        """Take note: a connection is closed."""
        self._open[fingerprint] -= 1
        if not self._open[fingerprint]:
            del self._open[fingerprint], self._proofs[fingerprint]

    def proof(self, details: Any) -> bytes | None:
        """Return what proves who shows a certificate, as `CERTIFICATE` keys have it.   details: Autobahn's of the certificate."""
        try:
            return self._proofs.get(bytes.fromhex(details["sha256"].replace(":", "")))
        except (TypeError, KeyError, AttributeError, ValueError):
            return None

    def __len__(self) -> int:
        return len(self._open)


PEER_KEYS = PeerKeys()  # of this process: what ends TLS is made by Crossbar, and so is what asks
