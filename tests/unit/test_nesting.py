"""How deep data may be nested: seen from its text, exactly, and said by one error at both ends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dispatcher_harness import DispatcherHarness

from taskbahn.errors import ResultNotSerialisable, TooDeep
from taskbahn.protocol import messages
from taskbahn.protocol.json_depth import check_nesting
from taskbahn.signatures.payloads import pack_plain, pack_result
from taskbahn.signatures.signature import TaskSignature

MOST = messages.MAX_NESTING
WRAPS = ("list", "object", "wide", "text")
BRACKETS = '"\\[]{}a'  # what texts are made of that could be taken for structure


def wrapped(kind: str, inner: Any, text: str) -> Any:
    if kind == "object":
        return {text: inner}
    return {"list": [inner], "wide": [[[]] * 7, inner, {}, text], "text": [text, inner, text]}[kind]


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def is_taken(text: bytes) -> bool:
    try:
        check_nesting("it", text)
    except TooDeep:
        return False
    return True


def anything(value: Any) -> Any:
    return value


@given(st.lists(st.tuples(st.sampled_from(WRAPS), st.text(BRACKETS)), max_size=30), st.integers(-3, 3))
def test_levels_are_counted_exactly_whatever_the_texts_are(wraps: list[tuple[str, str]], beyond: int) -> None:
    value = nested(MOST + beyond - len(wraps) - 3)  # "wide" has lists of its own, which are not as deep as this
    for kind, text in wraps:
        value = wrapped(kind, value, text)
    for around in range(7):  # from below the bound to above it
        levels = MOST + beyond - 3 + around
        assert is_taken(json.dumps(value).encode()) is (levels <= MOST), levels
        value = [value]


@pytest.mark.parametrize("levels", [MOST + 1, 5000])
def test_the_sdk_refuses_arguments_and_results_that_are_too_deep(levels: int) -> None:
    deep = nested(levels)
    said = r"the arguments of a.task: .* more than 200 levels deep"
    with pytest.raises(TooDeep, match=said):
        pack_plain("a.task", (deep,), {})
    with pytest.raises(TooDeep, match=said):
        TaskSignature.of(anything, "a.task").pack((deep,), {})
    with pytest.raises(ResultNotSerialisable, match=r"200 levels|nested too deeply"):
        pack_result(deep)
    pack_result(nested(MOST))


def test_the_dispatcher_refuses_them_however_they_come() -> None:
    harness = DispatcherHarness()
    worker = harness.worker()
    deep = nested(300)
    text = json.dumps([[deep], {}])
    asked = harness.ask(
        messages.SUBMIT,
        [
            {"task": "a.task", "args": [deep]},
            {"task": "a.task", "packed": text},
            {"task": "a.task", "calls": [["0192f0c1-2d3e-7abc-8def-00000000000a", text]]},
            {"task": "a.task", "args": [nested(100)]},
        ],
    )
    harness.settle()
    single, packed, bulk, good = asked.answer
    assert [single["error"], packed["error"], bulk["errors"]["0"]["error"]] == [TooDeep.uri] * 3
    assert isinstance(good, str)
    assert harness.ask("a.task", deep).error == "too_deep"
    (run,) = worker.take()
    assert worker.done(run, result=json.dumps(deep)).error == "too_deep"
    worker.done(run)
    harness.settle()
    assert harness.state(good) == "succeeded"
    harness.check()
