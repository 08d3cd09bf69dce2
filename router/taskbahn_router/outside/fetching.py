"""Fetches the keys of an issuer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.request import Request

from taskbahn_router.company.id_tokens import FAMILIES
from taskbahn_router.issuer_pages import Unreachable, discover, page_of, read_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.outside.issuers import Issuer

TIMEOUT_SECONDS = 5.0  # for one answer, and for each step of it
MAX_KEYS = 100


def fetch_keys(issuer: Issuer, clock: Callable[[], float] = time.monotonic) -> list[dict[str, Any]]:
    """Return the keys that sign tokens of an issuer, as JWKs.  Raises Unreachable."""
    address = issuer.jwks or page_of(discover(issuer.issuer, TIMEOUT_SECONDS, clock), "jwks_uri")
    keys = read_object(Request(address), TIMEOUT_SECONDS, clock).get("keys")  # noqa: S310 - checked by `page_of`, or the operator's own
    if not isinstance(keys, list) or len(keys) > MAX_KEYS:
        raise Unreachable(f"{address}: it has no list of at most {MAX_KEYS} keys")
    return [key for key in keys if isinstance(key, dict) and str(key.get("kty")) in FAMILIES]
