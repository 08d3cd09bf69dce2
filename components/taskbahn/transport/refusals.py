"""Why a connection was closed before there was a session, and what helps, where that is known."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from twisted.internet.error import ConnectionClosed

from taskbahn.transport.other_side import hint, speaks_tls, with_other_scheme

# what Autobahn says of an answer to the request that opens a WebSocket
ANSWER = re.compile(r"upgrade failed \[(\d{3})\]: (.*)")
CREDENTIALS = "give credentials with Taskbahn(headers=...) or TASKBAHN_HEADERS"
AUTHORITY = "give the authority that has signed it with Taskbahn(ca=...), --ca or TASKBAHN_CA"
OWN_CERTIFICATE = "give a certificate of the client with Taskbahn(client_cert=...), --client-cert or TASKBAHN_CLIENT_CERT"
NO_TLS = "nothing speaks TLS there: try "  # and the other address
PATH = "see whether the address is right: the path of a node's WebSocket is /ws"
OF_STATUS = {
    400: f"{PATH}; or a proxy there asks for more: {OWN_CERTIFICATE}",
    401: CREDENTIALS,
    403: CREDENTIALS,
    407: CREDENTIALS,
}
MAY_BE_TLS = 400  # what web servers answer on a port with TLS to what is none
AWAY = range(500, 600)  # a proxy says so while the node behind it is away
OF_TLS = {  # what TLS says -> what helps
    "certificate verify": AUTHORITY,
    "wrong version number": NO_TLS,
    "record layer failure": NO_TLS,
    "certificate required": f"the router, or a proxy before it, asks who the client is: {OWN_CERTIFICATE}",
    "alert unknown ca": f"the other side does not know who has signed the client's certificate: {OWN_CERTIFICATE}",
    "alert bad certificate": f"the other side does not take the client's certificate: {OWN_CERTIFICATE}",
    "alert certificate expired": f"the client's certificate has expired: {OWN_CERTIFICATE}",
    "VerificationError": "its certificate is for another name: use that one in the address",
}


class Refusal(NamedTuple):
    """why: a sentence without its full stop, with what helps.   is_final: something else is there, or keeps this client out."""

    why: str
    is_final: bool = False


def closed_early(reason: Any, url: str, protocol: Any) -> Refusal:
    """Return why a connection to an address was closed before there was a session."""
    said = getattr(protocol, "wasNotCleanReason", None) or ""  # by the WebSocket, of its opening
    if answer := ANSWER.search(said):
        return _answered(int(answer[1]), answer[2], url)
    sentence = "the connection was closed before it was open"
    if speaks_tls(protocol):
        return Refusal(f"{sentence}: that port speaks TLS; try {with_other_scheme(url)}", is_final=True)
    if reason.check(ConnectionClosed):
        return Refusal("; ".join(filter(None, (sentence, hint(url, protocol)))))
    why = reason.getErrorMessage() or repr(reason.value)  # such as what TLS says of a certificate
    remedy = next((remedy for words, remedy in OF_TLS.items() if words in f"{why} {reason.type.__name__}"), None)
    if remedy is None:
        return Refusal(f"{sentence}: {why}")
    return Refusal(f"{sentence}: {why}; {remedy}{with_other_scheme(url) if remedy is NO_TLS else ''}", is_final=True)


def _answered(status: int, text: str, url: str) -> Refusal:
    """Return what an answer by HTTP means, which opens no WebSocket."""
    why = f"the answer to the request for a WebSocket was {status} {text}".rstrip()
    if status in AWAY:
        return Refusal(why)
    may_be_tls = status == MAY_BE_TLS and url.lower().startswith("ws://")
    also = f"; perhaps that port speaks TLS: try {with_other_scheme(url)}" if may_be_tls else ""
    return Refusal(f"{why}; {OF_STATUS.get(status, PATH)}{also}", is_final=True)
