"""Asks the pages of an issuer of tokens: a provider of OpenID Connect, or whose keys sign. On a thread, for it may take seconds.

No redirect is followed, no answer read beyond its bound or its time. TLS proves who answers; without it only this machine is asked.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

if TYPE_CHECKING:
    from collections.abc import Callable

WELL_KNOWN = "/.well-known/openid-configuration"
MAX_ANSWER = 1024 * 1024  # bytes
STEP_BYTES = 65_536
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Unreachable(Exception):
    """The issuer does not answer, or not as it should: for the operator.   status: of an answer that is an error."""

    def __init__(self, sentence: str, status: int = 0) -> None:
        super().__init__(sentence)
        self.status = status


class NoRedirect(HTTPRedirectHandler):
    """Follows none: what is asked for is where the operator or the issuer says."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def discover(issuer: str, seconds: float, clock: Callable[[], float] = time.monotonic) -> dict[str, Any]:
    """Return what an issuer says of itself (OpenID Connect Discovery 1.0, section 4).  Raises Unreachable."""
    said = read_object(Request(issuer.rstrip("/") + WELL_KNOWN), seconds, clock)  # noqa: S310 - the operator's own address
    if said.get("issuer") != issuer:
        raise Unreachable(f"it calls itself {said.get('issuer')!r:.200}, and not {issuer}")
    return said


def page_of(said: dict[str, Any], name: str) -> str:
    """Return the address of a page in what an issuer says of itself; one of TLS has no pages without.  Raises Unreachable."""
    address, issuer = said.get(name), str(said.get("issuer"))
    if not isinstance(address, str) or not is_safe(address) or (address.startswith("http:") and not issuer.startswith("http:")):
        raise Unreachable(f"its {name}, {address!r:.200}, is not https")
    return address


def read_object(request: Request, seconds: float, clock: Callable[[], float] = time.monotonic) -> dict[str, Any]:
    """Return the JSON object that answers a request within some seconds.  Raises Unreachable."""
    address, until, body = request.full_url, clock() + seconds, b""
    request.add_header("accept", "application/json")
    try:
        with build_opener(NoRedirect()).open(request, timeout=seconds) as answer:
            while len(body) <= MAX_ANSWER and (part := answer.read1(STEP_BYTES)):
                body += part
                if clock() > until:
                    raise Unreachable(f"{address}: its answer takes longer than {seconds:.0f} s")
        said = json.loads(body) if len(body) <= MAX_ANSWER else None
    except HTTPError as error:
        error.close()
        raise Unreachable(f"{address}: it answers {error.code}", error.code) from None
    except (OSError, ValueError, RecursionError) as error:
        raise Unreachable(f"{address}: {error!s:.200}") from None
    if not isinstance(said, dict):
        raise Unreachable(f"{address}: what it answers is no JSON object, or too long")
    return said


def is_safe(address: str) -> bool:
    """Return whether an address is one of TLS, or of this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and parts.username is None and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))
