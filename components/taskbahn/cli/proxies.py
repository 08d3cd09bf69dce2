"""Addresses of proxies in front of a node, as `taskbahn up --behind-proxy` takes them."""

from __future__ import annotations

from ipaddress import IPv6Network, ip_network

import click

UNIX = "unix"
EXAMPLE = "write it as 127.0.0.1, 10.0.0.0/8, fd00::/8, or unix for all who may open --socket"


def whole_proxies(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Return addresses and networks in the one form that the router compares; a callback of an option."""
    try:
        return tuple(map(whole_proxy, value))
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


def whole_proxy(text: str) -> str:
    """Return a network as the router compares it; raises ValueError."""
    if text == UNIX:
        return text
    try:
        network = ip_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is no address and no network{_better(text)}; {EXAMPLE}") from None
    if network.prefixlen == 0:
        raise ValueError(f"{text!r} are all addresses there are, so each client would be believed; name the proxies")
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped is not None:
        raise ValueError(f"{text!r} is an address of IPv4 in the form of IPv6: write it as that of IPv4")
    if isinstance(network, IPv6Network) and network.network_address.scope_id:
        raise ValueError(f"{text!r} has a zone (%): leave it out")
    return str(network)


def check_proxies(proxies: tuple[str, ...], *, has_socket: bool, proxy_protocol: bool) -> None:
    """Raise `UsageError` where the options do not fit together."""
    if UNIX in proxies and not has_socket:
        raise click.UsageError("--behind-proxy unix are those who may open the node's socket: give that with --socket.")
    if proxies and has_socket and UNIX not in proxies:
        raise click.UsageError("A proxy that comes through --socket has no address: give --behind-proxy unix, too.")
    if proxy_protocol and not proxies:
        raise click.UsageError("--proxy-protocol is what proxies speak that are trusted: name them with --behind-proxy.")


def _better(text: str) -> str:
    """Return what may have been meant; empty if that cannot be guessed."""
    try:
        return f" (did you mean {ip_network(text, strict=False)}, or {text.partition('/')[0]}?)"
    except ValueError:
        return ""
