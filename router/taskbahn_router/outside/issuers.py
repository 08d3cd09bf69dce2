"""An issuer, as the operator describes it: whose tokens are taken, and what they let a page see and do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn_router.company.id_tokens import LEEWAY_SECONDS, Refused
from taskbahn_router.model.scope import ALL, Scope, person_id, token_mark
from taskbahn_router.outside.claims import Template, has

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_TIME = 1e11  # seconds since the epoch: far enough, and no number of other kinds
MAX_SUBJECT = 255  # characters, as OpenID Connect has it


class Issuer(NamedTuple):
    """One issuer, and for which of its tokens: those of one audience.

    name: of its table in the file.   issuer: as its tokens have it.   audience: one of them is in the token.   client: whose jobs its
    users have.   jwks: where its keys are; "": its discovery says it.   require: claims by path, and the values of which each has one.
    max_age: seconds after its issue at which a token is over, whatever it says itself.
    """

    name: str
    issuer: str
    audience: tuple[str, ...]
    client: str
    jwks: str
    algorithms: tuple[str, ...]
    tags: tuple[Template, ...]
    start: tuple[str, ...]
    verbs: tuple[str, ...]
    require: Mapping[str, tuple[str | bool | int, ...]]
    max_age: float

    def plain(self) -> dict[str, Any]:
        """Return it as the configuration of a node has it."""
        lists = {word: list(getattr(self, word)) for word in ("audience", "algorithms", "start", "verbs")}
        more = {"tags": [tag.text for tag in self.tags], "require": {path: list(values) for path, values in self.require.items()}}
        return self._asdict() | lists | more

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Issuer:
        """Return an issuer from its plain form."""
        lists = {word: tuple(plain[word]) for word in ("audience", "algorithms", "start", "verbs")}
        require = {path: tuple(values) for path, values in plain["require"].items()}
        return cls(**{**plain, **lists, "tags": tuple(map(Template.of, plain["tags"])), "require": require})

    @property
    def rights(self) -> dict[str, Any]:
        """What its tokens name, as a browser token's claims have it."""
        return {"start": list(self.start), **dict.fromkeys(self.verbs, True)}

    def scope(self, claims: Mapping[str, Any], role: str, now: float) -> Scope:
        """Return what a token with these claims, which the issuer has signed, lets a page do.   role: of the client.  Raises Refused."""
        issued, ends = _seconds(claims, "iat"), _seconds(claims, "exp")
        if max(issued, _seconds(claims, "nbf") if "nbf" in claims else 0.0) > now + LEEWAY_SECONDS:
            raise Refused("it is not valid yet, or the clocks differ")
        if ends <= now:
            raise Refused("it has expired")
        if issued + self.max_age <= now:
            raise Refused(f"it is older than {self.max_age:,.0f} s, which is the most here (max_age)")
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT:
            raise Refused("it says of no user that it is theirs: sub is missing or too long")
        for path, wanted in self.require.items():
            if not has(claims, path, wanted):
                raise Refused(f"its claim {path} is not as the file of issuers requires it")
        tags = frozenset(tag.filled(claims) for tag in self.tags)
        return Scope(
            person_id(self.issuer, subject), self.client, role, sees_all=False, expires_at=min(ends, issued + self.max_age),
            verbs=dict.fromkeys(self.verbs, ALL), start=self.start, tags=tags, mark=token_mark(claims), issued_at=issued,
        )  # fmt: skip


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= MAX_TIME:
        raise Refused(f"its {name} is no time in seconds")
    return float(value)
