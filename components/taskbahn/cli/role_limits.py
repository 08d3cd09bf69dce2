"""Limits of roles, as `taskbahn up --role-limit` takes them."""

from __future__ import annotations

import re
from types import MappingProxyType

import click

from taskbahn.protocol.access import Role

LIMITS = ("connections", "submissions", "bytes", "watchers")
GIVEN = re.compile(r"([A-Za-z0-9_.-]+):([a-z]+)=(?:(none)|([0-9]+(?:\.[0-9]+)?)\s*(KiB|MiB|GiB)?)")
TIMES = MappingProxyType({"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30})
LEAST, MOST = 0.01, 1e12
EXAMPLE = "write it as client:submissions=1000, client:bytes=8MiB or client:watchers=none"


def whole_limits(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> dict[str, dict[str, float | None]]:
    """Return the limits by role and name, None: there is to be none; a callback of an option."""
    found: dict[str, dict[str, float | None]] = {}
    try:
        for text in value:
            role, limit, number = whole_limit(text)
            found.setdefault(role, {})[limit] = number
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None
    return found


def whole_limit(text: str) -> tuple[str, str, float | None]:
    """Return role, limit and number of what an operator gives; raises ValueError."""
    given = GIVEN.fullmatch(text)
    if given is None:
        raise ValueError(f"{text!r:.100} is no limit of a role; {EXAMPLE}")
    role, limit, none, number, unit = given.groups()
    if role not in list(Role):
        raise ValueError(f"there is no role {role}; there are {', '.join(Role)}")
    if limit not in LIMITS:
        raise ValueError(f"there is no limit {limit}; there are {', '.join(LIMITS)}")
    if none:
        return role, limit, None
    if unit and limit != "bytes":
        raise ValueError(f"{text!r:.100}: {limit} are no bytes, so {unit} says nothing; {EXAMPLE}")
    found = float(number) * TIMES[unit or ""]
    if not LEAST <= found <= MOST or (found < 1 and limit in ("connections", "watchers")):
        raise ValueError(f"{text!r:.100}: a limit is at least 1, and of submissions and bytes a second at least {LEAST}")
    return role, limit, found
