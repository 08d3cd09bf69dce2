"""Outcomes for one who waits, from the store and a page at a time: the next one when its connection has taken most of the last.

So a wait for ten thousand jobs with the largest results costs the router one page, and no message is above the transport's bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.errors import UnknownJob
from taskbahn.pages import PAGE_BYTES
from taskbahn.states import FINAL_STATES
from taskbahn_router.board import id_bytes, id_text
from taskbahn_router.job_views import packed
from taskbahn_router.slow_readers import MUCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.calls import Call
    from taskbahn_router.commit_loop import Clock, Runner
    from taskbahn_router.following import Following, Waiter
    from taskbahn_router.stores.contract import OutcomeRow, Reader

FIRST_WAIT, LONGEST_WAIT = 0.01, 0.25  # seconds between two looks at what waits for the reader


class OutcomePages:
    """Reads what waiters are owed.

    waiting: the bytes that wait for the reader of a session.  fail: called with the call and a Failure when the store cannot be read.
    """

    def __init__(
        self,
        following: Following,
        reader: Reader,
        runner: Runner,
        clock: Clock,
        waiting: Callable[[int | None], int],
        fail: Callable[[Call, Any], None],
    ) -> None:
        self._following = following
        self._reader = reader
        self._runner = runner
        self._clock = clock
        self._waiting = waiting
        self._fail = fail
        following.read_later = self.read_later

    def begin(self, waiter: Waiter, ids: list[str]) -> None:
        """Give *waiter* the outcomes of those jobs that are final, and an error for those that do not exist."""
        rest = dict.fromkeys(ids)
        asked = self._runner.run(self._reader.outcomes, [id_bytes(id) for id in rest], PAGE_BYTES)
        asked.addCallback(lambda rows: self._take(waiter, rest, rows))
        asked.addErrback(lambda failure: self._fail(waiter.call, failure))

    def _take(self, waiter: Waiter, rest: dict[str, None], rows: list[OutcomeRow]) -> None:
        size = 0
        for row in rows:
            id = id_text(row.id)
            rest.pop(id, None)
            size += row.weight()
            if row.state in FINAL_STATES:
                waiter.owed([id, row.state, row.result, packed(row.error)])
                self._following.unfollow([id], waiter)
        if size < PAGE_BYTES:  # these are all that there are
            for id in rest:
                waiter.owed([id, "unknown", None, UnknownJob(id).info()])
                self._following.unfollow([id], waiter)
            rest = {}
        is_over = waiter.flush()
        if rest and not is_over:
            self._soon(waiter, list(rest), FIRST_WAIT)
        elif not is_over:
            waiter.is_reading = False
            self.read_later(waiter)

    def read_later(self, waiter: Waiter) -> None:
        """Read what *waiter* could not take when it came, unless that is done already."""
        if waiter.behind and not waiter.is_reading:
            waiter.is_reading = True
            ids, waiter.behind = waiter.behind, []
            self._soon(waiter, ids, 0.0)

    def _soon(self, waiter: Waiter, ids: list[str], delay: float) -> None:
        self._clock.callLater(delay, self._go_on, waiter, ids, delay)

    def _go_on(self, waiter: Waiter, ids: list[str], delay: float) -> None:
        if not waiter.call.open:
            return
        if self._waiting(waiter.call.caller) > MUCH:
            self._soon(waiter, ids, min(LONGEST_WAIT, max(FIRST_WAIT, 2 * delay)))
        else:
            self.begin(waiter, ids)
