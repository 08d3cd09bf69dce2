"""ID tokens: signed by the provider, for this node, for this login, and now; or refused.

Only algorithms of public keys are taken, so neither `none` nor a key that is public as the secret of an HMAC. Which key signed is said by
the token's `kid`, and which algorithm by the key's own kind as well.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

import jwt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from taskbahn_router.company.settings import Settings

FAMILIES = {"RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "EC": ("ES256", "ES384", "ES512"), "OKP": ("EdDSA",)}
ALGORITHMS = tuple(name for names in FAMILIES.values() for name in names)
LEEWAY_SECONDS = 60  # that the clocks of node and provider may differ
MAX_TOKEN = 64 * 1024  # characters
NEEDED = ("iss", "sub", "aud", "exp", "iat")
MAX_SUBJECT = 255  # characters, as the specification says


class Refused(Exception):
    """Why a login is refused: for the operator."""


class UnknownKey(Refused):
    """The token was signed by a key that the provider may have since a moment ago."""


def claims_of(token: object, keys: Sequence[Mapping[str, Any]], settings: Settings, nonce: str) -> dict[str, Any]:
    """Return the claims of an ID token.   keys: the provider's, as JWKs.  Raises Refused."""
    if not isinstance(token, str) or len(token) > MAX_TOKEN:
        raise Refused("the provider gave no ID token")
    try:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS:
            raise Refused(f"the ID token is signed by {algorithm!r:.40}, which is no algorithm of public keys")
        claims: dict[str, Any] = jwt.decode(
            token, key_for(keys, header, algorithm), algorithms=[algorithm], audience=settings.client_id, issuer=settings.issuer,
            leeway=LEEWAY_SECONDS, options={"require": list(NEEDED)},
        )  # fmt: skip
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
        raise Refused(f"the ID token is refused: {error}") from error
    _check_person(claims, settings, nonce)
    return claims


def key_for(keys: Sequence[Mapping[str, Any]], header: Mapping[str, Any], algorithm: str) -> jwt.PyJWK:
    """Return the key that a header names, for an algorithm of public keys.  Raises UnknownKey and Refused."""
    kid = header.get("kid")
    usable = [key for key in keys if algorithm in FAMILIES.get(str(key.get("kty")), ()) and key.get("use", "sig") == "sig"]
    found = [key for key in usable if key.get("kid") == kid] if kid is not None else usable
    if len(found) != 1:
        raise UnknownKey(f"the provider has {len(found) or 'no'} key {kid!r:.100} for {algorithm}")
    if found[0].get("alg", algorithm) != algorithm:
        raise Refused(f"the key {kid!r:.100} of the provider is not for {algorithm}")
    return jwt.PyJWK(dict(found[0]), algorithm)


def _check_person(claims: Mapping[str, Any], settings: Settings, nonce: str) -> None:
    shown = claims.get("nonce")
    if not isinstance(shown, str) or not hmac.compare_digest(shown.encode(), nonce.encode()):
        raise Refused("the ID token is of another login: its nonce is not the one of this one")
    audience = claims["aud"]
    party = claims.get("azp")
    if (isinstance(audience, list) and len(audience) > 1 and party is None) or party not in (None, settings.client_id):
        raise Refused("the ID token is for another client of the provider, too")
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT:
        raise Refused("the provider says of no person that it speaks of")
