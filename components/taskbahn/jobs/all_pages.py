"""Answers that come in pages with a cursor, read to their end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    from taskbahn.client.client import HasClient

V = TypeVar("V")
PAGE = 500


def all_of(app: HasClient, procedure: str, name: str, kind: type[V]) -> list[V]:
    """Return all that a procedure lists.   name: of the list in each page.   kind: of its items."""
    found: list[V] = []
    after: str | None = ""
    while after is not None:
        after = _add(found, app.client.ask(procedure, after=after, limit=PAGE).get(), name, kind)
    return found


async def all_of_async(app: HasClient, procedure: str, name: str, kind: type[V]) -> list[V]:
    """As `all_of`, for asyncio and Twisted."""
    found: list[V] = []
    after: str | None = ""
    while after is not None:
        after = _add(found, await app.client.ask(procedure, after=after, limit=PAGE), name, kind)
    return found


def _add(found: list[V], page: dict[str, Any], name: str, kind: type[V]) -> str | None:
    """Add the items of a page; return where the next one begins, None: there is none."""
    found += msgspec.convert(page[name], list[kind])  # type: ignore[valid-type]
    following: str | None = page["next"]
    return following
