"""The results of the jobs that one waits for, read a page at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.attempt.blocking import check_may_block
from taskbahn.protocol import messages
from taskbahn.protocol.inputs import whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn.client.client import Client


def paged_results(client: Client, id: str) -> Iterator[str]:
    """Yield the results of a job in order, as JSON. Blocks once a page, and holds no more than one."""
    check_may_block("iterating over results", "a task that is a plain def")
    after: int | None = -1
    while after is not None:
        page = _page(client, id, after)
        for _, text in page["results"]:
            yield _whole(client, text)
        after = page["next"]


def _page(client: Client, id: str, after: int) -> dict[str, Any]:
    page: dict[str, Any] = client.ask(messages.JOB_RESULTS, id, after=after).get()
    return page


def _whole(client: Client, text: str) -> str:
    """Return a result with the lists in the places of references."""
    pages = whole(text)
    try:
        asked = next(pages)
        while True:
            asked = pages.send(_page(client, *asked))
    except StopIteration as end:
        result: str = end.value
        return result
