"""Whether an issuer has signed a token, and for this node. Only algorithms of public keys are taken, and only those of the issuer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt

from taskbahn_router.company.id_tokens import Refused, key_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from taskbahn_router.outside.issuers import Issuer

WRONG = (jwt.PyJWTError, ValueError, TypeError, KeyError, RecursionError, OverflowError)
UNREAD = {"verify_signature": False}
SIGNED = {f"verify_{name}": False for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}  # the rest is looked at here


def said_in(text: str) -> dict[str, Any]:
    """Return what a token says, signed or not; nothing: it cannot be read."""
    try:
        said = jwt.decode(text, options=UNREAD)  # type: ignore[arg-type]
    except WRONG:
        return {}
    return dict(said)


def signed_claims(text: str, issuer: Issuer, keys: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the claims of a token that one of the issuer's keys has signed.  Raises UnknownKey and Refused."""
    try:
        header = jwt.get_unverified_header(text)
        algorithm = header.get("alg")
        if algorithm not in issuer.algorithms:
            raise Refused(
                f"it is signed by {algorithm!r:.40}, which is not taken: the file of issuers has {', '.join(issuer.algorithms)}"
            )
        if "crit" in header:
            raise Refused("its header has something critical, which this node does not know")
        key = key_for(keys, header, algorithm)
        claims: dict[str, Any] = jwt.decode(text, key, algorithms=[algorithm], options=SIGNED)  # type: ignore[arg-type]
    except WRONG as error:
        raise Refused(f"{error!s:.200}") from error
    return claims
