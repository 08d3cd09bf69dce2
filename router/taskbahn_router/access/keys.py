"""Keys that open sessions: a public key, of which the node needs no secret; and a secret that both have, for WAMP-CRA."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from typing import TYPE_CHECKING

from taskbahn.errors import InvalidRequest
from taskbahn.protocol.access import KeyView
from taskbahn_router.access.certificates import certificate_proof_in
from taskbahn_router.access.tokens import ID_BYTES, check_principal, ends_at, new_text
from taskbahn_router.core.credentials import CERTIFICATE, SHARED, SIGNING, CredentialRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn_router.access.book import CredentialBook

KEY_BYTES = 32
HEX = re.compile(r"[0-9a-fA-F]{64}")
OPENSSH = re.compile(r"ssh-ed25519 +([A-Za-z0-9+/=]{1,100})(?: .{0,200})?")
OPENSSH_HEAD = b"\0\0\0\x0bssh-ed25519\0\0\0 "
PEM = re.compile(r"-----BEGIN PUBLIC KEY-----\s*([A-Za-z0-9+/=\s]{1,100}?)\s*-----END PUBLIC KEY-----")
PEM_HEAD = bytes.fromhex("302a300506032b6570032100")  # what says that an Ed25519 key follows
METHODS = {CERTIFICATE: "tls"}  # of WAMP's logins, where a kind of keys has another name
FORMS = "64 hexadecimal digits, as `taskbahn key new` prints them, a line of OpenSSH (ssh-ed25519 AAAA...), or PEM"


def new_key(name: object, role: object, public_key: object, now: float, by: str | None, lifetime: object = None) -> CredentialRow:
    """Make the row of a public key.  lifetime: seconds, None: for ever.  Raises InvalidRequest."""
    name, role = check_principal(name, role, "a key")
    proof = public_key_in(public_key)
    return CredentialRow(secrets.token_hex(ID_BYTES), SIGNING, name, role, proof, 0, now, by, ends_at(now, lifetime))


def new_secret(name: object, role: object, now: float, by: str | None, lifetime: object = None) -> CredentialRow:
    """Make the row of a secret for WAMP-CRA, which is its proof.  lifetime: seconds, None: for ever.  Raises InvalidRequest."""
    name, role = check_principal(name, role, "a key")
    proof = new_text().encode()
    return CredentialRow(secrets.token_hex(ID_BYTES), SHARED, name, role, proof, 0, now, by, ends_at(now, lifetime))


def new_certificate(
    name: object, role: object, certificate: object, now: float, by: str | None, lifetime: object = None
) -> CredentialRow:  # fmt: skip
    """Make the row of the public key in a certificate, as text in PEM.  lifetime: as of `new_key`.  Raises InvalidRequest."""
    name, role = check_principal(name, role, "a key")
    proof = certificate_proof_in(certificate)
    return CredentialRow(secrets.token_hex(ID_BYTES), CERTIFICATE, name, role, proof, 0, now, by, ends_at(now, lifetime))


def made_of(given: Mapping[str, object], now: float, by: str | None) -> CredentialRow:
    """Make the row of what an admin wants to add: a public key, that of a certificate, or a new secret.  Raises InvalidRequest."""
    name, role, public_key, wampcra, lifetime = (given.get(word) for word in ("name", "role", "public_key", "wampcra", "expires"))
    certificate = given.get("certificate")
    if wampcra not in (None, True, False):
        raise InvalidRequest(f"wampcra is true or false, not {wampcra!r:.100}")
    if sum((bool(wampcra), public_key is not None, certificate is not None)) > 1:
        raise InvalidRequest(
            "a key is a public key, that of a certificate, or a secret that the node makes for WAMP-CRA: "
            "give one of public_key, certificate and wampcra"
        )
    if certificate is not None:
        return new_certificate(name, role, certificate, now, by, lifetime)
    if wampcra:
        return new_secret(name, role, now, by, lifetime)
    return new_key(name, role, public_key, now, by, lifetime)


def check_new(book: CredentialBook, row: CredentialRow) -> None:
    """Raise InvalidRequest where a new key cannot be: its name has another role, or it is there already."""
    book.check_role(row.name, row.role)
    there = book.find_key(row.kind, row.name.encode() if row.kind == SHARED else row.proof)
    if isinstance(there, str):
        return
    if row.kind == SHARED:
        raise InvalidRequest(
            f"{row.name} has a secret for WAMP-CRA already, and a challenge is made for one: revoke that first "
            f"(`taskbahn key revoke {there.credential}`), or give another name"
        )
    raise InvalidRequest(
        f"this key is there already: {there.credential} of {there.name}, {there.role}; `taskbahn key list` shows it"
    )


def public_key_in(given: object) -> bytes:
    """Return a public key of Ed25519 from what a person gives.  Raises InvalidRequest, in which no key is: it may be the private one."""
    text = given.strip() if isinstance(given, str) else ""
    if "PRIVATE KEY" in text:
        raise InvalidRequest(
            "that is a private key, which stays where it is: give the public one, and make a new pair if others saw it"
        )
    if HEX.fullmatch(text):
        return bytes.fromhex(text)
    for form, head in ((OPENSSH, OPENSSH_HEAD), (PEM, PEM_HEAD)):
        if (found := form.fullmatch(text)) is None:
            continue
        try:
            raw = base64.b64decode("".join(found[1].split()), validate=True)
        except binascii.Error:
            break
        if raw.startswith(head) and len(raw) == len(head) + KEY_BYTES:
            return raw[len(head) :]
    raise InvalidRequest(f"that is no public key of Ed25519: give {FORMS}")


def key_view(row: CredentialRow) -> KeyView:
    """Return a key as it is shown."""
    return KeyView(
        id=row.id, name=row.name, role=row.role, method=METHODS.get(row.kind, row.kind),
        public_key=row.proof.hex() if row.kind == SIGNING else None,
        certificate_key=row.proof.hex() if row.kind == CERTIFICATE else None,
        created_at=row.created_at, created_by=row.created_by, expires_at=row.expires_at, revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
    )  # fmt: skip
