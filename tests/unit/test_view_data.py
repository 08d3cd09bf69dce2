"""Views are data for web frameworks: a dict for JSON, a type for pydantic, by which FastAPI goes."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pydantic
import pytest

from taskbahn.protocol import questions, scheduling, triggers, views
from taskbahn.protocol.view_data import View

ID = "0192f0c1-2d3e-7abc-8def-0123456789ab"
GIVEN = {
    "id": ID,
    "task": "t.add",
    "queue": "default",
    "state": "failed",
    "tags": ["a"],
    "error": {"type": "ValueError"},
    "attempts": [{"attempt": 1, "worker": "w", "started_at": 1.5, "outcome": "error"}],
}
VIEWS = sorted(
    {
        kind
        for module in (views, scheduling, triggers, questions)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, View) and kind is not View
    },
    key=lambda kind: kind.__name__,
)


def view() -> views.JobView:
    return msgspec.convert(GIVEN, views.JobView)


def test_a_view_is_a_dict_of_what_json_knows() -> None:
    assert view().data() == dict(view()) == GIVEN
    assert json.loads(json.dumps(view().data())) == GIVEN
    assert msgspec.json.decode(msgspec.json.encode(view())) == GIVEN


def test_pydantic_takes_views_and_gives_their_data() -> None:
    adapter = pydantic.TypeAdapter(list[views.JobView])
    assert adapter.validate_python([view()]) == [view()]
    assert adapter.validate_json(json.dumps([GIVEN])) == [view()]
    assert json.loads(adapter.dump_json([view()])) == [GIVEN]
    with pytest.raises(pydantic.ValidationError, match="missing required field `id`"):
        adapter.validate_python([{"task": "t.add"}])


@pytest.mark.parametrize("kind", VIEWS)
def test_each_view_has_a_json_schema_without_references(kind: Any) -> None:
    schema = pydantic.TypeAdapter(kind).json_schema()
    assert schema["type"] == "object"
    assert "$ref" not in json.dumps(schema)
    assert {name.encode_name for name in msgspec.structs.fields(kind)} == set(schema["properties"])


@pytest.mark.parametrize("kind", VIEWS)
def test_no_view_hides_its_data_behind_a_field(kind: Any) -> None:
    assert "data" not in kind.__struct_fields__
