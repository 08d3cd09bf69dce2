"""Why a connection was closed before there was a session, and what helps, where that is known."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from twisted.internet.error import ConnectionClosed

# what Autobahn says of an answer to the request that opens a WebSocket
ANSWER = re.compile(r"upgrade failed \[(\d{3})\]: (.*)")
CREDENTIALS = "give credentials with Taskbahn(headers=...) or TASKBAHN_HEADERS"
AUTHORITY = "give the authority that has signed it with Taskbahn(ca=...), --ca or TASKBAHN_CA"
OWN_CERTIFICATE = "give a certificate of the client with Taskbahn(client_cert=...), --client-cert or TASKBAHN_CLIENT_CERT"
PATH = "see whether the address is right: the path of a node's WebSocket is /ws"
OF_STATUS = {
    400: f"{PATH}; or a proxy there asks for more: {OWN_CERTIFICATE}",
    401: CREDENTIALS,
    403: CREDENTIALS,
    407: CREDENTIALS,
}
AWAY = range(500, 600)  # a proxy says so while the node behind it is away
OF_TLS = {  # what TLS says -> what helps
    "certificate verify": AUTHORITY,
    "wrong version number": "nothing speaks TLS there: the address begins with ws:// then, or rs://",
    "record layer failure": "nothing speaks TLS there: the address begins with ws:// then, or rs://",
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


def closed_early(reason: Any, said: str = "") -> Refusal:
    """Return why a connection was closed before there was a session. said: by the WebSocket, of its opening."""
    if answer := ANSWER.search(said):
        status = int(answer[1])
        why = f"the answer to the request for a WebSocket was {status} {answer[2]}".rstrip()
        return Refusal(why) if status in AWAY else Refusal(f"{why}; {OF_STATUS.get(status, PATH)}", is_final=True)
    sentence = "the connection was closed before it was open"
    if reason.check(ConnectionClosed):
        return Refusal(sentence)
    why = reason.getErrorMessage() or repr(reason.value)  # such as what TLS says of a certificate
    remedy = next((remedy for words, remedy in OF_TLS.items() if words in f"{why} {reason.type.__name__}"), None)
    return Refusal(f"{sentence}: {why}") if remedy is None else Refusal(f"{sentence}: {why}; {remedy}", is_final=True)
