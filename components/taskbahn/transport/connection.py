"""One WAMP connection that comes back by itself; client and worker are built on it.

Owns the socket, the handshake and the waiting between tries. Knows nothing of jobs. The address is a URL:
`ws://host:port/path`, `wss://…` (WebSocket) or `rs://host:port`, `rss://…` (RawSocket), both with MessagePack.
"""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from autobahn.twisted.rawsocket import WampRawSocketClientFactory
from autobahn.twisted.websocket import WampWebSocketClientFactory
from autobahn.wamp.serializer import MsgPackSerializer
from twisted.internet.defer import Deferred, ensureDeferred, succeed
from twisted.internet.endpoints import HostnameEndpoint, UNIXClientEndpoint
from twisted.internet.error import ConnectError
from twisted.logger import Logger

from taskbahn.access_errors import LimitExceeded
from taskbahn.protocol import messages
from taskbahn.transport.access import Access
from taskbahn.transport.address import UNIX, parse_address, shown_address
from taskbahn.transport.certificate import by_certificate
from taskbahn.transport.credentials import of_file, unlisted
from taskbahn.transport.refusals import closed_early
from taskbahn.transport.session import Session

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from taskbahn.transport.login import Login

NO_ACCESS = Access()

FIRST_DELAY_SECONDS = 0.1  # seconds
LONGEST_DELAY_SECONDS = 5.0
PING_SECONDS = 10.0


class Timer:
    """What autobahn wants of its timer, on the reactor of the connection."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def call_later(self, delay: float, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call *function* after *delay* seconds; the result has `cancel`."""
        return self._reactor.callLater(delay, function, *args, **kwargs)


class Connection:
    """Keeps a session to the router at *url*, with backoff and jitter between tries.

    on_open is awaited with each new `Session`; if it raises, the connection is closed and tried again.
    on_lost gets the reason, once for each session that had been opened; on_refused why a login failed, and what helps.
    """

    log = Logger("taskbahn.connection")

    def __init__(
        self,
        url: str,
        *,
        reactor: Any,
        on_open: Callable[[Session], Awaitable[None]],
        on_lost: Callable[[str], None] = lambda _: None,
        on_refused: Callable[[str], None] = lambda _: None,
        realm: str = messages.REALM,
        access: Access = NO_ACCESS,
    ) -> None:
        self.url = url
        self._access = access
        self.realm = realm
        self.session: Session | None = None
        self.last_failure = ""
        self.is_kept_out = (
            False  # what answers at the address is no router, or lets this client not in; `last_failure` says what helps
        )
        self._reactor = reactor
        self._on_open = on_open
        self._on_lost = on_lost
        self._on_refused = on_refused
        self._endpoint, self._factory = self._transport(url)
        self._of_address = None if access.login else of_file(url) or by_certificate(access, url) or unlisted(url)
        self._delay = FIRST_DELAY_SECONDS
        self._wanted = False
        self._retry: Any = None
        self._opening: Session | None = None
        self._first: list[Deferred[None]] = []
        self._stopped: list[Deferred[None]] = []
        self._attempt: Deferred[Any] | None = None
        # protocol of the newest connection, from the first byte on; a session comes after the handshake
        self._protocol: Any = None

    def _transport(self, url: str) -> tuple[Any, Any]:
        scheme, host, port = parse_address(url)
        is_local = scheme == UNIX
        kind: Any = partial(UNIXClientEndpoint, path=host) if is_local else partial(HostnameEndpoint, host=host, port=port)
        endpoint = kind(self._reactor)
        if scheme in ("wss", "rss"):
            from taskbahn.transport.tls import TlsEndpoint

            endpoint = TlsEndpoint(endpoint, host, self._reactor, self._access)
        if is_local or scheme in ("rs", "rss"):
            raw = WampRawSocketClientFactory(lambda: Session(self), serializer=MsgPackSerializer())
            return endpoint, raw
        web = WampWebSocketClientFactory(
            lambda: Session(self),
            url=url,
            headers=dict(self._access.headers),
            serializers=[MsgPackSerializer()],
            reactor=self._reactor,
        )
        web._batched_timer = Timer(self._reactor)  # noqa: SLF001 - autobahn's own always runs on the installed reactor
        web.setProtocolOptions(
            maxMessagePayloadSize=messages.MAX_MESSAGE,
            maxFramePayloadSize=messages.MAX_MESSAGE,
            autoPingInterval=PING_SECONDS,
            autoPingTimeout=PING_SECONDS,
            autoPingSize=12,
            openHandshakeTimeout=10,
            closeHandshakeTimeout=1,
            serverConnectionDropTimeout=0,  # Autobahn runs this timer on the installed reactor
            tcpNoDelay=True,
            utf8validateIncoming=False,
            perMessageCompressionOffers=[],
        )
        return endpoint, web

    def start(self) -> Deferred[None]:
        """Begin to connect; fires when the first session is open. Safe to call twice."""
        waiting: Deferred[None] = Deferred()
        if self.session is not None:
            return succeed(None)
        self._first.append(waiting)
        if not self._wanted:
            self._wanted = True
            self._connect()
        return waiting

    def stop(self) -> Deferred[None]:
        """Leave and stay away; fires when the connection is gone. Safe to call twice and before `start`."""
        self._wanted = False
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.cancel()
        session = self.attached
        if session is None:
            if self._protocol is not None:
                self._protocol.transport.abortConnection()
            return succeed(None)
        gone: Deferred[None] = Deferred()
        self._stopped.append(gone)
        if not session.is_attached():
            session.disconnect()
        elif not session._goodbye_sent:  # noqa: SLF001 - or it would be said twice, with a warning
            session.leave()
        return gone

    def drop(self) -> None:
        """Cut the connection without a word, as a broken network would; it comes back by itself."""
        session = self.attached
        if session is not None:
            session.cut()

    def _connect(self) -> None:
        self._retry = None
        self._attempt = self._endpoint.connect(self._factory)
        self._attempt.addCallbacks(self._connected, self._refused)

    def _connected(self, protocol: Any) -> None:
        """The socket is open. It may close before there is a session: a proxy whose router is away does that."""
        self._attempt = None
        self._protocol = protocol
        connection_lost = protocol.connectionLost

        def lost(reason: Any) -> None:
            connection_lost(reason)
            if self._protocol is protocol:
                self._protocol = None
                if self.session is None and self._opening is None:
                    if self._retry is None:  # or a session has said why
                        self.last_failure, self.is_kept_out = closed_early(reason, self.url, protocol)
                    self._again()

        protocol.connectionLost = lost
        if not self._wanted:
            protocol.transport.abortConnection()

    def _refused(self, failure: Any) -> None:
        self._attempt = None
        if not self._wanted:
            return
        if not failure.check(ConnectError):
            self.log.debug("connecting to {url} failed: {failure}", url=shown_address(self.url), failure=failure.value)
        self.last_failure, self.is_kept_out = str(failure.value), False
        self._again()

    def hurry(self, within: float) -> None:
        """Try again within this many seconds, if the next try was to come later."""
        if self._retry is None:
            return
        due = self._retry.getTime() - self._reactor.seconds()
        if due > within:
            self._retry.reset(within * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            self._delay = FIRST_DELAY_SECONDS

    def _again(self) -> None:
        if self._wanted and self._retry is None:
            self._retry = self._reactor.callLater(self._delay * random.uniform(0.5, 1.0), self._connect)  # noqa: S311 - no secret
            self._delay = min(LONGEST_DELAY_SECONDS, self._delay * 2)

    def joined(self, session: Session) -> None:
        """Take note: the session joined the realm."""
        self._opening = session
        opened: Deferred[None] = ensureDeferred(cast("Any", self._on_open(session)))
        opened.addCallbacks(lambda _: self._opened(session), lambda failure: self._not_opened(session, failure))

    @property
    def login(self) -> Login | None:
        """How it logs in; None: it does not."""
        return self._access.login or self._of_address

    @property
    def is_accepted(self) -> bool:
        """Whether something at the address has accepted the connection, though it may not speak yet."""
        return self._protocol is not None

    @property
    def attached(self) -> Session | None:
        """The session that is open, or about to be: who opens it may call over it already."""
        return self.session or self._opening

    def _opened(self, session: Session) -> None:
        if session is not self._opening:
            return
        self._opening = None
        self._delay = FIRST_DELAY_SECONDS
        self.session = session
        waiting, self._first = self._first, []
        for deferred in waiting:
            deferred.callback(None)

    def _not_opened(self, session: Session, failure: Any) -> None:
        self.log.debug("opening the session failed: {failure}", failure=failure)
        if session is not self._opening:  # the session was lost, and a new one may be on its way
            return
        self.last_failure = str(failure.value)
        if session.is_attached():
            session.leave()

    def lost(self, session: Session, reason: str) -> None:
        """Take note: the connection of the session is gone."""
        was_open = self.session is session
        self.session = None
        self._opening = None
        self.last_failure, self.is_kept_out = reason, session.refusal is not None or reason.startswith(LimitExceeded.uri)
        if was_open:
            self._on_lost(reason)
        elif session.refusal is not None:
            self.last_failure = session.refusal
            self._on_refused(session.refusal)
        gone, self._stopped = self._stopped, []
        for deferred in gone:
            deferred.callback(None)
        self._again()
