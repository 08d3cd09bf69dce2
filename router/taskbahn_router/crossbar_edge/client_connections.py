"""Connections that know whose they are: a proxy in front of the node may say so, and then `getPeer` names the client.

It is said once for a connection, by the header of the PROXY protocol, which comes before all else, TLS too; or by the headers of the
request that opens a WebSocket (`public_requests`).
"""

from __future__ import annotations

from typing import Any

from twisted.protocols.policies import ProtocolWrapper, WrappingFactory


class ClientConnection(ProtocolWrapper):
    """A connection; client: the address of its client, as a trusted proxy has said."""

    client: Any = None

    def getPeer(self) -> Any:  # noqa: N802 - Twisted's name
        """Return the address of the client."""
        return self.client or super().getPeer()  # type: ignore[no-untyped-call]


class ClientConnections(WrappingFactory):
    """Makes them."""

    protocol = ClientConnection
    noisy = False

    def registerProtocol(self, p: Any) -> None:  # noqa: N802 - Twisted's name
        """Keep no list: nothing asks for it."""

    def unregisterProtocol(self, p: Any) -> None:  # noqa: N802
        """Likewise."""


def connection_under(transport: Any) -> ClientConnection | None:
    """Return the connection of a client on which a transport, as that of TLS, is."""
    while transport is not None and not isinstance(transport, ClientConnection):
        transport = getattr(transport, "transport", None)
    return transport
