"""What operators set in place of a declared limit: `"50/s"` or `"50/s burst=20"` for a rate, a whole number for a concurrency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.errors import InvalidOption
from taskbahn.protocol.limit_fields import LimitFields
from taskbahn.protocol.limit_kinds import KINDS, WrongLimit, short

if TYPE_CHECKING:
    from taskbahn.protocol.messages import DeclaredLimit


class Override(LimitFields, frozen=True, kw_only=True, omit_defaults=True):
    """The fields of a declaration that it replaces; None: as declared."""


def parse_override(limit: DeclaredLimit, value: Any) -> Override:
    """Return the override of a limit that a value means; raises InvalidOption, with the position in a text."""
    try:
        return Override(**KINDS[limit.kind].parse_override(value))
    except WrongLimit as error:
        place = {} if error.position is None else {"position": error.position}
        raise InvalidOption(
            f"{short(value)} is no value for the limit {limit.name!r}: {error}", option="value", limit=limit.name, **place
        ) from None


def overridden(limit: DeclaredLimit, override: Override | None) -> DeclaredLimit:
    """Return a limit as it is with an override."""
    if override is None:
        return limit
    changes = {name: value for name in override.__struct_fields__ if (value := getattr(override, name)) is not None}
    return msgspec.structs.replace(limit, **changes)


def value_of(limit: DeclaredLimit, override: Override | None = None) -> str | int | None:
    """Return what a limit allows, or its override, as operators would give it."""
    return KINDS[limit.kind].value(limit if override is None else override)
