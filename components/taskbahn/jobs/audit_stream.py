"""Entries of the audit, read page by page as one goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.attempt.blocking import check_may_block
from taskbahn.errors import InvalidRequest
from taskbahn.jobs.given_times import time_given
from taskbahn.protocol import messages
from taskbahn.protocol.audit import AuditAnswer, AuditEntry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from taskbahn.client.client import HasClient
    from taskbahn.future import Future

PAGE_ENTRIES = 200
PLAIN_FOR = ("app.view.audit() in a plain `for`", "async for entry in app.view.audit(...)")


class AuditStream:
    """Entries, newest first, for `for` and `async for`. It reads the next page when one has come to it."""

    def __init__(self, app: HasClient, words: dict[str, Any], before: int | None, limit: Any) -> None:
        self._app = app
        now = time.time()
        self._given = {name: value for name, value in words.items() if value not in (None, "")}
        self._given |= {
            name: time_given("app.view.audit", name, self._given[name], now) for name in ("since", "until") if name in self._given
        }
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
            raise InvalidRequest(f"app.view.audit: limit = {limit!r:.100}: it is a number of entries, 0 or more")
        self._before = before
        self._limit: int | None = limit

    def __iter__(self) -> Iterator[AuditEntry]:
        left, before = self._limit, self._before
        while left != 0:
            check_may_block(*PLAIN_FOR)
            page = msgspec.convert(self._ask(before, left).get(), AuditAnswer)
            yield from page.entries
            left, before = None if left is None else left - len(page.entries), page.next
            if before is None:
                return

    async def __aiter__(self) -> AsyncIterator[AuditEntry]:
        left, before = self._limit, self._before
        while left != 0:
            page = msgspec.convert(await self._ask(before, left), AuditAnswer)
            for entry in page.entries:
                yield entry
            left, before = None if left is None else left - len(page.entries), page.next
            if before is None:
                return

    def __repr__(self) -> str:
        return f"<AuditStream of {', '.join(f'{name}={value!r}' for name, value in self._given.items()) or 'all entries'}>"

    def _ask(self, before: int | None, left: int | None) -> Future[Any]:
        more = {} if before is None else {"before": before}
        return self._app.client.ask(messages.VIEW_AUDIT, **self._given, **more, limit=min(left or PAGE_ENTRIES, PAGE_ENTRIES))
