"""The credentials of a node in memory, and the sessions that they have opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from taskbahn.errors import InvalidRequest
from taskbahn.protocol.access import Role
from taskbahn_router.access.browser_tokens import BrowserTokens, is_signed
from taskbahn_router.access.tokens import proof_of
from taskbahn_router.core.credentials import KEYS, OF_BROWSER_TOKENS, PEOPLE, SESSION, SHARED, TOKEN, USER
from taskbahn_router.model.roles import base_of, is_role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from taskbahn_router.core.credentials import CredentialRow
    from taskbahn_router.model.scope import Scope


LAST_ADMIN = "nothing else can log in as an admin: create another login of that role first, or stop the node and use --data"


def user_id(name: str) -> str:
    """Return the id of a user: no two have one name, and no token has such an id."""
    return f"{USER}:{name}"


class Principal(NamedTuple):
    """Who a session is.   credential: the id of what proved it; "": the node itself gave it."""

    name: str
    role: str
    credential: str
    scope: Scope | None = None  # what a browser token names


def of_browser(scope: Scope | str) -> Principal | str:
    """Return who a session is with what its token names, or why that is refused."""
    return scope if isinstance(scope, str) else Principal(scope.name, Role.BROWSER.value, "", scope)


class CredentialBook:
    """Knows what opens sessions, and closes those whose credential is revoked or over.

    wall: UTC seconds since the epoch.   end_session(session, reason): closes it.
    """

    def __init__(self, wall: Callable[[], float], end_session: Callable[[int, str], None]) -> None:
        self._wall = wall
        self._end_session = end_session
        self._rows: dict[str, CredentialRow] = {}
        self._by_proof: dict[tuple[str, bytes], str] = {}  # by `_key`: the id
        self._given: dict[bytes, Principal] = {}  # by the node, to processes that it starts
        self.browser = BrowserTokens(wall, self.is_known, end_session)
        self._names: dict[str, set[str]] = {}  # the credentials of each
        self._sessions: dict[str, set[int]] = {}  # by credential
        self._credentials: dict[int, str] = {}  # by session
        self._ending: set[int] = set()  # sessions that were closed and are not gone yet: the router takes no second word

    def begin(self, rows: Iterable[CredentialRow]) -> None:
        """Take over what the store has."""
        for row in rows:
            self.put(row)

    def put(self, row: CredentialRow) -> None:
        """Take note: the store has a new or a changed credential."""
        if row.kind in OF_BROWSER_TOKENS:
            self.browser.put(row)
            return
        before = self._rows.get(row.id)
        self._rows[row.id] = row
        self._names.setdefault(row.name, set()).add(row.id)
        is_valid = row.is_valid(self._wall())
        if row.kind not in PEOPLE:
            key = _key(row)
            same = self._rows.get(self._by_proof.get(key, ""))
            if is_valid or same is None or not same.is_valid(self._wall()):  # a key may come again when it was revoked
                self._by_proof[key] = row.id
        if not is_valid:
            self._end_all(row, "revoked")
        elif before is not None and before.mark != row.mark:
            self._end_all(before, "changed")

    def drop(self, row: CredentialRow) -> None:
        """Take note: the store has a credential no more."""
        self._rows.pop(row.id, None)
        self._by_proof.pop(_key(row), None)
        self._names.get(row.name, set()).discard(row.id)
        if row.kind in PEOPLE:
            self._end_all(row, "removed")
        else:
            self._end_sessions(row, "it has ended")

    def give(self, text: str, name: str, role: str) -> None:
        """Let a text open sessions as long as this node lives; no store has it."""
        self._given[proof_of(text)] = Principal(name, role, "")

    def find(self, text: str) -> Principal | str:
        """Return who a token's text says that a session is, or why it is refused, which is for the operator alone.

        The text is compared by its hash, so how long that takes says nothing about it.
        """
        if is_signed(text):
            return of_browser(self.browser.find(text))
        proof = proof_of(text)
        if (given := self._given.get(proof)) is not None:
            return given
        row = self._proved(TOKEN, proof) or self._proved(SESSION, proof)
        return "no such token" if row is None else self._principal(row)

    def find_key(self, kind: str, proof: bytes) -> Principal | str:
        """Return who has a key, or why it is refused, which is for the operator alone.   proof: of `SHARED` the name."""
        row = self._proved(kind, proof)
        return f"no such key for {kind}" if row is None else self._principal(row)

    def _proved(self, kind: str, proof: bytes) -> CredentialRow | None:
        return self._rows.get(self._by_proof.get((kind, proof), ""))

    def _principal(self, row: CredentialRow) -> Principal | str:
        if row.revoked_at is not None:
            return f"{row.kind} {row.id} of {row.name} is revoked"
        if not self._is_valid(row):
            return f"{row.kind} {row.id} of {row.name} has expired, or what created it is revoked"
        if not is_role(row.role):
            return f"{row.kind} {row.id} of {row.name} has the role {row.role}, which this node does not have: see --roles"
        return Principal(row.name, row.role, row.id)

    def is_known(self, name: str, role: str) -> bool:
        """Return whether a name may log in with that role."""
        if any(each.name == name and each.role == role for each in self._given.values()):
            return True
        rows = (self._rows[id] for id in self._names.get(name, ()))
        return any(row.role == role and row.kind != SESSION and self._is_valid(row) for row in rows)

    def role_of(self, name: str) -> str | None:
        """Return the role with which a name may log in; None: it may not."""
        rows = (self._rows[id] for id in self._names.get(name, ()))
        return next((row.role for row in rows if row.kind != SESSION and is_role(row.role) and self._is_valid(row)), None)

    def is_anyone_known(self) -> bool:
        """Return whether there is a name that may log in."""
        return any(self.role_of(name) for name in self._names)

    def row(self, id: str) -> CredentialRow | None:
        """Return a credential by its id."""
        return self._rows.get(id)

    def user(self, name: str) -> CredentialRow | None:
        """Return the user of a name."""
        return self._rows.get(user_id(name))

    def has_password(self, principal: Principal) -> bool:
        """Return whether a session is of a user with a password: by that itself, or as a page that has logged in with it."""
        row = self._rows.get(principal.credential)
        return row is not None and (row if row.kind != SESSION else self._parent(row) or row).kind == USER

    def users(self) -> list[CredentialRow]:
        """Return all users by their names."""
        return sorted((row for row in self._rows.values() if row.kind in PEOPLE), key=lambda row: row.name)

    def has_opened(self, session: int) -> bool:
        """Return whether a credential has opened this session."""
        return session in self._credentials

    def opened(self, session: int, principal: Principal) -> None:
        """Take note: a credential has opened a session."""
        if principal.scope is not None:
            self.browser.opened(session, principal.scope)
        if principal.credential:
            self._sessions.setdefault(principal.credential, set()).add(session)
            self._credentials[session] = principal.credential
            row = self._rows.get(principal.credential)
            if row is not None and not self._is_valid(row):  # revoked while the session proved that it has it
                self._end_sessions(row, "it was revoked")

    def closed(self, session: int) -> None:
        """Take note: a session has ended."""
        self.browser.closed(session)
        self._ending.discard(session)
        credential = self._credentials.pop(session, None)
        if credential is not None:
            opened = self._sessions[credential]
            opened.discard(session)
            if not opened:
                del self._sessions[credential]

    def end_expired(self) -> None:
        """Close the sessions whose credential is over."""
        self.browser.end_expired()
        for credential in list(self._sessions):
            row = self._rows.get(credential)
            if row is not None and not self._is_valid(row):
                self._end_sessions(row, "its time is over")

    def children(self, parent: CredentialRow) -> list[CredentialRow]:
        """Return the logins of browsers that a credential has created."""
        return [row for row in self._rows.values() if row.kind == SESSION and row.created_by == parent.mark]

    def over(self) -> list[CredentialRow]:
        """Return the logins of browsers that are over; the store need not keep them."""
        return [row for row in self._rows.values() if row.kind == SESSION and not self._is_valid(row)]

    def _is_valid(self, row: CredentialRow) -> bool:
        if row.kind == SESSION:
            parent = self._parent(row)
            if parent is None or not self._is_valid(parent):
                return False
        return row.is_valid(self._wall())

    def _parent(self, row: CredentialRow) -> CredentialRow | None:
        """Return what has created the login of a browser, if it is still as it was then."""
        parent = self._rows.get((row.created_by or "").partition("#")[0])
        return parent if parent is not None and parent.mark == row.created_by else None

    def all(self, kinds: tuple[str, ...] = (TOKEN,)) -> list[CredentialRow]:
        """Return all tokens, or all of other kinds, in the order in which they were created."""
        return sorted((row for row in self._rows.values() if row.kind in kinds), key=lambda row: (row.created_at, row.id))

    def named(self, given: str, kinds: tuple[str, ...] = (TOKEN,)) -> list[CredentialRow]:
        """Return the token of that id, or those of that name; or what there is of other kinds."""
        row = self._rows.get(given)
        return [row] if row is not None and row.kind in kinds else [row for row in self.all(kinds) if row.name == given]

    def check_role(self, name: str, role: str, apart_from: CredentialRow | None = None) -> None:
        """Raise InvalidRequest where a name has another role: whose jobs are whose goes by names.   apart_from: what gets that role."""
        now = self._wall()
        known = (row for row in (*self.users(), *self.all((TOKEN, *KEYS))) if row.name == name and row is not apart_from)
        rows = [row for row in known if row.is_valid(now) and row.role != role]
        if rows:
            command = "key" if rows[0].kind in KEYS else "token"
            way = (
                f"remove the user (`taskbahn user remove {name}`)"
                if rows[0].kind in PEOPLE
                else (f"revoke what it has (`taskbahn {command} revoke {name}`)")
            )
            raise InvalidRequest(f"{name} has the role {rows[0].role}: give another name, or {way}")

    def check_admin_left(self, role: str | None, *gone: CredentialRow) -> None:
        """Raise InvalidRequest where an admin takes away the last login of admins.   role: of who does it; a node without login has none."""
        now, admin = self._wall(), Role.ADMIN.value
        rows = (*self.users(), *self.all((TOKEN, *KEYS)))
        admins = {row.id for row in rows if row.is_valid(now) and base_of(row.role) == admin}
        if base_of(role) == admin and admins and admins <= {row.id for row in gone}:
            raise InvalidRequest(LAST_ADMIN)

    def _end_all(self, row: CredentialRow, what: str) -> None:
        self._end_sessions(row, f"it was {what}")
        for child in self.children(row):
            self._end_sessions(child, f"what created it was {what}")

    def _end_sessions(self, row: CredentialRow, why: str) -> None:
        what = f"user {row.name}" if row.kind in PEOPLE else f"{row.kind} {row.id} of {row.name}"
        for session in self._sessions.get(row.id, set()) - self._ending:
            self._ending.add(session)
            self._end_session(session, f"the {what} opens no sessions any more: {why}")


def _key(row: CredentialRow) -> tuple[str, bytes]:
    """Return by what a credential is found: what proves it, or the name where a session gives only that."""
    return row.kind, row.name.encode() if row.kind == SHARED else row.proof
