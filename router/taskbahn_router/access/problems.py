"""What is wrong with those who come to the node, as `problems` lists it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol.query_words import quote
from taskbahn.protocol.views import Problem
from taskbahn_router.queries.limit_problems import MAX_ALIKE
from taskbahn_router.text import pluralize

if TYPE_CHECKING:
    from taskbahn_router.access.role_limits import RoleLimits
    from taskbahn_router.access.throttle import LoginThrottle


def found_problems(logins: LoginThrottle, limits: RoleLimits, *, is_insecure: bool = False) -> list[Problem]:
    """Return what is wrong now, and was a minute ago.   is_insecure: the node has no login, and more than its machine reaches it."""
    problems = []
    if is_insecure:
        problems.append(
            Problem(
                kind="insecure",
                level="error",
                sentence="This node has no login, and each program that reaches it may do everything.",
                hint="It was started with --insecure-no-auth. Start it with --auth, and give each program a token.",
                page="settings",
            )
        )
    locked = logins.locked
    if locked:
        which = f"{locked:,} addresses" if locked > 1 else "An address"
        problems.append(
            Problem(
                kind="locked",
                level="warning",
                sentence=f"{which} may not log in for now: too many logins from there have failed.",
                hint="`taskbahn audit` says which; each is let in again after 15 minutes. A right token is let in all the time.",
                page="audit",
            )
        )
    refused = sorted(limits.refused().items(), key=lambda each: -each[1])
    for (name, limit), times in refused[:MAX_ALIKE]:
        query = f"caller:{quote(name.partition('/')[0])}"  # who made a browser token has the jobs
        problems.append(
            Problem(
                kind="role_limit",
                level="warning",
                sentence=f"{name} uses as much of the node as it may: its limit of {limit} has refused {pluralize(times, 'call')}.",
                hint=f"See what it does (`taskbahn jobs {query}`), or raise the limit: taskbahn up --role-limit ROLE:{limit}=NUMBER",
                page="jobs",
                query=query,
                id=limit,
            )
        )
    return problems
