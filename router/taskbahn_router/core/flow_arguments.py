"""The arguments of the members of flows: references to results of other jobs in them, as callers write them and as they are stored.

`{"$output": name}` as a whole argument, or as an item of a list that is one, is stored as `{"$input": position}`; what looks like one of
these, and is not, is inside of `{"$literal": ...}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.argument_schema import HOLE
from taskbahn_router.core.flow_form import wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from taskbahn_router.core.reactions import Input

OUTPUT, LITERAL, INPUT = "$output", "$literal", "$input"
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
        key = _mark(value)
        if key == OUTPUT:
            self.are_there = True
            return {INPUT: self._refer(value[OUTPUT])}
        return value if key != INPUT else {LITERAL: value}


def _mark(value: Any) -> str | None:
    """Return the only key of an object, if it means something here."""
    if isinstance(value, dict) and len(value) == 1:
        key = next(iter(value))
        return key if key in (OUTPUT, LITERAL, INPUT) else None
    return None


def plain(value: Any) -> Any:
    """Return an argument without references as the task gets it."""
    if isinstance(value, list):
        return [item[LITERAL] if _mark(item) == LITERAL else item for item in value]
    return value[LITERAL] if _mark(value) == LITERAL else value


def holed(value: Any) -> Any:
    """Return an argument to be checked: a hole if a part of it is not known."""
    if _mark(value) == OUTPUT or (isinstance(value, list) and any(_mark(item) == OUTPUT for item in value)):
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
    return args, kwargs


def text_of(arguments: list[Any], place: str) -> str:
    """Return arguments as they are stored."""
    try:
        return messages.to_json(arguments)
    except (TypeError, ValueError, RecursionError) as error:
        raise wrong(place, f"its arguments are not data: {error}") from None


def with_inputs(packed: str, inputs: Iterable[Input]) -> str:
    """Return stored arguments with what other jobs give in its places."""
    results = {one.position: one.result if one.state == State.SUCCEEDED and one.result else "null" for one in inputs}
    args, kwargs = messages.from_json(packed)
    return messages.to_json([[_filled(value, results) for value in args], {k: _filled(v, results) for k, v in kwargs.items()}])


def _filled(value: Any, results: Mapping[int, str]) -> Any:
    if isinstance(value, list):
        return [_filled_one(item, results) for item in value]
    return _filled_one(value, results)


def _filled_one(value: Any, results: Mapping[int, str]) -> Any:
    key = _mark(value)
    if key == INPUT:
        return msgspec.Raw(results[value[INPUT]].encode())
    return value[LITERAL] if key == LITERAL else value
