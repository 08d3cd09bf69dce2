"""What came without a field that has a default goes on with it: a browser reads the field, and has no dataclass."""

from __future__ import annotations

import dataclasses
from types import GenericAlias
from typing import Any

import msgspec
import pytest

from taskbahn.protocol import messages
from taskbahn.signatures.dataclass_fields import has_gaps
from taskbahn.signatures.signature import TaskSignature


@dataclasses.dataclass
class Plain:
    x: int
    y: int = 0
    tags: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Frozen:
    x: int
    y: int = 0
    tags: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(slots=True)
class Slotted:
    x: int
    y: int = 0
    tags: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Heir(Plain):
    def __post_init__(self) -> None:
        self.tags = [*self.tags]


class Struct(msgspec.Struct):
    x: int
    y: int = 0
    tags: list[str] = []


class Holder(msgspec.Struct):
    plain: Plain | None
    by_name: dict[str, list[tuple[Frozen, int]]]
    itself: Holder | None = None


KINDS: list[Any] = [Plain, Frozen, Slotted, Heir, Struct]
WHOLE = {"x": 9, "y": 0, "tags": []}


def gives(kind: Any) -> TaskSignature:
    def task(given: Any) -> Any:
        return given

    task.__annotations__ = {"given": kind, "return": kind}
    return TaskSignature.of(task, "a.task")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_list", [False, True])
def test_a_result_has_all_fields_of_what_came_without_them(kind: Any, *, is_list: bool) -> None:
    signature = gives(GenericAlias(list, (kind,)) if is_list else kind | None)
    (given,), _ = signature.unpack(messages.to_json([[[{"x": 9}] if is_list else {"x": 9}], {}]))
    assert given == ([kind(9)] if is_list else kind(9))
    assert messages.from_json(signature.pack_result(given)) == ([WHOLE] if is_list else WHOLE)
    again = signature.unpack_result(messages.to_json([{"x": 9}] if is_list else {"x": 9}))
    assert messages.from_json(signature.pack((again,), {})) == [[[WHOLE] if is_list else WHOLE], {}]


def test_pydantic_models_have_them_too() -> None:
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model("Model", x=(int, ...), y=(int, 0), tags=(list[str], []))
    (given,), _ = gives(model).unpack('[[{"x": 9}], {}]')
    assert messages.from_json(gives(model).pack_result(given)) == WHOLE


def test_they_are_found_wherever_they_are() -> None:
    signature = gives(Holder)
    data = {"plain": {"x": 9}, "by_name": {"a": [[{"x": 9}, 1]]}, "itself": {"plain": None, "by_name": {"b": [[{"x": 9}, 2]]}}}
    (given,), _ = signature.unpack(messages.to_json([[data], {}]))
    assert messages.from_json(signature.pack_result(given)) == {
        "plain": WHOLE,
        "by_name": {"a": [[WHOLE, 1]]},
        "itself": {"plain": None, "by_name": {"b": [[WHOLE, 2]]}, "itself": None},
    }


def test_what_has_no_such_dataclass_is_not_looked_through() -> None:
    assert not has_gaps([int, list[Slotted], dict[str, Struct], Any])
    assert has_gaps([int, dict[str, list[tuple[Frozen, int]]]])
    assert has_gaps([Holder | None])
