"""Watches over schedules with `alarm_after`: says once when one is late, and when it is so no more.

It looks at a schedule when its alarm comes, and when its newest job has ended; of those that are late it looks at a page now and then,
for a job that was retried may have succeeded. So it costs nothing while all goes well. The store keeps the alarms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from twisted.logger import Logger

from taskbahn.errors import TaskbahnError
from taskbahn.protocol import messages
from taskbahn.protocol.scheduling import ALARMS_TOPIC, ScheduleAlarm
from taskbahn_router.core.alarms import NOTHING, AlarmChange, Newest, checked_alarm, why_late
from taskbahn_router.dispatcher.schedule_specs import following, spec_of
from taskbahn_router.dispatcher.wall_timer import LONGEST_SLEEP, WallTimer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbahn_router.core.firings import Alarm, ScheduleRow
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.model.ports import RouterPort, Runner
    from taskbahn_router.stores.contract import Reader

PAGE = 100  # schedules that are looked at together
ENDED_SECONDS = 0.25  # seconds in which it gathers the schedules whose jobs have ended
LATE_SECONDS = 10.0  # seconds between two pages of those that are late
AGAIN_SECONDS = 1.0  # seconds after which it looks again when the store refused
LAST = 1 << 62


def newest_of(reader: Reader, schedule: str) -> Newest:
    """Return what became of the newest due time of a schedule."""
    found = reader.firings(schedule, LAST, 1)
    return Newest(*found[0]) if found else Newest()


class Looked(NamedTuple):
    """A schedule whose alarm changes."""

    row: ScheduleRow
    then: Alarm
    newest: Newest


class _Page(NamedTuple):
    changes: list[Looked]
    next_at: float | None
    is_full: bool
    late_after: str | None  # the id behind which the next page of late ones begins; None: none of them is left


class ScheduleAlarms:
    """Finds schedules that are late.   reader, runner: for questions to the store, on the runner's thread."""

    log = Logger("taskbahn.schedules")

    def __init__(self, dispatcher: Dispatcher, port: RouterPort, reader: Reader, runner: Runner) -> None:
        self._dispatcher = dispatcher
        self._port = port
        self._reader = reader
        self._runner = runner
        dispatcher.publisher.on_alarm_end = self._ended
        self._timer = WallTimer(dispatcher, "alarms", self._look)
        self._is_busy = False
        self._left = 0  # changes whose commits are not over
        self._jobs: dict[str, bytes] = {}  # schedule -> its newest job
        self._touched: dict[str, None] = {}  # schedules whose jobs have ended since they were looked at
        self._late_after: str | None = ""
        self._late_look_at = 0.0

    def begin(self) -> None:
        """Look for alarms that came while the dispatcher was away."""
        self.watch_at(self._dispatcher.wall())

    def watch_at(self, when: float | None) -> None:
        """Look for alarms at a time of the wall clock."""
        self._timer.at(when)

    def watch_job(self, schedule: str, job: bytes) -> None:
        """Look at a schedule when this job, its newest one, has ended."""
        ends = self._dispatcher.publisher.alarm_ends
        before = self._jobs.get(schedule)
        if before is not None:
            ends.pop(before, None)
        self._jobs[schedule] = job
        ends[job] = schedule

    def _ended(self, schedule: str) -> None:
        self._jobs.pop(schedule, None)
        self._touched[schedule] = None
        self.watch_at(self._dispatcher.wall() + ENDED_SECONDS)

    # looks

    def _look(self) -> None:
        if self._is_busy:
            return  # the end of that look sets the timer
        self._is_busy = True
        now = self._dispatcher.wall()
        touched = list(self._touched)[:PAGE]
        for id in touched:
            del self._touched[id]
        looks_at_late = now >= self._late_look_at or self._late_look_at > now + LATE_SECONDS  # the wall clock may be set back
        if looks_at_late:
            self._late_look_at = now + LATE_SECONDS
        asked = self._runner.run(self._read, now, touched, (self._late_after or "") if looks_at_late else None)
        asked.addCallback(self._found)
        asked.addErrback(self._failed)

    def _read(self, now: float, touched: Iterable[str], late_after: str | None) -> _Page:
        reader = self._reader
        with reader.snapshot():
            due = reader.due_alarms(now, PAGE)
            late = reader.late_schedules(late_after, PAGE) if late_after is not None else []
            rows = {row.id: row for row in (*due, *late, *filter(None, map(reader.schedule, touched)))}
            changes = [looked for row in rows.values() if (looked := self._look_at(row, now)) is not None]
            return _Page(changes, reader.next_alarm(), len(due) == PAGE, self._after(late, late_after))

    def _after(self, late: list[ScheduleRow], before: str | None) -> str | None:
        """Return behind which id the next page of late ones begins.   before: behind which this one did; None: there is none."""
        if before is None:
            return self._late_after
        if len(late) == PAGE:
            return late[-1].id
        return "" if late or before else None

    def _look_at(self, row: ScheduleRow, now: float) -> Looked | None:
        """Return the change of an alarm, if it is to change.  It runs on the reader's thread."""
        spec = spec_of(row)
        if row.expected_at is None or spec.alarm_after is None:
            return None
        success = self._reader.newest_success(row.id, row.expected_at, now)

        def then(due_at: float) -> tuple[float, float] | None:
            found = following(spec, row.id, due_at)
            return None if found is None else (found.due, found.at)

        try:
            alarm = checked_alarm(row, spec.alarm_after, success, now, then)
        except TaskbahnError:  # it has no more times, which its firing says
            alarm = NOTHING
        if alarm == row.alarm:
            return None
        return Looked(row, alarm, newest_of(self._reader, row.id) if alarm.late_at is not None else Newest())

    def _found(self, page: _Page) -> None:
        self._late_after = page.late_after
        self._left = len(page.changes) + 1

        def settled(looked: Looked | None, *, holds: bool) -> None:
            if holds and looked is not None:
                self._say(looked)
            self._left -= 1
            if not self._left:
                self._rest(page)

        for looked in page.changes:
            change = AlarmChange(looked.row.id, looked.row.version, looked.row.alarm, looked.then)
            self._dispatcher.turn_input.change_alarm(change, lambda holds, looked=looked: settled(looked, holds=holds))  # type: ignore[misc]
        if page.changes:
            self._dispatcher.loop.schedule_turn()
        settled(None, holds=True)

    def _rest(self, page: _Page) -> None:
        self._is_busy = False
        now = self._dispatcher.wall()
        times = [page.next_at, now if page.is_full else None, now + ENDED_SECONDS if self._touched else None]
        alarms = [looked.then.alarm_at for looked in page.changes]
        is_any_late = page.late_after is not None or any(looked.then.late_at is not None for looked in page.changes)
        if is_any_late:
            self._late_after = self._late_after or ""
            times.append(max(self._late_look_at, now))
        self.watch_at(min(when for when in (*times, *alarms, now + LONGEST_SLEEP) if when is not None))

    def _failed(self, failure: Any) -> None:
        self.log.failure("the alarms of schedules cannot be read", failure)
        self._is_busy = False
        self.watch_at(self._dispatcher.wall() + AGAIN_SECONDS)

    # what is said

    def _say(self, looked: Looked) -> None:
        """Say once that a schedule is late, or that it is so no more: in the log, and to who is subscribed."""
        row, then = looked.row, looked.then
        was_late, is_late = row.late_at is not None, then.late_at is not None
        if was_late == is_late:
            return
        sentence = f"The schedule {row.id} is late no more: a job has succeeded"
        if is_late:
            sentence = why_late(row._replace(expected_at=then.expected_at), looked.newest)
        # a warning either way, for a node logs only those by default
        self.log.warn("{sentence}", sentence=sentence)
        alarm = ScheduleAlarm(
            schedule=row.id, is_late=is_late, expected_at=then.expected_at if is_late else row.expected_at,
            since=then.late_at if is_late else row.late_at, at=self._dispatcher.wall(), sentence=f"{sentence}.",
        )  # fmt: skip
        self._port.publish_event(ALARMS_TOPIC, messages.plain(alarm))
