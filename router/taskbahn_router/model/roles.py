"""Roles of the configuration: a base role, and what of it they have. One table in each process, which every decision asks.

The node sets it up before any session joins. Without own roles it is empty, and each role is the base role of its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.protocol.access import GIVEN_ROLES, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STAR = "*"
LISTS = ("calls", "offers", "queues", "may")
_IN_FORCE: dict[str, RoleRules] = {}  # by name


class RoleRules(NamedTuple):
    """An own role.   None: all that the base has.

    calls: the tasks that its sessions may start.   offers, queues: the tasks that its workers may offer, and from which queues they may
    take.   A name, or the beginning of names with a star behind it.   may: URIs of procedures.
    """

    name: str
    base: Role
    calls: tuple[str, ...] | None = None
    offers: tuple[str, ...] | None = None
    queues: tuple[str, ...] | None = None
    may: tuple[str, ...] | None = None

    def plain(self) -> dict[str, Any]:
        """Return it as a configuration has it."""
        words = self._asdict() | {"base": self.base.value}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in words.items()}


def rules_in(plain: Iterable[Mapping[str, Any]]) -> list[RoleRules]:
    """Return roles from their plain form."""
    return [
        RoleRules(each["name"], Role(each["base"]), *(None if (one := each.get(word)) is None else tuple(one) for word in LISTS))
        for each in plain
    ]


def matches(patterns: Iterable[str] | None, name: str) -> bool:
    """Return whether a name is one that is meant."""
    if patterns is None:
        return True
    return any(name.startswith(each[:-1]) if each.endswith(STAR) else name == each for each in patterns)


def set_in_force(roles: Iterable[RoleRules]) -> None:
    """Have these roles, and no others, from now on."""
    _IN_FORCE.clear()
    _IN_FORCE.update((each.name, each) for each in roles)


def rules_of(role: str | None) -> RoleRules | None:
    """Return the rules of an own role; None: it is none."""
    return _IN_FORCE.get(role) if role is not None else None


def base_of(role: str | None) -> str | None:
    """Return the base role of a session's role, which is itself where it is no own one."""
    found = rules_of(role)
    return role if found is None else found.base.value


def own_roles() -> list[RoleRules]:
    """Return the own roles by name."""
    return [_IN_FORCE[name] for name in sorted(_IN_FORCE)]


def is_role(role: object) -> bool:
    """Return whether credentials may have a role."""
    return isinstance(role, str) and (role in GIVEN_ROLES or role in _IN_FORCE)


def names_of_roles() -> str:
    """Return the names of all roles, for a sentence."""
    return ", ".join([*GIVEN_ROLES, *sorted(_IN_FORCE)])
