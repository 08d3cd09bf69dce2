"""Logins: what Crossbar asks of each session that wants to join a node with login.

Crossbar loads the functions by their names from the node's configuration. A stranger learns only that the login is refused; the node's
log says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autobahn.wamp.exception import ApplicationError

from taskbahn.errors import NotReady
from taskbahn.protocol import messages
from taskbahn.protocol.access import MAX_TICKET, Role
from taskbahn_router.crossbar_edge.login_page import SEES_ALL, session_in
from taskbahn_router.crossbar_edge.origins import address_of
from taskbahn_router.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Authenticator = Callable[[str, str, Mapping[str, Any]], dict[str, Any]]

REFUSED = "the login is refused"
BY_COOKIE = "cookie"  # the ticket of a page that has logged in


def tickets(_config: object, _controller: object) -> Authenticator:
    """Return what checks tickets, for Crossbar."""
    return _login


def viewer_tickets(_config: object, _controller: object) -> Authenticator:
    """Return what checks tickets of pages that only look, for Crossbar."""

    def look(realm: str, authid: str, details: Mapping[str, Any]) -> dict[str, Any]:
        found = _login(realm, authid, details, SEES_ALL)
        return found | {"role": Role.VIEWER.value}

    return look


def _login(_realm: str, _authid: str, details: Mapping[str, Any], roles: tuple[Role, ...] = tuple(Role)) -> dict[str, Any]:
    """Return who a session is, by its ticket alone; raises ApplicationError."""
    ticket = details.get("ticket")
    service = Service.running
    if service is None or service.stopped:
        raise ApplicationError(NotReady.uri, "the node is starting or stopping")
    if ticket == BY_COOKIE:
        headers = (details.get("transport") or {}).get("http_headers_received") or {}
        ticket = session_in(headers.get("cookie"))
        if not ticket:  # a page to which no person has logged in yet
            raise ApplicationError(ApplicationError.AUTHENTICATION_FAILED, REFUSED)
    is_text = isinstance(ticket, str) and len(ticket) <= MAX_TICKET
    found = service.parts.credentials.find(str(ticket)) if is_text else "its ticket is no text, or too long"
    if not isinstance(found, str) and found.role not in roles:
        found = f"the role {found.role} of {found.name} does not see everything"
    if isinstance(found, str):
        peer = str((details.get("transport") or {}).get("peer", "an unknown address"))[:100]
        service.dispatcher.auditing.refused_login(address_of(peer), "a session", found)
        raise ApplicationError(ApplicationError.AUTHENTICATION_FAILED, REFUSED)
    service.parts.credentials.opened(int(details["session"]), found)
    authid = found.name if found.scope is None else f"{found.name}/{found.scope.id}"
    return {"realm": messages.REALM, "authid": authid, "role": found.role}
