"""The options of `taskbahn up` for logins by the company's provider of OpenID Connect."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from taskbahn.protocol.access import Role

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

ROLES = tuple(role.value for role in (Role.VIEWER, Role.OPERATOR, Role.ADMIN))  # that see the page
LOOPBACK = ("127.0.0.1", "::1", "localhost")
RULE = re.compile(rf"(?:([^=\s]+)=(.+):)?({'|'.join(ROLES)})")
OPTIONS = (
    click.option(
        "--oidc-issuer", metavar="URL", help="Provider of OpenID Connect by which people log in on the page, with --auth."
    ),
    click.option("--oidc-client-id", metavar="ID", help="What the provider calls this node."),
    click.option(
        "--oidc-client-secret-file",
        type=click.Path(dir_okay=False, exists=True, path_type=Path),
        help="File with the secret that the provider gave; without it the node is a public client.",
    ),
    click.option(
        "--oidc-role",
        "oidc_roles",
        multiple=True,
        metavar="[CLAIM=VALUE:]ROLE",
        help="Who is viewer, operator or admin, as groups=ops:operator; the first that fits counts. A role alone is for all.",
    ),
    click.option("--oidc-name", default="email", metavar="CLAIM", help="Claim that is the name of a person.", show_default=True),
    click.option(
        "--oidc-scope", default="openid email profile", metavar="SCOPES", help="What the node asks for.", show_default=True
    ),
    click.option("--oidc-label", metavar="TEXT", help="What the button is called.  [default: the host of the issuer]"),
)


def oidc_options(command: F) -> F:
    """Add the options, each with its variable of the environment."""
    for option in reversed(OPTIONS):
        command = option(command)
    for parameter in getattr(command, "__click_params__", ()):
        name = str(parameter.name)
        if name.startswith("oidc_"):
            parameter.envvar = f"TASKBAHN_UP_{'OIDC_ROLE' if name == 'oidc_roles' else name.upper()}"
            parameter.show_envvar = True
    return command


def company_login(given: dict[str, Any], *, auth: bool) -> dict[str, Any] | None:
    """Return what the node's configuration has of it, None without a provider.  Raises UsageError."""
    issuer, client_id = given["oidc_issuer"], given["oidc_client_id"]
    rules = [_rule(text) for text in given["oidc_roles"]]
    if not issuer:
        named = [
            f"--{name.replace('_', '-')}" for name in ("oidc_client_id", "oidc_client_secret_file", "oidc_label") if given[name]
        ]
        if named or rules:
            raise click.UsageError(f"{(named or ['--oidc-role'])[0]} belongs to a provider: give that with --oidc-issuer.")
        return None
    if not auth:
        raise click.UsageError("--oidc-issuer is a way to log in: give --auth, too.")
    host = _host(issuer)
    if not client_id:
        raise click.UsageError("--oidc-issuer also needs --oidc-client-id: what the provider calls this node.")
    if not rules:
        raise click.UsageError("--oidc-issuer also needs --oidc-role: who of the provider's people has which role.")
    if "openid" not in given["oidc_scope"].split():
        raise click.UsageError(
            f"--oidc-scope {given['oidc_scope']!r:.100} has no openid, without which nothing says who logs in."
        )
    path = given["oidc_client_secret_file"]
    if path is not None and not path.read_text("utf-8").strip():
        raise click.UsageError(f"--oidc-client-secret-file {path} is empty.")
    return {
        "issuer": issuer, "client_id": client_id, "client_secret_file": path and str(path.absolute()), "roles": rules,
        "name_claim": given["oidc_name"], "scopes": given["oidc_scope"], "label": given["oidc_label"] or host,
    }  # fmt: skip


def _rule(text: str) -> list[str]:
    found = RULE.fullmatch(text)
    if found is None:
        raise click.UsageError(
            f"--oidc-role {text!r:.200}: write CLAIM=VALUE:ROLE, as groups=ops:operator, or a role alone for all; "
            f"the roles of people are {', '.join(ROLES)}."
        )
    return [found[1] or "", found[2] or "", found[3]]


def _host(issuer: str) -> str:
    wrong = click.UsageError(f"--oidc-issuer {issuer!r:.200} is no address of https, as the provider writes it in its tokens.")
    try:
        parts = urlsplit(issuer)
        host = parts.hostname
    except ValueError:
        raise wrong from None
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    if not host or not is_safe or parts.username is not None or parts.query or parts.fragment:
        raise wrong
    return host
