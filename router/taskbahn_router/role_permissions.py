"""What Crossbar lets each role do, from the table of procedures; the direct path asks Crossbar's roles as well."""

from __future__ import annotations

from functools import cache
from typing import Any

from taskbahn.protocol import messages
from taskbahn.protocol.access import BROWSER_TOKEN_RENEW, Role
from taskbahn_router.access.ownership import Own
from taskbahn_router.procedures import PROCEDURES, VERBS_OF, Procedure

OWN = ("taskbahn.", "wamp.", "crossbar.")
OFFERED = (
    messages.OFFER_PREFIX,
    messages.OFFER_JOB_PREFIX,
    messages.OFFER_AS_PREFIX,
    messages.OFFER_JOB_AS_PREFIX,
    messages.REPORTS_PREFIX,
)
NOTHING: frozenset[str] = frozenset()
CALL, REGISTER, PUBLISH, SUBSCRIBE = "call", "register", "publish", "subscribe"
AUTHORIZER = "taskbahn.authorize"  # what Crossbar asks of sessions that hear the topics of their own jobs
ASKED = (Role.CLIENT, Role.BROWSER)
KNOWN = frozenset(procedure.uri for procedure in PROCEDURES)
ABOVE = {Role.OPERATOR, Role.ADMIN}
MAY_CALL = {  # least role of a procedure -> the roles that have it; a client only those that the table gives to clients
    Role.VIEWER: {Role.VIEWER, Role.CLIENT, Role.WORKER, *ABOVE},
    Role.CLIENT: {Role.CLIENT, Role.WORKER, *ABOVE},
    Role.WORKER: {Role.WORKER},
    Role.OPERATOR: ABOVE,
    Role.ADMIN: {Role.ADMIN},
    Role.BROWSER: {Role.BROWSER},
}
OF_TOKENS = (messages.SUBMIT, *VERBS_OF, BROWSER_TOKEN_RENEW)  # beside what only reads


def may_call(role: Role, procedure: Procedure) -> bool:
    """Return whether sessions of a role may call a procedure of the dispatcher."""
    if role is Role.BROWSER:
        is_of_pages = procedure.of_clients not in (None, Own.SELF)
        return is_of_pages and (procedure.role is Role.VIEWER or procedure.uri in OF_TOKENS)
    return role in MAY_CALL[procedure.role] and (role is not Role.CLIENT or procedure.of_clients is not None)


def roles() -> list[dict[str, Any]]:
    """Return the roles of a realm with login, as Crossbar's configuration has them.

    The longest URI that fits decides, an exact one before a prefix; what nothing names is refused.
    """
    static = [{"name": role.value, "permissions": permissions(role)} for role in Role if role not in ASKED]
    return [*static, *({"name": role.value, "authorizer": AUTHORIZER} for role in ASKED)]


def permissions(role: Role) -> list[dict[str, Any]]:
    """Return what a role may do, beside the topics of its own jobs."""
    return [*_names(role), *_calls(role)]


def allows(role: str, uri: str, action: str) -> bool:
    """Return whether a role of which Crossbar asks may do that; as Crossbar itself decides about the others."""
    exact, prefixes = _tables().get(role, ({}, []))
    allowed = exact.get(uri)
    if allowed is None:
        allowed = next((actions for prefix, actions in prefixes if uri.startswith(prefix)), NOTHING)
    return action in allowed


def is_static(uri: str) -> bool:
    """Return whether Crossbar may remember a decision about a URI: there are few of them."""
    return uri in KNOWN


@cache
def _tables() -> dict[str, tuple[dict[str, frozenset[str]], list[tuple[str, frozenset[str]]]]]:
    found = {}
    for role in ASKED:
        rows = permissions(role)
        exact = {row["uri"]: _actions(row) for row in rows if row["match"] == "exact"}
        prefixes = [(row["uri"], _actions(row)) for row in rows if row["match"] == "prefix"]
        found[role.value] = exact, sorted(prefixes, key=lambda row: -len(row[0]))
    return found


def _actions(row: dict[str, Any]) -> frozenset[str]:
    return frozenset(action for action, is_allowed in row["allow"].items() if is_allowed)


def _names(role: Role) -> list[dict[str, Any]]:
    """Return what a role may do with names: those of tasks and of the application's own procedures and topics, and Taskbahn's."""
    prefixes: dict[str, frozenset[str]] = dict.fromkeys(OWN, NOTHING)
    match role:
        case Role.VIEWER:
            prefixes |= {messages.JOB_TOPIC: frozenset({SUBSCRIBE}), "taskbahn.view.": frozenset({SUBSCRIBE})}
        case Role.BROWSER:
            pass
        case Role.CLIENT:
            prefixes |= {"": frozenset({CALL})}
        case Role.WORKER:
            prefixes |= {"": frozenset({CALL, REGISTER, PUBLISH, SUBSCRIBE}), messages.JOB_TOPIC: frozenset({SUBSCRIBE})}
            prefixes |= dict.fromkeys(OFFERED, frozenset({REGISTER}))
        case _:
            seen = frozenset({SUBSCRIBE})
            prefixes |= {
                "": frozenset({CALL, PUBLISH, SUBSCRIBE}),
                messages.JOB_TOPIC: seen,
                "taskbahn.view.": seen,
                messages.AUDIT_TOPIC: seen,
            }
    return [_permission(uri, "prefix", allowed) for uri, allowed in prefixes.items()]


def _calls(role: Role) -> list[dict[str, Any]]:
    return [_permission(each.uri, "exact", frozenset({CALL})) for each in PROCEDURES if may_call(role, each)]


def _permission(uri: str, match: str, allowed: frozenset[str]) -> dict[str, Any]:
    return {
        "uri": uri,
        "match": match,
        "allow": {action: action in allowed for action in (CALL, REGISTER, PUBLISH, SUBSCRIBE)},
        "disclose": {"caller": True, "publisher": True},
        "cache": False,
    }
