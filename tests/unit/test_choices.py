"""The published schema has choices in the order in which their author wrote them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Literal

from taskbahn import Taskbahn


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
