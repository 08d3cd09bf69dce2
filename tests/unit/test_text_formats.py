"""Formats of texts in signatures: what no worker could read is refused, and all that workers read passes."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn.cli.arguments import typed
from taskbahn.errors import InvalidArguments
from taskbahn.protocol import messages
from taskbahn.signatures.signature import TaskSignature
from taskbahn_router.core.answers import what_is_wrong
from taskbahn_router.core.argument_schema import Validator
from taskbahn_router.core.text_formats import READERS, WORDS, fits

TYPES = {
    "duration": (dt.timedelta, st.timedeltas()),
    "date": (dt.date, st.dates()),
    "date-time": (dt.datetime, st.datetimes(timezones=st.just(dt.UTC))),
    "date-time-local": (dt.datetime, st.datetimes()),
    "time-local": (dt.time, st.times()),
    "uuid": (uuid.UUID, st.uuids()),
    "decimal": (Decimal, st.decimals(allow_nan=False)),
    "base64": (bytes, st.binary()),
}


def report(window: dt.timedelta, data: bytes, day: dt.date | None = None, spans: dict[str, dt.timedelta] = {}) -> None:  # noqa: B006
    raise NotImplementedError


SIGNATURE = TaskSignature.of(report).wire


def wrong(**given: Any) -> dict[str, str]:
    try:
        Validator("a.task", SIGNATURE).check([], {"window": "PT1H", "data": "AAEC", **given})
    except InvalidArguments as error:
        found: dict[str, str] = error.detail["fields"]
        return found
    return {}


def test_texts_that_no_worker_reads_are_refused_with_an_example() -> None:
    assert wrong() == {}
    assert wrong(window="1h30m", data="???") == {
        "window": "must be a duration in the form of ISO 8601, as in PT1H30M",
        "data": "must be bytes as base64, as in AAEC",
    }
    assert wrong(spans={"a": "PT5M", "b": "5 min"}) == {"spans.b": f"must be {WORDS['duration']}"}
    assert "day" in wrong(day="tomorrow")


def test_an_answer_to_a_question_is_held_to_its_format() -> None:
    assert what_is_wrong("1h", {"type": "string", "format": "duration"})
    assert what_is_wrong("PT1H", {"type": "string", "format": "duration"}) is None


@pytest.mark.parametrize("name", sorted(READERS))
def test_each_format_has_words_with_an_example_that_fits(name: str) -> None:
    assert fits(name, WORDS[name].rpartition(" in ")[2])
    assert not fits(name, "no such thing?")


@given(st.sampled_from(sorted(TYPES)), st.data())
def test_all_values_fit_in_the_form_in_which_they_travel(name: str, data: st.DataObject) -> None:
    kind, values = TYPES[name]
    text = messages.from_json(messages.to_json(data.draw(values)))
    assert fits(name, text)
    assert msgspec.convert(text, kind) is not None


@given(st.text(alphabet="PTYMWDHS0123456789.,:-+ aZz", max_size=12))
def test_what_msgspec_reads_as_a_duration_fits(text: str) -> None:
    try:
        msgspec.convert(text, dt.timedelta)
    except msgspec.ValidationError:
        return
    assert fits("duration", text)


@pytest.mark.parametrize("name", ["email", "uri", "iri", "hostname", "something-else"])
def test_formats_without_a_reader_are_not_checked(name: str) -> None:
    signature = messages.Signature(
        digest="d", parameters={"properties": {"it": {"type": "string", "format": name}}}, order=["it"]
    )
    Validator("a.task", signature).check(["( ? ä"], {})


@pytest.mark.parametrize(
    "shown,sent", [("1h30m", "PT5400S"), ("2d", "P2D"), ("PT1H", "PT1H"), ("soon", "soon"), ("250ms", "PT0.25S")]
)
def test_the_command_line_sends_short_durations_as_iso(shown: str, sent: str) -> None:
    assert typed(SIGNATURE, [f"window={shown}"]) == ([], {"window": sent})
    assert typed(SIGNATURE, [shown]) == ([sent], {})
