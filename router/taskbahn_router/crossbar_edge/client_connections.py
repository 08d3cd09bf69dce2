"""Connections that know whose they are: a trusted proxy in front of the node says so, and then `getPeer` names the client.

It is said once for a connection: by the header of the PROXY protocol, which comes before all else, TLS too; or by the headers of the
request that opens a WebSocket (`public_requests`). Knows Twisted, and not Crossbar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.logger import Logger
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory

from taskbahn_router.core.forwarding import address
from taskbahn_router.core.proxy_header import NoHeader, read

if TYPE_CHECKING:
    from taskbahn_router.core.forwarding import IP, Proxies

HEADER_SECONDS = 5.0  # that a proxy has for its header; it sends it at once


class ClientConnection(ProtocolWrapper):
    """A connection; client: the address of its client, as a trusted proxy has said."""

    log = Logger("taskbahn.proxy")
    client: Any = None
    factory: ClientConnections
    _first: bytes | None = None  # what came of the header; None: no header is to come, or it is over
    _timer: Any = None

    def makeConnection(self, transport: Any) -> None:  # noqa: N802 - Twisted's name
        """Begin; a proxy that speaks the PROXY protocol is to send its header first."""
        if self.factory.is_to_say_clients and self.factory.proxies.trusts(ip_of(transport.getPeer())):
            self._first = b""
            self._timer = self.factory.reactor.callLater(HEADER_SECONDS, self._refuse, "sent no header within 5 s")
        super().makeConnection(transport)  # type: ignore[no-untyped-call]

    def getPeer(self) -> Any:  # noqa: N802 - Twisted's name
        """Return the address of the client."""
        return self.client or super().getPeer()  # type: ignore[no-untyped-call]

    def dataReceived(self, data: bytes) -> None:
        """Take the header, and pass on all else."""
        if self._first is not None:
            self._first += data
            try:
                header = read(self._first)
            except NoHeader:
                self._refuse("sent something else")
                return
            if header is None:
                return
            self._stop_timer()
            data, self._first = self._first[header.length :], None
            if header.client is not None:
                self.client = address_of(*header.client)
        if data:
            super().dataReceived(data)  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Any) -> None:  # type: ignore[override]
        """It is over."""
        self._stop_timer()
        super().connectionLost(reason)  # type: ignore[no-untyped-call]

    def _refuse(self, why: str) -> None:
        self._stop_timer()
        self.log.warn(
            "the proxy at {peer} is to begin with a header of the PROXY protocol, and {why}: turn that on there, or leave out --proxy-protocol",
            peer=getattr(self.getPeer(), "host", "the socket"),
            why=why,
        )
        transport: Any = self.transport
        transport.abortConnection()

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()


class ClientConnections(WrappingFactory):
    """Makes them.   is_to_say_clients: proxies begin each connection with a header of the PROXY protocol."""

    protocol = ClientConnection
    noisy = False

    def __init__(self, factory: Any, reactor: Any, proxies: Proxies, *, is_to_say_clients: bool = False) -> None:
        super().__init__(factory)  # type: ignore[no-untyped-call]
        self.reactor = reactor
        self.proxies = proxies
        self.is_to_say_clients = is_to_say_clients


def connection_under(transport: Any) -> ClientConnection | None:
    """Return the connection of a client on which a transport, as that of TLS, is."""
    while transport is not None and not isinstance(transport, ClientConnection):
        transport = getattr(transport, "transport", None)
    return transport


def ip_of(peer: Any) -> IP | None:
    """Return the address of a peer; None on a Unix socket."""
    return address(str(getattr(peer, "host", "")))


def address_of(client: IP, port: int = 0) -> IPv4Address | IPv6Address:
    """Return an address in Twisted's form."""
    kind = IPv4Address if client.version == 4 else IPv6Address  # noqa: PLR2004
    return kind("TCP", str(client), port)
