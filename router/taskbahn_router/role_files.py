"""Reads own roles from a file of TOML. Every error says where it is and what to do; a file with one gives no roles at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidOption, did_you_mean
from taskbahn.protocol import messages
from taskbahn.protocol.access import Role
from taskbahn.protocol.outgoing import BUILT_IN
from taskbahn_router.model.roles import STAR, RoleRules, matches, set_in_force
from taskbahn_router.procedures import PROCEDURES, may_call
from taskbahn_router.toml_files import read_tables

if TYPE_CHECKING:
    from pathlib import Path

NAME = re.compile(r"[a-z][a-z0-9_-]{1,63}")
NAME_WORDS = "a role's name has 2 to 64 small letters, digits, '_' and '-', and begins with a letter"
RESERVED = ("anonymous", "dispatcher", "trusted", "viewer-page")
BASES = (Role.CLIENT, Role.WORKER, Role.VIEWER, Role.OPERATOR)
LISTS = {  # what each base may have a list of
    "calls": (Role.CLIENT, Role.WORKER, Role.OPERATOR),
    "offers": (Role.WORKER,),
    "queues": (Role.WORKER,),
    "may": BASES,
}
KEYS = ("base", *LISTS)
PATTERN = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*(\.?\*)?|\*")
OWN = ("taskbahn", "wamp", "crossbar")
PREFIX = "taskbahn."
MAX_ROLES, MAX_PATTERNS = 100, 500


def read_roles(path: Path) -> list[RoleRules]:
    """Return the roles of a file.  Raises InvalidOption."""
    source = f"--roles {path}"
    found = read_tables(path, source, "role", "roles")
    if len(found) > MAX_ROLES:
        raise _wrong(source, f"it has {len(found)} roles, and {MAX_ROLES} are the most")
    return [_role(f"{source}, [{name}]", name, given) for name, given in found.items()]


def have_roles(path: Path) -> None:
    """Have the roles of a file in this process.  Raises InvalidOption."""
    set_in_force(read_roles(path))


def _role(where: str, name: str, given: Any) -> RoleRules:
    if not isinstance(given, dict):
        raise _wrong(where.replace("[", "").replace("]", ""), f"it is outside of a table: write [name-of-a-role] above {name}")
    if name in [*Role, *RESERVED]:
        raise _wrong(where, "a role of that name is there already: give it another one")
    if not NAME.fullmatch(name):
        raise _wrong(where, NAME_WORDS)
    if unknown := [key for key in given if key not in KEYS]:
        raise _wrong(where, f"there is no key {unknown[0]!r:.100}{did_you_mean(unknown[0], KEYS)}; there are {', '.join(KEYS)}")
    base = given.get("base")
    if base not in [each.value for each in BASES]:
        bases = ", ".join(BASES)
        raise _wrong(
            where,
            f'base is missing: add base = "..." with one of {bases}'
            if base is None
            else f"base = {base!r:.100}: it is one of {bases}",
        )
    role = Role(base)
    lists = {key: _patterns(f"{where}, {key}", key, role, given[key]) for key in LISTS if key in given}
    if "may" in lists:
        lists["may"] = _procedures(f"{where}, may", role, lists["may"])
    return RoleRules(name, role, **lists)


def _patterns(where: str, key: str, base: Role, given: Any) -> tuple[str, ...]:
    if base not in LISTS[key]:
        bases = " or ".join(LISTS[key])
        raise _wrong(where, f"it is for roles with the base {bases}, and this one has the base {base}: leave it out")
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise _wrong(where, 'it is a list of texts, as ["images.*", "mail.send"]')
    if len(given) > MAX_PATTERNS:
        raise _wrong(where, f"it has {len(given)} names, and {MAX_PATTERNS} are the most")
    check = _check_queue if key == "queues" else _check_name
    for one in given:
        check(where, one, key)
    return tuple(given)


def _check_name(where: str, one: str, key: str) -> None:
    if not PATTERN.fullmatch(one):
        raise _wrong(where, f"{one!r:.100}: write a name, or its beginning with a star behind it, as images.*")
    is_own = one.partition(".")[0].rstrip(STAR) in OWN and one != STAR
    if key != "may" and is_own and one not in BUILT_IN:
        raise _wrong(
            where, f"{one}: names that begin so are the node's own; {' and '.join(BUILT_IN)} are the only tasks among them"
        )
    if key == "offers" and one in BUILT_IN:
        raise _wrong(where, f"{one}: the node's own worker offers that task, and no other")


def _check_queue(where: str, one: str, _: str) -> None:
    if not one or len(one) > messages.MAX_TASK_NAME or STAR in one[:-1] or not one.isprintable():
        raise _wrong(where, f"{one!r:.100}: write the name of a queue, or its beginning with a star behind it")


def _procedures(where: str, base: Role, patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the URIs of the procedures that the base may call and that are meant."""
    has = [each.uri for each in PROCEDURES if may_call(base, each)]
    short = [uri.removeprefix(PREFIX) for uri in has]
    for one in patterns:
        if not any(matches((one,), name) for name in short):
            meant = did_you_mean(one, short)
            raise _wrong(
                where, f"{one}: the base {base} has no such procedure{meant}; `taskbahn roles` lists them without taskbahn."
            )
    return tuple(uri for uri, name in zip(has, short, strict=True) if matches(patterns, name))


def _wrong(where: str, why: str) -> InvalidOption:
    return InvalidOption(f"{where}: {why}", option="roles")
