"""Speaks TLS with the certificate that its files have now: a renewed one is for all connections that come after it.

Each handshake looks whether the files have changed, which takes two calls of the system. If what they have now cannot be used, the
certificate before it goes on, and the log says why, once for each change.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from OpenSSL import SSL
from twisted.internet.interfaces import IHandshakeListener, IOpenSSLServerConnectionCreator
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols.tls import BufferingTLSTransport
from zope.interface import alsoProvides, implementer

from taskbahn_router.crossbar_edge.peer_keys import PEER_KEYS
from taskbahn_router.node.failure import NodeFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.node.certificate import Certificate, CertificateFiles, Stamp

HANDSHAKE_SECONDS = 15.0  # that a client has for the handshake


def utc_now() -> dt.datetime:
    """Return the time."""
    return dt.datetime.now(dt.UTC)


@implementer(IOpenSSLServerConnectionCreator)
class RenewedTls:
    """Makes the server's side of TLS connections.  Raises NodeFailed if the files cannot be used at first."""

    log = Logger("taskbahn.tls")

    def __init__(self, files: CertificateFiles, now: Callable[[], dt.datetime] = utc_now) -> None:
        self._files = files
        self._now = now
        self._stamp: Stamp | None = self._look()
        self._certificate = files.load()
        self._context = self._certificate.context()
        self._warned: tuple[Certificate, dt.date] | None = None
        self._warn()

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:  # noqa: N802 - Twisted's name
        """Return the TLS of a new connection."""
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp = stamp
            self._renew()
        self._warn()
        return SSL.Connection(self._context, None)

    def _look(self) -> Stamp | None:
        try:
            return self._files.stamp()
        except OSError:  # a file is gone; loading it says what to do
            return None

    def _renew(self) -> None:
        try:
            renewed = self._files.load()
            context = renewed.context()
        except NodeFailed as error:
            self.log.error(  # noqa: TRY400 - the sentence says it all
                "the renewed certificate cannot be used, and the one before it goes on: {why}", why=error.message
            )
            return
        self._certificate, self._context = renewed, context
        self.log.info("a renewed certificate is used, valid until {end}", end=renewed.chain[0].not_valid_after_utc)

    def _warn(self) -> None:
        """Say once a day that the certificate will not do."""
        now = self._now()
        said = (self._certificate, now.date())
        if self._warned is not None and self._warned[0] is said[0] and self._warned[1] == said[1]:
            return
        self._warned = said
        if warning := self._certificate.warning(now):
            self.log.warn("{warning}", warning=warning)


class BoundedHandshake(BufferingTLSTransport):
    """The TLS of one connection; a client that does not get through the handshake in time is dropped."""

    _timer: Any = None
    _shown: bytes | None = None  # of the client's certificate

    def makeConnection(self, transport: Any) -> None:  # noqa: N802 - Twisted's name
        """Begin."""
        from twisted.internet import reactor as installed

        reactor: Any = installed
        self._timer = reactor.callLater(HANDSHAKE_SECONDS, transport.abortConnection)
        listener: Any = self.wrappedProtocol
        alsoProvides(listener, IHandshakeListener)
        listener.handshakeCompleted = self._handshaken
        super().makeConnection(transport)  # type: ignore[no-untyped-call]

    def _handshaken(self) -> None:
        """Take note: the handshake is over. What the client has sent with its end, as a login, is read after this."""
        self._stop_timer()
        certificate: Any = self.getPeerCertificate()  # type: ignore[no-untyped-call]
        if certificate is not None:
            self._shown = PEER_KEYS.shown(certificate)

    def connectionLost(self, reason: Any = connectionDone) -> None:
        """It is over."""
        self._stop_timer()
        shown, self._shown = self._shown, None
        if shown is not None:
            PEER_KEYS.gone(shown)
        super().connectionLost(reason)

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()
