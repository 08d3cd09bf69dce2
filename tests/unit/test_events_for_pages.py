"""What pages get of a job by server-sent events, as the recipes of the documentation send them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from taskbahn import GiveUp, Retry, Taskbahn, current
from taskbahn.testing import eager, simulated

ROOT = Path(__file__).parents[2]
app = Taskbahn()
RECIPES = ["docs/fastapi.md", "docs/django.md", "examples/fastapi/main.py"]


def broken(how: str) -> None:
    if how == "retry":
        raise Retry(1, reason="not yet")
    if how == "give up":
        raise GiveUp("enough")
    try:
        raise OSError("the cause")  # noqa: TRY301 - the cause of another
    except OSError as error:
        raise ValueError("no") from error


@app.task(name="fails", retries=[1, 1])
def fails(how: str, secret: str) -> None:
    current.log(f"attempt {current.attempt}")
    current.progress(1, 2)
    current.chunk({"n": 1})
    broken(how)


@app.task(name="sleeps", crash_attempts=1)
def sleeps() -> None:
    current.sleep("1h")


def keys_of(value: Any) -> set[str]:
    """Return the names of all fields, however deep."""
    if isinstance(value, dict):
        return {str(name) for name in value}.union(*map(keys_of, value.values()))
    return set().union(*map(keys_of, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("run", [eager, simulated])
@pytest.mark.parametrize("how", ["retry", "give up", "raise"])
def test_no_event_for_a_page_has_a_traceback_or_arguments(how: str, run: Any) -> None:
    with run(app):
        job = fails.start(how, "my secret")
        job.error()
        events = list(job.events())
    sent = [(event.kind, event.json_data()) for event in events]
    assert {"snapshot", "log", "chunk", "outcome"} <= {kind for kind, _ in sent}
    assert "traceback" in keys_of([event.json_data(traceback=True) for event in events])
    assert not keys_of([data for _, data in sent]) & {"traceback", "args", "kwargs"}
    assert "my secret" not in json.dumps(sent)
    assert __file__ not in json.dumps(sent)


def test_events_of_retries_and_lost_workers_have_no_traceback() -> None:
    with simulated(app) as node:
        job, lost = fails.start("raise", "my secret"), sleeps.start()
        streams = iter(job.events()), iter(lost.events())
        sent = [(event.kind, event.json_data()) for event in map(next, streams)]  # the stream begins with its first event
        node.advance("30m")
        node.lose_worker()
        node.advance("2h")
        sent += [(event.kind, event.json_data()) for stream in streams for event in stream]
    states = [data["state"] for kind, data in sent if kind == "state"]
    assert {"waiting", "failed"} <= set(states)
    assert "traceback" not in keys_of([data for _, data in sent])


@pytest.mark.parametrize("name", RECIPES)
def test_no_recipe_sends_events_as_they_come(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "event.data" not in text
    assert ("event.json_data()" in text) == ("job.events(" in text)
