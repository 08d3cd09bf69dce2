"""Finds what a signed token lets a page do: one of this node, or one of another issuer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from taskbahn.access_errors import NotAllowed
from taskbahn.protocol.access import MAX_OUTSIDE_TICKET, Role
from taskbahn_router.access.browser_tokens import ISSUER as OWN
from taskbahn_router.access.browser_tokens import is_signed
from taskbahn_router.access.own_rights import check_rights
from taskbahn_router.company.id_tokens import Refused, UnknownKey
from taskbahn_router.model.roles import base_of, rules_of
from taskbahn_router.outside.signatures import said_in, signed_claims

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from taskbahn_router.access.book import CredentialBook
    from taskbahn_router.model.scope import Scope
    from taskbahn_router.outside.issuer_keys import IssuerKeys
    from taskbahn_router.outside.issuers import Issuer

BASES = (Role.CLIENT, Role.WORKER, Role.OPERATOR, Role.ADMIN)  # of whom there are browser tokens


class OutsideTokens:
    """Takes tokens of other issuers.   keys: of each issuer, by its name.   wall: UTC seconds since the epoch."""

    log = Logger("taskbahn.issuers")

    def __init__(
        self, issuers: Sequence[Issuer], keys: Mapping[str, IssuerKeys], book: CredentialBook, wall: Callable[[], float]
    ) -> None:  # fmt: skip
        self._issuers = issuers
        self._keys = keys
        self._book = book
        self._wall = wall

    def begin(self) -> None:
        """Say which issuers have a client that may not log in: no token of them is taken until it may."""
        for issuer in self._issuers:
            if isinstance(why := self._role(issuer), Refused):
                self.log.warn("the tokens of the issuer {name} are refused: {why}", name=issuer.name, why=why)

    def refresh(self) -> None:
        """Fetch the keys that are old."""
        for keys in self._keys.values():
            keys.refresh()

    def is_meant(self, text: str) -> bool:
        """Return whether a text is a signed token of which this node is not the issuer."""
        return is_signed(text) and len(text) <= MAX_OUTSIDE_TICKET and said_in(text).get("iss", OWN) != OWN

    def find(self, text: str) -> Deferred[Scope | str]:
        """Give what a token names, or why it is refused, which is for the operator alone."""
        said = said_in(text)
        issuer = self._issuer(said)
        if isinstance(issuer, str):
            return succeed(issuer)
        keys = self._keys[issuer.name]
        try:
            return succeed(self._look(text, issuer, keys.known))
        except UnknownKey:
            return keys.again().addCallback(lambda _: self._look_again(text, issuer, keys))

    def _issuer(self, said: Mapping[str, Any]) -> Issuer | str:
        """Return of which issuer a token says that it is, or that there is none."""
        named = said.get("iss")
        found = [issuer for issuer in self._issuers if issuer.issuer == named]
        if not found:
            return f"no such issuer is in the file of issuers: {named!r:.200}"
        audience = said.get("aud")
        shown = audience if isinstance(audience, list) else [audience]
        meant = next(
            (issuer for issuer in found if any(each in issuer.audience for each in shown if isinstance(each, str))), None
        )
        if meant is None:
            return f"a token of the issuer {found[0].name} is for another audience: {audience!r:.200}"
        return meant

    def _look_again(self, text: str, issuer: Issuer, keys: IssuerKeys) -> Scope | str:
        try:
            return self._look(text, issuer, keys.known)
        except UnknownKey as error:
            if keys.trouble:
                return f"the issuer {issuer.name} does not answer, and the node does not know the key of this token"
            return f"no such key has the issuer {issuer.name}: {error!s:.200}"

    def _look(self, text: str, issuer: Issuer, keys: Sequence[Mapping[str, Any]]) -> Scope | str:
        """Return what a token names, or why it is refused.  Raises UnknownKey."""
        try:
            claims = signed_claims(text, issuer, keys)
        except UnknownKey:
            raise
        except Refused as error:
            return f"no such signature has the issuer {issuer.name} made: {error}"
        role = self._role(issuer)
        if isinstance(role, Refused):
            return f"a token of the issuer {issuer.name} is refused: {role}"
        try:
            scope = issuer.scope(claims, role, self._wall())
        except Refused as error:
            return f"a token of the issuer {issuer.name} is refused: {error}"
        return self._book.browser.revoked(scope) or scope

    def _role(self, issuer: Issuer) -> str | Refused:
        """Return the role of the client in whose name pages work, or why there is none."""
        name = issuer.client
        role = self._book.role_of(name)
        if role is None or base_of(role) not in BASES:
            has = "has no valid token" if role is None else f"has the role {role}, which starts no jobs"
            return Refused(f"its client {name} {has}: `taskbahn token create {name} --role client` makes one")
        try:
            check_rights(rules_of(role), issuer.rights)
        except NotAllowed as error:
            return Refused(f"its client {name} has not all that the file of issuers gives: {error.message}")
        return role
