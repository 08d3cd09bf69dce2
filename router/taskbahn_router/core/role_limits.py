"""The limits of a role, as an operator gives them: what each of its names may use of the node."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from taskbahn.protocol.access import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

MEBIBYTE = 2**20


class Limits(NamedTuple):
    """The limits of a role, for each name that has it; None: there is none.   submissions, bytes: a second."""

    connections: float | None = None
    submissions: float | None = None
    bytes: float | None = None
    watchers: float | None = None


DEFAULTS = MappingProxyType(
    {
        Role.CLIENT.value: Limits(10_000, 5_000, 32 * MEBIBYTE, 50_000),
        Role.BROWSER.value: Limits(100, 50, 4 * MEBIBYTE, 2000),  # of each browser token
    }
)
WORDS = MappingProxyType(
    {
        "connections": "at once",
        "submissions": "jobs a second",
        "bytes": "bytes of arguments a second",
        "watchers": "calls that wait or watch",
    }
)


def limits_of(given: Mapping[str, Mapping[str, float | None]]) -> dict[str, Limits]:
    """Return the limits of the roles, where those that an operator has given take the places of the defaults."""
    roles = {**DEFAULTS, **{role: DEFAULTS.get(role, Limits())._replace(**limits) for role, limits in given.items()}}
    return {role: limits for role, limits in roles.items() if limits != Limits()}


def shown(by_role: Mapping[str, Limits]) -> list[str]:
    """Return limits as an operator gives them."""
    return [
        f"{role}:{name}={most:.12g}"
        for role, limits in by_role.items()
        for name, most in limits._asdict().items()
        if most is not None
    ]
