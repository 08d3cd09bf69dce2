"""Sets up each connection that this process accepts: its socket, and its visit (`visitors`). Knows Twisted, and not Crossbar.

Crossbar leaves Nagle on for RawSocket, which costs 40 ms where two small messages follow each other, and it asks for no keepalive.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from twisted.internet import tcp, unix

from taskbahn.transport import sockets

if TYPE_CHECKING:
    from taskbahn_router.crossbar_edge.visitors import Visitors

LOOK_SECONDS = 0.05
LONGEST_SECONDS = 60.0  # a node on a Unix socket opens no port


class Accepted(tcp.Server):
    """A connection that this process accepted."""

    visitors: Visitors | None = None

    def __init__(self, sock: socket.socket, *rest: Any) -> None:
        super().__init__(sock, *rest)
        sockets.set_up(sock)
        if self.visitors is not None:
            self.visitors.arrived(self)

    def connectionLost(self, reason: Any) -> None:
        """It is closed."""
        if self.visitors is not None:
            self.visitors.gone(self)
        super().connectionLost(reason)


class AcceptedByUnix(unix.Server):
    """A connection that this process accepted on a Unix socket."""

    visitors: Visitors | None = None

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)  # type: ignore[no-untyped-call]
        if self.visitors is not None:
            self.visitors.arrived(self)

    def connectionLost(self, reason: Any) -> None:
        """It is closed."""
        if self.visitors is not None:
            self.visitors.gone(self)
        super().connectionLost(reason)


def set_up_accepted(reactor: Any, until: float | None = None) -> None:
    """Have every connection that is accepted set up. Waits for the first listening port: Crossbar opens it later, if at all.

    until: when it waits no more, of the reactor's seconds.
    """
    readers = reactor.getReaders()
    ports: list[Any] = [reader for reader in readers if isinstance(reader, tcp.Port)]
    for port in ports:
        port.transport = AcceptedByUnix if port.addressFamily == socket.AF_UNIX else Accepted
    has_port = any(port.addressFamily != socket.AF_UNIX for port in ports)
    until = reactor.seconds() + LONGEST_SECONDS if until is None else until
    if not has_port and reactor.seconds() < until:
        reactor.callLater(LOOK_SECONDS, set_up_accepted, reactor, until)
    for reader in readers:
        if isinstance(reader, tcp.Server) and reader.connected:  # connections that came before this look
            sockets.set_up(reader.socket)
            if Accepted.visitors is not None:
                Accepted.visitors.came_before(reader)


def set_up_visitors(visitors: Visitors) -> None:
    """Have the connections visit that are accepted from now on, also at ports that are opened later: from their first one on."""
    Accepted.visitors = AcceptedByUnix.visitors = visitors
    ports: list[Any] = [tcp.Port, unix.Port]
    for port, accepted in zip(ports, (Accepted, AcceptedByUnix), strict=True):
        port.transport = accepted
