"""What a task's code hands over is made plain or refused where it is handed over."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import math
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn import Retry
from taskbahn.attempt.context import ACTIVE, AttemptContext
from taskbahn.attempt.current import current
from taskbahn.attempt.plain_data import data_of, number_of, seconds_of, text_of
from taskbahn.jobs.progress import completed, progress_of
from taskbahn.protocol import messages
from taskbahn.protocol.progress import Progress
from taskbahn.worker.failure import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Scalar:
    """A number as NumPy has them: it says so by `__index__` or `__float__`, and is no number of Python's."""

    def __init__(self, value: float) -> None:
        self.value = value


class Whole(Scalar):
    def __index__(self) -> int:
        return int(self.value)


class Real(Scalar):
    def __float__(self) -> float:
        return float(self.value)


class Impossible(BaseException):
    """Not an Exception, as what `sys.exit` raises."""


class Broken:
    """Raises in all that it is asked."""

    def __str__(self) -> str:
        raise Impossible

    __repr__ = __float__ = __index__ = __str__


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "another"


NUMBERS = [0, -3, 2.5, True, Decimal("1.5"), Fraction(1, 4), Whole(10), Real(0.25)]
NO_NUMBERS = ["10", b"1", None, [1], 1j, Broken(), object(), Text("1")]
ENDLESS = [math.nan, math.inf, -math.inf, Decimal("NaN"), Decimal("Infinity"), Real(math.inf), 10**400]
texts = st.text(st.characters(codec=None))  # with lone surrogates


class Heard:
    """The sink of an attempt."""

    def __init__(self) -> None:
        self.records: list[Any] = []
        self.context = AttemptContext("job", 1, "task", "", None, self)

    def put(self, record: Any) -> None:
        self.records.append(record)

    def touch(self, context: Any) -> None:
        """Is asked at the end."""

    def all(self) -> list[Any]:
        """Return what has been said, and see that it can travel in any encoding."""
        self.context.finish()
        for record in self.records:
            msgspec.json.encode(record)
            msgspec.msgpack.encode(record)
        return self.records


@contextlib.contextmanager
def an_attempt() -> Iterator[Heard]:
    heard = Heard()
    token = ACTIVE.set(heard.context)
    try:
        yield heard
    finally:
        ACTIVE.reset(token)
    heard.all()


@given(texts, st.integers(0, 30))
def test_any_text_becomes_text_that_travels(text: str, most: int) -> None:
    plain = text_of(text, most)
    plain.encode()
    if text.isascii():
        assert plain == text[:most] + ("…" if len(text) > most else "")


def test_text_of_what_is_none_names_its_type() -> None:
    assert text_of(Text("x"), 10) == "another"
    assert text_of(Broken(), 100) == "<text of Broken that cannot be made: Impossible>"
    assert text_of(5, 10) == "5"
    assert text_of(json.loads('"\\ud83d"'), 10) == "\\ud83d"


@pytest.mark.parametrize("value", NUMBERS, ids=lambda value: f"{type(value).__name__}-{getattr(value, 'value', value)}")
def test_what_says_that_it_is_a_number_is_one(value: Any) -> None:
    inner = getattr(value, "value", value)
    assert number_of(value, "it") == float(inner)
    assert type(number_of(value, "it")) in (int, float)


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: type(value).__name__)
def test_what_is_no_number_is_refused_where_it_is_given(value: Any) -> None:
    refusals: list[Callable[[], Any]] = [
        lambda: number_of(value, "it"),
        lambda: current.progress(value),
        lambda: current.extend(value),
        lambda: current.stage("s").__enter__().advance(value),
    ]
    if value is not None:
        refusals += [
            lambda: Retry(value),
            lambda: current.stage("s", total=value).__enter__(),
            lambda: current.progress(1, value),
        ]
    with an_attempt():
        for refused in refusals:
            with pytest.raises((TypeError, Impossible) if isinstance(value, Broken) else TypeError):
                refused()


@pytest.mark.parametrize("value", ENDLESS, ids=lambda value: str(value)[:10])
def test_what_is_not_finite_is_refused_where_it_is_given(value: Any) -> None:
    for refused in (
        lambda: number_of(value, "it"),
        lambda: Retry(value),
        lambda: current.extend(value),
        lambda: current.progress(value),
        lambda: current.stage("s", total=value).__enter__(),
    ):
        with an_attempt(), pytest.raises((ValueError, TypeError)):
            refused()


def test_durations_are_numbers_or_timedeltas_within_a_hundred_years() -> None:
    assert seconds_of(dt.timedelta(minutes=2), "it") == 120
    assert Retry(delay=dt.timedelta(seconds=3)).delay == 3
    assert Retry(delay=cast("Any", Decimal(10))).delay == 10
    assert Retry(delay=cast("Any", Whole(7))).delay == 7
    with pytest.raises(ValueError, match="hundred years"):
        Retry(delay=1e300)
    with pytest.raises(ValueError, match="0 or more"):
        Retry(delay=dt.timedelta(seconds=-1))


@given(st.lists(st.sampled_from([*NUMBERS, 10**30, -(10**30)]), max_size=5), texts)
def test_what_is_taken_travels(numbers: list[Any], text: str) -> None:
    with an_attempt():
        with current.stage(text, total=numbers[0] if numbers else None) as stage:
            for number in numbers:
                stage.advance(number)
                current.progress(
                    number, max(numbers, key=lambda one: number_of(one, "it")), text, {"number": number_of(number, "it")}
                )
        current.log(text, text)


@pytest.mark.parametrize(
    "value", [object(), {"key": object()}, [1, {object()}], int, lambda: None], ids=lambda value: type(value).__name__
)
def test_what_is_not_data_raises_a_type_error_with_its_place(value: Any) -> None:
    with pytest.raises(TypeError, match=r"the data of the progress: .* is not data"):
        current.progress(0.5, data=value)


def test_whole_numbers_beyond_64_bits_are_refused_in_data_that_is_shown() -> None:
    assert data_of({"x": 2**63}, "it") == {"x": 2**63}
    with pytest.raises(ValueError, match="beyond 64 bits"):
        data_of([1, {"x": 2**70}], "a chunk")
    with pytest.raises((ValueError, TypeError)):
        data_of("\ud83d", "a chunk")


@given(texts)
def test_any_exception_is_described_in_text_that_travels(text: str) -> None:
    kind = type("Odd", (ValueError,), {"__module__": 5})
    error = kind(text)
    error.add_note(text)
    error.__cause__ = error  # its own cause
    described = describe(error)
    json.dumps(described).encode()
    msgspec.msgpack.encode(described)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
NAMES = ["fraction", "message", "stages", "data", "other"]
STAGE = ["id", "name", "parent", "total", "done", "started_at", "ended_at"]
stages = st.lists(st.dictionaries(st.sampled_from(STAGE), json_values) | json_values, max_size=3)


@given(st.dictionaries(st.sampled_from(NAMES), json_values | stages) | json_values)
def test_readers_take_any_progress_of_older_or_foreign_workers(data: Any) -> None:
    found = progress_of(data)
    assert progress_of(messages.plain(found)) == found
    if completed(data) is data:
        assert found == msgspec.convert(data, Progress)
    readable = msgspec.convert(completed(data), Progress)
    assert (readable.message, readable.stages, readable.data) == (found.message, found.stages, found.data)
    assert completed(data).get("fraction", 0) is not None  # unknown is absent


def test_what_is_sound_of_odd_progress_is_kept() -> None:
    stages = [{"id": 1, "name": "a", "total": "10", "done": 3}, {"name": "no id"}, 7]
    found = progress_of({"fraction": 0.5, "message": 5, "stages": stages, "data": [1]})
    assert (found.fraction, found.message, found.data) == (0.5, "5", [1])
    assert [(stage.id, stage.name, stage.total, stage.done) for stage in found.stages] == [(1, "a", None, 3)]
