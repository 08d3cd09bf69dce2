"""What is said where a value cannot travel in a message: which one it is, and what can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PLAIN = (str, int, float, bool, bytes, type(None))
DEEP = 50  # lists and objects in each other, at which the search ends


def unsendable(procedure: str, args: Sequence[Any], kwargs: Mapping[str, Any], error: Exception) -> InvalidRequest:
    """Return the error of a call that cannot be written down."""
    named = [(f"argument {number}", value) for number, value in enumerate(args, 1)] + list(kwargs.items())
    for name, value in named:
        found = _strange(value, DEEP)
        if found:
            within = "" if found[0] is value else f", in which {found[0]!r:.100}"
            return InvalidRequest(
                f"{procedure}: {name} = {value!r:.100}{within} is of the type {type(found[0]).__name__}, which cannot travel; "
                "give text, numbers, true or false, None, or lists and dicts of these"
            )
    return InvalidRequest(f"{procedure} cannot be sent: {error}")


def _strange(value: Any, deep: int) -> list[Any]:
    """Return the first part of a value that no message can have, in a list of its own; an empty list: there is none."""
    if isinstance(value, PLAIN) or not deep:
        return []
    if isinstance(value, dict):
        parts = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple):
        parts = list(value)
    else:
        return [value]
    return next((found for part in parts if (found := _strange(part, deep - 1))), [])
