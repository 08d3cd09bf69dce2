"""The published schema has choices in the order in which their author wrote them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Literal

from taskbahn import Taskbahn
from taskbahn.cli.arguments import typed


class Size(enum.Enum):
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class Level(enum.IntEnum):
    HIGH = 3
    LOW = 1
    MIDDLE = 2


@dataclass
class Print:
    paper: Literal["letter", "a4", "a5"]
    sizes: list[Size]


def choices(schema: Any) -> list[list[Any]]:
    if isinstance(schema, list):
        return [found for part in schema for found in choices(part)]
    if not isinstance(schema, dict):
        return []
    own = [schema["enum"]] if isinstance(schema.get("enum"), list) else []
    return own + [found for part in schema.values() for found in choices(part)]


def test_choices_have_their_declared_order() -> None:
    app = Taskbahn()

    @app.task(name="a.b")
    def job(size: Size, level: Level, kind: Literal["weekly", "daily"] | None, of: Print) -> Size:
        return size

    signature = job.declaration().signature
    assert signature is not None
    found = choices(signature.parameters)
    for wanted in (["small", "medium", "large"], [3, 1, 2], ["weekly", "daily"], ["letter", "a4", "a5"]):
        assert wanted in [[value for value in each if value is not None] for each in found], wanted


def test_an_enum_of_numbers_has_the_names_of_its_members() -> None:
    app = Taskbahn()

    @app.task(name="a.b")
    def job(size: Size, level: Level, same: Literal[3, 1, 2]) -> None: ...

    signature = job.declaration().signature
    assert signature is not None
    definitions = signature.parameters["$defs"]
    assert definitions["Level"]["x-enum-varnames"] == ["HIGH", "LOW", "MIDDLE"]
    assert definitions["Level"]["enum"] == [3, 1, 2]
    assert "x-enum-varnames" not in definitions["Size"], "its values say what they mean"
    assert "x-enum-varnames" not in str(signature.parameters["properties"]["same"])


def test_the_command_line_takes_the_names_of_an_enum() -> None:
    app = Taskbahn()

    @app.task(name="a.b")
    def job(level: Level, other: Level | None = None) -> None: ...

    signature = job.declaration().signature
    assert typed(signature, ("HIGH", "other=MIDDLE")) == ([3], {"other": 2})
    assert typed(signature, ("1",)) == ([1], {})
