"""HTTP requests as their clients made them, whatever proxy they came through, and answers that browsers handle with care.

Every request to the node's port goes through here before a page or a WebSocket gets it. Knows Twisted and Autobahn, and not Crossbar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from autobahn.twisted.resource import WebSocketResource
from twisted.web import server
from twisted.web.resource import Resource

from taskbahn_router.core.forwarding import Proxies, Public, address, origin_of, public
from taskbahn_router.crossbar_edge import own_cookies, page_origins
from taskbahn_router.crossbar_edge.bounded_requests import BoundedRequest
from taskbahn_router.crossbar_edge.client_connections import address_of, connection_under, ip_of
from taskbahn_router.crossbar_edge.visitors import visitor_under

if TYPE_CHECKING:
    from taskbahn_router.crossbar_edge.visitors import Visitors

ALWAYS = {
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",  # pages have theirs
    b"cross-origin-opener-policy": b"same-origin",
    b"permissions-policy": b"camera=(), display-capture=(), geolocation=(), microphone=(), midi=(), payment=(), usb=()",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
}
HSTS = b"max-age=31536000"  # a year, in seconds
OK, FORBIDDEN, NOT_ALLOWED, UPGRADE_REQUIRED = 200, 403, 405, 426
UPGRADE = b"This is the address of a WebSocket.\n"


class PublicRequest(BoundedRequest):
    """A request."""

    proxies: ClassVar[Proxies] = Proxies()
    visitors: ClassVar[Visitors | None] = None
    refusals: ClassVar[page_origins.Refusals] = page_origins.Refusals()
    public: Public
    _visitor: Any = None  # the connection, from the last of its headers to the end of its answer

    def gotLength(self, length: int | None) -> None:  # noqa: N802 - Twisted's name
        """Begin with the body, if there is one: the headers are here."""
        if self.visitors is not None:
            channel: Any = self.channel
            self._visitor = visitor_under(getattr(channel, "_conn", channel).transport)  # of HTTP/2 the channel is a stream
            self.visitors.asked(self._visitor)
        super().gotLength(length)

    def process(self) -> None:
        """Find out who asks for what, and prepare the answer."""
        self.public = self._public()
        self._take_over()
        for name, value in ALWAYS.items():
            self.setHeader(name, value)  # type: ignore[no-untyped-call]
        if self.public.is_secure and remembers(self.public.host):
            self.setHeader(b"strict-transport-security", HSTS)  # type: ignore[no-untyped-call]
        super().process()  # type: ignore[no-untyped-call]

    def finish(self) -> None:
        """The answer is over."""
        super().finish()  # type: ignore[no-untyped-call]
        self._answered()

    def connectionLost(self, reason: Any) -> None:
        """The client has gone."""
        super().connectionLost(reason)
        self._answered()

    def _answered(self) -> None:
        visitor, self._visitor = self._visitor, None
        if visitor is not None and self.visitors is not None:
            self.visitors.answered(visitor)

    def isSecure(self) -> bool:  # noqa: N802 - Twisted's name
        """Return whether the client uses TLS."""
        return self.public.is_secure

    def render(self, resrc: Any) -> None:
        """Hand the request to a page, or to a WebSocket if it asks for one."""
        self.setHeader(b"server", b"Taskbahn")  # type: ignore[no-untyped-call]  # Twisted's own names versions
        if not isinstance(resrc, WebSocketResource):
            if self._lacks_method(resrc):
                return
            super().render(resrc)  # type: ignore[no-untyped-call]
            return
        if "websocket" not in (self.getHeader("upgrade") or "").lower():
            self._want_upgrade(resrc)
            return
        if not self._admits_page(resrc):
            return
        if self.visitors is not None:
            self.visitors.upgraded(self._visitor)
            self.visitors.named(self._visitor, None if self.public.client is None else str(self.public.client))
            self._visitor = None
        connection = connection_under(self.channel.transport)
        if connection is not None:
            connection.client = self.client
        super().render(resrc)  # type: ignore[no-untyped-call]

    def _lacks_method(self, page: Any) -> bool:
        """Answer a request of a method that a page does not have: Twisted says that the server lacks it, with a 501."""
        method = self.method.decode("latin-1")
        if getattr(type(page), "render", None) is not Resource.render or hasattr(page, f"render_{method}"):
            return False
        allowed = sorted(name.removeprefix("render_") for name in dir(page) if name.startswith("render_"))
        self.setResponseCode(NOT_ALLOWED)
        self.setHeader(b"allow", ", ".join(allowed).encode())  # type: ignore[no-untyped-call]
        self.setHeader(b"content-length", b"0")  # type: ignore[no-untyped-call]
        self.finish()
        return True

    def _public(self) -> Public:
        values = {name: self._values(name) for name in (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host")}
        hosts = self._values(b"host")
        seen = Public(ip_of(self.client), super().isSecure(), hosts[0] if len(hosts) == 1 else "")  # type: ignore[no-untyped-call]
        return public(seen, self.proxies, *values.values())

    def _values(self, name: bytes) -> list[str]:
        return [value.decode("latin-1") for value in self.requestHeaders.getRawHeaders(name, [])]

    def _take_over(self) -> None:
        """Have all that asks this request for its client and its host get the public ones, and for cookies those that are to be trusted."""
        found = self.public
        if found.client is not None and found.client != ip_of(self.client):
            self.client = address_of(found.client)
        if found.host and self._values(b"host") != [found.host]:
            self.requestHeaders.setRawHeaders(b"host", [found.host.encode("latin-1")])
        if found.is_secure and (cookies := self._values(b"cookie")):
            self.requestHeaders.setRawHeaders(b"cookie", [own_cookies.inside("; ".join(cookies)).encode("latin-1")])

    def _admits_page(self, websocket: Any) -> bool:
        """Return whether the page that asks may connect; answer it, if not. Programs that are no browsers name no origin.

        Autobahn knows lists of origins alone, so that of a page of this very address is left out.
        """
        origins = self._values(b"origin")
        if len(origins) != 1:
            return True
        if page_origins.is_own(self.public, origins[0]):
            self.requestHeaders.removeHeader(b"origin")
        elif not page_origins.is_given(websocket._factory, origins[0]):  # noqa: SLF001 - Autobahn has no public way to it
            self.refusals.add(origin_of(origins[0]))
            self._answer(FORBIDDEN, page_origins.REFUSED)
            return False
        return True

    def _want_upgrade(self, websocket: Any) -> None:
        """Answer a request that asks for no WebSocket: Autobahn would send any visitor to the address that a link names.

        A page asks so whether its origin may connect: browsers do not say why they get no WebSocket.
        """
        if origin := page_origins.asked_for(self.args):
            is_taken = page_origins.is_own(self.public, origin) or page_origins.is_given(websocket._factory, origin)  # noqa: SLF001
            self.setHeader(b"cache-control", b"no-store")  # type: ignore[no-untyped-call]
            self._answer(OK, b'{"taken": true}\n' if is_taken else b'{"taken": false}\n', b"application/json")
            return
        self.setHeader(b"upgrade", b"websocket")  # type: ignore[no-untyped-call]
        self._answer(UPGRADE_REQUIRED, UPGRADE)

    def _answer(self, code: int, text: bytes, kind: bytes = b"text/plain; charset=utf-8") -> None:
        self.setResponseCode(code)
        self.setHeader(b"content-type", kind)  # type: ignore[no-untyped-call]
        self.setHeader(b"content-length", str(len(text)).encode())  # type: ignore[no-untyped-call]
        self.write(text)  # type: ignore[no-untyped-call]
        self.finish()


def remembers(host: str) -> bool:
    """Return whether a browser may be asked to use TLS alone from now on: not for this machine, where other programs have ports."""
    name = host.rpartition(":")[0] if ":" in host else host
    return bool(name) and address(name.strip("[]")) is None and name != "localhost" and not name.endswith(".localhost")


def set_up_requests(proxies: Proxies, visitors: Visitors | None = None) -> None:
    """Have the web servers take such requests that this process makes from now on."""
    PublicRequest.proxies, PublicRequest.visitors = proxies, visitors
    server.Site.requestFactory = PublicRequest
