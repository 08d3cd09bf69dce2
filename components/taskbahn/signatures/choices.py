"""The choices of enums and literals in the order in which their author wrote them; msgspec sorts them."""

from __future__ import annotations

import enum
import inspect
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Iterable

Orders = dict[frozenset[tuple[str, Any]], list[Any]]  # a set of choices -> them in order


def declared_orders(hints: Iterable[Any]) -> Orders:
    """Return the orders of all choices in some annotations."""
    orders: Orders = {}
    seen: set[int] = set()
    left = list(hints)
    while left:
        hint = left.pop()
        if id(hint) in seen:
            continue
        seen.add(id(hint))
        if get_origin(hint) is Literal:
            _note(orders, get_args(hint))
        elif inspect.isclass(hint) and issubclass(hint, enum.Enum):
            _note(orders, [member.value for member in hint])
        else:
            left += get_args(hint)
            left += _fields(hint)
    return orders


def in_declared_order(schema: Any, orders: Orders) -> Any:
    """Return a JSON Schema whose choices have these orders."""
    if isinstance(schema, list):
        return [in_declared_order(part, orders) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: in_declared_order(part, orders) for name, part in schema.items()}
    choices = found.get("enum")
    if isinstance(choices, list) and orders:
        found["enum"] = orders.get(_set(choices), choices)
    return found


def _note(orders: Orders, values: Iterable[Any]) -> None:
    plain = list(values)
    if all(value is None or isinstance(value, str | int | float) for value in plain):
        orders.setdefault(_set(plain), plain)


def _set(values: Iterable[Any]) -> frozenset[tuple[str, Any]]:
    return frozenset((type(value).__name__, value) for value in values)


def _fields(kind: Any) -> list[Any]:
    """Return the annotations of a class that is data."""
    if not inspect.isclass(kind) or not getattr(kind, "__annotations__", None):
        return []
    try:
        return list(get_type_hints(kind, include_extras=True).values())
    except (NameError, TypeError):  # annotations that only a checker knows; then the order stays
        return []
