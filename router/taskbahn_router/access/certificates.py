"""Certificates of clients as keys: what counts is the public key in one, so a renewed certificate of the same key is the same login."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from taskbahn.errors import InvalidRequest

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

MAX_CHARACTERS = 100_000
FORM = "in PEM (-----BEGIN CERTIFICATE-----), as the client shows it"


def proof_of_certificate(certificate: Certificate) -> bytes:
    """Return the SHA-256 of the public key in a certificate (RFC 7469: of its SubjectPublicKeyInfo).  Raises ValueError."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        key = certificate.public_key()
        return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from error


def certificate_proof_in(given: object) -> bytes:
    """Return the proof of the first certificate in a text.  Raises InvalidRequest."""
    from cryptography import x509

    text = given if isinstance(given, str) and len(given) <= MAX_CHARACTERS else ""
    if "PRIVATE KEY" in text:
        raise InvalidRequest("there is a private key, which stays where it is: give the certificate alone")
    try:
        return proof_of_certificate(x509.load_pem_x509_certificates(text.encode("utf-8", "surrogatepass"))[0])
    except ValueError:
        raise InvalidRequest(f"that is no certificate: give one {FORM}") from None
