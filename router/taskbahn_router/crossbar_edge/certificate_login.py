"""Logins with a client's certificate: TLS has proved that the session has the key in it, and the node knows whose that is.

Crossbar's method `tls` takes no function of the router, as its other methods do, so it calls a procedure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages
from taskbahn_router.access.challenges import Question
from taskbahn_router.core.credentials import CERTIFICATE
from taskbahn_router.crossbar_edge.key_login import may_join, running
from taskbahn_router.crossbar_edge.login import Answer, is_name, refused
from taskbahn_router.crossbar_edge.peer_keys import PEER_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twisted.internet.defer import Deferred


def log_in(_realm: str, authid: str | None, details: Mapping[str, Any]) -> Answer | Deferred[Answer]:
    """Answer `taskbahn.authenticate` for Crossbar: who the session is that shows a certificate.  Raises ApplicationError."""
    service = running()
    name = str(authid) if is_name(authid) else None
    proof = PEER_KEYS.proof((details.get("transport") or {}).get("peer_cert"))
    if proof is None:
        return refused(service, "no certificate of it that this node can read", details, name)
    found = service.parts.credentials.find_key(CERTIFICATE, proof)
    if isinstance(found, str):
        return refused(service, f"{found} (the key in it has the SHA-256 {proof.hex()})", details, name)
    may_join(found.name, found.role)
    service.parts.challenges.asked(int(details["session"]), Question(found, name))  # it counts when the session has joined
    return {"realm": messages.REALM, "authid": found.name, "role": found.role}
