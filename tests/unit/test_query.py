"""The query language of command line and query bar; the page's parser is held to the same vectors."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from taskbahn.jobs.query_language import EXAMPLES, WrongQuery, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "support" / "queries.json").read_text(encoding="utf-8"))
NOW: float = VECTORS["now"]


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Dates are local: here in UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield monkeypatch
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("text, found", VECTORS["good"], ids=repr)
def test_a_query_is_understood(text: str, found: dict[str, Any]) -> None:
    assert parse(text, NOW).given() == found


@pytest.mark.parametrize("text, word", VECTORS["bad"], ids=repr)
def test_a_wrong_query_is_answered_with_the_wrong_word(text: str, word: str) -> None:
    with pytest.raises(WrongQuery) as caught:
        parse(text, NOW)
    assert caught.value.word == word
    assert repr(word) in str(caught.value)


@pytest.mark.parametrize(
    "text, sentence",
    [
        (
            "stat:failed",
            "there is no 'stat' (did you mean 'state'?); there are state, task, queue, tag, worker, caller, id, parent, root, since,",
        ),
        ("state:faild", "there is no state 'faild' (did you mean 'failed'?); there are waiting, ready, running"),
        ("state:failed state:expired", "several states are written state:failed,expired"),
        ("since:soon", "that is no time; 30s, 5m, 1h or 2d ago, or a local time such as 2026-11-21"),
        ("tag:", "tag: what? a tag, such as user:42"),
        ("one two", "'one' is there already, and all words must hold"),
    ],
)
def test_a_mistake_gets_a_sentence_that_says_what_is_possible(text: str, sentence: str) -> None:
    with pytest.raises(WrongQuery) as caught:
        parse(text, NOW)
    assert sentence in caught.value.message


def test_dates_are_local_and_a_day_is_as_long_as_it_is(utc: pytest.MonkeyPatch) -> None:
    utc.setenv("TZ", "Europe/Berlin")
    time.tzset()
    day = parse("since:2026-10-25 until:2026-10-25", NOW)  # on which clocks are set back
    assert (day.since, day.until) == (1792879200, 1792879200 + 25 * 3600)


def test_each_example_is_shown_for_a_name_without_a_value() -> None:
    for name, example in EXAMPLES.items():
        with pytest.raises(WrongQuery) as caught:
            parse(f"{name}:", NOW)
        assert example in caught.value.message
