"""Fetches the keys of an issuer. On a thread, for it may take seconds.

No redirect is followed, no answer read beyond its bound or its time. TLS proves who answers; without it only this machine is asked.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.request import Request, build_opener

from taskbahn_router.company.id_tokens import FAMILIES
from taskbahn_router.company.provider import MAX_ANSWER, WELL_KNOWN, NoRedirect, Unreachable, is_safe

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.outside.issuers import Issuer

TIMEOUT_SECONDS = 5.0  # for one answer, and for each step of it
STEP_BYTES = 65_536
MAX_KEYS = 100


def fetch_keys(issuer: Issuer, clock: Callable[[], float] = time.monotonic) -> list[dict[str, Any]]:
    """Return the keys that sign tokens of an issuer, as JWKs.  Raises Unreachable."""
    address: Any = issuer.jwks
    if not address:
        said = _read(issuer.issuer.rstrip("/") + WELL_KNOWN, clock)
        if said.get("issuer") != issuer.issuer:
            raise Unreachable(f"it calls itself {said.get('issuer')!r:.200}, and not {issuer.issuer}")
        address = said.get("jwks_uri")
        is_right = isinstance(address, str) and is_safe(address)
        if not is_right or (address.startswith("http:") and not issuer.issuer.startswith("http:")):
            raise Unreachable(f"the address of its keys, {address!r:.200}, is not https")
    keys = _read(address, clock).get("keys")
    if not isinstance(keys, list) or len(keys) > MAX_KEYS:
        raise Unreachable(f"{address}: it has no list of at most {MAX_KEYS} keys")
    return [key for key in keys if isinstance(key, dict) and str(key.get("kty")) in FAMILIES]


def _read(address: str, clock: Callable[[], float]) -> dict[str, Any]:
    """Return the JSON object at an address."""
    until = clock() + TIMEOUT_SECONDS
    request = Request(address, headers={"accept": "application/json"})  # noqa: S310 - checked by `is_safe`
    body = b""
    try:
        with build_opener(NoRedirect()).open(request, timeout=TIMEOUT_SECONDS) as answer:
            while len(body) <= MAX_ANSWER and (part := answer.read1(STEP_BYTES)):
                body += part
                if clock() > until:
                    raise Unreachable(f"{address}: its answer takes longer than {TIMEOUT_SECONDS:.0f} s")
        said = json.loads(body) if len(body) <= MAX_ANSWER else None
    except (OSError, ValueError, RecursionError) as error:  # of these is urllib's HTTPError, too
        raise Unreachable(f"{address}: {error!s:.200}") from None
    if not isinstance(said, dict):
        raise Unreachable(f"{address}: what it answers is no JSON object, or too long")
    return said
