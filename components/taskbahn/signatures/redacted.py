"""What a task redacts: the named parts of its arguments are `writeOnly` in the schema that is published of it.

A name goes from an argument into its parts: `user.email`. A list on the way stands for each of its items, and `*` for each part.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidOption, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

EACH = "*"
MAX_NAMES = 100  # of one task
MAX_STEPS = 20  # of one name
SCALARS = ("string", "integer", "number", "boolean", "null")


def redact_of(given: Any) -> tuple[str, ...]:
    """Return what a user wrote as `redact=`; raises InvalidOption."""
    if isinstance(given, str) or not isinstance(given, list | tuple | set | frozenset):
        raise InvalidOption(
            f'option redact = {given!r:.100}: it is a list of names, as in ["card", "user.email"]', option="redact"
        )
    for name in given:
        if not isinstance(name, str) or not all(name.split(".")) or name.count(".") >= MAX_STEPS:
            raise InvalidOption(
                f"option redact: {name!r:.100} is no name of an argument, as card or user.email are", option="redact"
            )
    if len(given) > MAX_NAMES:
        raise InvalidOption(f"option redact has {len(given):,} names, more than the {MAX_NAMES} allowed", option="redact")
    return tuple(sorted(given) if isinstance(given, set | frozenset) else given)


def with_redacted(task: str, schema: dict[str, Any], definitions: dict[str, Any], redact: Iterable[str]) -> dict[str, Any]:
    """Return the schema of a task's arguments with what is redacted marked; raises InvalidOption for a name that is nothing."""
    made = copy.deepcopy(schema)
    for name in redact:
        marker = _Marker(definitions)
        if not marker.mark(made, name.split(".")):
            raise InvalidOption(f"option redact: {name!r} names no part of an argument of {task}{marker.hint()}", option="redact")
    return made


def hide(schema: dict[str, Any]) -> None:
    """Mark a schema: its values are shown nowhere."""
    schema["writeOnly"] = True
    schema.pop("default", None)
    if schema.get("type") == "string" and "format" not in schema:
        schema["format"] = "password"


class _Marker:
    """Marks what one name names."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self._definitions = definitions
        self._missed = ""
        self._known: list[str] = []

    def hint(self) -> str:
        """Say what there is."""
        shown = ", ".join(dict.fromkeys(self._known))
        return f"{did_you_mean(self._missed, self._known)}; there are {shown}" if shown else ""

    def mark(self, schema: dict[str, Any], names: list[str]) -> bool:
        """Mark the parts of a schema that the names lead to; return whether there are any."""
        if not names:
            hide(schema)
            return True
        if isinstance(schema.get("anyOf"), list):
            return True in [self.mark(branch, names) for branch in schema["anyOf"]]
        if isinstance(schema.get("$ref"), str):  # a copy, for others may refer to it
            schema.update(copy.deepcopy(self._definitions.get(schema.pop("$ref").removeprefix("#/$defs/"), {})))
        if schema.get("type") == "array":
            parts = [*schema.get("prefixItems", ()), schema.setdefault("items", {})]
            return True in [self.mark(part, names) for part in parts if isinstance(part, dict)]
        return schema.get("type") not in SCALARS and "enum" not in schema and self._mark_part(schema, *names)

    def _mark_part(self, schema: dict[str, Any], name: str, *rest: str) -> bool:
        is_open = "properties" not in schema  # any name: a mapping, or anything
        properties = schema.setdefault("properties", {})
        others = schema.get("additionalProperties", {} if is_open else False)
        if name == EACH:
            found = [self.mark(part, [*rest]) for part in properties.values()]
            if isinstance(others, dict):
                schema["additionalProperties"] = others
                found.append(self.mark(others, [*rest]))
            return any(found)
        if name not in properties:
            if not isinstance(others, dict) and others is not True:
                self._missed = name
                self._known += properties
                return False
            properties[name] = copy.deepcopy(others) if isinstance(others, dict) else {}
        return self.mark(properties[name], [*rest])
