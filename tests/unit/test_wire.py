"""The messages: unknown fields are ignored, missing ones named, and both ends agree on the shapes."""

import math
from typing import Any

import msgspec
import pytest

from taskbahn.errors import InvalidRequest
from taskbahn.protocol import calls, messages, views
from taskbahn.protocol.calls import Bulk, Call
from taskbahn_router.submission.callers_code import convert
from taskbahn_router.submission.submission import unpack

NAMED = vars(messages) | vars(views) | vars(calls)
STRUCTS = [
    kind for kind in NAMED.values() if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind is not msgspec.Struct
]
OBJECTS = [kind for kind in STRUCTS if not kind.__struct_config__.array_like and kind is not messages.Options]
EXAMPLES: dict[type[Any], dict[str, Any]] = {
    Call: {"task": "a.b"},
    Bulk: {"task": "a.b", "calls": [["id", "[[],{}]"]]},
    messages.Hello: {"protocol": 1, "worker": "w", "slots": 1, "tasks": []},
    messages.Report: {},
    messages.Failed: {"id": "x", "attempt": 1, "kind": "error"},
    messages.TaskDeclaration: {"name": "a.b"},
    messages.Signature: {"digest": "d", "parameters": {}},
    messages.Welcome: {"protocol": 1, "heartbeat": 10.0},
    messages.WorkerOrder: {},
}


@pytest.mark.parametrize("kind", EXAMPLES, ids=lambda kind: kind.__name__)
def test_fields_of_a_newer_version_are_ignored(kind: type[Any]) -> None:
    given = EXAMPLES[kind]
    assert convert({**given, "of_tomorrow": 1}, kind, "it") == convert(given, kind, "it")


@pytest.mark.parametrize(
    "kind, name",
    [(kind, name) for kind, given in EXAMPLES.items() for name in given],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_missing_field_is_named(kind: type[Any], name: str) -> None:
    given = {key: value for key, value in EXAMPLES[kind].items() if key != name}
    with pytest.raises(InvalidRequest, match=f"it is malformed: .*`{name}`"):
        convert(given, kind, "it")


@pytest.mark.parametrize("kind", OBJECTS, ids=lambda kind: kind.__name__)
def test_an_object_message_is_refused_where_a_list_came(kind: type[Any]) -> None:
    with pytest.raises(InvalidRequest, match="malformed"):
        convert([1, 2], kind, "it")


@pytest.mark.parametrize(
    "struct",
    [
        messages.Outcome("id", "succeeded", "1", None),
        messages.Done("id", 2, "null", 1.0, 2.0),
        messages.Attempt("id", 1, "a.b", "[[],{}]", 5.0),
        messages.Notice("id", 1, "log", 1.0, {"message": "m"}),
    ],
    ids=lambda struct: type(struct).__name__,
)
def test_a_list_message_survives_the_trip(struct: msgspec.Struct) -> None:
    travels = messages.plain(struct)
    assert isinstance(travels, list)
    assert convert(travels, type(struct), "it") == struct


@pytest.mark.parametrize("kind", ["error", "time_limit", "crash", "cancelled"])
def test_the_kinds_of_failure_are_four(kind: str) -> None:
    assert convert({"id": "x", "attempt": 1, "kind": kind}, messages.Failed, "it").kind == kind


def test_another_kind_of_failure_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="kind"):
        convert({"id": "x", "attempt": 1, "kind": "bad luck"}, messages.Failed, "it")


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_json_has_no_number_for_becomes_null(value: float) -> None:
    assert messages.to_json([value]) == "[null]"


@pytest.mark.parametrize("value", [object(), {(1, 2): 3}, lambda: None])
def test_what_is_no_data_is_not_packed(value: Any) -> None:
    with pytest.raises(TypeError):
        messages.to_json(value)


def test_packed_arguments_are_a_list_and_an_object() -> None:
    assert unpack('[[1],{"a":2}]') == ([1], {"a": 2})


@pytest.mark.parametrize("text", ["", "{", "[]", "[[],{},1]", "[{},[]]", "null", "5", "[" * 100_000, '[["\ud800"],{}]'])
def test_packed_arguments_of_another_shape_are_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="packed arguments must be"):
        unpack(text)


def test_the_head_of_the_module_names_every_procedure_of_the_protocol() -> None:
    assert messages.__doc__
    uris = [
        value
        for name, value in vars(messages).items()
        if name.isupper() and isinstance(value, str) and value.startswith("taskbahn.")
    ]
    assert len(uris) > 12
    assert [uri for uri in uris if uri not in messages.__doc__] == []
