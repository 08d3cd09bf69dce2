"""Random cron lines on the clocks of all zones around all their changes, compared with a walk over all minutes: for `make model`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from support.wall_model import Line, changes, firings
from taskbahn.errors import InvalidSchedule
from taskbahn.protocol.schedules import CronForm
from taskbahn_router.schedules.time_set import TimeSet
from taskbahn_router.schedules.zones import zone_names

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

ZONES = sorted(zone_names())
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
AROUND = timedelta(days=2, hours=8)  # of a change, which is walked
NEAR = timedelta(hours=30)  # of it, where a search begins and ends
SECOND = timedelta(seconds=1)
NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def fields(first: int, last: int) -> SearchStrategy[tuple[str, frozenset[int]]]:
    """Return fields with the values that they mean."""
    number = st.integers(first, last)
    some = st.sets(number, min_size=1, max_size=4).map(lambda found: (",".join(map(str, sorted(found))), frozenset(found)))
    step = st.integers(1, last)
    stepped = step.map(lambda by: (f"*/{by}", frozenset(range(first, last + 1, by))))
    ranges = st.tuples(number, number, st.integers(1, 5)).map(lambda found: _range(first, last, *found))
    return st.one_of(st.just(("*", frozenset(range(first, last + 1)))), some, stepped, ranges)


def _range(first: int, last: int, start: int, end: int, step: int) -> tuple[str, frozenset[int]]:
    values = range(start, end + 1) if start <= end else [*range(start, last + 1), *range(first, end + 1)]
    return f"{start}-{end}" + (f"/{step}" if step > 1 else ""), frozenset(values[::step])


def weekdays() -> SearchStrategy[tuple[str, frozenset[int]]]:
    """Return fields of days of the week, Monday is 0 in what they mean."""

    def meant(found: tuple[str, frozenset[int]]) -> tuple[str, frozenset[int]]:
        return found[0], frozenset((day - 1) % 7 for day in found[1])

    named = st.sets(st.sampled_from(NAMES), min_size=1, max_size=3)
    return fields(0, 6).map(meant) | named.map(
        lambda names: (",".join(sorted(names)), frozenset((NAMES.index(name) - 1) % 7 for name in names))
    )


@st.composite
def lines(draw: Any) -> Line:
    """Return a line; one of three has days of the month."""
    minute, hour, weekday = draw(fields(0, 59)), draw(fields(0, 23)), draw(weekdays())
    date = draw(fields(1, 31)) if draw(st.integers(0, 2)) == 0 else ("*", frozenset(range(1, 32)))
    month = draw(fields(1, 12)) if draw(st.integers(0, 4)) == 0 else ("*", frozenset(range(1, 13)))
    is_fixed = not {"*", "/"} & set(hour[0]) and len(hour[1]) < 24
    is_either = not (date[0].startswith("*") or weekday[0].startswith("*"))
    text = " ".join(field[0] for field in (minute, hour, date, month, weekday))
    return Line(text, minute[1], hour[1], weekday[1], is_fixed, date[1], month[1], is_either)


moments = st.sampled_from(ZONES).flatmap(lambda zone: st.tuples(st.just(zone), st.sampled_from(changes(zone) or [NOON])))
spans = st.timedeltas(timedelta(), NEAR).map(lambda span: span // SECOND * SECOND)


def live(examples: int) -> None:
    """Compare this number of lines."""

    # unshrunk: a walk takes its time, and the line says enough
    @settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
    )
    @given(lines(), moments, spans, st.sampled_from(("after", "never")), st.sampled_from(("first", "second", "both")))
    def compare(line: Line, moment: tuple[str, datetime], span: timedelta, skipped: Any, repeated: Any) -> None:
        zone, change = moment
        expected = firings(line, zone, change - AROUND, change + AROUND, skipped, repeated)
        since, until = change - span, change + NEAR
        try:
            times = TimeSet(CronForm(line=line.text, zone=zone, skipped_time=skipped, repeated_time=repeated))
        except InvalidSchedule:  # a day that no month has
            found = []
        else:
            found = list(times.between(since, until))
        assert found == [one for one in expected if since < one <= until], (
            f"{line.text} {zone} {change} {span} {skipped} {repeated}"
        )

    compare()
