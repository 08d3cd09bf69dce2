"""What is wrong with how a node is set up, by its own settings: the checklist of docs/security.md as code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.protocol.access import Role
from taskbahn.transport.address import UNIX, parse_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from taskbahn.protocol.access import TokenView, UserView
    from taskbahn.protocol.views import Setting

OK, WARNING, ERROR = "ok", "warning", "error"
OF_THIS_MACHINE = ("http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*", "https://localhost:*")
LOOPBACK = ("127.0.0.1", "::1", "localhost", "127.")
OTHERS = 0o077  # the rights of group and others
MANY_ADMINS = 3


class Finding(NamedTuple):
    """One thing that was looked at.   level: ok, warning or error.   remedy: what to do about it, "" if it is ok."""

    level: str
    what: str
    remedy: str = ""


def findings(
    settings: Sequence[Setting], tokens: Sequence[TokenView] | None, url: str, now: float, users: Sequence[UserView] = ()
) -> list[Finding]:  # fmt: skip
    """Return what there is to say about a node, in the order of docs/security.md.

    tokens: None if this session may not see them.   url: by which it was reached.   now: seconds since the epoch.
    """
    values = {setting.name.removeprefix("node."): setting.value for setting in settings}
    has_login = values.get("auth") == "yes"
    found = [*_login(values, has_login=has_login), *_tls(values, url, has_login=has_login)]
    found += [*_place(values), *_origins(values), *_audit(values)]
    return found + list(_tokens(tokens, now, users)) if has_login else found


def _is_open(values: dict[str, Any]) -> bool:
    """Return whether other machines reach the port itself."""
    return values.get("socket") is None and not str(values.get("interface", "")).startswith(LOOPBACK)


def _login(values: dict[str, Any], *, has_login: bool) -> Iterator[Finding]:
    if "auth" not in values:
        yield Finding(
            WARNING, "the node has a configuration of its own, so it is not known whether it has a login", "see its roles"
        )
    elif has_login:
        yield Finding(OK, "sessions log in")
    elif values.get("insecure_no_auth"):
        yield Finding(
            ERROR, "the node has no login (--insecure-no-auth): others reach it and may do everything", "taskbahn up --auth"
        )
    elif values.get("behind_proxy") or _given_origins(values):
        yield Finding(ERROR, "others reach the node, and without login each of them may do everything", "taskbahn up --auth")
    else:
        yield Finding(WARNING, "without login every program of this machine may do everything", "taskbahn up --auth")


def _tls(values: dict[str, Any], url: str, *, has_login: bool) -> Iterator[Finding]:
    if values.get("tls_cert"):
        yield Finding(OK, "the port speaks TLS")
    elif _is_open(values):
        yield Finding(
            ERROR,
            "other machines reach the port without TLS: their tokens and jobs can be read on the way",
            "--tls-cert, or a proxy",
        )
    elif values.get("behind_proxy"):
        yield Finding(OK, "a proxy is in front")
    elif has_login:
        yield Finding(OK, "the port is for this machine alone")
    scheme, host, _ = parse_address(url)
    if scheme in ("ws", "rs") and not host.startswith(LOOPBACK) and scheme != UNIX:
        yield Finding(
            ERROR,
            f"this command came to {host} without TLS, and its token could be read on the way",
            "an address with wss:// or rss://",
        )


def _place(values: dict[str, Any]) -> Iterator[Finding]:
    if values.get("user") == "root":
        yield Finding(WARNING, "the node runs as root", "a system user for it, as in docs/production.md")
    rights = values.get("data_rights")
    if isinstance(rights, str):
        if int(rights, 8) & OTHERS:
            yield Finding(
                ERROR,
                f"other users of the machine may read the data directory (mode {rights})",
                f"chmod 700 {values.get('data')}",
            )
        else:
            yield Finding(OK, "the data directory is for the node's user alone")


def _given_origins(values: dict[str, Any]) -> list[str]:
    """Return the origins beside those of this machine, and of the address that the node listens on."""
    own = f"http://{values.get('interface')}:{values.get('port')}"
    return [origin for origin in values.get("allowed_origins") or () if origin not in OF_THIS_MACHINE and origin != own]


def _origins(values: dict[str, Any]) -> Iterator[Finding]:
    for origin in _given_origins(values):
        if "*" in origin:
            yield Finding(ERROR, f"pages of many origins may connect: {origin}", "name each origin with --origin")
        elif origin.startswith("http://"):
            yield Finding(
                WARNING, f"pages of {origin} may connect, which others can change on their way", "an origin with https://"
            )


def _audit(values: dict[str, Any]) -> Iterator[Finding]:
    keep = values.get("keep_audit")
    if isinstance(keep, int | float) and keep < 30 * 86400:
        yield Finding(WARNING, f"the audit is kept for {keep / 86400:,.1f} days", "--keep-audit 365d")


def _tokens(tokens: Sequence[TokenView] | None, now: float, users: Sequence[UserView]) -> Iterator[Finding]:
    if tokens is None:
        yield Finding(WARNING, "the tokens were not looked at: this session is no admin's", "TASKBAHN_TOKEN of an admin")
        return
    valid = [token for token in tokens if token.revoked_at is None and (token.expires_at is None or now < token.expires_at)]
    admins = [token for token in valid if token.role == Role.ADMIN]
    if len(admins) > MANY_ADMINS:
        yield Finding(WARNING, f"{len(admins)} tokens are an admin's", "taskbahn token revoke those that only look or operate")
    endless = [token.name for token in admins if token.expires_at is None]
    if endless:
        yield Finding(
            WARNING,
            f"tokens of admins without an end: {', '.join(sorted(set(endless)))}",
            "taskbahn token create NAME --role admin --expires 90d",
        )
    people = [user for user in users if user.role == Role.ADMIN]
    if len(people) > MANY_ADMINS:
        yield Finding(WARNING, f"{len(people)} users are admins", "taskbahn user remove those that only look or operate")
    if valid and not admins and not people:
        yield Finding(
            WARNING,
            "no valid token is an admin's, so tokens cannot be changed while the node runs",
            "taskbahn token create --data",
        )
    if not (len(admins) > MANY_ADMINS or endless):
        yield Finding(OK, f"{len(valid)} valid tokens")
