"""Logins with a key: what Crossbar asks when a session wants to prove that it has one.

A key that there is not gets a challenge too, which no answer fits. So a stranger does not learn which keys there are. Wrong answers count
for the throttle of logins, as wrong tickets do; a right one opens its session from a locked address, too, for no number of tries finds it.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

from autobahn.wamp.exception import ApplicationError

from taskbahn.access_errors import LimitExceeded
from taskbahn.errors import NotReady
from taskbahn.protocol import messages
from taskbahn.protocol.access import Role
from taskbahn_router.access.challenges import Question
from taskbahn_router.access.tokens import new_text
from taskbahn_router.core.credentials import SHARED, SIGNING
from taskbahn_router.crossbar_edge.login import SESSION, address_in, is_name, refused
from taskbahn_router.service import Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twisted.internet.defer import Deferred

    from taskbahn_router.crossbar_edge.login import Authenticator

PUBLIC_KEY = re.compile(r"[0-9a-fA-F]{64}")
STRANGER = "stranger"  # who a session would be whose public key there is not


def signatures(_config: object, _controller: object) -> Authenticator:
    """Return what says, for Crossbar, whose signature a session has to give."""
    return _signer


def _signer(_realm: str, authid: str | None, details: Mapping[str, Any]) -> dict[str, Any] | Deferred[dict[str, Any]]:
    """Return who a session is if its key has signed the challenge; raises ApplicationError."""
    service = running()
    name = authid if is_name(authid) else None
    given = (details.get("authextra") or {}).get("pubkey")
    if not isinstance(given, str) or not PUBLIC_KEY.fullmatch(given):
        return refused(service, "cryptosign without a public key as authextra.pubkey", details, name)
    found = service.parts.credentials.find_key(SIGNING, bytes.fromhex(given))
    if isinstance(found, str):
        _ask(service, details, Question(None, name, found))
        return _principal(STRANGER, Role.CLIENT.value) | {"pubkey": secrets.token_hex(32)}
    _ask(service, details, Question(found, name))
    return _principal(found.name, found.role) | {"pubkey": given}


def shared_secrets(_config: object, _controller: object) -> Authenticator:
    """Return what says, for Crossbar, with which secret a session has to answer."""
    return _sharer


def _sharer(_realm: str, authid: str | None, details: Mapping[str, Any]) -> dict[str, Any] | Deferred[dict[str, Any]]:
    """Return who a session is if it has the secret of its name; raises ApplicationError."""
    service = running()
    if authid is None or not is_name(authid):
        return refused(service, "wampcra without a name as authid", details)
    book = service.parts.credentials
    found = book.find_key(SHARED, authid.encode())
    row = None if isinstance(found, str) else book.row(found.credential)
    if isinstance(found, str) or row is None:
        _ask(service, details, Question(None, authid, f"{found}, of {authid}"))
        return _principal(authid, Role.CLIENT.value) | {"secret": new_text()}
    _ask(service, details, Question(found, authid))
    return _principal(found.name, found.role) | {"secret": row.proof.decode()}


def _ask(service: Service, details: Mapping[str, Any], question: Question) -> None:
    """Note what a session is asked. Whether it gets in is not decided yet, so nothing of it counts: a stranger would see that."""
    if question.principal is None:
        service.parts.refused_logins.note(address_in(details), SESSION, question.why)
    service.parts.challenges.asked(int(details["session"]), question)


def wrong_answer(session: int, details: Mapping[str, Any], why: str) -> Deferred[Any]:
    """Refuse a session, at once or after a while; fails with what it hears.   why: "": its answer to the challenge does not fit."""
    service = running()
    asked = service.parts.challenges.failed(session) or Question(None)
    if not why and asked.why:  # of a key that there is not
        return refused(service, asked.why, details, asked.name, is_noted=True)
    if not why and asked.principal is not None:
        why = f"its answer does not prove that it has the key {asked.principal.credential} of {asked.principal.name}"
    return refused(service, why or "its answer does not prove that it has a key", details, asked.name)


def may_join(name: str, role: str) -> None:
    """Raise ApplicationError where a name has as many connections as its role may."""
    try:
        running().parts.role_limits.may_connect(name, role)
    except LimitExceeded as error:
        raise ApplicationError(error.uri, error.message) from error


def running() -> Service:
    """Return the service of the node; raises ApplicationError while it starts or stops."""
    service = Service.running
    if service is None or service.stopped:
        raise ApplicationError(NotReady.uri, "the node is starting or stopping")
    return service


def _principal(name: str, role: str) -> dict[str, Any]:
    return {"realm": messages.REALM, "authid": name, "role": role}
