"""Jobs by query, read page by page as one goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from taskbahn.attempt.blocking import check_may_block
from taskbahn.encryption.reading import opened_view
from taskbahn.errors import InvalidRequest
from taskbahn.jobs.given_times import time_given
from taskbahn.jobs.query_language import Query, parse
from taskbahn.protocol import messages, views

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from taskbahn.client.client import HasClient
    from taskbahn.future import Future

PAGE_JOBS = 500
FIRST_PAGE_JOBS = 50  # of `jobs`, for who takes pages
PLAIN_FOR = ("app.view.jobs() in a plain `for`", "async for job in app.view.jobs(...)")


class JobPage(NamedTuple):
    """Some jobs, newest first, and where the next page begins (None at the end)."""

    jobs: list[views.JobView]
    next: Any


class JobStream:
    """Jobs without their payloads, newest first, for `for` and `async for`. It reads the next page when one has come to it.

    jobs, next: the first page alone, and where the next one begins (`before=`), for who shows pages.
    """

    def __init__(self, app: HasClient, query: str, words: dict[str, Any], before: Any, limit: Any) -> None:
        self._app = app
        self._id, self._given = _asked(query, words)
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
            raise InvalidRequest(f"app.view.jobs: limit = {limit!r:.100}: it is a number of jobs, 0 or more")
        self._before = before
        self._limit: int | None = limit
        self._first: JobPage | None = None

    @property
    def jobs(self) -> list[views.JobView]:
        """The jobs of the first page: at most *limit*, 50 if there is none."""
        return self.page().jobs

    @property
    def next(self) -> Any:
        """Where the page after the first one begins, None if there is none."""
        return self.page().next

    def page(self) -> JobPage:
        """Return the first page; it is asked for once."""
        if self._first is None:
            check_may_block("app.view.jobs().jobs", "await app.view.jobs(...).page_async()")
            self._first = self._page(self._ask(self._before, self._limit or FIRST_PAGE_JOBS).get())
        return self._first

    async def page_async(self) -> JobPage:
        """As `page`, for asyncio and Twisted."""
        if self._first is None:
            self._first = self._page(await self._ask(self._before, self._limit or FIRST_PAGE_JOBS))
        return self._first

    def __iter__(self) -> Iterator[views.JobView]:
        left = self._limit
        before, is_over = self._before, left == 0
        while not is_over:
            check_may_block(*PLAIN_FOR)
            page = self._page(self._ask(before, min(left or PAGE_JOBS, PAGE_JOBS)).get())
            yield from page.jobs
            left = None if left is None else left - len(page.jobs)
            before, is_over = page.next, page.next is None or left == 0

    async def __aiter__(self) -> AsyncIterator[views.JobView]:
        left = self._limit
        before, is_over = self._before, left == 0
        while not is_over:
            page = self._page(await self._ask(before, min(left or PAGE_JOBS, PAGE_JOBS)))
            for job in page.jobs:
                yield job
            left = None if left is None else left - len(page.jobs)
            before, is_over = page.next, page.next is None or left == 0

    def __repr__(self) -> str:
        said = self._given if self._id is None else {"id": self._id}
        return f"<JobStream of {', '.join(f'{name}={value!r}' for name, value in said.items()) or 'all jobs'}>"

    def _ask(self, before: Any, limit: int) -> Future[Any]:
        if self._id is not None:
            return self._app.client.ask(messages.JOB_GET, self._id)
        more = {} if before is None else {"before": before}
        return self._app.client.ask(messages.VIEW_JOBS, **self._given, **more, limit=limit)

    def _page(self, answer: Any) -> JobPage:
        if self._id is not None:
            return JobPage([opened_view(msgspec.convert(answer, views.JobView), self._app.keys)], None)
        found = msgspec.convert(answer["jobs"], list[views.JobView])
        return JobPage([opened_view(view, self._app.keys) for view in found], answer["next"])


def _asked(query: Any, words: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """Return the id that a query is, or what is asked for by name; raises WrongQuery, InvalidRequest."""
    if not isinstance(query, str):
        raise InvalidRequest(f"app.view.jobs takes a query as text, as in 'task:images.* state:failed', not {query!r:.100}")
    now = time.time()
    found: Query = parse(query, now)
    given = {name: value for name, value in words.items() if value is not None}
    given |= {name: time_given("app.view.jobs", name, given[name], now) for name in ("since", "until") if name in given}
    said = found.given()
    if twice := said.keys() & given.keys():
        name = min(twice)
        raise InvalidRequest(f"app.view.jobs: {name} is in the query and an argument: say it once")
    if found.id is not None:
        if given:
            raise InvalidRequest(f"app.view.jobs: a job id says all: leave {min(given)} out")
        return found.id, {}
    given = said | given
    if "since" in given and "until" in given and given["until"] <= given["since"]:
        raise InvalidRequest("app.view.jobs: until is not after since, so no job is between them")
    return None, given
