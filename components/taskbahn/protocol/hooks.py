"""The rules of hooks, by which other services start jobs over HTTP. SDK and dispatcher check by them."""

from __future__ import annotations

import re
from typing import Any, Literal

from taskbahn.errors import InvalidOption
from taskbahn.protocol.outgoing import secret_variable

Scheme = Literal["github", "stripe", "slack", "standard", "hmac"]
Repeats = Literal["id", "body"]
MOST_BODY_BYTES = 1024 * 1024  # as the arguments of a job
MOST_PER_SECOND = 10_000.0
NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
HEADER = re.compile(r"[a-z0-9-]{1,100}")
RESERVED = ("authorization", "cookie", "host", "content-length", "content-type", "transfer-encoding", "connection")
DEFAULT_HEADER = "x-signature"
HEADERS, BODY = "headers.", "body."  # what the names in `where` may begin with


def check_hook(name: Any, scheme: Any, secret: Any, header: Any, per_second: Any) -> None:
    """Raise InvalidOption for a hook that cannot be."""
    if not isinstance(name, str) or not NAME.fullmatch(name) or name in (".", ".."):
        raise InvalidOption(
            f"the name of a hook is a part of its address, of 1 to 100 letters, digits and _ . -, not {name!r:.120}",
            option="name",
        )
    if not isinstance(secret, str) or not secret:
        raise InvalidOption(f"hook {name}: it needs secret='env:NAME': without one, all could start its jobs", option="secret")
    try:
        secret_variable(secret)
    except ValueError as error:
        raise InvalidOption(f"hook {name}: secret: {error}", option="secret") from None
    if scheme != "hmac" and header:
        raise InvalidOption(f"hook {name}: header = {header!r:.100}: the scheme {scheme} has its own headers", option="header")
    if header and (not isinstance(header, str) or not HEADER.fullmatch(header) or header in RESERVED):
        raise InvalidOption(
            f"hook {name}: header = {header!r:.100}: it is the header with the signature, in lower case, as in {DEFAULT_HEADER!r}",
            option="header",
        )
    if not 0 < per_second <= MOST_PER_SECOND:
        raise InvalidOption(
            f"hook {name}: per_second = {per_second:g}: it is above 0, at most {MOST_PER_SECOND:,.0f}", option="per_second"
        )
