"""What the views show of schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.errors import InvalidRequest, InvalidSchedule
from taskbahn.protocol import messages
from taskbahn.protocol.schedules import read_form, zone_of
from taskbahn.protocol.scheduling import ScheduleFiring, ScheduleView
from taskbahn_router.core.firings import buffered
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.kept import is_over, pause_of
from taskbahn_router.dispatcher.schedule_specs import spec_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.core.firings import FiredRow, ScheduleRow
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.ports import Runner
    from taskbahn_router.stores.contract import Reader

MOST = 500  # schedules in one answer
HISTORY = 100  # entries in one answer
LAST = 1 << 62


class ScheduleQueries:
    """Answers `taskbahn.view.schedules` and `taskbahn.view.firings`."""

    def __init__(
        self, reader: Reader, runner: Runner, fail: Callable[[PendingCall, Any], None], wall: Callable[[], float]
    ) -> None:
        self._reader = reader
        self._runner = runner
        self._fail = fail
        self._wall = wall

    def view(self, call: PendingCall) -> None:
        """`taskbahn.view.schedules`: one of an id, or a page of all."""
        id, after, limit = call.kwargs.get("id"), call.kwargs.get("after", ""), call.kwargs.get("limit", 100)
        if isinstance(id, str):
            self.answer_one(call, id, as_list=True)
            return
        if not isinstance(after, str) or isinstance(limit, bool) or not isinstance(limit, int) or not 0 < limit <= MOST:
            raise InvalidRequest(f"after is the id behind which the page begins, limit is 1 to {MOST}")

        def found(rows: list[ScheduleRow]) -> None:
            page = [self.view_of(row) for row in rows]
            call.answer({"schedules": page, "next": rows[-1].id if len(rows) == limit else None})

        self._ask(call, lambda: self._reader.schedules(after, limit), found)

    def answer_one(self, call: PendingCall, id: str, *, as_list: bool = False) -> None:
        """Answer a call with the view of a schedule."""

        def found(row: ScheduleRow | None) -> None:
            if as_list:
                call.answer({"schedules": [] if row is None else [self.view_of(row)], "next": None})
            elif row is None:
                call.fail(InvalidSchedule(f"there is no schedule {id!r} any more"))
            else:
                call.answer(self.view_of(row))

        self._ask(call, lambda: self._reader.schedule(id), found)

    def firings(self, call: PendingCall) -> None:
        """`taskbahn.view.firings`: the history of a schedule, newest first."""
        id = call.args[0] if call.args else call.kwargs.get("schedule")
        if not isinstance(id, str):
            raise InvalidRequest("taskbahn.view.firings takes the id of a schedule")

        def found(rows: list[tuple[FiredRow, str | None]]) -> None:
            call.answer([messages.plain(_firing(row, state)) for row, state in rows])

        self._ask(call, lambda: self._reader.firings(id, LAST, HISTORY), found)

    def view_of(self, row: ScheduleRow) -> dict[str, Any]:
        """Return the `scheduling.ScheduleView` of a schedule as it travels."""
        from taskbahn_router.schedules.words import words_of  # late: it knows calendars

        spec, pause = spec_of(row), pause_of(row)
        if pause is not None and is_over(pause, self._wall()):
            pause = None
        form = read_form(spec.when)
        view: dict[str, Any] = messages.plain(
            ScheduleView(
                id=row.id, words=words_of(form), zone=zone_of(form), spec=messages.plain(spec),
                declared=messages.from_json(row.declared) if row.declared else None,
                changed=messages.from_json(row.changed) if row.changed else {}, pause=pause, due_at=row.due_at, next_at=row.next_at,
                fired=row.fired, last_due=row.last_due, last_job=None if row.last_job is None else id_text(row.last_job),
                last_success=row.last_success, waiting=buffered(row), trouble=_error(row.trouble), changed_by=row.changed_by,
                changed_at=row.changed_at,
            )
        )  # fmt: skip
        return view

    def _ask(self, call: PendingCall, read: Callable[[], Any], found: Callable[[Any], None]) -> None:
        asked = self._runner.run(read)
        asked.addCallback(found)
        asked.addErrback(lambda failure: self._fail(call, failure))


def _firing(row: FiredRow, state: str | None) -> ScheduleFiring:
    job = None if row.job is None else id_text(row.job)
    return ScheduleFiring(
        due_at=row.due_at, fired_at=row.fired_at, outcome=row.outcome, job=job, state=state, missed=row.missed, until=row.until,
        error=_error(row.error),
    )  # fmt: skip


def _error(text: str | None) -> dict[str, Any] | None:
    return None if text is None else msgspec.json.decode(text, type=dict[str, Any])
