"""Answers `taskbahn.token`: signs what a page may see and do, never more than who asks for it may."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from taskbahn.access_errors import InvalidToken
from taskbahn.errors import InvalidRequest, ServiceError, TooLarge, UnknownJob
from taskbahn.protocol import messages
from taskbahn.protocol.access import MAX_TICKET, VERBS, Role
from taskbahn_router.access.browser_tokens import (
    BROWSER_ID,
    ISSUER,
    LIFETIME_MOST,
    claims_of,
    is_signed,
    new_id,
    new_key,
    revocation,
    stored,
)
from taskbahn_router.access.calls import named
from taskbahn_router.access.own_rights import check_rights
from taskbahn_router.core.audit import Act
from taskbahn_router.core.credentials import REVOKED, USED
from taskbahn_router.core.ids import id_text
from taskbahn_router.dispatcher.pause_words import MAX_WHO, text_in
from taskbahn_router.model.roles import is_role
from taskbahn_router.model.scope import Claims, Scope, asked, ids_in, person_id, raw_id, token_mark

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from twisted.python.failure import Failure

    from taskbahn_router.access.browser_tokens import BrowserTokens
    from taskbahn_router.core.credentials import CredentialRow
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.queries.asking import Ask
    from taskbahn_router.stores.contract import Reader

EXPIRES = 900.0  # seconds
MAKE = ("watch", *VERBS, "start", "tags", "expires", "once")
BY_ITSELF = "the node"  # in the audit
NO_NAME = "anonymous"  # who makes tokens on a node without login, which lets everybody in anyway
OTHER_CHANGE = "another admin has changed the keys meanwhile; try again"


class TokenIssue:
    """Makes and renews browser tokens, and has their keys."""

    log = Logger("taskbahn.tokens")

    def __init__(self, dispatcher: Dispatcher, tokens: BrowserTokens) -> None:
        self._dispatcher = dispatcher
        self._tokens = tokens
        self._reader: Reader
        self._ask: Ask
        self.find: Callable[[str], Scope | str | Deferred[Scope | str]] = tokens.find  # what a signed token names
        self._waiting: list[Callable[[CredentialRow], None]] | None = None  # for a key that the store is to have first

    def begin(self, reader: Reader, ask: Ask) -> None:
        """Answer from now on."""
        self._reader, self._ask = reader, ask

    def make(self, call: PendingCall) -> None:
        """`taskbahn.token`."""
        if call.args:
            raise InvalidRequest(f"taskbahn.token takes keywords alone: {', '.join(MAKE)}")
        given = named(call, MAKE)
        seconds = _lifetime(given.get("expires"))
        claims = asked(given)
        check_rights(call.rules, claims)
        ids = sorted(set(ids_in(claims)))
        raws = [raw_id(id) for id in ids]

        def found(missing: Collection[bytes]) -> None:
            if missing:
                call.fail(UnknownJob(id_text(min(missing))))
            elif call.open:
                self._with_key(lambda key: self._answer(call, claims, seconds, key))

        if raws:
            self._ask(call, found, self._missing, raws, call.authid if call.is_confined else None)
        else:
            found(())

    def _missing(self, raws: list[bytes], owner: str | None) -> list[bytes]:
        rows = ((raw, self._reader.job(raw)) for raw in raws)
        return [raw for raw, row in rows if row is None or (owner is not None and row.caller != owner)]

    def _answer(self, call: PendingCall, claims: dict[str, Any], seconds: float, key: CredentialRow) -> None:
        now = int(self._dispatcher.wall())
        said = Claims(
            iss=ISSUER, sub=call.name or NO_NAME, jti=new_id(), iat=now, exp=now + int(seconds),
            role=call.role if call.role and is_role(call.role) else Role.ADMIN, all=not call.is_confined, **claims,
        )  # fmt: skip
        text = self._tokens.sign(said, key)
        if len(text) > MAX_TICKET:
            call.fail(TooLarge("characters of a browser token", len(text), MAX_TICKET, "name fewer jobs, or give them a tag"))
        else:
            call.answer({"token": text, "id": said.jti, "expires_at": float(said.exp)})
            self._dispatcher.auditing.made_token(call, said.jti, f"created, for {seconds:g} s: {_named(claims)}")

    def renew(self, call: PendingCall) -> None:
        """`taskbahn.token.renew`: the session goes on with another token of who made its first."""
        text, before = named(call, ("token",)).get("token"), call.scope
        if before is None or call.caller is None:
            raise InvalidRequest("no browser token has opened this session, so none can renew it: log in with the new one")
        found = self.find(text) if isinstance(text, str) and is_signed(text) else "it is no browser token"
        if isinstance(found, Deferred):
            found.addCallback(partial(self._renewed, call, call.caller)).addErrback(self._not_renewed, call)
        else:
            self._renewed(call, call.caller, found)

    def _renewed(self, call: PendingCall, session: int, found: Scope | str) -> None:
        before = self._tokens.scope_of(session)
        if before is None:  # it has ended meanwhile
            return
        if isinstance(found, Scope) and found.holder != before.holder:
            found = f"it is of {found.name}/{found.id}, and that of the session of {before.name}/{before.id}"
        if isinstance(found, str):
            self._dispatcher.auditing.refused_login(None, f"the session of the browser token {before.id}", found)
            call.fail(InvalidToken("this token does not renew the session: it is wrong, over, or of another program"))
            return
        call.answer({"id": found.id, "expires_at": found.expires_at})
        self._tokens.renewed(session, found)

    def _not_renewed(self, failure: Failure, call: PendingCall) -> None:
        self.log.failure("a token was not looked at", failure)
        call.fail(ServiceError("an internal error in taskbahn.token.renew; the router's log has more"))

    def keys(self, call: PendingCall) -> None:
        """`taskbahn.admin.token.keys`."""
        named(call, ())
        call.answer(messages.plain(self._tokens.key_views()))

    def rotate(self, call: PendingCall) -> None:
        """`taskbahn.admin.token.rotate`."""
        given = named(call, ("revoke", "who"))
        revokes, who = given.get("revoke", False), text_in(given, "who", MAX_WHO)
        if not isinstance(revokes, bool):
            raise InvalidRequest("revoke is true, and all browser tokens end, or false")
        self._dispatcher.check_accepting()
        key = new_key(self._dispatcher.wall(), call.by(who))
        done = rotated(revokes=revokes)
        act = call.about(key.id, done=done, name=who or None)

        def changed(holds: bool) -> None:  # noqa: FBT001 - as all kept changes
            if not holds:
                call.fail(InvalidRequest(OTHER_CHANGE))
                return
            self._tokens.put(stored(key).stored)
            call.answer({"id": key.id, "created_at": key.created_at})

        if revokes:
            self._tokens.end_all("its key was revoked")
            for old in self._tokens.known_keys():
                self._drop(old)
        self._dispatcher.turn_input.credentials.put(stored(key), changed, act)
        self._dispatcher.loop.schedule_turn()

    def revoke(self, given: str, call: PendingCall, by: str | None, who: str) -> None:
        """Revoke one browser token, by its id or its text."""
        said = claims_of(given)
        if not said and BROWSER_ID.fullmatch(given) is None:
            raise InvalidRequest("this text is no browser token: give a whole one, or its id, as b0123456789abcdef")
        id, name = str(said.get("jti", given)), str(said.get("sub", "unknown"))[:100]
        if (issuer := said.get("iss", ISSUER)) != ISSUER:
            id, name = token_mark(said), person_id(str(issuer), str(said.get("sub")))
        expires = said.get("exp")
        now = self._dispatcher.wall()
        ends = float(expires) if isinstance(expires, int) and now < expires <= now + LIFETIME_MOST else None
        row = revocation(id, name, now, by, ends)
        before = self._tokens.ended(id)
        if before is not None and before.kind == REVOKED:
            raise InvalidRequest(f"the browser token {id} is revoked already")
        row = row if before is None else row._replace(version=before.version, expires_at=before.expires_at)
        self._dispatcher.check_accepting()
        change = stored(row)

        def changed(holds: bool) -> None:  # noqa: FBT001 - as all kept changes
            if not holds:
                call.fail(InvalidRequest("the browser token has just been used; try again"))
                return
            self._tokens.put(change.stored)
            view = {
                "id": id,
                "name": name,
                "role": Role.BROWSER.value,
                "created_at": now,
                "created_by": None,
                "expires_at": row.expires_at,
            }
            call.answer([view | {"revoked_at": now, "revoked_by": by}])

        act = call.about(id, done=f"revoked a browser token of {name}", name=who or None)
        self._dispatcher.turn_input.credentials.put(change, changed, act)
        self._dispatcher.loop.schedule_turn()

    def sweep(self) -> None:
        """Delete keys and marks that are over."""
        for row in self._tokens.over():
            self._drop(row)

    def keep_use(self, scope: Scope, job: str) -> None:
        """Let the store keep that a token for one start has started a job: in its commit, or in one before it."""
        change = stored(self._tokens.use(scope, job))

        def changed(holds: bool) -> None:  # noqa: FBT001 - as all kept changes
            if holds and self._tokens.used_for(scope.id) == job:
                self._tokens.put(change.stored)

        self._dispatcher.turn_input.credentials.put(change, changed)
        self._dispatcher.loop.schedule_turn()

    def used_for(self, scope: Scope) -> str | None:
        """Return the job that a token for one start has started."""
        return self._tokens.used_for(scope.id)

    def unuse(self, scope: Scope) -> None:
        """Let a token for one start be as new: its job was refused."""
        row = self._tokens.ended(scope.id)
        self._tokens.unuse(scope.id)
        if row is not None and row.kind == USED:
            self._drop(row)

    def _with_key(self, then: Callable[[CredentialRow], None]) -> None:
        if (key := self._tokens.signing_key()) is not None:
            then(key)
            return
        self._dispatcher.check_accepting()
        if self._waiting is not None:
            self._waiting.append(then)
            return
        self._waiting = [then]
        key = new_key(self._dispatcher.wall(), None)

        def changed(_: bool) -> None:  # noqa: FBT001 - as all kept changes; no other row has its random id
            waiting, self._waiting = self._waiting or [], None
            self._tokens.put(stored(key).stored)
            for each in waiting:
                each(key)

        act = Act("token", "rotate", rotated(revokes=False), object=key.id, name=BY_ITSELF)
        self._dispatcher.turn_input.credentials.put(stored(key), changed, act)
        self._dispatcher.loop.schedule_turn()

    def _drop(self, row: CredentialRow) -> None:
        self._tokens.drop(row)
        self._dispatcher.turn_input.credentials.drop(row.id, row.version, lambda _: None)
        self._dispatcher.loop.schedule_turn()


def rotated(*, revokes: bool) -> str:
    """Return what the audit says of a new key."""
    return "made a new key of browser tokens" + (", and ended all tokens of the keys before" if revokes else "")


def _lifetime(given: object) -> float:
    if given is None:
        return EXPIRES
    if isinstance(given, int | float) and not isinstance(given, bool) and 1 <= given <= LIFETIME_MOST:
        return float(given)
    raise InvalidRequest(f"expires = {given!r:.100}: seconds from now, 1 to {LIFETIME_MOST:,.0f} (30 days)")


def _named(claims: dict[str, Any]) -> str:
    """Return what a token names, in words."""
    words = ((name, claims[name]) for name in MAKE if claims.get(name))
    return "; ".join(name if said is True else f"{name} {', '.join(said)}" for name, said in words)
