"""The configuration of a node with login: its roles, and what checks who comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.protocol.messages import REALM

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PATHS = {"ws": "tickets", "ws-view": "viewer_tickets"}
PAGES = {"login": "taskbahn_router.crossbar_edge.login_page.Login", "logout": "taskbahn_router.crossbar_edge.login_page.Logout"}
CHECKS = "taskbahn_router.crossbar_edge.login"
BY_KEY = {
    method: {"type": "function", "create": f"taskbahn_router.crossbar_edge.key_login.{check}"}
    for method, check in (("cryptosign", "signatures"), ("wampcra", "shared_secrets"))
}
AUTHENTICATOR = "taskbahn.authenticate"  # what Crossbar asks about certificates: their method takes no function
BY_CERTIFICATE = {
    "tls": {"type": "dynamic", "authenticator": AUTHENTICATOR, "authenticator-realm": REALM, "authenticator-role": "trusted"}
}


def put_in(
    config: dict[str, Any],
    roles: list[dict[str, Any]],
    own: Iterable[dict[str, Any]] = (),
    company: dict[str, Any] | None = None,
    limits: Mapping[str, Mapping[str, float | None]] | None = None,
    issuers: Iterable[dict[str, Any]] = (),
) -> None:
    """Let sessions of a node in by a login only, each with the rights of its role.

    own: the roles of the configuration.   company: the provider that says who people are.
    limits: of roles, as an operator has given them.   issuers: whose browser tokens are taken, too.
    """
    (worker,) = config["workers"]
    (realm,) = worker["realms"]
    kept = [role for role in realm["roles"] if role["name"] == "dispatcher"]
    realm["roles"] = [*kept, *roles]
    extra = worker["components"][0]["extra"]
    extra |= {"login": True, "roles": list(own), "role_limits": limits or {}, **({"company": company} if company else {})}
    extra |= {"issuers": list(issuers)} if issuers else {}
    (transport,) = worker["transports"]
    by_key = BY_KEY | (BY_CERTIFICATE if has_certificates(extra) else {})
    transport["rawsocket"]["auth"] = _by("tickets") | by_key
    for path, page in PAGES.items():
        transport["web"]["paths"][path] = {"type": "resource", "classname": page}
    for path, check in PATHS.items():
        transport["web"]["paths"][path]["auth"] = _by(check) | (by_key if path == "ws" else {})


def has_certificates(extra: Mapping[str, Any]) -> bool:
    """Return whether clients show certificates.   extra: of the component."""
    return "tls_client_ca" in extra.get("door", {})


def _by(check: str) -> dict[str, Any]:
    return {"ticket": {"type": "function", "create": f"{CHECKS}.{check}"}}
