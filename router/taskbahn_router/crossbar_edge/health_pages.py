"""`/healthz` and `/readyz`, on Crossbar's web transport, for supervisors of processes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from twisted.web.resource import Resource

from taskbahn_router.service import Service

if TYPE_CHECKING:
    from twisted.web.server import Request

UNAVAILABLE = 503


class _Page(Resource):
    isLeaf = True

    def __init__(self, *extra: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def trouble(self) -> str:
        raise NotImplementedError

    def render_GET(self, request: Request) -> bytes:
        """Answer 200 and `{"ok": true}`, or 503 and why not."""
        trouble = self.trouble()
        request.setHeader(b"content-type", b"application/json")  # type: ignore[no-untyped-call]
        request.setHeader(b"cache-control", b"no-store")  # type: ignore[no-untyped-call]
        if trouble:
            request.setResponseCode(UNAVAILABLE)
        return json.dumps({"ok": not trouble} | ({"trouble": trouble} if trouble else {})).encode() + b"\n"


class Healthz(_Page):
    """`/healthz`: the process answers, and its dispatcher was started."""

    def trouble(self) -> str:
        return "" if Service.running is not None else "the dispatcher is starting"


class Readyz(_Page):
    """`/readyz`: the dispatcher accepts submissions and records them."""

    def trouble(self) -> str:
        return "the dispatcher is starting" if Service.running is None else Service.running.trouble
