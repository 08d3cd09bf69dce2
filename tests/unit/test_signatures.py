"""Arguments of callers without an SDK, held against the signature that a worker published."""

from typing import Any

import pytest

from taskbahn.errors import InvalidArguments, InvalidRequest
from taskbahn.protocol import messages
from taskbahn_router.core.argument_schema import MAX_FIELDS, Validator

PARAMETERS = {
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "width": {"type": "integer"},
        "rest": {"type": "array", "items": {"type": "number"}},
    },
    "required": ["path"],
    "additionalProperties": False,
}


def checker(*, variadic: str | None = None, **changes: Any) -> Validator:
    parameters = {**PARAMETERS, **changes}
    return Validator("a.task", messages.Signature(digest="d", parameters=parameters, order=["path", "width"], variadic=variadic))


def fields(check: Validator, *args: Any, **kwargs: Any) -> dict[str, str]:
    with pytest.raises(InvalidArguments) as caught:
        check.check(list(args), kwargs)
    found: dict[str, str] = caught.value.detail["fields"]
    return found


def test_arguments_that_fit_pass_by_position_and_by_name() -> None:
    checker().check(["a.jpg", 5], {})
    checker().check(["a.jpg"], {"width": 5})
    checker().check([], {"path": "a.jpg"})


def test_a_missing_argument_is_named() -> None:
    assert fields(checker(), width=5) == {"path": "is missing"}


def test_a_surplus_name_is_named() -> None:
    assert fields(checker(), "a.jpg", widht=5, colour=1) == {
        "widht": "is no argument of this task (did you mean 'width'?)",
        "colour": "is no argument of this task",
    }


def test_too_many_positions_are_counted() -> None:
    assert fields(checker(), "a.jpg", 5, 6) == {"": "3 arguments were given by position, it takes 2"}


def test_an_argument_given_twice_is_named() -> None:
    assert fields(checker(), "a.jpg", path="b.jpg") == {"path": "given twice, by position and by name"}


def test_each_wrong_argument_is_named_with_what_is_wrong() -> None:
    wrong = fields(checker(), 5, "wide")
    assert set(wrong) == {"path", "width"}
    assert 'is not of type "integer"' in wrong["width"]


def test_variadic_arguments_take_the_surplus_positions() -> None:
    checker(variadic="rest").check(["a.jpg", 5, 1, 2.5], {})
    assert set(fields(checker(variadic="rest"), "a.jpg", 5, 1, "two")) == {"rest.1"}


def test_no_more_wrong_fields_than_the_bound_are_named() -> None:
    parameters: dict[str, Any] = {"properties": {f"a{number}": {"type": "string"} for number in range(50)}, "required": []}
    wrong = fields(checker(**parameters), **{f"a{number}": number for number in range(50)})
    assert len(wrong) == MAX_FIELDS


def test_bytes_and_times_are_checked_as_the_text_that_they_travel_as() -> None:
    checker().check([b"abc"], {})
    assert set(fields(checker(), "a", b"abc")) == {"width"}


@pytest.mark.parametrize("value", [object(), {(1, 2): 3}])
def test_what_is_no_data_is_refused(value: Any) -> None:
    assert set(fields(checker(), value)) == {""}


@pytest.mark.parametrize("schema", [{"type": "nonsense"}, {"properties": 5}, {"$ref": "https://example.com/schema.json"}])
def test_a_schema_that_is_none_is_refused_when_it_is_declared(schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match=r"a\.task is no JSON Schema"):
        Validator("a.task", messages.Signature(digest="d", parameters=schema)).compile()
