"""Sets up the socket of each connection that this process accepts; knows Twisted, and not Crossbar.

Crossbar leaves Nagle on for RawSocket, which costs 40 ms where two small messages follow each other, and it asks for no keepalive.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet import tcp

from taskbahn.transport import sockets

LOOK_SECONDS = 0.05
LONGEST_SECONDS = 60.0  # a node on a Unix socket opens no port


class Accepted(tcp.Server):
    """A connection that this process accepted."""

    def __init__(self, sock: socket.socket, *rest: Any) -> None:
        super().__init__(sock, *rest)
        sockets.set_up(sock)


def set_up_accepted(reactor: Any, until: float | None = None) -> None:
    """Have every socket that is accepted set up. Waits for the first listening port: Crossbar opens it later, if at all.

    until: when it waits no more, of the reactor's seconds.
    """
    readers = reactor.getReaders()
    ports: list[Any] = [reader for reader in readers if isinstance(reader, tcp.Port) and reader.addressFamily != socket.AF_UNIX]
    for port in ports:
        port.transport = Accepted
    until = reactor.seconds() + LONGEST_SECONDS if until is None else until
    if not ports and reactor.seconds() < until:
        reactor.callLater(LOOK_SECONDS, set_up_accepted, reactor, until)
    for reader in readers:
        if isinstance(reader, tcp.Server) and reader.connected:  # connections that came before this look
            sockets.set_up(reader.socket)
