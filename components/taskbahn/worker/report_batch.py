"""What one report of a worker says, and how much of it fits into a message."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from taskbahn.attempt.context import DONE, FAILED, NOTICE
from taskbahn.protocol import messages
from taskbahn.protocol.message_pages import FRAME_BYTES, are_few, text_bytes, value_bytes
from taskbahn.worker.sendable import is_lost, lost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from taskbahn.attempt.context import Record

Key = tuple[str, int]  # job, attempt

MAX_OUTCOMES = 5_000  # outcomes in one report
MAX_NOTICES = 1_000
MAX_WEIGHT = messages.MAX_MESSAGE // 4  # bytes of results, of errors or of notices in one report; the first may be larger
RESULT = itemgetter(2)  # of a success: its result as JSON text


@dataclass
class ReportBatch:
    """What one report says, in the shapes of `messages.Report`."""

    done: list[Any] = field(default_factory=list)
    failed: list[Any] = field(default_factory=list)
    notices: list[Any] = field(default_factory=list)
    back: list[Key] = field(default_factory=list)
    begun: list[Key] = field(default_factory=list)  # attempts among `back` that may have begun
    suspended: list[Any] = field(default_factory=list)
    parked: list[Any] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.done or self.failed or self.notices or self.back or self.suspended or self.parked)

    def keys(self) -> Iterable[Key]:
        """Return the attempts whose outcome it holds."""
        yield from ((one[0], one[1]) for one in self.done)
        yield from ((one["id"], one["attempt"]) for one in self.failed)
        yield from ((one["id"], one["attempt"]) for one in self.suspended)
        yield from self.back

    def plain(self) -> dict[str, Any]:
        """Return what travels."""
        return {name: value for name, value in vars(self).items() if value}

    def before(self, later: ReportBatch) -> ReportBatch:
        """Return both as one."""
        return ReportBatch(
            self.done + later.done,
            self.failed + later.failed,
            self.notices + later.notices,
            self.back + later.back,
            self.begun + later.begun,
            self.suspended + later.suspended,
            self.parked + later.parked,
        )

    def split(self) -> tuple[ReportBatch, ReportBatch]:
        """Return what fits into one report, and the rest. Notices go before the outcomes that follow them."""
        notices = _fitting(self.notices, MAX_NOTICES, lambda one: FRAME_BYTES + _size(one[4]))
        if notices < len(self.notices):
            rest = replace(self, notices=self.notices[notices:])
            return ReportBatch(notices=self.notices[:notices]), rest
        if len(self.done) <= MAX_OUTCOMES and are_few(map(RESULT, self.done), len(self.done), MAX_WEIGHT):
            done = len(self.done)
        else:
            done = _fitting(self.done, MAX_OUTCOMES, lambda one: FRAME_BYTES + text_bytes(one[2]))
        failed = _fitting(self.failed, MAX_NOTICES // 10, lambda one: FRAME_BYTES + value_bytes(one["error"]))
        now = replace(self, done=self.done[:done], failed=self.failed[:failed])
        return now, ReportBatch(self.done[done:], self.failed[failed:])

    def smaller(self, error: Exception) -> list[ReportBatch]:
        """Return this in two parts, since it could not be sent; for a single record what is sent instead of it, if anything."""
        records: list[Record] = [
            *((NOTICE, one) for one in self.notices), *((DONE, one) for one in self.done), *((FAILED, one) for one in self.failed)
        ]  # fmt: skip
        if len(records) == 1:
            records = [] if is_lost(records[0]) else [lost(records[0], error)]
            return [self._of(records)] if records or self.back or self.suspended or self.parked else []
        half = len(records) // 2
        return [_of(records[:half]), self._of(records[half:])] if records else []

    def _of(self, records: list[Record]) -> ReportBatch:
        found = _of(records)
        return replace(found, back=self.back, begun=self.begun, suspended=self.suspended, parked=self.parked)


def _of(records: list[Record]) -> ReportBatch:
    batch = ReportBatch()
    places = {NOTICE: batch.notices, DONE: batch.done, FAILED: batch.failed}
    for kind, data in records:
        places[kind].append(data)
    return batch


def _size(data: Any) -> int:
    try:
        return value_bytes(data)
    except Exception:  # noqa: BLE001 - it is found out when it is sent
        return 0


def _fitting(items: list[Any], most: int, weigh: Callable[[Any], int]) -> int:
    """Return how many of *items* may go."""
    if not items:
        return 0
    weight = 0
    for count, item in enumerate(items[:most]):
        weight += weigh(item)
        if weight > MAX_WEIGHT and count:
            return count
    return min(len(items), most)
