"""Logins: what Crossbar asks of each session that wants to join a node with login.

Crossbar loads the functions by their names from the node's configuration. A stranger learns only that the login is refused; the node's
log says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autobahn.wamp.exception import ApplicationError
from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import deferLater

from taskbahn.access_errors import LimitExceeded
from taskbahn.errors import NotReady
from taskbahn.protocol import messages
from taskbahn.protocol.access import MAX_OUTSIDE_TICKET, MAX_TICKET, PRINCIPAL, TOKEN_PREFIX, Role
from taskbahn_router.access.book import of_browser
from taskbahn_router.access.logins import TOO_MANY
from taskbahn_router.crossbar_edge.login_page import SEES_ALL, session_in
from taskbahn_router.crossbar_edge.origins import address_of
from taskbahn_router.model.roles import base_of, rules_of
from taskbahn_router.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taskbahn_router.access.book import Principal
    from taskbahn_router.model.scope import Scope

    Authenticator = Callable[[str, str, Mapping[str, Any]], dict[str, Any] | Deferred[dict[str, Any]]]

Answer = dict[str, Any]  # who a session is, for Crossbar
REFUSED = "the login is refused"
SESSION = "a session"  # in the audit
BY_COOKIE = "cookie"  # the ticket of a page that has logged in
JOIN_SECONDS = 5.0  # seconds after which a session that was let in has joined, or never does
CHECKED: set[int] = set()  # sessions whose passwords or tokens are being looked at


def tickets(_config: object, _controller: object) -> Authenticator:
    """Return what checks tickets, for Crossbar."""
    return _login


def viewer_tickets(_config: object, _controller: object) -> Authenticator:
    """Return what checks tickets of pages that only look, for Crossbar."""

    def look(realm: str, authid: str, details: Mapping[str, Any]) -> Answer | Deferred[Answer]:
        return _login(realm, authid, details, SEES_ALL)

    return look


def _looks(role: str) -> str:
    """Return the role of a page that only looks: a viewer's. An own role that is one keeps what it does not have."""
    own = rules_of(role)
    if own is None:
        return Role.VIEWER.value
    if own.base is not Role.VIEWER:
        raise ApplicationError(ApplicationError.AUTHENTICATION_FAILED, REFUSED)
    return role


def _login(
    _realm: str, authid: str | None, details: Mapping[str, Any], roles: tuple[Role, ...] = tuple(Role)
) -> Answer | Deferred[Answer]:
    """Return who a session is, by its ticket alone, or by a name and a password; raises ApplicationError."""
    ticket = details.get("ticket")
    service = Service.running
    if service is None or service.stopped:
        raise ApplicationError(NotReady.uri, "the node is starting or stopping")
    by_cookie = ticket == BY_COOKIE
    if by_cookie:
        headers = (details.get("transport") or {}).get("http_headers_received") or {}
        ticket = session_in(headers.get("cookie"))
        if not ticket:  # a page to which no person has logged in yet
            raise ApplicationError(ApplicationError.AUTHENTICATION_FAILED, REFUSED)
    if not isinstance(ticket, str) or len(ticket) > (MAX_TICKET if service.outside_tokens is None else MAX_OUTSIDE_TICKET):
        return refused(service, "its ticket is no text, or too long", details)
    if service.outside_tokens is not None and not by_cookie and service.outside_tokens.is_meant(ticket):
        return _by_outside_token(service, service.outside_tokens.find(ticket), details, roles)
    found = service.parts.credentials.find(ticket)
    if isinstance(found, str) and not by_cookie and is_name(authid) and not ticket.startswith(TOKEN_PREFIX):
        return _by_password(service, str(authid), ticket, details, roles)
    return _let_in(service, found, details, roles, authid if is_name(authid) else None)


def is_name(authid: object) -> bool:
    """Return whether a session says who it is."""
    return isinstance(authid, str) and PRINCIPAL.fullmatch(authid) is not None


def _by_password(
    service: Service, name: str, password: str, details: Mapping[str, Any], roles: tuple[Role, ...]
) -> Deferred[Answer]:  # fmt: skip
    """Give who a session is; hashing takes long, and what happens meanwhile counts."""
    session = int(details["session"])
    early = service.parts.refused_logins.too_early(address_in(details), SESSION, name)
    if early is not None:
        return fail(ApplicationError(TOO_MANY, early.sentence))
    if session in CHECKED:
        return refused(service, "it shows several passwords at once", details, name)
    try:
        found = service.parts.password_login.find(name, password, address_in(details))
    except NotReady as error:
        return fail(ApplicationError(NotReady.uri, error.message))
    return _when_found(service, found, details, roles, name)


def _by_outside_token(
    service: Service, found: Deferred[Scope | str], details: Mapping[str, Any], roles: tuple[Role, ...]
) -> Deferred[Answer]:  # fmt: skip
    """Give who a session is that shows a token of another issuer, whose keys may have to be fetched."""
    if int(details["session"]) in CHECKED:
        return refused(service, "it shows several tokens at once", details)
    return _when_found(service, found.addCallback(of_browser), details, roles, None)


def _when_found(
    service: Service, found: Deferred[Principal | str], details: Mapping[str, Any], roles: tuple[Role, ...], name: str | None
) -> Deferred[Answer]:  # fmt: skip
    """Let a session in when it is known who it is; it may be gone by then."""
    session = int(details["session"])
    CHECKED.add(session)

    def checked(found: Principal | str) -> Answer | Deferred[Answer]:
        if service.parts.credentials.has_opened(session):
            found = "it has logged in already"
        answer = _let_in(service, found, details, roles, name)
        deferLater(reactor, JOIN_SECONDS, _forget_gone, service, session)
        return answer

    def ended(result: Any) -> Any:
        CHECKED.discard(session)
        return result

    answer: Deferred[Answer] = found.addCallback(checked).addBoth(ended)
    return answer


def _forget_gone(service: Service, session: int) -> None:
    """Forget a session that hung up while its login was looked at: it never joined, so nothing says that it left."""
    if not service.has_session(session):
        service.parts.credentials.closed(session)


def _let_in(
    service: Service, found: Principal | str, details: Mapping[str, Any], roles: tuple[Role, ...], name: str | None
) -> Answer | Deferred[Answer]:  # fmt: skip
    if not isinstance(found, str) and base_of(found.role) not in roles:
        found = f"the role {found.role} of {found.name} does not see everything"
    if isinstance(found, str):
        return refused(service, found, details, name)
    authid, maker = found.name, None
    if found.scope is not None:
        authid, maker = f"{found.name}/{found.scope.id}", (found.scope.name, found.scope.role)
    role = _looks(found.role) if roles is SEES_ALL else found.role
    try:
        service.parts.role_limits.may_connect(authid, role, maker)
    except LimitExceeded as error:
        raise ApplicationError(error.uri, error.message) from error
    service.parts.credentials.opened(int(details["session"]), found)
    extra = {"has_password": True} if service.parts.credentials.has_password(found) else {}
    return {"realm": messages.REALM, "authid": authid, "role": role, "extra": extra}


def refused(
    service: Service, why: str, details: Mapping[str, Any], name: str | None = None, *, is_noted: bool = False
) -> Deferred[Answer]:  # fmt: skip
    """Refuse a session, at once or after a while.   name: of which it has said that it is it.   is_noted: the operator knows already."""
    failed = service.parts.refused_logins.refuse(address_in(details), SESSION, why, name=name, is_noted=is_noted)
    error = ApplicationError(ApplicationError.AUTHENTICATION_FAILED, REFUSED)
    if failed.was_early:
        error = ApplicationError(TOO_MANY, failed.sentence)
    return deferLater(reactor, failed.delay, _raise, error) if failed.delay else fail(error)


def _raise(error: ApplicationError) -> Any:
    raise error


def address_in(details: Mapping[str, Any]) -> str | None:
    """Return where a session comes from, by what Crossbar says of it."""
    return address_of(str((details.get("transport") or {}).get("peer", "an unknown address"))[:100])
