"""The next times of a schedule that is described and not stored: a preview."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from taskbahn.errors import InvalidRequest
from taskbahn.protocol import messages
from taskbahn.protocol.schedules import MAX_TIMES, ScheduleTimes, read_form, zone_of
from taskbahn_router.queries.job_lists import is_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.protocol.schedules import WhenForm
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.queries.asking import Ask

DEFAULT_TIMES = 10
LATEST = 10_413_792_000  # seconds since the epoch: the year 2300


class SchedulePreview:
    """Answers `taskbahn.view.schedule_times`, on the reader's thread: a search for rare times takes longer than the loop may wait.

    wall: UTC seconds since the epoch.
    """

    def __init__(self, wall: Callable[[], float], ask: Ask) -> None:
        self._wall = wall
        self._ask = ask

    def view(self, call: PendingCall) -> None:
        """`taskbahn.view.schedule_times`: of a form, or of a text, which is a cron line in *zone*."""
        arguments = dict(zip(("when",), call.args, strict=False)) | call.kwargs
        when, zone = arguments.get("when"), arguments.get("zone")
        count, after = arguments.get("count", DEFAULT_TIMES), arguments.get("after", self._wall())
        if not isinstance(zone, str | None) or not is_number(count) or not 1 <= count <= MAX_TIMES:
            raise InvalidRequest(f"zone is the name of a time zone, and count is 1 to {MAX_TIMES}")
        if isinstance(after, bool) or not isinstance(after, int | float) or not 0 <= after <= LATEST:
            raise InvalidRequest("after is a time in seconds since the epoch")
        plain = {"kind": "cron", "line": when, "zone": zone or "UTC"} if isinstance(when, str) else when

        self._ask(call, lambda found: call.answer(messages.plain(found)), lambda: _preview(read_form(plain), zone, count, after))


def _preview(form: WhenForm, zone: str | None, count: int, after: float) -> ScheduleTimes:
    # late: only who asks pays for the libraries that know calendars
    from taskbahn_router.schedules.time_set import TimeSet
    from taskbahn_router.schedules.words import words_of
    from taskbahn_router.schedules.zones import clocks_of

    shown = zone or zone_of(form)
    clocks = clocks_of(shown).zone
    times = TimeSet(form).next(datetime.fromtimestamp(after, UTC), count)
    return ScheduleTimes(
        words=words_of(form),
        zone=shown,
        times=[moment.timestamp() for moment in times],
        local=[moment.astimezone(clocks).isoformat() for moment in times],
    )
