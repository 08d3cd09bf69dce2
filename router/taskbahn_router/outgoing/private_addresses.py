"""Which addresses a web hook may go to: those of the Internet, and no others, unless the node is configured so.

A caller of the node must not reach through it what only the node's machine can reach: other programs of that machine, its network,
the metadata of its cloud. What counts is the address to which the connection goes, not the name, which may mean another one a
moment later; so it is looked up once, checked, and connected to.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import Any

VARIABLE = "TASKBAHN_ALLOW_PRIVATE_WEBHOOKS"
YES = ("1", "true", "yes", "on")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Endpoint = tuple[int, Any]  # family, and what `connect` takes

# What `is_global` does not know, or knows in newer versions of Python only.
REFUSED = [
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "100.64.0.0/10", "168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "224.0.0.0/3",
        "::/96", "100::/64", "2001::/23", "fec0::/10", "ff00::/8", "3fff::/20", "5f00::/16",
    )
]  # fmt: skip
NAT64 = [ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48")]
SIX_TO_FOUR = ipaddress.ip_network("2002::/16")
IPV4_BITS, SIX_TO_FOUR_SHIFT = (1 << 32) - 1, 80


class PrivateAddress(Exception):
    """The address is not one of the Internet."""


def is_private(text: str) -> bool:
    """Return whether an address is not one of the Internet, or has such a one in it."""
    address: Address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif any(address in network for network in NAT64):
            address = ipaddress.IPv4Address(int(address) & IPV4_BITS)
        elif address in SIX_TO_FOUR:
            address = ipaddress.IPv4Address(int(address) >> SIX_TO_FOUR_SHIFT & IPV4_BITS)
    if not address.is_global or address.is_multicast or address.is_reserved:
        return True
    return any(address.version == network.version and address in network for network in REFUSED)


def allows_private() -> bool:
    """Return whether this node's web hooks may go to private addresses."""
    return os.environ.get(VARIABLE, "").strip().lower() in YES


def look_up(host: str, port: int, *, allow_private: bool) -> list[Endpoint]:
    """Return what a host's name means now.  Raises PrivateAddress if any of it is private and that is not allowed; OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    for *_, where in found:
        if not allow_private and is_private(str(where[0])):
            raise PrivateAddress(
                f"{host} is {where[0]}, which is no address of the Internet; if web hooks may go there, start the node with "
                f"--allow-private-webhooks, or with {VARIABLE}=1 in its environment"
            )
    return [(family, where) for family, _, _, _, where in found]
