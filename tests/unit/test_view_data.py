"""Views are data for web frameworks: a dict for JSON, a type for pydantic, by which FastAPI goes."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pydantic
import pytest

from taskbahn.protocol import messages, questions, scheduling, triggers, views
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


TRACEBACK = "Traceback: /srv/shop/tasks.py, line 7"
SECRET = {
    **GIVEN,
    "args": ["secret"],
    "kwargs": {"token": "secret"},
    "result": {"traceback": "a result of the user's", "args": [1], "error": {"traceback": "his, too"}},
    "error": {
        "type": "ValueError",
        "message": "no",
        "traceback": TRACEBACK,
        "cause": {"type": "OSError", "traceback": TRACEBACK},
    },
    "attempts": [
        {"attempt": 1, "worker": "w", "started_at": 1.5, "outcome": "error", "error": {"type": "OSError", "traceback": TRACEBACK}}
    ],
}


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


def test_end_users_see_no_traceback_and_no_arguments_unless_asked() -> None:
    job = msgspec.convert(SECRET, views.JobView)
    adapter = pydantic.TypeAdapter(views.JobView)
    event = messages.Event(job=ID, number=3, kind="outcome", at=1.0, data=job)
    for data in (job.data(), dict(job), json.loads(adapter.dump_json(job)), event.json_data()):
        text = json.dumps(data)
        assert TRACEBACK not in text
        assert "secret" not in text
        assert data["error"] == {"type": "ValueError", "message": "no", "cause": {"type": "OSError"}}
        assert data["attempts"][0]["error"] == {"type": "OSError"}
        assert data["result"] == SECRET["result"]  # what is the user's stays whole
    assert job.data(traceback=True, arguments=True) == event.json_data(traceback=True, arguments=True) == SECRET
    assert "args" not in job.data(traceback=True)
    assert "traceback" not in job.data(arguments=True)["error"]
    assert job.args == ["secret"]


def test_events_for_pages_have_no_traceback_unless_asked() -> None:
    data = {"state": "failed", "error": SECRET["error"]}
    event = messages.Event(job=ID, number=3, kind="state", at=1.0, data=data)
    assert TRACEBACK not in json.dumps(event.json_data())
    assert event.json_data(traceback=True) == event.data == data
    chunk = messages.Event(job=ID, number=4, kind="chunk", at=1.0, data={"error": {"traceback": "the user's"}})
    assert chunk.json_data() == chunk.data


def test_views_are_components_by_their_names() -> None:
    class Page(pydantic.BaseModel):
        first: views.JobView
        others: list[views.JobView]
        queue: views.QueueView

    for mode in ("validation", "serialization"):
        schema = Page.model_json_schema(mode=mode)
        assert set(schema["$defs"]) == {"JobView", "QueueView"}
        properties = schema["properties"]
        assert properties["first"]["$ref"] == properties["others"]["items"]["$ref"] == "#/$defs/JobView"
