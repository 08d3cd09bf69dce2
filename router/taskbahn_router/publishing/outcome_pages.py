"""Outcomes for a waiter, from the store, a page at a time: the next page when the connection has taken most of the last.

So a wait for ten thousand jobs with the largest results costs the router one page, and no message is above the transport's bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.errors import UnknownJob
from taskbahn.protocol.message_pages import PAGE_BYTES
from taskbahn.protocol.secrets import holds
from taskbahn.protocol.states import FINAL_STATES
from taskbahn_router.core.ids import id_text
from taskbahn_router.model.limits import SEND_BUFFER_HIGH_WATER_BYTES
from taskbahn_router.model.state import id_bytes
from taskbahn_router.model.wire_format import error_of
from taskbahn_router.publishing.owners import result_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.ports import Clock, Runner
    from taskbahn_router.publishing.followers import JobFollowers, Waiter
    from taskbahn_router.stores.contract import OutcomeRow, Reader

FIRST_WAIT, LONGEST_WAIT = 0.01, 0.25  # seconds between two looks at the backlog


class OutcomePages:
    """Reads from the store the outcomes that waiters lack.

    waiting: the bytes that wait for the reader of a session.  fail: called with the call and a Failure when the store cannot be read.
    """

    def __init__(
        self,
        followers: JobFollowers,
        reader: Reader,
        runner: Runner,
        clock: Clock,
        waiting: Callable[[int | None], int],
        fail: Callable[[PendingCall, Any], None],
    ) -> None:
        self._followers = followers
        self._reader = reader
        self._runner = runner
        self._clock = clock
        self._waiting = waiting
        self._fail = fail
        followers.read_later = self.read_later

    def begin(self, waiter: Waiter, ids: dict[bytes, str]) -> None:
        """Give *waiter* the outcomes of those jobs that are final, and an error for those that do not exist; *ids* are used up."""
        asked = self._runner.run(self._read, waiter.call, list(ids))
        asked.addCallback(lambda rows: self._take(waiter, ids, rows))
        asked.addErrback(lambda failure: self._fail(waiter.call, failure))

    def _read(self, call: PendingCall, ids: list[bytes]) -> list[OutcomeRow]:
        """Read outcomes as a caller gets them. On the reader's thread."""
        rows = self._reader.outcomes(ids, PAGE_BYTES)
        for index, row in enumerate(rows):
            if holds(row.result):
                job = self._reader.job(row.id)
                rows[index] = row._replace(result=result_for(call, None if job is None else job.caller, row.result))
        return rows

    def _take(self, waiter: Waiter, rest: dict[bytes, str], rows: list[OutcomeRow]) -> None:
        is_all = len(rows) == len(rest) or sum(row.weight() for row in rows) < PAGE_BYTES
        ended: list[str] = []
        joined: dict[bytes, str] = {}  # ids of other jobs, to be read again now that the waiter learns what happens to these
        for row in rows:
            id = rest.pop(row.id)
            if row.state in FINAL_STATES:
                ended.append(id)
                waiter.owed([id, row.state, row.result, error_of(row)])
            elif row.means is not None and self._followers.join(id, id_text(row.means)):
                joined[row.id] = id
        if is_all:
            for id in rest.values():
                ended.append(id)
                waiter.owed([id, "unknown", None, UnknownJob(id).info()])
            rest = {}
        rest.update(joined)
        self._followers.unfollow(ended, waiter)
        is_over = waiter.flush()
        if rest and not is_over:
            self._soon(waiter, rest, FIRST_WAIT)
        elif not is_over:
            waiter.is_reading = False
            self.read_later(waiter)

    def read_later(self, waiter: Waiter) -> None:
        """Read what *waiter* could not take when it came, unless that is done already."""
        if waiter.behind and not waiter.is_reading:
            waiter.is_reading = True
            ids, waiter.behind = waiter.behind, []
            self._soon(waiter, {id_bytes(id): id for id in ids}, 0.0)

    def _soon(self, waiter: Waiter, ids: dict[bytes, str], delay: float) -> None:
        self._clock.callLater(delay, self._go_on, waiter, ids, delay)

    def _go_on(self, waiter: Waiter, ids: dict[bytes, str], delay: float) -> None:
        if not waiter.call.open:
            return
        if self._waiting(waiter.call.caller) > SEND_BUFFER_HIGH_WATER_BYTES:
            self._soon(waiter, ids, min(LONGEST_WAIT, max(FIRST_WAIT, 2 * delay)))
        else:
            self.begin(waiter, ids)
