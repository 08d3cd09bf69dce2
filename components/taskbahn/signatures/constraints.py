"""Constraints in annotations, `Annotated[int, Ge(0)]`: those of annotated_types and pydantic become msgspec's, which checks arguments.

What msgspec has no word for is refused where the task is declared, for a constraint that nothing checks is worse than none. Neither
library is imported here: their objects exist only where a user has imported it.
"""

from __future__ import annotations

import dataclasses
import types
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin, get_type_hints, is_typeddict

import msgspec

from taskbahn.signatures.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

LIBRARIES = ("annotated_types", "pydantic")
WORDS = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length")
LIKE = {
    "Gt": "gt",
    "Ge": "ge",
    "Lt": "lt",
    "Le": "le",
    "MultipleOf": "multiple_of",
    "MinLen": "min_length",
    "MaxLen": "max_length",
}
SAYS_NOTHING = ("Unit", "DocInfo", "Strict")  # msgspec is as strict as it gets, between JSON and Python
NO_WAY = "there is no way to check it for all callers; check it in the task, or write msgspec.Meta(...)"


class Unchecked(TypeError):
    """A constraint that nothing would check; its text says which, and what to write."""


def with_constraints(hint: Any) -> Any:
    """Return a type with its constraints as `msgspec.Meta`; raises Unchecked for one that cannot be checked."""
    _check_classes(hint, set())
    return _translated(hint)


def _translated(hint: Any) -> Any:
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        inner, found = _translated(args[0]), [each for meta in args[1:] for each in _meta_of(meta)]
        return Annotated[(inner, *found)] if found else inner
    if isinstance(hint, type) and issubclass(hint, Secret):
        inner = _translated(hint.inner)
        return hint if inner is hint.inner else Secret[inner]  # type: ignore[valid-type]
    if not args or not _has_constraints(hint):
        return hint
    said = tuple(_translated(arg) for arg in args)
    return Union[said] if origin is types.UnionType else origin[said]  # noqa: UP007 - made of what is only known here


def _meta_of(meta: Any) -> Iterator[Any]:
    """Yield what stands for one thing in an `Annotated`: itself, if it is no constraint of another library."""
    if not _is_foreign(meta):
        yield meta
        return
    words: dict[str, Any] = {}
    for part in _parts(meta):
        words |= _words_of(part)
    if words:
        yield msgspec.Meta(**words)


def _is_foreign(meta: Any) -> bool:
    return type(meta).__module__.partition(".")[0] in LIBRARIES


def _parts(meta: Any) -> Iterator[Any]:
    """Yield the constraints that one object stands for."""
    if type(meta).__name__ == "FieldInfo":
        if getattr(meta, "description", None):
            yield {"description": meta.description}
        for part in meta.metadata:
            yield from _parts(part)
    elif hasattr(meta, "__iter__"):  # annotated_types calls it a GroupedMetadata
        for part in meta:
            yield from _parts(part)
    else:
        yield meta


def _words_of(part: Any) -> dict[str, Any]:
    if isinstance(part, dict):
        return part
    kind = type(part).__name__
    if kind in LIKE:
        return {LIKE[kind]: getattr(part, LIKE[kind])}
    if kind in SAYS_NOTHING:
        return {}
    if kind == "Timezone" and part.tz in (..., None):
        return {"tz": part.tz is ...}
    general = {name: value for name, value in vars(part).items() if value is not None} if hasattr(part, "__dict__") else {}
    if general.keys() == {"pattern"}:
        return {"pattern": getattr(general["pattern"], "pattern", general["pattern"])}
    raise Unchecked(f"{part!r:.200}: {NO_WAY}")


def _has_constraints(hint: Any) -> bool:
    if get_origin(hint) is Annotated and any(map(_is_foreign, get_args(hint)[1:])):
        return True
    if isinstance(hint, type) and issubclass(hint, Secret):
        return _has_constraints(hint.inner)
    return any(map(_has_constraints, get_args(hint)))


def _check_classes(hint: Any, seen: set[Any]) -> None:
    """Raise Unchecked for constraints of other libraries in the fields of classes, whose annotations msgspec reads itself."""
    for arg in get_args(hint):
        _check_classes(arg, seen)
    if not isinstance(hint, type) or hint in seen or not _has_fields(hint):
        return
    seen.add(hint)
    try:
        fields = get_type_hints(hint, include_extras=True)
    except Exception:  # noqa: BLE001 - an annotation is any expression; msgspec says what is wrong with it
        return
    for name, inner in fields.items():
        if _has_constraints(inner):
            raise Unchecked(
                f"{hint.__qualname__}.{name} has a constraint that is not msgspec's; in a class write msgspec.Meta(...)"
            )
        _check_classes(inner, seen)


def _has_fields(kind: type) -> bool:
    is_named_tuple = issubclass(kind, tuple) and hasattr(kind, "_fields")
    is_plain = dataclasses.is_dataclass(kind) and not hasattr(kind, "__pydantic_fields__")
    return is_plain or is_named_tuple or is_typeddict(kind) or issubclass(kind, msgspec.Struct)
