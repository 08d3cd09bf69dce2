"""What goes out is what arrives: of each type that an annotation names, exactly, or it is refused with a sentence at the start."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import enum
import math
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict
from zoneinfo import ZoneInfo

import markupsafe
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskbahn.attempt.plain_data import data_of
from taskbahn.errors import InvalidArguments, ResultNotSerialisable
from taskbahn.protocol import messages
from taskbahn.signatures.exact_values import Inexact
from taskbahn.signatures.signature import TaskSignature, pack_plain, pack_result

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclasses.dataclass
class Point:
    x: float
    label: str = ""
    more: list[float] | None = None


class Pair(NamedTuple):
    a: float
    b: str


class Entry(TypedDict):
    value: float


class Row(msgspec.Struct):
    value: float | None = msgspec.field(name="the_value", default=None)


class Flat(msgspec.Struct, array_like=True):
    value: float
    text: str


def signature_of(hint: Any) -> TaskSignature:
    def task(value): ...  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202

    task.__annotations__ = {"value": hint, "return": hint}
    return TaskSignature.of(task)


def there_and_back(value: Any, hint: Any) -> tuple[Any, Any]:
    signature = signature_of(hint)
    packed = signature.pack((value,), {})
    ((argument,), _) = signature.unpack(packed)
    ((again,), _) = signature.unpack(packed)  # a second call with as many arguments is taken in one step
    assert same(again, argument)
    (_, named) = signature.unpack(signature.pack((), {"value": value}))
    assert same(argument, named["value"])
    return argument, signature.unpack_result(signature.pack_result(value))


def same(a: Any, b: Any) -> bool:
    """Compare with types, zones and signs of zero; NaN is itself."""
    return type(a) is type(b) and repr(a) == repr(b)


FLOATS = st.floats()
# of a time without zone, `fold` has no word in ISO 8601, and Python compares without it
TIMES = st.datetimes(
    timezones=st.none() | st.just(dt.UTC) | st.integers(-1439, 1439).map(lambda m: dt.timezone(dt.timedelta(minutes=m)))
)
TYPES: dict[Any, st.SearchStrategy[Any]] = {
    float: FLOATS,
    float | None: st.none() | FLOATS,
    float | int: FLOATS | st.integers(-(2**70), 2**70),
    list[float]: st.lists(FLOATS),
    tuple[float, str]: st.tuples(FLOATS, st.text() | st.sampled_from(["NaN", "Infinity", "-Infinity"])),
    tuple[float, ...]: st.lists(FLOATS).map(tuple),
    dict[str, float]: st.dictionaries(st.text(), FLOATS),
    dict[int, float]: st.dictionaries(st.integers(-(2**63), 2**63 - 1), FLOATS),
    list[dict[str, list[float | None]]]: st.lists(st.dictionaries(st.text(), st.lists(st.none() | FLOATS))),
    Point: st.builds(Point, FLOATS, st.text() | st.just("NaN"), st.none() | st.lists(FLOATS)),
    list[Point]: st.lists(st.builds(Point, FLOATS, st.text(), st.none())),
    Pair: st.builds(Pair, FLOATS, st.sampled_from(["NaN", "x"])),
    Entry: st.fixed_dictionaries({"value": FLOATS}),
    Row: st.builds(Row, st.none() | FLOATS),
    Flat: st.builds(Flat, FLOATS, st.sampled_from(["NaN", "x"])),
    int: st.integers(-(2**200), 2**200),
    str: st.text() | st.sampled_from(["NaN", "Infinity", "null"]),
    list[str]: st.lists(st.text() | st.sampled_from(["NaN", "-Infinity"])),
    bool: st.booleans(),
    bytes: st.binary(),
    Decimal: st.decimals(allow_nan=False) | st.sampled_from([Decimal("NaN"), Decimal("1.10"), Decimal("1E+400")]),
    uuid.UUID: st.uuids(),
    dt.datetime: TIMES.map(lambda when: when.replace(fold=0)),
    dt.date: st.dates(),
    dt.timedelta: st.timedeltas(),
    Any: st.recursive(
        st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    ),
}  # fmt: skip


@pytest.mark.parametrize("hint", TYPES, ids=str)
def test_a_value_arrives_as_it_was(hint: Any) -> None:
    @settings(max_examples=60, deadline=None)
    @given(TYPES[hint])
    def arrives(value: Any) -> None:
        for arrived in there_and_back(value, hint):
            assert same(arrived, value)

    arrives()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text() | st.sampled_from(["1.5", "2026-01-02", "2026-01-02T03:04:05Z", "P1D", "AAAA", "NaN", "a", 1.0, 1e30, -0.0]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.sampled_from(["1", "value", "x"]), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@pytest.mark.parametrize("hint", TYPES, ids=str)
def test_a_second_call_takes_and_refuses_what_the_first_one_does(hint: Any) -> None:
    """A call by a client that packs for itself: whatever it sends, it gets the same answer at first and later."""

    @settings(max_examples=60, deadline=None)
    @given(TYPES[hint], JSON)
    def answers_alike(right: Any, value: Any) -> None:
        first, later = signature_of(hint), signature_of(hint)
        later.unpack(later.pack((right,), {}))
        text = messages.to_json([[value], {}])
        assert answer(later, text) == answer(first, text)

    answers_alike()


def answer(signature: TaskSignature, text: str) -> str:
    try:
        return repr(signature.unpack(text))
    except InvalidArguments as error:
        return f"refused: {error.message}"


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, np.float64("nan")])
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [1, [x]], lambda x: {"a": {"b": x}}, lambda x: Point(1.0, more=[x])])
def test_a_number_that_cannot_be_kept_is_refused_with_its_place(number: float, wrap: Any) -> None:
    value = wrap(number)
    place = {float: "", np.float64: "", list: "[1][0]", dict: "['a']['b']"}.get(type(value), "['more'][0]")
    refusals: list[Callable[[], Any]] = [
        lambda: pack_plain("a.task", (value,), {}),
        lambda: signature_of(Any).pack((value,), {}),
        lambda: signature_of(Any).pack((), {"value": value}),
        lambda: pack_result(value),
        lambda: data_of(value, "a chunk"),
    ]
    for refusal in refusals:
        with pytest.raises(
            (InvalidArguments, ResultNotSerialisable, Inexact), match="is kept only where the annotation is float"
        ) as caught:
            refusal()
        assert place in str(caught.value)


@pytest.mark.parametrize("hint", [float | str, str | float | None, float | Decimal, float | dt.datetime, float | uuid.UUID])
def test_where_a_text_is_possible_it_stays_and_numbers_are_refused(hint: Any) -> None:
    with pytest.raises(InvalidArguments, match="nan is no JSON"):
        signature_of(hint).pack((math.nan,), {})


def test_a_text_stays_a_text_beside_a_float() -> None:
    assert there_and_back("NaN", float | str) == ("NaN", "NaN")


@pytest.mark.parametrize(
    "value, what",
    [
        ({1: "a", "1": "b"}, "two keys are the same in JSON, '1'"),
        ({math.nan: 1}, "nan is no key in JSON"),
        ([dt.datetime(2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(seconds=3601)))], "no whole number of minutes"),
        (dt.datetime(1880, 1, 1, tzinfo=ZoneInfo("Europe/Paris")), "no whole number of minutes"),
        (np.datetime64("2020-01-01T00:00:00.000000001"), "convert it"),
        (np.array(["NaT"], dtype="M8[ns]"), "convert it"),
        (np.longdouble(1), "convert it"),
        ({(1, 2): 3}, "tuple is not data"),
        ("\ud800", "surrogates"),
    ],
    ids=lambda given: type(given).__name__,
)  # fmt: skip
def test_what_would_become_another_value_is_refused(value: Any, what: str) -> None:
    with pytest.raises(ResultNotSerialisable, match=what):
        pack_result(value)
    with pytest.raises(InvalidArguments, match=what):
        pack_plain("a.task", (value,), {})


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "something else"


class Whole(int):
    pass


class Real(float):
    pass


class Raw(bytes):
    pass


class Exactly(Decimal):
    pass


class Moment(dt.datetime):
    pass


class Day(dt.date):
    pass


class Clock(dt.time):
    pass


class Span(dt.timedelta):
    pass


class Number(enum.IntEnum):
    ONE = 1


class Word(enum.StrEnum):
    A = "a"


SUBCLASSES: list[tuple[Any, Any, Any]] = [
    (markupsafe.Markup("<b>"), str, "<b>"),
    (Text("a"), str, "a"),
    (Whole(2**70), int, 2**70),
    (Real(1.5), float, 1.5),
    (Real("inf"), float, math.inf),
    (np.float64(0.1), float, 0.1),
    (np.float64("nan"), float, math.nan),
    (np.str_("a"), str, "a"),
    (np.bytes_(b"a"), bytes, b"a"),
    (np.int64(5), int, 5),
    (np.bool_(True), bool, True),
    (Raw(b"x"), bytes, b"x"),
    (Exactly("1.10"), Decimal, Decimal("1.10")),
    (Moment(2020, 1, 2, 3, tzinfo=dt.UTC), dt.datetime, dt.datetime(2020, 1, 2, 3, tzinfo=dt.UTC)),
    (Day(2020, 1, 2), dt.date, dt.date(2020, 1, 2)),
    (Clock(1, 2, 3), dt.time, dt.time(1, 2, 3)),
    (Span(1, 2, 3), dt.timedelta, dt.timedelta(1, 2, 3)),
    (Number.ONE, int, 1),
    (Word.A, str, "a"),
    ([markupsafe.Markup("a"), "b"], list[str], ["a", "b"]),
    ({markupsafe.Markup("k"): Real(1)}, dict[str, float], {"k": 1.0}),
    (collections.OrderedDict(b=1, a=2), dict[str, int], {"b": 1, "a": 2}),
    (collections.defaultdict(list, a=[Whole(1)]), dict[str, list[int]], {"a": [1]}),
    (Point(Real(1), markupsafe.Markup("l")), Point, Point(1.0, "l")),
]  # fmt: skip


@pytest.mark.parametrize("value, hint, base", SUBCLASSES, ids=lambda given: type(given).__name__)
def test_an_instance_of_a_subclass_is_taken_as_its_base(value: Any, hint: Any, base: Any) -> None:
    for arrived in there_and_back(value, hint):
        assert same(arrived, base)
    if not (isinstance(value, float) and not math.isfinite(value)):
        assert pack_result(value) == pack_result(base)
        assert pack_plain("a.task", (value,), {"x": value}) == pack_plain("a.task", (base,), {"x": base})


@pytest.mark.parametrize("value, hint", [(uuid.uuid4(), str), (dt.date(2020, 1, 1), str), (1, str), ("1", int), (True, int)])
def test_what_is_of_another_type_is_still_refused(value: Any, hint: Any) -> None:
    with pytest.raises(InvalidArguments, match="xpected"):
        signature_of(hint).pack((value,), {})


def test_nanoseconds_are_refused_and_not_cut_off() -> None:
    class Timestamp(dt.datetime):
        nanosecond = 5

    with pytest.raises(ResultNotSerialisable, match="nanoseconds"):
        pack_result(Timestamp(2020, 1, 1))


def test_a_time_that_is_none_is_refused_as_such() -> None:
    class NotATime(dt.datetime):
        nanosecond = float("nan")
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            return False

        def __ne__(self, other: object) -> bool:
            return True

    with pytest.raises(ResultNotSerialisable, match="is no time; give None"):
        pack_result(NotATime(2020, 1, 1))


def test_an_integer_beyond_64_bits_is_refused_where_it_cannot_travel() -> None:
    assert data_of([2**64 - 1, -(2**63)], "a chunk")
    with pytest.raises(ValueError, match="a chunk has an integer beyond 64 bits"):
        data_of({"a": 2**64}, "a chunk")


def test_a_default_that_is_not_finite_is_not_published_as_null() -> None:
    def task(value: float = math.inf) -> float:
        return value

    assert "default" not in TaskSignature.of(task).wire.parameters["properties"]["value"]
