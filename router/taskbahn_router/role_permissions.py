"""What Crossbar lets each role do, from the table of procedures; the direct path asks Crossbar's roles as well."""

from __future__ import annotations

from typing import Any

from taskbahn.protocol import messages
from taskbahn.protocol.access import BROWSER_TOKEN_RENEW, Role
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
        return procedure.of_clients is not None and (procedure.role is Role.VIEWER or procedure.uri in OF_TOKENS)
    return role in MAY_CALL[procedure.role] and (role is not Role.CLIENT or procedure.of_clients is not None)


def roles() -> list[dict[str, Any]]:
    """Return the roles of a realm with login, as Crossbar's configuration has them.

    The longest URI that fits decides, an exact one before a prefix; what nothing names is refused.
    """
    return [{"name": role.value, "permissions": [*_names(role), *_calls(role)]} for role in Role]


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
