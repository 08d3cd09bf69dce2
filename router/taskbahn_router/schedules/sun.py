"""What the sun does at a place. Astral computes it; which day it belongs to is decided here, by the sun's own time at the place."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from astral import Observer
from astral.sun import dawn, dusk, noon, sunrise, sunset

from taskbahn_router.schedules.times import EARLIEST, LATEST, SECOND, Search
from taskbahn_router.schedules.zones import TICK

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.protocol.schedules import SunForm

DAY = timedelta(days=1)
LONGEST_PAUSE = 400  # days; a polar night or day is shorter
MINUTES_A_DEGREE = 4  # by which the sun is earlier further east
ASIDE = 0.5  # degrees of longitude
DEPRESSIONS = {"": 6.0, "nautical": 12.0, "astronomical": 18.0}  # degrees of the sun below the horizon


class SunTimes:
    """The times of an event, one a day at most, to the second."""

    grain = SECOND

    def __init__(self, form: SunForm) -> None:
        self._latitude = form.latitude
        self._longitude = form.longitude
        self._find = _finder(form.event)
        # Astral finds the event of a day of this zone; in UTC, an event near midnight would be missing on some days.
        self._zone = timezone(timedelta(minutes=round(form.longitude * MINUTES_A_DEGREE)))

    def after(self, moment: datetime, search: Search) -> datetime | None:
        """As `Times.after`."""
        moment = max(moment, EARLIEST - TICK)
        day = moment.astimezone(self._zone).date() - DAY
        for _ in range(LONGEST_PAUSE):
            found = self._on(day)
            if found is not None and found > moment:
                return found if found < LATEST else None
            day += DAY
        return None

    def _on(self, day: date) -> datetime | None:
        """Return when it happens on a day; None if it does not."""
        found = self._at(day, self._longitude)
        if (
            found is None
        ):  # Astral fails, too, if the event is within a second of midnight in UTC: the middle of two places is the same
            beside = [self._at(day, self._longitude + aside) for aside in (-ASIDE, ASIDE)]
            if beside[0] is None or beside[1] is None:
                return None
            found = beside[0] + (beside[1] - beside[0]) / 2
        return found.astimezone(UTC).replace(microsecond=0)

    def _at(self, day: date, longitude: float) -> datetime | None:
        try:
            return self._find(Observer(self._latitude, longitude), day, self._zone)
        except ValueError:
            return None

    def covered_until(self, moment: datetime, grain: int) -> datetime:
        """As `Times.covered_until`: not known."""
        return moment


def _finder(event: str) -> Callable[[Observer, date, timezone], datetime]:
    name, _, twilight = event.partition("_")
    if name in {"dawn", "dusk"}:
        find, depression = {"dawn": dawn, "dusk": dusk}[name], DEPRESSIONS[twilight]
        return lambda observer, day, zone: find(observer, day, depression, zone)
    return {"sunrise": sunrise, "noon": noon, "sunset": sunset}[name]
