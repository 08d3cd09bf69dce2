"""When schedules are due in a period: all of them, for a calendar, or one, for a backfill."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.errors import InvalidRequest, InvalidSchedule
from taskbahn.protocol import messages
from taskbahn.protocol.schedules import read_form
from taskbahn.protocol.scheduling import MAX_BACKFILL, DueAt, DueBand, DueSlot, DueTimes
from taskbahn_router.core.kept import is_over, pause_of
from taskbahn_router.dispatcher.schedule_specs import spec_of, times_of
from taskbahn_router.queries.job_lists import is_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.protocol.scheduling import SchedulePause, ScheduleSpec
    from taskbahn_router.core.firings import ScheduleRow
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.queries.asking import Ask
    from taskbahn_router.schedules.time_set import TimeSet
    from taskbahn_router.stores.contract import Reader

HOUR, DAY = 3600.0, 86400.0
LATEST = 10_413_792_000.0  # seconds since the epoch: the year 2300
MOST_SLOTS = 400
MOST_FIRST = 100  # due times that a slot names
OFTEN = 4  # due times a day; a schedule with more is a band
PAGE = 100  # schedules that one question to the store returns
SECONDS = 0.1  # seconds for which one answer looks; then it says where to go on
EACH_SECONDS = 0.1  # seconds for the times of one schedule, and again for its slots
ONE_SECONDS = 1.0  # seconds for the count of one schedule
REMEMBERED = 2_000  # forms, each with its times of a period
TICK = 0.000_001


class Period(NamedTuple):
    """From *since* on, up to *until*, in slots of a length in seconds."""

    since: float
    until: float
    slot: float

    def number(self, at: float) -> int:
        """Return the number of the slot that a time is in."""
        return int((at - self.since) // self.slot)


class Found(NamedTuple):
    """The due times of a form in a period; of one with many: the spans of its slots."""

    times: tuple[float, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    is_cut: bool = False


class DueTimesQuery:
    """Answers `taskbahn.view.due_times` on the reader's thread, in portions: other questions come between them."""

    def __init__(self, reader: Reader, ask: Ask, wall: Callable[[], float]) -> None:
        self._reader = reader
        self._ask = ask
        self._wall = wall

    def view(self, call: PendingCall) -> None:
        """`taskbahn.view.due_times`: of all schedules that are not paused, or of one."""
        words = dict(zip(("since", "until"), call.args, strict=False)) | call.kwargs
        id, after, most, slot = words.get("id"), words.get("after", ""), words.get("most", 4), words.get("slot", HOUR)
        period = Period(_time("since", words.get("since")), _time("until", words.get("until")), _time("slot", slot))
        if not isinstance(id, str | None) or not isinstance(after, str) or not is_number(most) or not 0 <= most <= MOST_FIRST:
            raise InvalidRequest(f"id and after are ids of schedules, most is 0 to {MOST_FIRST}")
        if not period.since < period.until:
            raise InvalidRequest("since is before until")
        if id is None and not 0 < period.until - period.since <= MOST_SLOTS * period.slot:
            raise InvalidRequest(f"from since to until are at most {MOST_SLOTS} slots; take a shorter period or longer slots")

        def read() -> DueTimes:
            return self._all(period, after, most) if id is None else self._one(id, period)

        self._ask(call, lambda found: call.answer(messages.plain(found)), read)

    def _one(self, id: str, period: Period) -> DueTimes:
        row = self._reader.schedule(id)
        if row is None:
            raise InvalidSchedule(f"there is no schedule {id!r}; `taskbahn schedules` lists them")
        spec = spec_of(row)
        times, (since, until) = times_of(messages.to_json(spec.when)), _bounds(spec, period)
        found, end = DueTimes(), time.monotonic() + ONE_SECONDS
        with suppress(InvalidSchedule):  # a combination with no more times among those that a search looks at
            moment = times.after(_date(since))
            while moment is not None and (at := moment.timestamp()) <= until:
                if found.count == MAX_BACKFILL or time.monotonic() > end:
                    found.is_cut = True
                    break
                found.count, found.last = found.count + 1, at
                found.first = at if found.first is None else found.first
                moment = times.after(moment)
        return found

    def _all(self, period: Period, after: str, most: int) -> DueTimes:
        slots, bands, end = dict[int, DueSlot](), list[DueBand](), time.monotonic() + SECONDS
        while True:
            rows = self._reader.schedules(after, PAGE)
            for row in rows:
                after = row.id
                self._add(row, period, slots, bands)
                if time.monotonic() > end:
                    return _answer(slots, bands, most, after)
            if len(rows) < PAGE:
                return _answer(slots, bands, most, None)

    def _add(self, row: ScheduleRow, period: Period, slots: dict[int, DueSlot], bands: list[DueBand]) -> None:
        from taskbahn_router.schedules.words import words_of  # late: it knows calendars

        pause, spec, now = pause_of(row), spec_of(row), self._wall()
        if row.next_at is None or (pause is not None and not is_over(pause, now) and _lasts(pause, period.until)):
            return
        since, until = _bounds(spec, period._replace(until=period.until - TICK))
        start = pause.until if pause is not None and pause.until is not None else 0.0
        found = _found(messages.to_json(spec.when), since, until, period)
        left = None if spec.times is None else max(0, spec.times - row.fired)
        for at in [at for at in found.times if at >= start][:left]:
            number = period.number(at)
            slot = slots.setdefault(number, DueSlot(at=period.since + number * period.slot, count=0, first=[]))
            slot.count += 1
            slot.first.append(DueAt(row.id, at))
        if found.spans:
            first = period.number(start)
            spans = [(max(one, first), last) for one, last in found.spans if last >= first]
            bands.append(DueBand(id=row.id, words=words_of(read_form(spec.when)), spans=spans, is_cut=found.is_cut))


def _answer(slots: dict[int, DueSlot], bands: list[DueBand], most: int, rest: str | None) -> DueTimes:
    for slot in slots.values():
        slot.first = sorted(slot.first, key=lambda due: (due.at, due.id))[:most]
    return DueTimes(slots=[slots[number] for number in sorted(slots)], bands=bands, next=rest)


@lru_cache(maxsize=REMEMBERED)
def _found(when: str, since: float, until: float, period: Period) -> Found:
    """Return the due times of a form later than *since*, up to *until*."""
    times = times_of(when)
    many = max(OFTEN, OFTEN * (period.until - period.since) / DAY)
    found: list[float] = []
    end = time.monotonic() + EACH_SECONDS
    with suppress(InvalidSchedule):  # as above
        moment = times.after(_date(since))
        while moment is not None and (at := moment.timestamp()) <= until:
            found.append(at)
            if len(found) > many:
                return _spans(times, since, until, period)
            if time.monotonic() > end:
                break
            moment = times.after(moment)
    return Found(tuple(found))


def _spans(times: TimeSet, since: float, until: float, period: Period) -> Found:
    spans, at, end = list[tuple[int, int]](), since, time.monotonic() + EACH_SECONDS
    try:
        while (moment := times.after(_date(at))) is not None and (due := moment.timestamp()) <= until:
            number = period.number(due)
            if spans and spans[-1][1] == number - 1:
                spans[-1] = (spans[-1][0], number)
            else:
                spans.append((number, number))
            at = period.since + (number + 1) * period.slot - TICK
            if time.monotonic() > end:
                return Found(spans=tuple(spans), is_cut=True)
    except InvalidSchedule:  # as above
        return Found(spans=tuple(spans), is_cut=True)
    return Found(spans=tuple(spans))


def _lasts(pause: SchedulePause, until: float) -> bool:
    return pause.orphaned or pause.until is None or pause.until > until


def _bounds(spec: ScheduleSpec, period: Period) -> tuple[float, float]:
    """Return the time behind which due times count, and the last that does."""
    since = period.since if spec.start is None else max(period.since, spec.start)
    return since - TICK, period.until if spec.end is None else min(period.until, spec.end)


def _date(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


def _time(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LATEST:
        raise InvalidRequest(f"{name} is in seconds, since the epoch if it is a time, not {value!r:.100}")
    return float(value)
