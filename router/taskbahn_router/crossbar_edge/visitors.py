"""Connections of which no session has logged in yet: how long they may take, how much they may send, and how many there may be.

A connection visits from its first moment on, until a session joins on it, and again after that has left. Meanwhile

- it has `LOGIN_SECONDS` for its first request or session, and `IDLE_SECONDS` for each further request;
- it sends `MAX_BYTES` at most, but for the bodies of HTTP requests, which `bounded_requests` bounds;
- of one address there are `MAX_OF_AN_ADDRESS` at once, and `MAX_VISITORS` of all, on a node with login. Is there no room, one goes that
  has done nothing for a while; else the new one does;
- what it sends raises nothing: a request that Crossbar or Twisted cannot read ends the connection, and costs no traceback.

Of connections with a session nothing here takes any time. Knows Twisted, and Crossbar's router by two of its methods.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from twisted.internet import main, tcp
from twisted.logger import Logger
from twisted.protocols.policies import ProtocolWrapper
from twisted.protocols.tls import TLSMemoryBIOProtocol

from taskbahn_router.access.throttle import network_of
from taskbahn_router.core.forwarding import address
from taskbahn_router.crossbar_edge import stranger_lines
from taskbahn_router.crossbar_edge.stranger_lines import SPEAKS_TLS, TLS_HELLO, Stranger

if TYPE_CHECKING:
    from taskbahn_router.core.forwarding import Proxies

LOGIN_SECONDS = 20.0
IDLE_SECONDS = 75.0  # browsers keep a connection for their next request
STALE_SECONDS = 2.0  # a visitor that has done nothing for so long makes room for others
LOOK_SECONDS = 0.5
MAX_BYTES = 128 * 1024
MAX_OF_AN_ADDRESS = 500
MAX_VISITORS = 20_000
WARN_SECONDS = 60.0


class Visit:
    """What a connection has done so far.   left: bytes that it may send; None: these are not counted.   stranger: what the log has of it."""

    __slots__ = ("at", "deadline", "has_sent", "left", "network", "requests", "stranger")

    left: int | None

    def __init__(self, now: float, network: str, peer: str) -> None:
        self.network = network
        self.stranger = Stranger(peer)
        self.has_sent = False
        self.requests = 0  # that are not answered yet
        self.begin(now, LOGIN_SECONDS)

    def begin(self, now: float, seconds: float) -> None:
        """Give it some time."""
        self.at, self.deadline, self.left = now, now + seconds, MAX_BYTES


class Visitors:
    """Knows them all.   has_login: whether their number is bounded.   proxies: what comes from these counts as no one's."""

    log = Logger("taskbahn.visitors")

    def __init__(self, reactor: Any, proxies: Proxies, *, has_login: bool) -> None:
        self._reactor = reactor
        self._proxies = proxies
        self._has_login = has_login
        self._visits: dict[Any, Visit] = {}  # by connection, that which came first at the beginning
        self._by_network: dict[str, dict[Any, None]] = {}
        self._unseen: WeakSet[Any] = WeakSet()  # connections with a session of which nothing was said here
        self._timer: Any = None
        self._warned_at = -math.inf
        self.refused = 0  # since the start
        self.ended = 0

    def start(self) -> None:
        """Begin to look for those whose time is over; safe twice."""
        if self._timer is None:
            self._timer = self._reactor.callLater(LOOK_SECONDS, self._look)

    def stop(self) -> None:
        """Look no more; safe twice."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def follow(self, router: Any) -> None:
        """Note the sessions of a realm's router from now on, as they come and go."""
        attach, detach = router.attach, router.detach

        def attached(session: Any) -> Any:
            self.settled(visitor_under(session._transport))  # noqa: SLF001 - Crossbar's sessions have no public one
            return attach(session)

        def detached(session: Any = None) -> Any:
            if session is not None:
                self.came_back(visitor_under(session._transport))  # noqa: SLF001
            return detach(session)

        router.attach, router.detach = attached, detached

    def __len__(self) -> int:
        return len(self._visits)

    # what connections do

    def arrived(self, connection: Any) -> None:
        """Take note of a new one."""
        host = getattr(connection.getPeer(), "host", None)
        is_proxy = self._proxies.trusts(address(host or ""))
        self._visits[connection] = Visit(self._reactor.seconds(), "", host or "the socket")
        connection._dataReceived = lambda data: self._received(connection, data)  # noqa: SLF001 - deleted when a session has joined
        if not is_proxy:
            self._count(connection, network_of(host))
        if self._has_login and len(self._visits) > MAX_VISITORS:
            self._make_room(self._visits, connection, "all addresses")

    def named(self, connection: Any, client: str | None) -> None:
        """Take note: a proxy has said whose a connection is."""
        visit = self._visits.get(connection)
        if visit is not None and not visit.network:
            visit.stranger.peer = client or visit.stranger.peer
            self._count(connection, network_of(client))

    def asked(self, connection: Any) -> None:
        """Take note: the headers of an HTTP request are here. Until it is answered its connection has time."""
        visit = self._visits.get(connection)
        if visit is not None:
            visit.requests += 1
            visit.deadline, visit.left = math.inf, None

    def answered(self, connection: Any) -> None:
        """Take note: an HTTP request is over."""
        visit = self._visits.get(connection)
        if visit is not None:
            visit.requests -= 1
            if visit.requests <= 0:
                visit.begin(self._reactor.seconds(), IDLE_SECONDS)

    def upgraded(self, connection: Any) -> None:
        """Take note: an HTTP request asks for a WebSocket."""
        visit = self._visits.get(connection)
        if visit is not None:
            visit.requests = 0
            visit.begin(self._reactor.seconds(), LOGIN_SECONDS)

    def settled(self, connection: Any) -> None:
        """Take note: a session has joined on it."""
        if connection is None:
            return
        if self._forget(connection):
            vars(connection).pop("_dataReceived", None)
            stranger_lines.end()
        else:
            self._unseen.add(connection)

    def came_before(self, connection: Any) -> None:
        """Take note of one that was accepted before its class was changed to one that says so, and may have logged in since."""
        if connection not in self._unseen:
            self.came_back(connection)

    def came_back(self, connection: Any) -> None:
        """Take note: the session has left, and another one may come on its connection."""
        if connection is None:
            return
        self._unseen.discard(connection)
        if connection.connected and connection not in self._visits:
            self.arrived(connection)

    def gone(self, connection: Any) -> None:
        """Take note: it is closed."""
        if self._forget(connection):
            vars(connection).pop("_dataReceived", None)

    # bounds

    def _received(self, connection: Any, data: bytes | None) -> Any:
        visit = self._visits.get(connection)
        if not data or visit is None:
            return tcp.Connection._dataReceived(connection, data)  # noqa: SLF001
        if visit.left is not None:
            visit.left -= len(data)
            if visit.left < 0:
                self._end(connection, f"it has sent more than {MAX_BYTES // 1024} KiB and has not logged in")
                return main.CONNECTION_LOST
        if data.startswith(TLS_HELLO) and not visit.has_sent and not speaks_tls(connection):
            self._end(connection, SPEAKS_TLS)
            return main.CONNECTION_LOST
        visit.has_sent = True
        stranger_lines.begin(visit.stranger)
        try:
            return tcp.Connection._dataReceived(connection, data)  # noqa: SLF001
        except Exception as error:  # noqa: BLE001 - what a stranger sends must not fill the log
            self._end(connection, f"what it sent cannot be read ({type(error).__name__})")
            return main.CONNECTION_LOST
        finally:
            stranger_lines.end()

    def _look(self) -> None:
        self._timer = self._reactor.callLater(LOOK_SECONDS, self._look)
        now = self._reactor.seconds()
        for connection in [connection for connection, visit in self._visits.items() if visit.deadline <= now]:
            self._end(connection, "its time to log in, or to ask for something, is over")

    def _count(self, connection: Any, network: str) -> None:
        """Count a connection among those of its network; that of a Unix socket has none."""
        if not network:
            return
        self._visits[connection].network = network
        others = self._by_network.setdefault(network, {})
        others[connection] = None
        if self._has_login and len(others) > MAX_OF_AN_ADDRESS:
            self._make_room(others, connection, network)

    def _make_room(self, among: dict[Any, Any], newest: Any, where: str) -> None:
        first = next(iter(among))
        visit = self._visits[first]
        is_stale = not visit.requests and self._reactor.seconds() - visit.at > STALE_SECONDS
        self.refused += 1
        now = self._reactor.seconds()
        if now - self._warned_at > WARN_SECONDS:
            self._warned_at = now
            self.log.warn(
                "{number} connections of {where} have not logged in; each further one is refused, or ends the one that waits longest",
                number=len(among) - 1,
                where=where,
            )
        ended = first if is_stale else newest
        self._forget(ended)
        self._reactor.callLater(0, self._close, ended, "there are too many")

    def _end(self, connection: Any, why: str) -> None:
        visit = self._forget(connection)
        if visit is not None:
            self._close(connection, why, has_line=visit.stranger.has_line)

    def _close(self, connection: Any, why: str, *, has_line: bool = False) -> None:
        self.ended += 1
        if not has_line:
            self.log.info(
                "a connection of {peer} is closed: {why}", peer=getattr(connection.getPeer(), "host", "the socket"), why=why
            )
        connection.abortConnection()

    def _forget(self, connection: Any) -> Visit | None:
        visit = self._visits.pop(connection, None)
        if visit is None:
            return None
        others = self._by_network.get(visit.network)
        if others is not None:
            others.pop(connection, None)
            if not others:
                del self._by_network[visit.network]
        return visit


def speaks_tls(connection: Any) -> bool:
    """Return whether an accepted connection is to speak TLS."""
    protocol = connection.protocol
    while isinstance(protocol, ProtocolWrapper):
        if isinstance(protocol, TLSMemoryBIOProtocol):
            return True
        protocol = protocol.wrappedProtocol
    return False


def visitor_under(transport: Any) -> Any:
    """Return the accepted connection on which a transport is; None for a session inside the router."""
    while transport is not None and not isinstance(transport, tcp.Server):  # the protocol, TLS and a proxy's header wrap it
        transport = getattr(transport, "transport", None)
    return transport
