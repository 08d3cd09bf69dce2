"""What Crossbar lets each role do, from the table of procedures; the direct path asks Crossbar's roles as well."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages
from taskbahn.protocol.access import Role
from taskbahn.workarounds import ROUTER_REPAIRS
from taskbahn_router.model.roles import STAR, own_roles
from taskbahn_router.procedures import PROCEDURES, has, may_call

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbahn_router.model.roles import RoleRules

OWN = ("taskbahn.", "wamp.", "crossbar.")
OFFERED = (
    messages.OFFER_PREFIX,
    messages.OFFER_JOB_PREFIX,
    messages.OFFER_AS_PREFIX,
    messages.OFFER_JOB_AS_PREFIX,
    messages.REPORTS_PREFIX,
)
NAMED_OFFERS = (messages.OFFER_AS_PREFIX, messages.OFFER_JOB_AS_PREFIX)
NOTHING: frozenset[str] = frozenset()
CALL, REGISTER, PUBLISH, SUBSCRIBE = "call", "register", "publish", "subscribe"
AUTHORIZER = "taskbahn.authorize"  # what Crossbar asks of sessions that hear the topics of their own jobs
ASKED = (Role.CLIENT, Role.BROWSER)
KNOWN = frozenset(procedure.uri for procedure in PROCEDURES)


def roles(own: Iterable[RoleRules] = ()) -> list[dict[str, Any]]:
    """Return the roles of a realm with login, as Crossbar's configuration has them.   own: those of the configuration.

    The longest URI that fits decides, an exact one before a prefix; what nothing names is refused.
    """
    bases = {role.value: (role, permissions(role)) for role in Role}
    all_of_them = bases | {each.name: (each.base, own_permissions(each)) for each in own}
    return [
        {"name": name, "authorizer": AUTHORIZER} if base in ASKED else {"name": name, "permissions": permitted}
        for name, (base, permitted) in all_of_them.items()
    ]


def permissions(role: Role) -> list[dict[str, Any]]:
    """Return what a role may do, beside the topics of its own jobs."""
    return [*_listed(_names(role)), *_calls(role)]


def own_permissions(own: RoleRules) -> list[dict[str, Any]]:
    """Return what an own role may do, beside the topics of its own jobs."""
    return [*_own_names(own), *_own_calls(own)]


def allows(role: str, uri: str, action: str) -> bool:
    """Return whether a role of which Crossbar asks may do that; as Crossbar itself decides about the others."""
    exact, prefixes = _tables(tuple(own_roles())).get(role, ({}, []))
    allowed = exact.get(uri)
    if allowed is None:
        allowed = next((actions for prefix, actions in prefixes if uri.startswith(prefix)), NOTHING)
    return action in allowed


def is_static(uri: str) -> bool:
    """Return whether Crossbar may remember a decision about a URI: there are few of them."""
    return uri in KNOWN


@lru_cache(maxsize=2)
def _tables(own: tuple[RoleRules, ...]) -> dict[str, tuple[dict[str, frozenset[str]], list[tuple[str, frozenset[str]]]]]:
    found = {}
    asked = {role.value: permissions(role) for role in ASKED} | {
        each.name: own_permissions(each) for each in own if each.base in ASKED
    }
    for role, rows in asked.items():
        exact = {row["uri"]: _actions(row) for row in rows if row["match"] == "exact"}
        prefixes = [(row["uri"], _actions(row)) for row in rows if row["match"] == "prefix"]
        found[role] = exact, sorted(prefixes, key=lambda row: -len(row[0]))
    return found


def _actions(row: dict[str, Any]) -> frozenset[str]:
    return frozenset(action for action, is_allowed in row["allow"].items() if is_allowed)


def _own_names(own: RoleRules) -> list[dict[str, Any]]:
    """Return what an own role may do with names: as its base, within its lists."""
    prefixes = _seen(own, _names(own.base))
    plain = prefixes.get("", NOTHING)
    rest = plain - ({CALL} if own.calls is not None else NOTHING) - ({REGISTER} if own.offers is not None else NOTHING)
    if plain:
        prefixes[""] = rest
    exact: dict[str, frozenset[str]] = {}
    for pattern in {*(own.calls or ()), *(own.offers or ())}:
        if pattern == STAR or not pattern.startswith(OWN):
            within = ({CALL} if _covers(own.calls, pattern) else NOTHING) | (
                {REGISTER} if _covers(own.offers, pattern) else NOTHING
            )
            _put(prefixes, exact, "", pattern, rest | (plain & within))
    if own.offers is not None:
        for prefix in OFFERED[:-1]:
            prefixes[prefix] = NOTHING
        for prefix in (messages.OFFER_PREFIX, messages.OFFER_JOB_PREFIX):
            for pattern in own.offers:
                _put(prefixes, exact, prefix, pattern, frozenset({REGISTER}))
        if ROUTER_REPAIRS.is_wanted:  # which look at the task, behind the name that a session gives to itself
            prefixes |= dict.fromkeys(NAMED_OFFERS, frozenset({REGISTER}))
    return [*_listed(prefixes), *(_permission(uri, "exact", allowed) for uri, allowed in exact.items())]


def _seen(own: RoleRules, prefixes: dict[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Return the same without the topics that show what the role does not see, and without events that it may not publish."""
    if own.may is None:
        return prefixes
    lost = frozenset() if {messages.JOB_WATCH, messages.VIEW_JOBS} <= set(own.may) else frozenset({SUBSCRIBE})
    plain = lost | (frozenset() if messages.EVENT_PUBLISH in own.may else frozenset({PUBLISH}))  # a pattern would have all topics
    without = {"": plain, messages.JOB_TOPIC: lost, "taskbahn.view.": lost, messages.AUDIT_TOPIC: lost}
    if messages.VIEW_AUDIT not in own.may:
        without[messages.AUDIT_TOPIC] = frozenset({SUBSCRIBE})
    return {uri: allowed - without.get(uri, NOTHING) for uri, allowed in prefixes.items()}


def _put(
    prefixes: dict[str, frozenset[str]], exact: dict[str, frozenset[str]], before: str, pattern: str, allowed: frozenset[str]
) -> None:
    if pattern.endswith(STAR):
        prefixes[before + pattern[:-1]] = allowed
    else:
        exact[before + pattern] = allowed


def _covers(patterns: tuple[str, ...] | None, pattern: str) -> bool:
    """Return whether all that a pattern means is meant by others."""
    return patterns is None or any(
        pattern == each or (each.endswith(STAR) and pattern.startswith(each[:-1])) for each in patterns
    )


def _own_calls(own: RoleRules) -> list[dict[str, Any]]:
    return [_permission(each.uri, "exact", frozenset({CALL})) for each in PROCEDURES if has(own, each)]


def _names(role: Role) -> dict[str, frozenset[str]]:
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
    return prefixes


def _listed(prefixes: dict[str, frozenset[str]]) -> list[dict[str, Any]]:
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
