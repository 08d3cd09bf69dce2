"""The form of a flow as data: what its parts may say, each checked for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidFlow, did_you_mean
from taskbahn_router.core.reactions import FAIL, HOLD, NONE, ON_END, ON_FAILURE, ON_SUCCESS, SKIP

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS = ("task", "chain", "group", "map")
COMMON = frozenset(("name", "if_fails", "after", "on_success", "on_failure", "on_end", "with", "options"))
FIELDS = {
    "task": COMMON | {"task", "args", "kwargs", "packed", "checked", "immutable"},
    "chain": COMMON | {"chain"},
    "group": COMMON | {"group"},
    "map": COMMON | {"map", "calls", "size"},
}
IF_FAILS = (FAIL, SKIP, NONE, HOLD)
CALLBACKS = (ON_SUCCESS, ON_FAILURE, ON_END)
INHERITED = ("queue", "priority", "tags")
OF_PARTS = ("detached",)  # options of a shape within a flow that all in it have; of the outermost, they are those of the whole
OF_FIRST = ("delay", "eta")  # options of a shape that hold back what is first in it
# options of the outermost shape alone: the others are no jobs of their own
OF_WHOLE = frozenset(("title", "weight", "key", "finish_within", "finish_by"))
OF_SHAPES = frozenset((*INHERITED, *OF_PARTS, *OF_FIRST, "keep"))


def wrong(place: str, why: str) -> InvalidFlow:
    """Return the error of a part of a flow."""
    return InvalidFlow(f"{place or 'the flow'}: {why}", place=place)


def kind_of(data: Any, place: str) -> str:
    """Return what a part of a flow is, with its fields checked."""
    if not isinstance(data, dict):
        raise wrong(place, f"a part of a flow is an object with one of {', '.join(KINDS)}, not {type(data).__name__}")
    kinds = [kind for kind in KINDS if kind in data]
    if len(kinds) != 1:
        raise wrong(place, f"a part of a flow has exactly one of {', '.join(KINDS)}; this has {', '.join(kinds) or 'none'}")
    known = FIELDS[kinds[0]]
    for name in data:
        if name not in known:
            raise wrong(place, f"{_shown(name)} is no field of a {kinds[0]}{did_you_mean(str(name), known)}")
    if (policy := data.get("if_fails", FAIL)) not in IF_FAILS:
        raise wrong(place, f"if_fails is one of {', '.join(IF_FAILS)}, not {_shown(policy)}")
    return kinds[0]


def _shown(value: Any) -> str:
    """Return a value as an error shows it."""
    return f"{value[:100]!r:.100}" if isinstance(value, str) else f"a {type(value).__name__}"


def check_shape(options: Mapping[str, Any], place: str) -> None:
    """Raise `InvalidFlow` for options that no shape has."""
    known = OF_SHAPES if place else OF_SHAPES | OF_WHOLE
    for name in options:
        if name not in known:
            why = f"{_shown(name)} is an option of members, not of a shape, which takes {', '.join(sorted(known))}"
            raise wrong(place, why)


def list_of(data: Any, name: str, place: str) -> list[Any]:
    """Return a field that is a list."""
    parts = data[name]
    if not isinstance(parts, list):
        raise wrong(place, f"`{name}` is a list")
    return parts


def size_of(data: Any, place: str) -> int | None:
    """Return how many calls of a `map` one job makes; None: one, whose result is not in a list."""
    size = data.get("size")
    if size is not None and (type(size) is not int or size < 1):
        raise wrong(place, "`size` is a number of calls, 1 or more")
    return size
