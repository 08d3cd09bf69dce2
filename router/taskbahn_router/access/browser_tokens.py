"""Browser tokens: short, signed, and kept nowhere; the node knows its keys, and the ids of tokens that are revoked or used.

A token is a JSON Web Token (RFC 7519) of the algorithm HS256 (RFC 7518, section 3.2): who checks it is who makes it, so one secret is
enough. A key signs for 30 days and is known for 30 more, the longest that a token lives.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

import jwt
import msgspec

from taskbahn.errors import TaskbahnError
from taskbahn.protocol import messages
from taskbahn.protocol.access import SigningKeyView
from taskbahn_router.core.credentials import REVOKED, SIGNING_KEY, USED, CredentialChange, CredentialRow
from taskbahn_router.model.pending_call import CONFINED
from taskbahn_router.model.roles import base_of
from taskbahn_router.model.scope import Claims, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ALGORITHM = "HS256"
ISSUER = "taskbahn"
KEY_BYTES = 32
SIGN_SECONDS = 30 * 86400.0
LIFETIME_MOST = 30 * 86400.0
BROWSER_ID = re.compile("[bu][0-9a-f]{16}")  # no API token has such an id; u: of a user of another issuer, or of its token
LEEWAY_SECONDS = 60  # that the clocks of node and issuer may differ
PARTS = 3  # of a signed token, with dots between them
CHECKS = {
    "require": ["exp", "iat", "jti", "sub", "iss"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
}


def is_signed(text: str) -> bool:
    """Return whether a text may be a signed token; API tokens have no dots."""
    return text.count(".") == PARTS - 1


def new_id() -> str:
    """Return the id of a new token."""
    return "b" + secrets.token_hex(8)


class BrowserTokens:
    """Signs and checks them, and ends the sessions whose token is over.

    wall: UTC seconds since the epoch.   is_valid(name, role): whether who made a token may still log in.
    end_session(session, reason): closes it.
    """

    def __init__(
        self, wall: Callable[[], float], is_valid: Callable[[str, str], bool], end_session: Callable[[int, str], None]
    ) -> None:
        self._wall = wall
        self._is_valid = is_valid
        self._end_session = end_session
        self._keys: dict[str, CredentialRow] = {}
        self._ended: dict[str, CredentialRow] = {}  # tokens that are revoked or used, by id
        self._starts: dict[str, str] = {}  # ids of jobs by those of the tokens that have started them
        self._scopes: dict[int, Scope] = {}  # by session

    def begin(self, rows: Iterable[CredentialRow]) -> None:
        """Take over what the store has."""
        for row in rows:
            self.put(row)

    def put(self, row: CredentialRow) -> None:
        """Take note: the store has a key, or knows that a token is revoked or used."""
        if row.kind == SIGNING_KEY:
            self._keys[row.id] = row
            return
        self._ended[row.id] = row
        if row.kind == USED:
            self._starts[row.id] = row.created_by or ""
            return
        for session, scope in list(self._scopes.items()):
            if row.id in (scope.id, scope.mark):
                self._close(session, scope, "it was revoked")

    def drop(self, row: CredentialRow) -> None:
        """Take note: the store has a row no more."""
        for known in (self._keys, self._ended, self._starts):
            known.pop(row.id, None)

    def over(self) -> list[CredentialRow]:
        """Return what need not be kept: keys that no token can have any more, and tokens that have expired."""
        now = self._wall()
        return [row for row in (*self._keys.values(), *self._ended.values()) if not row.is_valid(now)]

    def known_keys(self) -> list[CredentialRow]:
        """Return the keys that the node knows, the oldest first."""
        return sorted(self._keys.values(), key=lambda row: (row.created_at, row.id))

    def signing_key(self) -> CredentialRow | None:
        """Return the key that signs now; None: a new one is due."""
        now = self._wall()
        return next(
            (row for row in reversed(self.known_keys()) if row.is_valid(now) and row.created_at + SIGN_SECONDS > now), None
        )

    def key_views(self) -> list[SigningKeyView]:
        """Return the keys as they are shown, the oldest first, without what they sign with."""
        now, signing = self._wall(), self.signing_key()
        return [_key_view(row, in_use=row is signing) for row in self.known_keys() if row.is_valid(now)]

    def find(self, text: str) -> Scope | str:
        """Return what a token names, or why it is refused, which is for the operator alone."""
        try:
            key = self._keys.get(str(jwt.get_unverified_header(text).get("kid")))
            if key is None or not key.is_valid(self._wall()):
                return "no key of this node has signed this browser token"
            payload = jwt.decode(text, key.proof, algorithms=[ALGORITHM], issuer=ISSUER, options=CHECKS)  # type: ignore[arg-type]
            claims = msgspec.convert(payload, Claims)
            scope = claims.scope()
        except (jwt.InvalidTokenError, msgspec.ValidationError, TaskbahnError, RecursionError, ValueError) as error:
            return f"this browser token is wrong: {error!s:.200}"
        if scope.expires_at <= self._wall():
            return f"the browser token {scope.id} of {scope.name} has expired"
        if (ended := self._ended.get(scope.id)) is not None and ended.kind == REVOKED:
            return f"the browser token {scope.id} of {scope.name} is revoked"
        if not self._is_valid(scope.name, scope.role):
            return f"{scope.name}, who made the browser token {scope.id}, may not log in any more as {scope.role}"
        sees_all = scope.sees_all and base_of(scope.role) not in CONFINED  # the role may have another base by now
        return scope._replace(sees_all=sees_all)

    def revoked(self, scope: Scope) -> str:
        """Return why a token of another issuer is refused, "" if it is not: it is revoked, or all that its user had then."""
        for id, what in ((scope.mark, "it"), (scope.id, "what this user had")):
            ended = self._ended.get(id)
            if ended is not None and ended.kind == REVOKED and scope.issued_at <= ended.created_at + LEEWAY_SECONDS:
                return f"a token of {scope.name}/{scope.id} is refused: {what} was revoked"
        return ""

    def sign(self, claims: Claims, key: CredentialRow) -> str:
        """Return the text of a token."""
        return jwt.encode(messages.plain(claims), key.proof, algorithm=ALGORITHM, headers={"kid": key.id})

    def opened(self, session: int, scope: Scope) -> None:
        """Take note: a token has opened a session."""
        self._scopes[session] = scope

    def renewed(self, session: int, scope: Scope) -> None:
        """Take note: a token renews a session. One that names less ends it, for what the session watches is decided when it begins."""
        before = self._scopes[session]
        self._scopes[session] = scope.after(before)
        if not scope.names_all_of(before):
            text = f"the browser token {scope.id} of {scope.name} names less than the one before: the session logs in with it"
            self._end_session(session, text)

    def closed(self, session: int) -> None:
        """Take note: a session has ended."""
        self._scopes.pop(session, None)

    def scope_of(self, session: int | None) -> Scope | None:
        """Return what the token of a session names; None: it is over, and the session is being closed."""
        scope = self._scopes.get(session or 0)
        if scope is None or scope.expires_at > self._wall():
            return scope
        self._close(session or 0, scope, "its time is over")
        return None

    def maker_of(self, session: int | None) -> tuple[str, str] | None:
        """Return the name and the role of who has made the token of a session."""
        scope = self._scopes.get(session or 0)
        return None if scope is None else (scope.name, scope.role)

    def end_expired(self) -> None:
        """Close the sessions whose token is over, or whose maker may not log in any more."""
        now = self._wall()
        makers: dict[tuple[str, str], bool] = {}
        for session, scope in list(self._scopes.items()):
            maker = scope.name, scope.role
            if (is_valid := makers.get(maker)) is None:
                is_valid = makers[maker] = self._is_valid(*maker)
            if scope.expires_at <= now or not is_valid:
                self._close(session, scope, "its time is over" if is_valid else "who made it may not log in any more")

    def end_all(self, why: str) -> None:
        """Close the sessions of all tokens."""
        for session, scope in list(self._scopes.items()):
            self._close(session, scope, why)

    def _close(self, session: int, scope: Scope, why: str) -> None:
        self._end_session(session, f"the browser token {scope.id} of {scope.name} opens no sessions any more: {why}")

    def ended(self, id: str) -> CredentialRow | None:
        """Return what the store keeps of a token that is revoked or used."""
        return self._ended.get(id)

    def used_for(self, id: str) -> str | None:
        """Return the id of the job that a token for one start has started."""
        return self._starts.get(id)

    def use(self, scope: Scope, job: str) -> CredentialRow:
        """Let a token start a job, and no other one; return what the store is to keep."""
        self._starts[scope.id] = job
        row = _mark(USED, scope.id, scope.name, self._wall(), job, scope.expires_at)
        self._ended.setdefault(scope.id, row)
        return row

    def unuse(self, id: str) -> None:
        """Take note: the job was refused."""
        self._starts.pop(id, None)
        if (row := self._ended.get(id)) is not None and row.kind == USED:
            del self._ended[id]


def new_key(now: float, by: str | None) -> CredentialRow:
    """Make a signing key."""
    secret = secrets.token_bytes(KEY_BYTES)
    return CredentialRow(
        secrets.token_hex(8), SIGNING_KEY, ISSUER, "", secret, 0, now, by, now + SIGN_SECONDS + LIFETIME_MOST
    )  # fmt: skip


def _key_view(row: CredentialRow, *, in_use: bool) -> SigningKeyView:
    return SigningKeyView(
        id=row.id, in_use=in_use, created_at=row.created_at, signs_until=row.created_at + SIGN_SECONDS,
        expires_at=row.expires_at or 0.0, created_by=row.created_by,
    )  # fmt: skip


def revocation(id: str, name: str, now: float, by: str | None, expires_at: float | None = None) -> CredentialRow:
    """Return what the store keeps of a token that is revoked.  expires_at: None: it is not known."""
    return _mark(REVOKED, id, name, now, by, expires_at or now + LIFETIME_MOST)


def stored(row: CredentialRow) -> CredentialChange:
    """Return a change that stores a row that is new or changed."""
    return CredentialChange(row, row.version)


def _mark(kind: str, id: str, name: str, now: float, by: str | None, expires_at: float) -> CredentialRow:
    return CredentialRow(id, kind, name, "", b"", 0, now, by, expires_at)


def claims_of(text: str) -> dict[str, Any]:
    """Return what a text says that may be a token's, signed by this node or not."""
    try:
        return dict(jwt.decode(text, options={"verify_signature": False}))
    except jwt.InvalidTokenError:
        return {}
