"""API tokens: 256 random bits; the node keeps only their SHA-256, so that who reads the store cannot log in.

Their bits need no slow hash, which protects what people choose.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from typing import NamedTuple

from taskbahn.errors import InvalidRequest
from taskbahn.protocol.access import PRINCIPAL, TOKEN_PREFIX, TokenView
from taskbahn_router.core.credentials import SESSION, TOKEN, CredentialRow
from taskbahn_router.model.pending_call import RANDOM
from taskbahn_router.model.roles import is_role, names_of_roles

BYTES = 32
ID_BYTES = 5
SESSION_SECONDS = 12 * 3600.0  # a working day, after which a browser logs in again
LIFETIME_SECONDS = 100 * 366 * 86400.0  # the longest; without an end a token has none


class NewToken(NamedTuple):
    """A token that was made just now; its text is said once."""

    text: str
    row: CredentialRow


def new_token(name: object, role: object, now: float, by: str | None, lifetime: object = None) -> NewToken:
    """Make a token.  lifetime: seconds, None: for ever.  Raises InvalidRequest."""
    name, role = check_principal(name, role, "a token")
    text = new_text()
    row = CredentialRow(secrets.token_hex(ID_BYTES), TOKEN, name, role, proof_of(text), 0, now, by, ends_at(now, lifetime))
    return NewToken(text, row)


def check_principal(name: object, role: object, of: str) -> tuple[str, str]:
    """Return the name and the role of a credential.  of: what has them.  Raises InvalidRequest."""
    if not isinstance(name, str) or not PRINCIPAL.fullmatch(name) or RANDOM.fullmatch(name):
        raise InvalidRequest(
            f"{of}'s name is 1 to 100 letters, digits, '_', '.', '@', '+' and '-', and begins with a letter or digit, not {name!r:.120}"
        )
    if not isinstance(role, str) or not is_role(role):
        raise InvalidRequest(
            f"there is no role {role!r:.100}; there are {names_of_roles()}, and those that a file of --roles has"
        )
    return name, role


def new_session(parent: CredentialRow, now: float) -> NewToken:
    """Make the session of a browser that has shown a credential."""
    text = new_text()
    row = CredentialRow(
        secrets.token_hex(ID_BYTES), SESSION, parent.name, parent.role, proof_of(text), 0, now, parent.mark, now + SESSION_SECONDS
    )
    return NewToken(text, row)


def new_text() -> str:
    """Return the text of a token, with 256 random bits."""
    return TOKEN_PREFIX + urlsafe_b64encode(secrets.token_bytes(BYTES)).rstrip(b"=").decode()


def proof_of(text: str) -> bytes:
    """Return what the node keeps of a token's text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def token_view(row: CredentialRow) -> TokenView:
    """Return a token as it is shown."""
    return TokenView(
        id=row.id, name=row.name, role=row.role, created_at=row.created_at, created_by=row.created_by, expires_at=row.expires_at,
        revoked_at=row.revoked_at, revoked_by=row.revoked_by,
    )  # fmt: skip


def ends_at(now: float, lifetime: object) -> float | None:
    """Return when what is made now is over, None: never.  lifetime: seconds, or None.  Raises InvalidRequest."""
    if lifetime is None:
        return None
    if isinstance(lifetime, int | float) and not isinstance(lifetime, bool) and 0 < lifetime <= LIFETIME_SECONDS:
        return now + float(lifetime)
    raise InvalidRequest(f"expires = {lifetime!r:.100}: seconds from now, more than 0 and at most 100 years")
