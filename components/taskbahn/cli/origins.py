"""Origins of pages that may connect to a node from a browser, as `taskbahn up --origin` takes them."""

from __future__ import annotations

from urllib.parse import urlsplit

import click

DEFAULT_PORTS = {"http": 80, "https": 443}
EXAMPLE = "write it as https://shop.example.org"


def whole_origins(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Return origins in the one form that the router compares; a callback of an option."""
    try:
        return tuple(map(whole_origin, value))
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


def whole_origin(text: str) -> str:
    """Return an origin with its port, as the router compares it; raises ValueError.

    A page with a path has the same origin as all others of its host, and `*` would be pages of everyone: both are refused.
    """
    if "*" in text:
        raise ValueError(f"{text!r} has a `*`: name each origin whose pages may connect; {EXAMPLE}")
    if not text.isprintable():  # urlsplit leaves some of these out
        raise ValueError(f"{text!r} is no origin; {EXAMPLE}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(f"{text!r} is no origin; {EXAMPLE}") from None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError(f"{text!r} is no origin; {EXAMPLE}")
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"{text!r} is more than an origin, which has no path; {EXAMPLE}")
    try:
        host = parts.hostname if ":" in parts.hostname else parts.hostname.encode("idna").decode()  # as browsers send it
    except UnicodeError:
        raise ValueError(f"{text!r} has no host of the internet; {EXAMPLE}") from None
    if any(not (sign.isalnum() or sign in ".:-_") for sign in host):
        raise ValueError(f"{text!r} has no host of the internet; {EXAMPLE}")
    return f"{parts.scheme}://{host}:{DEFAULT_PORTS[parts.scheme] if port is None else port}"
