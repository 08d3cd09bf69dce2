"""The choices of enums and literals in the order in which their author wrote them; msgspec sorts them, and knows no names of members."""

from __future__ import annotations

import enum
import inspect
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMES = "x-enum-varnames"  # the keyword with the names of an enum's members, as generators of clients read it
Set = frozenset[tuple[str, Any]]


class Choices(NamedTuple):
    """What annotations say of choices.

    orders: a set of choices -> them in order.   names: that of an enum and its set -> the names of its members in order, where the
    values do not say what they mean, as numbers do.
    """

    orders: dict[Set, list[Any]]
    names: dict[tuple[str, Set], list[str]]


def declared_choices(hints: Iterable[Any]) -> Choices:
    """Return what some annotations say of choices."""
    found = Choices({}, {})
    seen: set[int] = set()
    left = list(hints)
    while left:
        hint = left.pop()
        if id(hint) in seen:
            continue
        seen.add(id(hint))
        if get_origin(hint) is Literal:
            _note(found, get_args(hint))
        elif inspect.isclass(hint) and issubclass(hint, enum.Enum):
            _note(found, [member.value for member in hint])
            if not all(isinstance(member.value, str) for member in hint):
                found.names[hint.__name__, _set(member.value for member in hint)] = [member.name for member in hint]
        else:
            left += get_args(hint)
            left += _fields(hint)
    return found


def as_declared(schema: Any, choices: Choices) -> Any:
    """Return a JSON Schema whose choices have their orders and names."""
    if isinstance(schema, list):
        return [as_declared(part, choices) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: as_declared(part, choices) for name, part in schema.items()}
    values = found.get("enum")
    if isinstance(values, list) and choices.orders:
        key = _set(values)
        found["enum"] = choices.orders.get(key, values)
        if (names := choices.names.get((str(found.get("title", "")), key))) is not None:
            found[NAMES] = names
    return found


def _note(choices: Choices, values: Iterable[Any]) -> None:
    plain = list(values)
    if all(value is None or isinstance(value, str | int | float) for value in plain):
        choices.orders.setdefault(_set(plain), plain)


def _set(values: Iterable[Any]) -> Set:
    return frozenset((type(value).__name__, value) for value in values)


def _fields(kind: Any) -> list[Any]:
    """Return the annotations of a class that is data."""
    if not inspect.isclass(kind) or not getattr(kind, "__annotations__", None):
        return []
    try:
        return list(get_type_hints(kind, include_extras=True).values())
    except (NameError, TypeError):  # annotations that only a checker knows; then the order stays
        return []
