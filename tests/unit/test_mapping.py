"""Templates of triggers: data that fills a call from what has come, and sentences for what cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from taskbahn.errors import InvalidOption, InvalidRequest
from taskbahn.protocol.mapping import compiled

SOURCES = ("event", "args", "kwargs", "topic", "id")
EVENT = {"day": "2026-01-01", "n": 7, "ok": True, "items": [{"sku": "a"}, "b"], "none": None, "odd key-1": 5, "0": "zero"}
GIVEN = {"event": EVENT, "args": [EVENT], "kwargs": {}, "topic": "orders.created", "id": "e1"}


def filled(value: Any) -> Any:
    return compiled({"task": "a.task", "kwargs": {"x": value}}, SOURCES)(GIVEN)["kwargs"]["x"]


@pytest.mark.parametrize(
    "template, value",
    [
        ("{event.day}", "2026-01-01"),
        ("{event.n}", 7),
        ("{event.ok}", True),
        ("{event.none}", None),
        ("{event}", EVENT),
        ("{event.items.0.sku}", "a"),
        ("{args.0.n}", 7),
        ("{event.0}", "zero"),
        ("{event.odd key-1}", 5),
        ("{event.missing?}", None),
        ("{event.items.7?}", None),
        ("{topic}", "orders.created"),
        ("on {event.day}: {event.n} {event.ok} {event.none} {event.gone?}.", "on 2026-01-01: 7 true null ."),
        ("{{event.day}} {event.n}", "{event.day} 7"),
        ("plain", "plain"),
        ("", ""),
        (5, 5),
        ({"a": ["{event.n}", {"b": "{id}"}]}, {"a": [7, {"b": "e1"}]}),
    ],
)
def test_a_template_becomes_what_it_names(template: Any, value: Any) -> None:
    assert filled(template) == value


@pytest.mark.parametrize(
    "template, sentence",
    [
        ("{evnt.day}", "kwargs.x, position 1: {evnt.day} is unknown (did you mean 'event'?); there are {event}, {args}"),
        ("at {event.day", "kwargs.x, position 4: '{' has no '}' after it; write '{{' for a brace that means itself"),
        ("a}", "kwargs.x, position 2: '}' has no '{' before it"),
        ("{event..day}", "kwargs.x, position 1: {event..day} has an empty step"),
        ("{}", "kwargs.x, position 1: {} is unknown"),
        ("{@due}", "kwargs.x, position 1: {@due} is unknown"),
        ("{event" + ".a" * 20 + "}", "has more than 16 steps"),
    ],
)
def test_what_cannot_be_parsed_is_refused_with_its_position(template: str, sentence: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        filled(template)
    assert sentence in str(refused.value)
    assert refused.value.detail["option"] == "kwargs.x"


@pytest.mark.parametrize(
    "template, sentence",
    [
        ("{event.missing}", "{event.missing}: what has come has nothing there; write {event.missing?} if it may be missing"),
        ("{event.day.deeper}", "has nothing there"),
        ("{event.items.-1}", "has nothing there"),
        ("all: {event.items}", "{event.items} is a list, which does not fit into a longer text; name a part of it"),
        ("all: {event}", "{event} is an object"),
    ],
)
def test_what_an_event_lacks_is_a_sentence(template: str, sentence: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        filled(template)
    assert sentence in str(refused.value)


def test_texts_in_options_are_templates_and_keys_are_not() -> None:
    call = {"task": "a.task", "args": [], "options": {"tags": ["user:{event.n}"]}, "kwargs": {"{event.n}": 1}}
    assert compiled(call, SOURCES)(GIVEN) == {**call, "options": {"tags": ["user:7"]}}


def test_packed_arguments_of_a_flow_are_templates() -> None:
    member = {"task": "a.task", "packed": '[["{event.n}"],{"day":"{event.day}"}]', "checked": "abc", "immutable": True}
    (first, second) = compiled({"flow": {"chain": [member, {"task": "b.task"}]}}, SOURCES)(GIVEN)["flow"]["chain"]
    assert first == {"task": "a.task", "args": [7], "kwargs": {"day": "2026-01-01"}, "immutable": True}
    assert second == {"task": "b.task"}


def test_an_event_cannot_smuggle_references_into_a_flow() -> None:
    given = {"event": {"ref": {"$output": "other"}, "list": [{"$input": 0}, 1], "deep": [{"x": {"$output": "o"}}]}}
    args = ["{event.ref}", "{event.list}", ["{event.ref}"], {"a": "{event.ref}"}, "{event.deep}", {"$output": "own"}]
    made = compiled({"flow": {"group": [{"task": "a.task", "args": args}]}}, SOURCES)(given)["flow"]["group"][0]["args"]
    literal = {"$literal": {"$output": "other"}}
    assert made[:3] == [literal, [{"$literal": {"$input": 0}}, 1], [literal]]
    assert made[3:] == [{"a": {"$output": "other"}}, [{"x": {"$output": "o"}}], {"$output": "own"}]


def test_a_call_of_one_task_knows_no_references() -> None:
    made = compiled({"task": "a.task", "args": ["{event}"]}, SOURCES)({"event": {"$output": "x"}})
    assert made["args"] == [{"$output": "x"}]


def test_what_is_nested_without_end_is_refused() -> None:
    deep: Any = "x"
    for _ in range(100):
        deep = [deep]
    with pytest.raises(InvalidOption, match="nested too deep"):
        filled(deep)
