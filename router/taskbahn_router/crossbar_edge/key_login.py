"""Logins with a key: what Crossbar asks when a session wants to prove that it has one.

A key that there is not gets a challenge too, which no answer fits. So a stranger does not learn which keys there are.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

from autobahn.wamp.exception import ApplicationError

from taskbahn.errors import NotReady
from taskbahn.protocol import messages
from taskbahn.protocol.access import PRINCIPAL, Role
from taskbahn_router.access.tokens import new_text
from taskbahn_router.core.credentials import SHARED, SIGNING
from taskbahn_router.crossbar_edge.login import REFUSED
from taskbahn_router.crossbar_edge.origins import address_of
from taskbahn_router.service import Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn_router.crossbar_edge.login import Authenticator

PUBLIC_KEY = re.compile(r"[0-9a-fA-F]{64}")
STRANGER = "stranger"  # who a session would be whose public key there is not


def signatures(_config: object, _controller: object) -> Authenticator:
    """Return what says, for Crossbar, whose signature a session has to give."""
    return _signer


def _signer(_realm: str, _authid: str | None, details: Mapping[str, Any]) -> dict[str, Any]:
    """Return who a session is if its key has signed the challenge; raises ApplicationError."""
    service = _running()
    given = (details.get("authextra") or {}).get("pubkey")
    if not isinstance(given, str) or not PUBLIC_KEY.fullmatch(given):
        raise _refused(service, details, "cryptosign without a public key as authextra.pubkey")
    found = service.parts.credentials.find_key(SIGNING, bytes.fromhex(given))
    session = int(details["session"])
    if isinstance(found, str):
        _refused(service, details, found)
        service.parts.challenges.asked(session, None)
        return _principal(STRANGER, Role.CLIENT.value) | {"pubkey": secrets.token_hex(32)}
    service.parts.challenges.asked(session, found)
    return _principal(found.name, found.role) | {"pubkey": given}


def shared_secrets(_config: object, _controller: object) -> Authenticator:
    """Return what says, for Crossbar, with which secret a session has to answer."""
    return _sharer


def _sharer(_realm: str, authid: str | None, details: Mapping[str, Any]) -> dict[str, Any]:
    """Return who a session is if it has the secret of its name; raises ApplicationError."""
    service = _running()
    if not isinstance(authid, str) or not PRINCIPAL.fullmatch(authid):
        raise _refused(service, details, "wampcra without a name as authid")
    book = service.parts.credentials
    found = book.find_key(SHARED, authid.encode())
    row = None if isinstance(found, str) else book.row(found.credential)
    session = int(details["session"])
    if isinstance(found, str) or row is None:
        _refused(service, details, f"{found}, of {authid}")
        service.parts.challenges.asked(session, None)
        return _principal(authid, Role.CLIENT.value) | {"secret": new_text()}
    service.parts.challenges.asked(session, found)
    return _principal(found.name, found.role) | {"secret": row.proof.decode()}


def wrong_answer(session: int, details: Mapping[str, Any], why: str) -> None:
    """Note that a session is refused.   why: "": its answer to the challenge does not fit."""
    service = _running()
    key = service.parts.challenges.failed(session)
    if why or key is not None:  # of a key that there is not, the operator knows already
        _refused(service, details, why or f"its answer does not prove that it has the key {key}")


def _running() -> Service:
    service = Service.running
    if service is None or service.stopped:
        raise ApplicationError(NotReady.uri, "the node is starting or stopping")
    return service


def _refused(service: Service, details: Mapping[str, Any], why: str) -> ApplicationError:
    """Note for the operator that a session is refused, and return what it hears."""
    peer = str((details.get("transport") or {}).get("peer", "an unknown address"))[:100]
    service.dispatcher.auditing.refused_login(address_of(peer), "a session", why)
    return ApplicationError(ApplicationError.AUTHENTICATION_FAILED, REFUSED)


def _principal(name: str, role: str) -> dict[str, Any]:
    return {"realm": messages.REALM, "authid": name, "role": role}
