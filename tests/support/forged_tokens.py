"""Tokens of an issuer, and what attackers and other programs show in their place."""

from __future__ import annotations

import base64
import hmac
import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from support.oidc_provider import Key

if TYPE_CHECKING:
    from collections.abc import Callable

LIVES_SECONDS = 600


class Issued(NamedTuple):
    """Makes tokens of an issuer."""

    issuer: str
    audience: str
    key: Key

    def claims(self, user: str, **more: Any) -> dict[str, Any]:
        now = int(time.time())
        times = {"iat": now, "exp": now + LIVES_SECONDS}
        said = {"iss": self.issuer, "aud": self.audience, "sub": user, **times, "groups": ["staff"], **more}
        return {name: value for name, value in said.items() if value is not None}

    def text(self, user: str, **more: Any) -> str:
        return self.key.sign(self.claims(user, **more))


def with_public_key(issued: Issued) -> str:
    """Return a token whose HMAC has the issuer's public key as its secret."""

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    key: Any = jwt.algorithms.RSAAlgorithm.from_jwk(issued.key.shown)
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = f"{part({'alg': 'HS256', 'kid': issued.key.kid})}.{part(issued.claims('eve'))}"
    return f"{text}.{base64.urlsafe_b64encode(hmac.digest(pem, text.encode(), 'sha256')).rstrip(b'=').decode()}"


def changed(issued: Issued) -> str:
    head, claims, signature = issued.text("eve").split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "==")) | {"sub": "ada"}
    return f"{head}.{base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b'=').decode()}.{signature}"


NOW = int(time.time())
FORGED: dict[str, tuple[Callable[[Issued], str], str]] = {
    "unsigned": (lambda issued: jwt.encode(issued.claims("eve"), "", "none", {"kid": issued.key.kid}), "is not taken"),
    "the public key as a secret": (with_public_key, "'HS256', which is not taken"),
    "another key under the same name": (
        lambda issued: Key("RS256", issued.key.kid).sign(issued.claims("eve")), "Signature verification failed",
    ),
    "a key of another kind": (lambda issued: Key("ES256", issued.key.kid).sign(issued.claims("eve")), "no such key has the issuer"),
    "a made-up key": (lambda issued: Key("RS256", "made-up").sign(issued.claims("eve")), "no such key has the issuer"),
    "changed": (changed, "Signature verification failed"),
    "critical": (
        lambda issued: jwt.encode(issued.claims("eve"), issued.key.private, "RS256", {"kid": issued.key.kid, "crit": ["x"]}),
        "no such signature",
    ),
    "foreign issuer": (lambda issued: issued.text("eve", iss="https://evil.example"), "no such issuer is in the file"),
    "the issuer with a slash": (lambda issued: issued.text("eve", iss=f"{issued.issuer}/"), "no such issuer is in the file"),
    "wrong audience": (lambda issued: issued.text("eve", aud="https://other.example"), "for another audience"),
    "no audience": (lambda issued: issued.text("eve", aud=None), "for another audience"),
    "expired": (lambda issued: issued.text("eve", iat=NOW - 900, exp=NOW - 300), "has expired"),
    "not valid yet": (lambda issued: issued.text("eve", nbf=NOW + 3600), "not valid yet"),
    "issued later": (lambda issued: issued.text("eve", iat=NOW + 3600, exp=NOW + 7200), "not valid yet"),
    "without an end": (lambda issued: issued.text("eve", exp=None), "its exp is no time"),
    "too old for this node": (lambda issued: issued.text("eve", iat=NOW - 7200, exp=NOW + 86400 * 3650), "is older than 3,600 s"),
    "without its issue": (lambda issued: issued.text("eve", iat=None), "its iat is no time"),
    "without a user": (lambda issued: issued.text("eve", sub=None), "of no user"),
    "a number as a user": (lambda issued: issued.text("eve", sub=3), "of no user"),
    "a wildcard as a user": (lambda issued: issued.text("*"), "which it may not have in a tag"),
    "control characters": (lambda issued: issued.text("eve\n"), "characters that no tag has"),
    "another group": (lambda issued: issued.text("eve", groups=["others"]), "its claim groups is not"),
    "no group": (lambda issued: issued.text("eve", groups=None), "its claim groups is not"),
    "an issuer that is away": (lambda issued: issued.text("eve", iss="http://127.0.0.1:9"), "the issuer away does not answer"),
    "giant": (lambda issued: issued.text("eve", more="x" * 20_000), "too long"),
}  # fmt: skip
