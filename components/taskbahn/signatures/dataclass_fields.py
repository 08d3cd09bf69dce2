"""Dataclasses that msgspec makes of data, with all their fields.

It leaves a field that was not given to the default on the class, and when it encodes it looks at the instance alone: what came
as `{"x": 9}` would go on as `{"x": 9}`, and a reader without the dataclass, such as a browser, would miss the rest.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

INNER = ("item_type", "key_type", "value_type")  # what msgspec.inspect calls the types inside of a type
INNERS = ("item_types", "types")
MANY = (list, tuple, set, frozenset)


def has_gaps(hints: list[Any]) -> bool:
    """Return whether values of these types may have such dataclasses in them."""
    waiting: list[Any] = list(msgspec.inspect.multi_type_info(hints))
    seen: set[int] = set()
    while waiting:
        info = waiting.pop()
        if id(info) in seen:
            continue
        seen.add(id(info))
        if isinstance(info, msgspec.inspect.DataclassType) and any(_gaps(info.cls)):
            return True
        waiting += [field.type for field in getattr(info, "fields", ())]
        waiting += [getattr(info, name) for name in INNER if hasattr(info, name)]
        waiting += [each for name in INNERS for each in getattr(info, name, ())]
    return False


def complete(value: Any) -> None:
    """Give all dataclasses in *value*, which is fresh from msgspec, what they only have from their class."""
    if isinstance(value, MANY):
        parts: Iterable[Any] = value
    elif isinstance(value, dict):
        parts = value.values()
    elif dataclasses.is_dataclass(value):
        own = getattr(value, "__dict__", {})
        own.update((name, default) for name, default in _gaps(type(value)) if name not in own)
        parts = [getattr(value, field.name, None) for field in dataclasses.fields(value)]
    elif isinstance(value, msgspec.Struct):
        parts = [getattr(value, name) for name in value.__struct_fields__]
    else:
        return
    for part in parts:
        complete(part)


def _gaps(kind: type) -> Iterable[tuple[str, Any]]:
    """Yield the fields whose default is an attribute of the class (with slots it is not), and the default."""
    for field in dataclasses.fields(kind):
        if field.default is not dataclasses.MISSING and getattr(kind, field.name, None) is field.default:
            yield field.name, field.default
