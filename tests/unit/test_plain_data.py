"""Web frameworks answer with views: as plain data, and FastAPI by pydantic as they are."""

from __future__ import annotations

import inspect
import json

import msgspec
import pydantic
import pytest

from taskbahn.protocol import scheduling, triggers, views
from taskbahn.protocol.plain_data import View

JOB = views.JobView(
    id="0199aaaa-0000-7000-8000-000000000000",
    task="a.b",
    queue="default",
    state="running",
    tags=["x"],
    attempts=[views.AttemptView(attempt=1, worker="w", started_at=1.5)],
    place=views.Place(why="it waits", limit=views.HoldingLimit(name="l")),
    result={"n": 2**70},
)
ALL = [
    kind
    for module in (views, scheduling, triggers)
    for name, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, View) and kind is not View
]


def test_a_view_is_plain_data_down_to_the_last_part() -> None:
    data = JOB.data()
    assert data == dict(JOB) == json.loads(json.dumps(data))
    assert data["attempts"] == [{"attempt": 1, "worker": "w", "started_at": 1.5}]
    assert data["place"] == {"why": "it waits", "limit": {"name": "l"}}
    assert msgspec.convert(data, views.JobView) == JOB


def test_pydantic_writes_and_reads_what_an_annotation_names() -> None:
    adapter = pydantic.TypeAdapter(list[views.JobView])
    written = adapter.dump_json([JOB])
    assert json.loads(written) == [JOB.data()]
    assert adapter.validate_python([JOB])[0] is JOB
    assert adapter.validate_json(written) == [JOB]
    with pytest.raises(pydantic.ValidationError, match="required field `task`"):
        adapter.validate_python([{"id": "x"}])


@pytest.mark.parametrize("kind", ALL)
def test_no_view_hides_its_data_behind_a_field(kind: type[View]) -> None:
    assert not {"data"} & set(kind.__struct_fields__)
    assert set(pydantic.TypeAdapter(kind).json_schema()["properties"]) == set(kind.__struct_fields__)
