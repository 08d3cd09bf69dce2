"""Jobs by query, as `jobs`, `cancel --where` and `retry --where` ask for them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click
import msgspec

from taskbahn.encryption.reading import opened_view
from taskbahn.jobs.query_language import Query, parse
from taskbahn.protocol import messages, views

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from taskbahn.app import Taskbahn

MAX_LISTED_JOBS = 500  # jobs in one answer
MAX_IDS = 1_000


def query_of(words: Iterable[str], **options: Any) -> Query:
    """Return the query of some words and of options that say the same in another way; raises `WrongQuery`."""
    query = parse(" ".join(words), time.time())
    given = {name: value for name, value in options.items() if value is not None}
    for name in given:
        if getattr(query, name):
            raise click.UsageError(f"{name} is given as an option and in the query: say it once")
    if query.id is not None and given:
        raise click.UsageError("a job id says all: leave the options out")
    return msgspec.structs.replace(query, **given)


def jobs_of(app: Taskbahn, query: Query, limit: int) -> list[views.JobView]:
    """Return the newest jobs of a query, without their payloads."""
    if query.id is not None:
        return [app.job(query.id).view()]
    found: list[views.JobView] = []
    for answer in _answers(app, query, limit=min(limit, MAX_LISTED_JOBS)):
        found += [opened_view(view, app.keys) for view in msgspec.convert(answer["jobs"], list[views.JobView])]
        if len(found) >= limit:
            break
    return found[:limit]


def ids_of(app: Taskbahn, query: Query) -> list[str]:
    """Return the ids of all jobs of a query, newest first."""
    if query.id is not None:
        return [query.id]
    return [id for answer in _answers(app, query, ids=True, limit=MAX_IDS) for id in answer["ids"]]


def _answers(app: Taskbahn, query: Query, **more: Any) -> Iterator[dict[str, Any]]:
    """Ask, and go on asking: an answer may be short although there is more."""
    before: dict[str, Any] = {}
    while True:
        answer = app.client.ask(messages.VIEW_JOBS, **query.given(), **more, **before).get()
        yield answer
        if answer["next"] is None:
            return
        before = {"before": answer["next"]}
