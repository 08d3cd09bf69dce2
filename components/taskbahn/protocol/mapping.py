"""What a trigger takes from what has come into the call that it starts: data with templates in its texts, as in `"{event.day}"`.

What is between the braces names a source, and may go into it: the names of an object's fields, or numbers of a list's items.

    {event}             the event: its only argument, else its keyword arguments, else the list of all
    {event.customer.id} a part of it
    {event.note?}       the same, which may be missing: null then, or nothing within a longer text

A text that is one template, and nothing else, becomes the value with its type. `{{` and `}}` are braces that mean themselves. A mapping
is parsed once, and holds no code.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.errors import InvalidOption, InvalidRequest, did_you_mean
from taskbahn.protocol import messages
from taskbahn.protocol.inputs import LITERAL, mark_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Fill = Callable[[Mapping[str, Any]], Any]

MAX_STEPS = 16
MAX_DEPTH = 50  # lists and objects in each other
NUMBER = re.compile(r"[0-9]{1,6}")
ARGUMENTS, ARGUMENT = 2, 1  # levels of a flow's `args` or `kwargs`, and of one of them; 0 is an item of a list that is one
OF_CALLS = ("args", "kwargs", "options")
MISSING: Any = type("Missing", (), {"__repr__": lambda _: "MISSING"})()


class Source(NamedTuple):
    """One `{...}`.   text: what is between the braces.   path: the name of a source and the steps into it."""

    text: str
    path: tuple[str, ...]
    may_miss: bool

    def value(self, given: Mapping[str, Any]) -> Any:
        """Return what is there; None if it may be missing and is."""
        found = given[self.path[0]]
        for step in self.path[1:]:
            found = _inner(found, step)
            if found is MISSING:
                if self.may_miss:
                    return None
                raise InvalidRequest(
                    f"{{{self.text}}}: what has come has nothing there; write {{{self.text}?}} if it may be missing, or filter by where"
                )
        return found


def _inner(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step, MISSING)
    if isinstance(value, list | tuple) and NUMBER.fullmatch(step) and int(step) < len(value):
        return value[int(step)]
    return MISSING


def parse(text: str, sources: Sequence[str], place: str) -> list[str | Source]:
    """Return the parts of a text; raises InvalidOption that names the position, counted from 1.

    sources: the names that there are.   place: where the text is, for the message.
    """
    parts: list[str | Source] = []
    plain, at = "", 0
    while at < len(text):
        if text[at : at + 2] in ("{{", "}}"):
            plain, at = plain + text[at], at + 2
        elif text[at] == "{":
            end = text.find("}", at)
            if end < 0:
                raise _wrong(place, at, "'{' has no '}' after it; write '{{' for a brace that means itself")
            parts += [plain] if plain else []
            parts.append(_source(text[at + 1 : end], sources, place, at))
            plain, at = "", end + 1
        elif text[at] == "}":
            raise _wrong(place, at, "'}' has no '{' before it; write '}}' for a brace that means itself")
        else:
            plain, at = plain + text[at], at + 1
    return [*parts, plain] if plain or not parts else parts


def _source(text: str, sources: Sequence[str], place: str, at: int) -> Source:
    path = tuple(text.removesuffix("?").split("."))
    if path[0] not in sources:
        known = ", ".join(f"{{{name}}}" for name in sources)
        raise _wrong(place, at, f"{{{text}}} is unknown{did_you_mean(path[0], sources)}; there are {known}, and parts of them")
    if not all(path) or len(path) > MAX_STEPS:
        raise _wrong(
            place, at, f"{{{text}}} has an empty step" if not all(path) else f"{{{text}}} has more than {MAX_STEPS} steps"
        )
    return Source(text.removesuffix("?"), path, text.endswith("?"))


def _wrong(place: str, at: int, why: str) -> InvalidOption:
    return InvalidOption(f"{place}, position {at + 1}: {why}", option=place, position=at + 1)


def compiled(call: Mapping[str, Any], sources: Sequence[str]) -> Fill:
    """Return what makes an entry of a submission of what has come; raises InvalidOption for what cannot be parsed.

    call: a `calls.Call` or a flow, as `{"flow": ...}`, with templates in its arguments and options; names of tasks have none.
    """
    reader = _Reader(sources)
    return reader.node(_unpacked(call), "", MAX_DEPTH) if "flow" in call else reader.value(_unpacked(call), "", MAX_DEPTH)


def _unpacked(node: Any, depth: int = MAX_DEPTH) -> Any:
    """Return a call or a flow without packed arguments."""
    if depth == 0:
        raise InvalidOption("call is nested too deep", option="call")
    if isinstance(node, list):
        return [_unpacked(item, depth - 1) for item in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("packed"), str) and "task" in node:
        try:
            args, kwargs = messages.from_json(node["packed"])
        except (ValueError, TypeError):
            raise InvalidOption("packed is the JSON text of [args, kwargs]", option="call") from None
        node = {name: value for name, value in node.items() if name not in ("packed", "checked")} | {
            "args": args,
            "kwargs": kwargs,
        }
    return {name: value if name in OF_CALLS else _unpacked(value, depth - 1) for name, value in node.items()}


class _Reader:
    """Compiles the parts of a call or a flow."""

    def __init__(self, sources: Sequence[str]) -> None:
        self._sources = sources

    def node(self, value: Any, place: str, depth: int) -> Fill:
        """Return what fills a flow, or a part of it that is no argument."""
        return self._each(value, place, depth, lambda part, inside, name: (
            self.value(part, inside, depth - 1, -1) if name == "options"
            else self.value(part, inside, depth - 1, ARGUMENTS) if name in ("args", "kwargs")
            else self.node(part, inside, depth - 1)
        ))  # fmt: skip

    def value(self, value: Any, place: str, depth: int, level: int = -1) -> Fill:
        """Return what fills data.   level: what is left to go to where references to results may be, in a flow; below 0: they may not."""
        inner = level - 1 if level == ARGUMENTS or isinstance(value, list) else -1
        return self._each(value, place, depth, lambda part, inside, _: self.value(part, inside, depth - 1, inner), level)

    def _each(self, value: Any, place: str, depth: int, inner: Callable[[Any, str, Any], Fill], level: int = -1) -> Fill:
        if depth == 0:
            raise InvalidOption(f"{place} is nested too deep", option=place)
        if isinstance(value, str):
            return _text(parse(value, self._sources, place or "call"), level)
        if isinstance(value, dict):
            named = {name: inner(part, f"{place}.{name}" if place else str(name), name) for name, part in value.items()}
            return lambda given: {name: fill(given) for name, fill in named.items()}
        if isinstance(value, list | tuple):
            items = [inner(item, f"{place}.{number}", number) for number, item in enumerate(value)]
            return lambda given: [fill(given) for fill in items]
        return lambda _: value


def _text(parts: list[str | Source], level: int) -> Fill:
    if len(parts) == 1:
        whole = parts[0]
        if isinstance(whole, str):
            return lambda _: whole
        return lambda given: _escaped(whole.value(given), level)
    return lambda given: "".join(part if isinstance(part, str) else _shown(part, given) for part in parts)


def _escaped(value: Any, level: int) -> Any:
    """Return a value as it is written in a flow, where what has come must not be taken for a reference to a result."""
    if level == ARGUMENT and isinstance(value, list):
        return [_escaped(item, level - 1) for item in value]
    return {LITERAL: value} if level >= 0 and mark_of(value) is not None else value


def _shown(source: Source, given: Mapping[str, Any]) -> str:
    value = source.value(given)
    if isinstance(value, str):
        return value
    if value is None and source.may_miss:
        return ""
    if isinstance(value, dict | list | tuple):
        kind = "an object" if isinstance(value, dict) else "a list"
        raise InvalidRequest(f"{{{source.text}}} is {kind}, which does not fit into a longer text; name a part of it")
    return messages.to_json(value)
