"""The endpoint of a node whose port is more than a plain one: `taskbahn:port=8443:interface=127.0.0.1:tls_cert=…`.

Twisted's way to add endpoints is a plugin: `node/endpoints` has it, and `launcher.configuration` puts that folder onto the path of the
router. Crossbar's own TLS endpoint speaks TLS 1.3 alone, takes no chain in the file of the certificate and no IPv6, and never reads a
renewed certificate.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.internet.endpoints import TCP4ServerEndpoint, TCP6ServerEndpoint, UNIXServerEndpoint
from twisted.internet.interfaces import IStreamServerEndpoint, IStreamServerEndpointStringParser
from twisted.plugin import IPlugin
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from taskbahn_router.core.forwarding import Proxies
from taskbahn_router.crossbar_edge.client_connections import ClientConnections
from taskbahn_router.crossbar_edge.renewed_tls import BoundedHandshake, RenewedTls
from taskbahn_router.node.certificate import CertificateFiles
from taskbahn_router.node.unix_socket import MODE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twisted.internet.defer import Deferred


@implementer(IPlugin, IStreamServerEndpointStringParser)
class DoorParser:
    """Makes a `Door` of its words in a configuration."""

    prefix = "taskbahn"

    def parseStreamServer(self, reactor: Any, **words: str) -> Door:  # noqa: N802 - Twisted's name
        """Return the endpoint; `node.door.endpoint` writes the words."""
        inner = _inner(reactor, words)
        clients = Path(words["tls_client_ca"]) if "tls_client_ca" in words else None
        files = None
        if "tls_cert" in words:
            is_optional = "tls_client_optional" in words
            files = CertificateFiles(Path(words["tls_cert"]), Path(words["tls_key"]), clients, is_optional=is_optional)
        proxies = Proxies.of(words["behind_proxy"].split(",")) if "behind_proxy" in words else None
        return Door(reactor, inner, files, proxies, is_to_say_clients="proxy_protocol" in words)


def _inner(reactor: Any, words: Mapping[str, str]) -> Any:
    backlog = int(words["backlog"])
    if "socket" in words:
        return UNIXServerEndpoint(reactor, words["socket"], backlog, int(MODE, 8), wantPID=0)  # type: ignore[no-untyped-call]
    kind = TCP6ServerEndpoint if ":" in words["interface"] else TCP4ServerEndpoint
    return kind(reactor, int(words["port"]), backlog, words["interface"])


@implementer(IStreamServerEndpoint)
class Door:
    """Listens on an endpoint: with TLS if there are files of a certificate, and with connections that know their clients if there are
    proxies.
    """

    def __init__(
        self, reactor: Any, inner: Any, files: CertificateFiles | None, proxies: Proxies | None, *, is_to_say_clients: bool
    ) -> None:
        self._reactor = reactor
        self._inner = inner
        self._proxies = proxies
        self._is_to_say_clients = is_to_say_clients
        self._tls = None if files is None else RenewedTls(files)

    def listen(self, factory: Any) -> Deferred[Any]:
        """Listen; the result is the port."""
        if self._tls is not None:
            tls: Any = self._tls  # zope's way to say what it implements is none of the type checker's
            factory = TLSMemoryBIOFactory(tls, False, factory, clock=self._reactor)
            factory.protocol = BoundedHandshake
        if self._proxies is not None:
            factory = ClientConnections(factory, self._reactor, self._proxies, is_to_say_clients=self._is_to_say_clients)
        listening: Deferred[Any] = self._inner.listen(factory)
        return listening
