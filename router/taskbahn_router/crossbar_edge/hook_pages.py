"""`POST /hooks/<name>`, on Crossbar's web transport: what other services send, passed on to the dispatcher as it came."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from taskbahn.protocol.hooks import MOST_BODY_BYTES
from taskbahn_router.core.hook_schemes import Delivery
from taskbahn_router.dispatcher.hook_intake import Reply
from taskbahn_router.service import Service

if TYPE_CHECKING:
    from twisted.web.server import Request

NAME = re.compile(rb"[A-Za-z0-9_.-]{1,100}")
NOT_ALLOWED, NOT_FOUND, TOO_LARGE, UNAVAILABLE = 405, 404, 413, 503


class Hooks(Resource):
    """`/hooks/`: answers when what it starts is durable."""

    isLeaf = True

    def __init__(self, *extra: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def render(self, request: Request) -> Any:
        """Take a request of any method."""
        parts = request.postpath or []
        body = request.content.read(MOST_BODY_BYTES + 1) if request.content is not None else b""
        if len(parts) != 1 or not NAME.fullmatch(parts[0]):
            return _answered(request, Reply(NOT_FOUND, {"error": "the address of a hook is /hooks/NAME"}))
        if request.method != b"POST":
            request.setHeader(b"allow", b"POST")  # type: ignore[no-untyped-call]
            return _answered(request, Reply(NOT_ALLOWED, {"error": "a hook takes POST"}))
        if len(body) > MOST_BODY_BYTES:
            return _answered(request, Reply(TOO_LARGE, {"error": f"a hook takes {MOST_BODY_BYTES:,} bytes at most"}))
        if Service.running is None or Service.running.stopped:
            return _answered(request, Reply(UNAVAILABLE, {"error": "the dispatcher is starting"}, retry_after=1))
        return _passed_on(request, parts[0].decode("ascii"), Delivery(_headers(request), body, time.time()))


def _passed_on(request: Request, name: str, delivery: Delivery) -> Any:
    is_open = True

    def gone(_: Any) -> None:
        nonlocal is_open
        is_open = False

    def reply(said: Reply) -> None:
        if is_open:
            request.write(_answered(request, said))  # type: ignore[no-untyped-call]
            request.finish()  # type: ignore[no-untyped-call]

    request.notifyFinish().addBoth(gone)
    assert Service.running is not None  # noqa: S101 - asked before
    Service.running.parts.hooks.receive(name, delivery, reply)
    return NOT_DONE_YET


def _headers(request: Request) -> dict[str, str]:
    """Return the headers, one that comes several times joined.  Source: RFC 9110, section 5.3."""
    found: dict[str, str] = {}
    for name, values in request.requestHeaders.getAllRawHeaders():
        found[name.decode("latin-1").lower()] = ", ".join(value.decode("latin-1") for value in values)
    return found


def _answered(request: Request, reply: Reply) -> bytes:
    request.setResponseCode(reply.status)
    request.setHeader(b"content-type", b"application/json")  # type: ignore[no-untyped-call]
    request.setHeader(b"cache-control", b"no-store")  # type: ignore[no-untyped-call]
    if reply.retry_after:
        request.setHeader(b"retry-after", str(max(1, round(reply.retry_after))).encode())  # type: ignore[no-untyped-call]
    return json.dumps(reply.said).encode() + b"\n"
