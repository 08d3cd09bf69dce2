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
from taskbahn_router.queries.schedule_pages import Wanted, next_times, outcomes
from taskbahn_router.queries.shown_calls import shown_calls

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taskbahn_router.core.firings import FiredRow, ScheduleRow
    from taskbahn_router.model.declared_task import DeclaredTask
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.queries.asking import Ask
    from taskbahn_router.stores.contract import Reader

HISTORY = 100  # entries in one answer
LAST = 1 << 62


class ScheduleQueries:
    """Answers `taskbahn.view.schedules` and `taskbahn.view.firings`."""

    def __init__(
        self, reader: Reader, ask: Ask, wall: Callable[[], float], tasks: Mapping[str, DeclaredTask]
    ) -> None:  # fmt: skip
        self._reader = reader
        self._ask = ask
        self._wall = wall
        self._tasks = tasks

    def view(self, call: PendingCall) -> None:
        """`taskbahn.view.schedules`: one of an id, or a page of those that match."""
        wanted, id, now = Wanted(call), call.kwargs.get("id"), self._wall()

        def read() -> dict[str, Any]:
            with self._reader.snapshot():
                if isinstance(id, str):
                    row = self._reader.schedule(id)
                    rows, after = [] if row is None else [row], None
                else:
                    rows, after = wanted.page(self._reader, now)
                views = [self._view(row, wanted, now) for row in rows]
                return {"schedules": views, "next": after, "count": self._reader.schedule_count()}

        self._ask(call, call.answer, read)

    def answer_one(self, call: PendingCall, id: str) -> None:
        """Answer a call with the view of a schedule."""

        def found(view: dict[str, Any] | None) -> None:
            if view is None:
                call.fail(InvalidSchedule(f"there is no schedule {id!r} any more"))
            else:
                call.answer(view)

        def read() -> dict[str, Any] | None:
            row = self._reader.schedule(id)
            return None if row is None else self.view_of(row)

        self._ask(call, found, read)

    def answer_row(self, call: PendingCall, row: ScheduleRow) -> None:
        """Answer a call with the view of a schedule that has this row."""
        self._ask(call, call.answer, self.view_of, row)

    def firings(self, call: PendingCall) -> None:
        """`taskbahn.view.firings`: the history of a schedule, newest first."""
        id = call.args[0] if call.args else call.kwargs.get("schedule")
        if not isinstance(id, str):
            raise InvalidRequest("taskbahn.view.firings takes the id of a schedule")

        def read() -> list[Any]:
            return [messages.plain(_firing(row, state)) for row, state in self._reader.firings(id, LAST, HISTORY)]

        self._ask(call, call.answer, read)

    def _view(self, row: ScheduleRow, wanted: Wanted, now: float) -> dict[str, Any]:
        view, history = self.view_of(row), self._reader.firings(row.id, LAST, wanted.outcomes) if wanted.outcomes else []
        if history:
            view["last"] = messages.plain(_firing(*history[0]))
            view["outcomes"] = outcomes(history)
        if wanted.times and (times := next_times(row, now, wanted.times)):
            view["times"] = times
        return view

    def view_of(self, row: ScheduleRow) -> dict[str, Any]:
        """Return the `scheduling.ScheduleView` of a schedule as it travels; on the reader's thread, for words take long to find."""
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
                last_success=row.last_success, waiting=buffered(row), trouble=_error(row.trouble),
                expected_at=row.expected_at, alarm_at=row.alarm_at, late_at=row.late_at, changed_by=row.changed_by,
                changed_at=row.changed_at,
            )
        )  # fmt: skip
        shown: dict[str, Any] = shown_calls(view, self._tasks)
        return shown


def _firing(row: FiredRow, state: str | None) -> ScheduleFiring:
    job = None if row.job is None else id_text(row.job)
    return ScheduleFiring(
        due_at=row.due_at, fired_at=row.fired_at, outcome=row.outcome, job=job, state=state, missed=row.missed, until=row.until,
        error=_error(row.error),
    )  # fmt: skip


def _error(text: str | None) -> dict[str, Any] | None:
    return None if text is None else msgspec.json.decode(text, type=dict[str, Any])
