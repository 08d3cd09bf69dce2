"""Constraints in annotations: client and dispatcher check those of each library alike, or the declaration is refused."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from typing import Annotated, Any, NamedTuple, TypedDict

import annotated_types as at
import msgspec
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn import InvalidArguments, Taskbahn, UnsupportedAnnotation
from taskbahn.signatures.signature import TaskSignature
from taskbahn_router.core.argument_schema import Validator


def signature_of(hint: Any) -> TaskSignature:
    def takes(value: Any) -> None: ...

    takes.__annotations__["value"] = hint
    return TaskSignature.of(takes, "t.takes")


class Spelled(NamedTuple):
    """One constraint in the words of the three libraries, and what it means."""

    spellings: tuple[Any, ...]
    holds: Any


LOW, HIGH = -3, 7
SHORT, BEGINS = pydantic.StringConstraints(min_length=1, max_length=3), pydantic.StringConstraints(pattern="^a")
NUMBERS = [
    Spelled((msgspec.Meta(ge=LOW), at.Ge(LOW), pydantic.Field(ge=LOW)), lambda n: n >= LOW),
    Spelled((msgspec.Meta(gt=LOW), at.Gt(LOW), pydantic.Field(gt=LOW)), lambda n: n > LOW),
    Spelled(
        (msgspec.Meta(ge=LOW, lt=HIGH), at.Interval(ge=LOW, lt=HIGH), pydantic.Field(ge=LOW, lt=HIGH)), lambda n: LOW <= n < HIGH
    ),
    Spelled((msgspec.Meta(le=HIGH, multiple_of=2), pydantic.Field(le=HIGH, multiple_of=2)), lambda n: n <= HIGH and n % 2 == 0),
]
TEXTS = [
    Spelled(
        (msgspec.Meta(min_length=1, max_length=3), at.Len(1, 3), pydantic.StringConstraints(min_length=1, max_length=3)),
        lambda t: 1 <= len(t) <= 3,
    ),
    Spelled(
        (msgspec.Meta(pattern="^a"), pydantic.Field(pattern="^a"), BEGINS),
        lambda t: bool(re.search("^a", t)),
    ),
]
WRAPPED = [
    (lambda hint: hint, lambda value: value),
    (lambda hint: list[hint], lambda value: [value]),  # type: ignore[valid-type]
    (lambda hint: hint | None, lambda value: value),
    (lambda hint: dict[str, list[hint]], lambda value: {"a": [value]}),  # type: ignore[valid-type]
]


def agree(base: Any, spelled: Spelled, value: Any, wrap: Any) -> None:
    wrap_hint, wrap_value = wrap
    for spelling in spelled.spellings:
        signature = signature_of(wrap_hint(Annotated[base, spelling, "a word for people"]))
        by_client, by_dispatcher = signature.pack, Validator("t", signature.wire).check
        assert passes(by_client, (wrap_value(value),)) == spelled.holds(value), (spelling, value)
        assert passes(by_dispatcher, [wrap_value(value)]) == spelled.holds(value), (spelling, value)


def passes(check: Any, args: Any) -> bool:
    try:
        check(args, {})
    except InvalidArguments:
        return False
    return True


@given(st.sampled_from(NUMBERS), st.integers(-20, 20), st.sampled_from(WRAPPED))
def test_numbers_are_checked_alike_by_client_and_dispatcher(spelled: Spelled, value: int, wrap: Any) -> None:
    agree(int, spelled, value, wrap)


@given(st.sampled_from(TEXTS), st.text("abc", max_size=5), st.sampled_from(WRAPPED))
def test_texts_are_checked_alike_by_client_and_dispatcher(spelled: Spelled, value: str, wrap: Any) -> None:
    agree(str, spelled, value, wrap)


def test_several_constraints_hold_together() -> None:
    signature = signature_of(Annotated[int, at.Ge(0), msgspec.Meta(le=5), pydantic.Field(multiple_of=2, description="how many")])
    assert signature.wire.parameters["properties"]["value"] == {
        "type": "integer", "minimum": 0, "maximum": 5, "multipleOf": 2, "description": "how many",
    }  # fmt: skip
    for wrong in (-2, 3, 6):
        with pytest.raises(InvalidArguments):
            signature.pack((wrong,), {})
    signature.pack((4,), {})


def test_a_time_with_a_zone_can_be_asked_for() -> None:
    signature = signature_of(Annotated[dt.datetime, at.Timezone(...)])
    signature.pack((dt.datetime(2026, 1, 1, tzinfo=dt.UTC),), {})
    with pytest.raises(InvalidArguments):
        signature.pack((dt.datetime(2026, 1, 1),), {})  # noqa: DTZ001 - that is the point


@dataclasses.dataclass
class Order:
    count: Annotated[int, at.Gt(0)]


class Point(NamedTuple):
    x: Annotated[int, pydantic.Field(ge=0)]


class Words(TypedDict):
    word: Annotated[str, at.MinLen(1)]


class Struct(msgspec.Struct):
    orders: list[Order]


class Model(pydantic.BaseModel):
    count: Annotated[int, at.Predicate(lambda value: value > 0)]


@dataclasses.dataclass
class Checked:
    count: Annotated[int, msgspec.Meta(gt=0)]
    next: Checked | None = None


@pytest.mark.parametrize(
    "hint, said",
    [
        (Annotated[int, at.Predicate(bool)], "Predicate(bool): there is no way to check it for all callers"),
        (list[Annotated[int, at.Not(bool)]], "Not(func=<class 'bool'>): there is no way"),
        (Annotated[int, pydantic.AfterValidator(abs)], "AfterValidator(func=<built-in function abs>): there is no way"),
        (Annotated[dt.datetime, at.Timezone("UTC")], "Timezone(tz='UTC'): there is no way"),
        (Annotated[str, pydantic.StringConstraints(strip_whitespace=True)], "there is no way"),
        (Order, "Order.count has a constraint that is not msgspec's; in a class write msgspec.Meta(...)"),
        (dict[str, Struct], "Order.count has a constraint"),
        (Point, "Point.x has a constraint"),
        (Words, "Words.word has a constraint"),
        (Annotated[int, at.MinLen(1)], "parameter 'value'"),
    ],
)
def test_what_nothing_would_check_is_refused_at_the_declaration(hint: Any, said: str) -> None:
    def takes(value: Any) -> None: ...

    takes.__annotations__["value"] = hint
    with pytest.raises(UnsupportedAnnotation) as found:
        Taskbahn().task(name="t.takes")(takes)
    assert said in str(found.value)
    assert "t.takes: parameter 'value' is annotated" in str(found.value)


@pytest.mark.parametrize(
    "hint", [Model, Checked, Annotated[int, "words"], Annotated[int, at.Unit("m")], Annotated[list[int], at.doc("x")]]
)
def test_models_own_constraints_and_words_stay_as_they_are(hint: Any) -> None:
    assert Taskbahn().task(name="t.takes")(taking(hint)).signature.wire.parameters


def taking(hint: Any) -> Any:
    def takes(value: Any) -> None: ...

    takes.__annotations__["value"] = hint
    return takes
