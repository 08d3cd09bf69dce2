"""What proves who a session is, as it is stored: API tokens, users, logins of browsers, and keys."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

TOKEN = "token"  # noqa: S105 - the kind of it
SESSION = "session"  # of a browser that has logged in
SIGNING_KEY = "signing key"  # of browser tokens; its proof is the secret itself
REVOKED = "revoked"  # a browser token that opens no sessions any more
USED = "used"  # a browser token that has started its one job
OF_BROWSER_TOKENS = frozenset((SIGNING_KEY, REVOKED, USED))
USER = "user"  # who has a password
SIGNING = "cryptosign"  # a public key of Ed25519; this kind of keys and the next have the names of WAMP's methods
SHARED = "wampcra"  # a secret that node and program share: what the store has of it is the secret itself
CERTIFICATE = "certificate"  # of a client of TLS: its proof is the SHA-256 of the public key in it; WAMP's method is `tls`
KEYS = (SIGNING, SHARED, CERTIFICATE)
COMPANY = "company"  # a user whom the company's login knows; its proof is the digest of who that is there
PEOPLE = frozenset((USER, COMPANY))


class CredentialRow(NamedTuple):
    """A credential as it is stored.  Times are seconds since the epoch.

    kind: one of those above.   name: of the principal, the authid of its sessions.
    proof: what the node compares with; of a token the SHA-256 of its text, of a user the argon2id of the password, of `SIGNING` the public
    key, of `SHARED` the secret, of `CERTIFICATE` the SHA-256 of its public key.   version: counts its changes.
    expires_at, revoked_at: None: never, not.
    created_by, revoked_by: who did it; a session was created by the credential with that `mark`, and is valid as long as that has it.
    Of a used token created_by is the job that it has started.
    """

    id: str
    kind: str
    name: str
    role: str
    proof: bytes
    version: int
    created_at: float
    created_by: str | None
    expires_at: float | None = None
    revoked_at: float | None = None
    revoked_by: str | None = None

    def is_valid(self, now: float) -> bool:
        """Return whether it opens sessions."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    @property
    def mark(self) -> str:
        """What the sessions of browsers that it creates keep of it. That of a user changes with all that is changed of the user."""
        if self.kind not in PEOPLE:
            return self.id
        seen = hashlib.blake2b(repr((self.proof, self.role, self.created_at)).encode(), digest_size=12)
        return f"{self.id}#{seen.hexdigest()}"


class CredentialChange(NamedTuple):
    """A credential to store, if its version is still *version*; 0: it must not exist."""

    row: CredentialRow
    version: int

    @property
    def stored(self) -> CredentialRow:
        """The row that the store keeps."""
        return self.row._replace(version=self.version + 1)
