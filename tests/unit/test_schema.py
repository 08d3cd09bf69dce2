"""What a task takes and gives: the published schema, the checks, and the way there and back of rich types."""

import dataclasses
import datetime as dt
import decimal
import enum
import ipaddress
import json
import pathlib
import socket
import uuid
from collections.abc import Callable
from typing import Annotated, Any, Literal

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn.errors import InvalidArguments, ResultNotSerialisable, ResultTooLarge, TooLarge
from taskbahn.protocol import messages
from taskbahn.signatures.signature import TaskSignature, UnsupportedAnnotation, pack_plain


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@dataclasses.dataclass
class Box:
    width: int
    path: pathlib.Path


class Point(msgspec.Struct):
    x: float
    y: float = 0.0


def thumbnail(path: str, width: int = 256) -> str:
    """Make a thumbnail.

    path: where the photograph is
    width (pixels): how wide it becomes
    """
    raise NotImplementedError


def everything(
    a: int,
    /,
    b: float,
    *rest: int,
    c: Colour = Colour.RED,
    d: str | None = None,
    **more: Box,
) -> Point:
    raise NotImplementedError


def untyped(x, y=3, *, z=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - that is the point
    raise NotImplementedError


def nothing() -> None:
    raise NotImplementedError


def both_ways(function: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    signature = TaskSignature.of(function)
    return signature.unpack(signature.pack(args, kwargs))


def wrong(function: Callable[..., Any], *args: Any, **kwargs: Any) -> dict[str, str]:
    with pytest.raises(InvalidArguments) as caught:
        TaskSignature.of(function, "the.task").pack(args, kwargs)
    assert "the.task" in caught.value.message
    fields: dict[str, str] = caught.value.detail["fields"]
    return fields


def test_the_schema_has_types_defaults_and_what_the_docstring_says() -> None:
    published = TaskSignature.of(thumbnail).wire
    assert published.parameters == {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "where the photograph is"},
            "width": {"type": "integer", "default": 256, "description": "how wide it becomes"},
        },
        "required": ["path"],
        "additionalProperties": False,
    }
    assert (published.order, published.variadic, published.returns) == (["path", "width"], None, {"type": "string"})


def test_times_that_need_no_zone_are_published_as_such() -> None:
    def task(
        a: dt.datetime,
        b: dt.time | None,
        c: list[dt.datetime],
        d: Annotated[dt.datetime, msgspec.Meta(tz=True)],
        e: Annotated[dt.time, msgspec.Meta(description="when")],
    ) -> None:
        raise NotImplementedError

    properties = TaskSignature.of(task).wire.parameters["properties"]
    assert properties == {
        "a": {"type": "string", "format": "date-time-local"},
        "b": {"anyOf": [{"type": "string", "format": "time-local"}, {"type": "null"}]},
        "c": {"type": "array", "items": {"type": "string", "format": "date-time-local"}},
        "d": {"type": "string", "format": "date-time"},
        "e": {"type": "string", "format": "time-local", "description": "when"},
    }
    moment, time = dt.datetime(2026, 1, 2, 3, 4, 5), dt.time(6, 7)  # noqa: DTZ001 - that is what it is about
    assert both_ways(task, moment, time, [moment], moment.replace(tzinfo=dt.UTC), time)[0][:3] == (moment, time, [moment])


def test_the_schema_of_every_kind_of_parameter_is_a_valid_schema() -> None:
    published = TaskSignature.of(everything).wire
    jsonschema_rs.meta.validate(published.parameters)
    jsonschema_rs.meta.validate(published.returns)
    validate = jsonschema_rs.validator_for(published.parameters)
    assert validate.is_valid({"a": 1, "b": 2.5, "rest": [3], "c": "blue", "extra": {"width": 1, "path": "x"}})
    assert not validate.is_valid({"a": 1, "b": 2.5, "extra": {"width": "1", "path": "x"}})
    assert (published.order, published.variadic) == (["a", "b"], "rest")


def test_equal_signatures_have_equal_digests_and_others_differ() -> None:
    def twin(path: str, width: float = 256) -> str:
        raise NotImplementedError

    assert TaskSignature.of(thumbnail).wire.digest == TaskSignature.of(thumbnail, "other.name").wire.digest
    assert TaskSignature.of(thumbnail).wire.digest != TaskSignature.of(twin).wire.digest


def test_every_kind_of_parameter_goes_there_and_back() -> None:
    box = Box(1, pathlib.Path("x"))
    assert both_ways(everything, 1, 2, 3, 4, c=Colour.BLUE, d="d", z=box) == (
        (1, 2.0, 3, 4),
        {"c": Colour.BLUE, "d": "d", "z": box},
    )


@pytest.mark.parametrize(
    "hint, value",
    [
        (dt.datetime, dt.datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=dt.UTC)),
        (dt.date, dt.date(2026, 1, 2)),
        (dt.timedelta, dt.timedelta(hours=30)),
        (uuid.UUID, uuid.UUID(int=5)),
        (decimal.Decimal, decimal.Decimal("1.10")),
        (Colour, Colour.BLUE),
        (Level, Level.HIGH),
        (list[Level], [Level.LOW]),
        (Box, Box(3, pathlib.Path("/tmp/x"))),
        (Point, Point(1.5)),
        (dict[str, Point], {"p": Point(1.0, 2.0)}),
        (bytes, b"\x00\xff"),
        (set[int], {1, 2}),
        (tuple[int, str], (1, "x")),
        (tuple[int, ...], (1, 2, 3)),
        (dict[int, str], {1: "x"}),
        (pathlib.Path, pathlib.Path("/a/b")),
        (ipaddress.IPv4Address, ipaddress.IPv4Address("10.0.0.1")),
        (Literal["a", 1], "a"),
        (Annotated[int, msgspec.Meta(ge=1)], 1),
        (int, 2**70),
        (Any, {"free": [1, None]}),
        (str | int | None, None),
    ],
)
def test_rich_types_come_back_as_they_were(hint: Any, value: Any) -> None:
    def task(given: Any) -> Any:
        raise NotImplementedError

    task.__annotations__ = {"given": hint, "return": hint}
    signature = TaskSignature.of(task)
    packed = signature.pack((value,), {})
    assert signature.unpack(packed) == ((value,), {})
    assert json.loads(packed)[1] == {}, "it is plain JSON for a browser"
    assert signature.unpack_result(signature.pack_result(value)) == value


def test_what_a_browser_sends_becomes_the_annotated_types() -> None:
    def task(when: dt.datetime, colour: Colour, box: Box, level: Level) -> None:
        raise NotImplementedError

    args, kwargs = TaskSignature.of(task).unpack(
        '[["2026-01-02T00:00:00Z"], {"colour": "red", "box": {"width": 1, "path": "p"}, "level": 2}]'
    )
    assert args == (dt.datetime(2026, 1, 2, tzinfo=dt.UTC),)
    assert kwargs == {"colour": Colour.RED, "box": Box(1, pathlib.Path("p")), "level": Level.HIGH}


def test_an_integer_is_a_number_but_text_is_none() -> None:
    def task(count: int, share: float) -> None:
        raise NotImplementedError

    assert both_ways(task, 1, 2) == ((1, 2.0), {})
    assert wrong(task, "5", "0.5") == {"count": "expected int, got str", "share": "expected float, got str"}
    assert wrong(task, 5.0, True) == {"count": "expected int, got float", "share": "expected float, got bool"}


@pytest.mark.parametrize(
    "args, kwargs, fields",
    [
        ((), {}, {"path": "is missing"}),
        (("a", 1, 2), {}, {"": "takes 2 by position, 3 were given"}),
        (("a",), {"widht": 1}, {"widht": "is not an argument of this task (did you mean 'width'?)"}),
        (("a",), {"path": "b"}, {"path": "is given twice, by position and by name"}),
        ((), {"width": 1, "hight": 2}, {"path": "is missing", "hight": "is not an argument of this task"}),
        ((1,), {"width": "x"}, {"path": "expected str, got int", "width": "expected int, got str"}),
        ((b"a",), {}, {"path": "expected str, got bytes"}),
        ((object(),), {}, {"path": "object is not data"}),
        (("\ud800",), {}, {"path": "'utf-8' codec can't encode character '\\ud800' in position 0: surrogates not allowed"}),
    ],
)
def test_what_is_wrong_is_said_for_each_argument(args: tuple[Any, ...], kwargs: dict[str, Any], fields: dict[str, str]) -> None:
    assert wrong(thumbnail, *args, **kwargs) == fields


def test_the_inside_of_an_argument_is_checked_and_named() -> None:
    def task(sizes: list[int], box: Box | None = None) -> None:
        raise NotImplementedError

    assert wrong(task, [1, "2"]) == {"sizes": "expected int, got str at [1]"}
    assert wrong(task, [1], Box("wide", pathlib.Path("x"))) == {"box": "expected int, got str at .width"}  # type: ignore[arg-type]
    assert wrong(task, [1], box={"width": 1}) == {"box": "object missing required field path"}


def test_a_positional_only_argument_cannot_be_given_by_name() -> None:
    def task(first: int, /) -> None:
        raise NotImplementedError

    assert wrong(task, first=1) == {"first": "must be given by position"}


def test_a_surplus_argument_of_a_variadic_task_is_named_by_its_place() -> None:
    assert wrong(everything, 1, 2.0, 3, "4") == {"rest[1]": "expected int, got str"}


def test_none_is_fine_where_it_is_the_default() -> None:
    def task(width: int = None) -> None:  # type: ignore[assignment]  # noqa: RUF013 - often written
        raise NotImplementedError

    assert both_ways(task, None) == ((None,), {})


def test_without_annotations_anything_goes() -> None:
    assert both_ways(untyped, {"a": 1}, [2], z="z") == (({"a": 1}, [2]), {"z": "z"})
    assert wrong(untyped) == {"x": "is missing"}


def test_a_call_without_arguments_is_always_the_same_text() -> None:
    signature = TaskSignature.of(nothing)
    assert signature.pack((), {}) is messages.NO_ARGUMENTS
    assert signature.unpack(messages.NO_ARGUMENTS) == ((), {})
    assert wrong(nothing, 1) == {"": "takes 0 by position, 1 were given"}


def test_arguments_above_the_bound_are_refused() -> None:
    with pytest.raises(TooLarge, match="pass a reference"):
        TaskSignature.of(thumbnail).pack(("x" * messages.MAX_ARGUMENTS,), {})
    with pytest.raises(TooLarge):
        pack_plain("some.task", ("x" * messages.MAX_ARGUMENTS,), {})


@pytest.mark.parametrize("text", ["", "nope", "[]", "{}", "[1, 2]", '[["a"], 3]', '["a", {}]x'])
def test_text_that_is_no_arguments_is_refused(text: str) -> None:
    with pytest.raises(InvalidArguments):
        TaskSignature.of(thumbnail).unpack(text)


def test_arguments_that_do_not_fit_any_more_are_refused_by_the_worker() -> None:
    with pytest.raises(InvalidArguments) as caught:
        TaskSignature.of(thumbnail).unpack('[[1], {"width": "x"}]')
    assert caught.value.detail["fields"] == {"path": "expected str, got int", "width": "expected int, got str"}


def test_a_result_that_is_not_data_is_named_with_its_place() -> None:
    with pytest.raises(ResultNotSerialisable, match=r"object is not data at \['a'\]\[1\]\.x"):
        TaskSignature.of(nothing).pack_result({"a": [1, Point(object())]})  # type: ignore[arg-type]


def test_a_result_that_contains_itself_is_refused() -> None:
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(ResultNotSerialisable, match="contains itself"):
        TaskSignature.of(nothing).pack_result(circle)


def test_a_result_above_the_bound_is_refused() -> None:
    with pytest.raises(ResultTooLarge, match="store it and return a reference"):
        TaskSignature.of(nothing).pack_result("x" * messages.MAX_RESULT)


def test_a_result_that_does_not_fit_its_annotation_comes_as_plain_values() -> None:
    signature = TaskSignature.of(thumbnail)
    assert signature.unpack_result('{"not": "text"}') == {"not": "text"}
    assert signature.unpack_result("null") is None


def takes_socket(connection: socket.socket) -> None:
    raise NotImplementedError


def gives_callable() -> Callable[[], int]:
    raise NotImplementedError


def takes_two_kinds(path: pathlib.Path | str) -> None:
    raise NotImplementedError


@pytest.mark.parametrize(
    "function, said",
    [
        (takes_socket, r"parameter 'connection' is annotated socket\.socket, which cannot travel as data"),
        (gives_callable, r"the result is annotated .*Callable\[\[\], int\], which cannot travel as data"),
        (
            takes_two_kinds,
            r"parameter 'path' is annotated pathlib\.(_local\.)?Path \| str, which cannot travel as data \(Type unions",
        ),
    ],
)
def test_an_annotation_that_is_not_data_is_an_error_at_once(function: Callable[..., Any], said: str) -> None:
    with pytest.raises(UnsupportedAnnotation, match=said):
        TaskSignature.of(function)


def test_a_type_that_is_not_defined_yet_is_a_name_error() -> None:
    def task(later: "Later") -> None:  # type: ignore[name-defined]  # noqa: F821
        raise NotImplementedError

    with pytest.raises(NameError):
        TaskSignature.of(task)


DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
WORDS = st.text(st.characters(codec="utf-8"))


@given(st.lists(DATA, max_size=3), st.dictionaries(WORDS, DATA, max_size=3))
def test_any_data_goes_there_and_back(args: list[Any], kwargs: dict[str, Any]) -> None:
    def task(*args: Any, **kwargs: Any) -> None:
        raise NotImplementedError

    signature = TaskSignature.of(task)
    packed = signature.pack(tuple(args), kwargs)
    assert signature.unpack(packed) == (tuple(args), kwargs)
    assert pack_plain("any.task", tuple(args), kwargs) in (packed, "[[],{}]")


@given(DATA)
def test_whatever_is_sent_is_taken_or_refused_but_never_crashes(value: Any) -> None:
    signature = TaskSignature.of(everything)
    try:
        args, _ = signature.unpack(messages.to_json([[value], {"b": value, "c": value}]))
    except InvalidArguments:
        return
    assert isinstance(args[0], int)


@pytest.mark.parametrize(
    "wrong", ['[[1,2,"x"],{}]', '[["x",2],{}]', "[[1],{}]", "[[1,2,3,4],{}]", '[[1,2],{"d":1}]', "[{},{}]", "[1,2],{}]"]
)
def test_a_wrong_call_is_refused_after_right_ones_as_before(wrong: str) -> None:
    def task(a: int, b: int, c: int = 0) -> None: ...

    signature = TaskSignature.of(task)
    with pytest.raises(InvalidArguments) as first:
        signature.unpack(wrong)
    for text, args in (("[[1,2],{}]", (1, 2)), ("[[1,2],{}]", (1, 2)), ("[[1,2,3],{}]", (1, 2, 3)), ("[[1,2],{}]", (1, 2))):
        assert signature.unpack(text) == (args, {})
        with pytest.raises(InvalidArguments) as later:
            signature.unpack(wrong)
        assert (later.value.message, later.value.detail) == (first.value.message, first.value.detail)
