"""What a proxy says of the client behind it: believed of the proxies alone that the operator has named.

`X-Forwarded-For` grows from left to right: each proxy appends the address that connected to it. So the right-most entries are those of
the named proxies, and what is left of the first address that is none of them may be anything that the client made up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

IP = IPv4Address | IPv6Address

UNIX = "unix"  # in the place of an address: every process that may open the node's socket
MOST_ENTRIES = 64  # of X-Forwarded-For that are looked at, from the right
SECURE = {"https": True, "wss": True, "http": False, "ws": False}  # Traefik says wss of a WebSocket
HOST = re.compile(r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?")
WITH_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?|(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5})")
DEFAULT_PORTS = {"https": 443, "http": 80}
MOST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Proxies:
    """The addresses that are believed; unix: also processes that come through the node's Unix socket."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    unix: bool = False

    @classmethod
    def of(cls, given: Iterable[str]) -> Proxies:
        """Return those of addresses, networks and `unix`, as `taskbahn up --behind-proxy` takes them."""
        found = list(given)
        return cls(tuple(ip_network(one) for one in found if one != UNIX), UNIX in found)

    def trusts(self, peer: IP | None) -> bool:
        """Return whether a peer is one of them; None: it has no address, as on a Unix socket."""
        if peer is None:
            return self.unix
        return any(peer in network for network in self.networks if network.version == peer.version)


class Public(NamedTuple):
    """A request as its client made it.   client: its address, None on a Unix socket.   host: with the port that is in it."""

    client: IP | None
    is_secure: bool
    host: str

    @property
    def origin(self) -> str:
        """The origin of pages at this address; empty where the host is none."""
        return origin_of(f"{'https' if self.is_secure else 'http'}://{self.host}")


def public(seen: Public, proxies: Proxies, client: Sequence[str], scheme: Sequence[str], host: Sequence[str]) -> Public:
    """Return the request as its client made it.

    seen: as the connection shows it.   client, scheme, host: the values of X-Forwarded-For, -Proto and -Host.
    """
    if not proxies.trusts(seen.client):
        return seen
    said = SECURE.get(_last(scheme).lower())
    given = _last(host)
    return Public(
        _client(seen.client, proxies, client),
        seen.is_secure if said is None else said,
        given if is_host(given) else seen.host,
    )


def address(text: str) -> IP | None:
    """Return an address in its one form; None for anything else, as a name or `unknown`."""
    found = WITH_PORT.fullmatch(text)
    try:
        made = ip_address(found[1] or found[2] if found else text)
    except ValueError:
        return None
    if isinstance(made, IPv6Address):
        return None if made.scope_id else made.ipv4_mapped or made
    return made


def is_host(text: str) -> bool:
    """Return whether a text is a host, perhaps with a port."""
    found = HOST.fullmatch(text)
    return found is not None and (found[1] is None or 0 < int(found[1]) <= MOST_PORT)


def origin_of(text: str) -> str:
    """Return an origin with its port and in small letters; empty for a text that is none."""
    try:
        parts = urlsplit(text)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
    except (ValueError, KeyError):
        return ""
    if not is_host(parts.netloc) or parts.path or parts.query or parts.fragment:
        return ""
    return f"{parts.scheme}://{parts.hostname}:{port}"


def _client(peer: IP | None, proxies: Proxies, values: Sequence[str]) -> IP | None:
    entries = [entry.strip(" \t") for value in values for entry in value.split(",")]
    for entry in reversed(entries[-MOST_ENTRIES:]):
        found = address(entry)
        if found is None:
            return peer
        peer = found
        if not proxies.trusts(peer):
            return peer
    return peer


def _last(values: Sequence[str]) -> str:
    """Return what the proxy next to the node has said."""
    return values[-1].rpartition(",")[2].strip(" \t") if values else ""
