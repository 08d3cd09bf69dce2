"""What the operator says of the provider: where it is, who the node is to it, and which of its people have which role."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.errors import InvalidRequest
from taskbahn.protocol.access import PRINCIPAL
from taskbahn_router.model.pending_call import RANDOM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EMAIL = "email"


class Rule(NamedTuple):
    """Who has a role.   claim: "": each person whom the provider lets in; else the one that is, or has in its list, *value*."""

    claim: str
    value: str
    role: str

    def fits(self, claims: Mapping[str, Any]) -> bool:
        """Return whether it is for the person of these claims."""
        if not self.claim:
            return True
        if self.claim == EMAIL and is_unverified(claims):
            return False
        found: Any = claims
        for part in (self.claim,) if self.claim in claims else self.claim.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        return self.value in [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, str)]


class Settings(NamedTuple):
    """name_claim: which claim is the name of a person.   label: of the button.   secret: None: PKCE alone, as public clients have it.

    rules: the first one that fits decides.
    """

    issuer: str
    client_id: str
    secret: str | None
    name_claim: str
    label: str
    scopes: str
    rules: Sequence[Rule]

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Settings:
        """Return what the configuration of the node has.  Raises OSError where the file of the secret cannot be read."""
        path = given.get("client_secret_file")
        secret = Path(path).read_text("utf-8").strip() if path else None
        rules = [Rule(*rule) for rule in given["roles"]]
        return cls(given["issuer"], given["client_id"], secret, given["name_claim"], given["label"], given["scopes"], rules)

    def __repr__(self) -> str:
        return f"Settings({self.issuer}, {self.client_id})"

    def person(self, claims: Mapping[str, Any]) -> tuple[str, str]:
        """Return the name and the role of whom the provider speaks of.  Raises InvalidRequest, which says why it has none."""
        name = claims.get(self.name_claim)
        if not isinstance(name, str) or not PRINCIPAL.fullmatch(name) or RANDOM.fullmatch(name):
            raise InvalidRequest(f"the claim {self.name_claim} of the provider is no name that this node takes")
        if self.name_claim == EMAIL and is_unverified(claims):
            raise InvalidRequest("the provider has not verified the address of the mail, which is the name here")
        rule = next((rule for rule in self.rules if rule.fits(claims)), None)
        if rule is None:
            raise InvalidRequest("no role of this node is for this person: the node's operator gives one (--oidc-role)")
        return name, rule.role


def is_unverified(claims: Mapping[str, Any]) -> bool:
    """Return whether the provider says that it does not know whose the address is (OpenID Connect Core 1.0, section 5.1)."""
    return claims.get("email_verified", True) not in (True, "true")  # some providers say it as text
