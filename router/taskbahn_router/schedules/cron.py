"""The times of a cron line. CronSim reads the fields and finds the days; which moments its walls are, `WallTimes` decides."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from cronsim import CronSim, CronSimError

from taskbahn.errors import InvalidSchedule
from taskbahn.protocol.limit_kinds import short
from taskbahn_router.schedules.cron_line import CronLine, read_line
from taskbahn_router.schedules.times import ANY, MINUTE, SECOND, WallTimes
from taskbahn_router.schedules.zones import clocks_of

if TYPE_CHECKING:
    from taskbahn.protocol.schedules import CronForm

HOURS, DAY = timedelta(hours=1), timedelta(days=1)
RUN_STEPS = 400  # hours or days of one run
ALL_SIXTY = set(range(60))


class CronTimes(WallTimes):
    """The times of a line.

    A line with a fixed hour fires once a day that has it, as its options say; with `*` or a step in the hour, or with all hours, it
    fires at each real moment that fits: clocks do not show a skipped time, and show a repeated one twice.
    """

    def __init__(self, form: CronForm) -> None:
        self.line = read_line(form.line)
        self._days = _Days(self.line, EXAMPLE)
        self._has_all_hours = len(self._days.hours) == 24  # noqa: PLR2004 - hours of a day
        is_fixed = self.line.has_fixed_hour and not self._has_all_hours
        skipped, repeated = (form.skipped_time, form.repeated_time) if is_fixed else ("never", "both")
        super().__init__(clocks_of(form.zone), self._next_wall, skipped, repeated)
        self.grain = MINUTE if self._days.seconds == {0} else SECOND
        has_all_minutes = self._days.minutes == ALL_SIXTY
        has_all_seconds = has_all_minutes and self._days.seconds == ALL_SIXTY
        self._run_grain = SECOND if has_all_seconds else MINUTE if has_all_minutes and 0 in self._days.seconds else None

    def _next_wall(self, wall: datetime) -> datetime | None:
        return next(_Days(self.line, wall), None)

    def covered_until(self, moment: datetime, grain: int) -> datetime:
        """As `Times.covered_until`, by whole hours, up to a change of the clocks."""
        if self._run_grain is None or grain == ANY or grain < self._run_grain:
            return moment
        local = moment.astimezone(self.clocks.zone)
        offsets = (local.utcoffset(),) * 2
        if self.clocks.offsets(local.replace(tzinfo=None, fold=0)) != offsets:  # a repeated hour
            return moment
        wall = local.replace(tzinfo=None, minute=0, second=0, microsecond=0, fold=0)
        for _ in range(RUN_STEPS):
            if not self._days.match_hour(wall):
                break
            wall = datetime.combine(wall.date() + DAY, time()) if self._has_all_hours else wall + HOURS
        if self.clocks.offsets(wall) != offsets:
            return moment
        return max(moment, wall.replace(tzinfo=self.clocks.zone).astimezone(UTC))


class _Days(CronSim):
    """The walls of a line after *wall*, with the weekdays that are nearest to a day of the month."""

    def __init__(self, line: CronLine, wall: datetime) -> None:
        try:
            super().__init__(line.expression, wall)
        except CronSimError:  # each term was right
            raise InvalidSchedule(
                f"cron line {short(line.text)} can never fire: none of its months has such a day; change the day or the month"
            ) from None
        self.nearest = line.nearest
        if line.only_nearest:
            self.days.discard(CronSim.LAST)

    def match_dom(self, d: date) -> bool:
        """Return whether a day is one of the month's that are meant."""
        return super().match_dom(d) or (bool(self.nearest) and any(d.day == _weekday_nearest(d, day) for day in self.nearest))

    def match_hour(self, wall: datetime) -> bool:
        """Return whether the hour of *wall* is one in which the line fires."""
        return wall.hour in self.hours and wall.month in self.months and self.match_day(wall.date())


EXAMPLE = datetime(2000, 1, 1)  # noqa: DTZ001 - what clocks show


def _weekday_nearest(month: date, day: int) -> int | None:
    """Return the day of a month that is a weekday and nearest to *day*; None if the month is shorter."""
    first, length = calendar.monthrange(month.year, month.month)
    if day > length:
        return None
    weekday = (first + day - 1) % 7
    if weekday == calendar.SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == calendar.SUNDAY:
        return day + 1 if day < length else day - 2
    return day
