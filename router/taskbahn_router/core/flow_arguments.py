"""The arguments of the members of flows: references to results of other jobs in them, as callers write them and as they are stored.

`{"$output": name}` as a whole argument, or as an item of a list that is one, is stored as `{"$input": position}`; what looks like one of
these, and is not, is inside of `{"$literal": ...}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages
from taskbahn.protocol.calls import chunk_of
from taskbahn.protocol.inputs import INPUT, LITERAL, OUTPUT, mark_of
from taskbahn.protocol.secrets import SENTENCE, has_mark, sealed
from taskbahn_router.core.argument_schema import HOLE
from taskbahn_router.core.flow_form import wrong

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.core.flow_jobs import Known

GIVEN = {INPUT: 0}  # stands for what comes before a member, which is its first argument


class References:
    """Replaces references in the arguments of one member; *refer* returns the position at which it gets what one stands for."""

    def __init__(self, refer: Callable[[Any], int]) -> None:
        self._refer = refer
        self.are_there = False

    def whole(self, value: Any) -> Any:
        """Return an argument as it is stored."""
        return [self._one(item) for item in value] if isinstance(value, list) else self._one(value)

    def _one(self, value: Any) -> Any:
        key = mark_of(value)
        if key == OUTPUT:
            self.are_there = True
            return {INPUT: self._refer(value[OUTPUT])}
        return value if key != INPUT else {LITERAL: value}


def plain(value: Any) -> Any:
    """Return an argument without references as the task gets it."""
    if isinstance(value, list):
        return [item[LITERAL] if mark_of(item) == LITERAL else item for item in value]
    return value[LITERAL] if mark_of(value) == LITERAL else value


def holed(value: Any) -> Any:
    """Return an argument to be checked: a hole if a part of it is not known."""
    if mark_of(value) == OUTPUT or (isinstance(value, list) and any(mark_of(item) == OUTPUT for item in value)):
        return HOLE
    return plain(value)


def unpacked(data: Any, place: str) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments of a member as its caller wrote them."""
    if "packed" in data:
        try:
            args, kwargs = messages.from_json(data["packed"])
        except (ValueError, TypeError, RecursionError):
            raise wrong(place, "`packed` is the JSON text of [args, kwargs]") from None
    else:
        args, kwargs = data.get("args", []), data.get("kwargs", {})
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise wrong(place, "arguments are a list, `args`, and an object, `kwargs`")
    return (args, kwargs) if "packed" in data else _sealed(args, kwargs, place)


def _sealed(args: list[Any], kwargs: dict[str, Any], place: str) -> tuple[list[Any], dict[str, Any]]:
    """Return plain arguments as they travel: what looks like a secret there is none."""
    text = text_of([args, kwargs], place)
    if '$secret":' not in text:
        return args, kwargs
    if has_mark(text.encode()):
        raise wrong(place, f"a part of its arguments {SENTENCE}")
    made: list[Any] = messages.from_json(sealed(text.encode()))
    return made[0], made[1]


def text_of(arguments: list[Any], place: str) -> str:
    """Return arguments as they are stored."""
    try:
        return messages.to_json(arguments)
    except (TypeError, ValueError, RecursionError) as error:
        raise wrong(place, f"its arguments are not data: {error}") from None


def chunk(calls: list[Any], place: str) -> tuple[str, list[Known]]:
    """Return the arguments of a job that makes several calls: as they are stored, and those of each call, to be checked."""
    texts, known = [], []
    for text in calls:
        args, kwargs = unpacked({"packed": text}, place)
        if HOLE in map(holed, (*args, *kwargs.values())):
            raise wrong(place, "chunks take values, no results of other jobs: leave `size` out")
        arguments = [*map(plain, args)], {name: plain(value) for name, value in kwargs.items()}
        texts.append(text if arguments == (args, kwargs) else text_of([*arguments], place))
        known.append(arguments)
    return chunk_of(texts), known
