"""Logins by the provider: begun, taken back, and made to users of this node."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from twisted.internet.defer import Deferred, succeed

from taskbahn.errors import InvalidRequest, NotReady
from taskbahn_router.access.book import Principal, user_id
from taskbahn_router.company.id_tokens import Refused
from taskbahn_router.company.pending import PendingLogins
from taskbahn_router.core.audit import Act, Origin
from taskbahn_router.core.credentials import COMPANY, CredentialChange, CredentialRow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taskbahn_router.access.book import CredentialBook
    from taskbahn_router.company.pending import Login
    from taskbahn_router.company.provider import Pages, Provider
    from taskbahn_router.company.settings import Settings
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.model.ports import Runner

MAX_OPEN = 20  # logins that wait for the provider at once
BUSY = "too many people log in now: try again in a moment"
BY = "the company's login"


class CompanyLogin:
    """Sends browsers to the provider, and says who comes back.   runner: of the one thread on which the provider is asked."""

    def __init__(
        self, settings: Settings, provider: Provider, runner: Runner, dispatcher: Dispatcher, book: CredentialBook,
        clock: Callable[[], float],
    ) -> None:  # fmt: skip
        self.settings = settings
        self._provider = provider
        self._runner = runner
        self._dispatcher = dispatcher
        self._book = book
        self._pending = PendingLogins(clock)
        self._open = 0

    def begin(self, redirect: str) -> Deferred[tuple[str, str]]:
        """Give where a browser goes, and what it keeps until it comes back to *redirect*.  Raises NotReady; fails with Unreachable."""

        def found(pages: Pages) -> tuple[str, str]:
            login, kept = self._pending.begin(redirect)
            return _address(pages, self.settings, login), kept

        return self._ask(self._provider.pages).addCallback(found)

    def finish(self, kept: str, given: Mapping[str, str], address: str | None) -> Deferred[Principal]:
        """Give who a browser has come back as.   given: what the provider had it say.

        Raises Refused, NotReady; fails with Refused, Unreachable and InvalidRequest.
        """
        login = self._pending.take(kept, given.get("state", ""))
        if login is None:
            raise Refused("it has not begun here in this browser, or has come back before, or too late")
        if given.get("iss", self.settings.issuer) != self.settings.issuer:
            raise Refused("it comes back from another provider")
        if "code" not in given:
            raise Refused(f"the provider says {given.get('error', 'nothing')!r:.100}")
        asked = self._ask(self._provider.claims, given["code"], login.verifier, login.redirect, login.nonce)
        return asked.addCallback(self._known, address)

    def _ask(self, function: Callable[..., Any], *args: Any) -> Deferred[Any]:
        if self._open >= MAX_OPEN:
            raise NotReady(BUSY)
        self._open += 1

        def ended(result: Any) -> Any:
            self._open -= 1
            return result

        return self._runner.run(function, *args).addBoth(ended)

    def _known(self, claims: Mapping[str, Any], address: str | None) -> Deferred[Principal]:
        """Return the person as a user of this node, which the store has."""
        name, role = self.settings.person(claims)
        proof = hashlib.sha256(f"{self.settings.issuer}\0{claims['sub']}".encode()).digest()
        row = self._book.user(name)
        if row is not None and (row.kind, row.proof) != (COMPANY, proof):
            raise InvalidRequest(f"the name {name} is of another user of this node: its operator may remove that one")
        self._book.check_role(name, role, apart_from=row)
        if row is not None and row.role == role:
            return succeed(Principal(name, role, row.id))
        self._dispatcher.check_accepting()
        new = CredentialRow(user_id(name), COMPANY, name, role, proof, 0, self._dispatcher.wall(), BY) if row is None else row
        origin = Origin(name, role, address, BY)
        verb, done = ("create", "created") if row is None else ("edit", "edited")
        act = Act("user", verb, f"{done}, role {role}", origin, object=name)
        return self._store(CredentialChange(new._replace(role=role), new.version), act)

    def _store(self, change: CredentialChange, act: Act) -> Deferred[Principal]:
        stored: Deferred[Principal] = Deferred()
        row = change.stored

        def changed(holds: bool) -> None:  # noqa: FBT001 - as all kept changes
            if holds:
                self._book.put(row)
                stored.callback(Principal(row.name, row.role, row.id))
            else:
                stored.errback(NotReady("the user was changed meanwhile: try again"))

        kept = self._dispatcher.turn_input.credentials
        kept.put(change, changed, act)
        for other in self._book.users():  # the same person under the name before
            if other.kind == COMPANY and other.proof == row.proof and other.id != row.id:
                kept.drop(other.id, other.version, partial(self._dropped, other))
        self._dispatcher.loop.schedule_turn()
        return stored

    def _dropped(self, row: CredentialRow, holds: bool) -> None:  # noqa: FBT001 - as all kept changes
        if holds:
            self._book.drop(row)


def _address(pages: Pages, settings: Settings, login: Login) -> str:
    asked = {
        "response_type": "code", "client_id": settings.client_id, "redirect_uri": login.redirect, "scope": settings.scopes,
        "state": login.state, "nonce": login.nonce, "code_challenge": login.challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    return f"{pages.authorization}{'&' if '?' in pages.authorization else '?'}{urlencode(asked)}"
