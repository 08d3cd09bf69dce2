"""Changes of schedules, by people and by code: each goes by the row as it is read, and holds only if that is still so at its commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from taskbahn.protocol import messages
from taskbahn.protocol.scheduling import SchedulePause
from taskbahn_router.core.alarms import first_alarm, moved_alarm
from taskbahn_router.core.firings import ScheduleChange, ScheduleRow
from taskbahn_router.core.kept import is_over, pause_of
from taskbahn_router.dispatcher.kept_book import Drop, KeptBook
from taskbahn_router.dispatcher.schedule_specs import effective, following

if TYPE_CHECKING:
    from taskbahn.protocol.scheduling import ScheduleSpec
    from taskbahn_router.core.firings import Alarm
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.dispatcher.schedule_alarms import ScheduleAlarms
    from taskbahn_router.dispatcher.schedule_firing import ScheduleFirings
    from taskbahn_router.model.kept_input import KeptInput
    from taskbahn_router.model.ports import Runner
    from taskbahn_router.stores.contract import Reader

PAGE = 200


Decision = ScheduleChange | Drop | None
KEEP: Any = object()


def changed_row(
    row: ScheduleRow | None,
    id: str,
    now: float,
    *,
    declared: str | None = KEEP,
    changed: str | None = KEEP,
    declared_at: float | None = KEEP,
    pause: SchedulePause | None = KEEP,
    who: str | None = KEEP,
    is_anew: bool = False,
    is_right: bool = False,
) -> ScheduleChange:
    """Return the change of a schedule to new values; its next time is computed again if what it goes by changes, or *is_anew*.

    is_right: a submission was tried, and would not be refused now, so that the trouble of the newest one is over.
    """
    before = row or ScheduleRow(id, None, None, None, 0, None, None, None, None, now)
    declared = before.declared if declared is KEEP else declared
    changed = before.changed if changed is KEEP else changed
    held = pause_of(before) if pause is KEEP else pause
    due, at = before.due_at, before.next_at
    spec = effective(declared, changed)
    old = None if row is None else effective(row.declared, row.changed)
    is_same = old is not None and (old.when, old.start, old.end, old.jitter) == (spec.when, spec.start, spec.end, spec.jitter)
    has_stopped = is_right and before.trouble is not None and due is None  # for its next time could not be found
    if is_anew or not is_same or pause is not KEEP or has_stopped or (old is not None and old.times != spec.times):
        then = _next(id, spec, held, before.fired, now)
        due, at = (None, None) if then is None else (then.due, then.at)
    return ScheduleChange(
        id, declared, changed, before.declared_at if declared_at is KEEP else declared_at, before.version, due, at,
        None if held is None else messages.to_json(held), before.changed_by if who is KEEP else who,
        before.changed_at if who is KEEP else now,
        _alarm(before, old, spec, (due, at), now, begins=not is_same or pause is not KEEP, is_anew=is_anew), is_right,
    )  # fmt: skip


def _alarm(
    row: ScheduleRow,
    old: ScheduleSpec | None,
    spec: ScheduleSpec,
    then: tuple[float | None, float | None],
    now: float,
    *,
    begins: bool,
    is_anew: bool,
) -> Alarm | None:
    """Return the alarm of a schedule that changes; None: it stays.   begins: the due times before count no more."""
    before = None if old is None else old.alarm_after
    if begins or before is None or spec.alarm_after is None:
        return first_alarm(*then, spec.alarm_after)
    if is_anew:
        is_earlier = row.expected_at is not None and then[0] is not None and then[0] < row.expected_at
        return first_alarm(*then, spec.alarm_after) if is_earlier else None
    return moved_alarm(row.alarm, before, spec.alarm_after, now) if before != spec.alarm_after else None


def _next(id: str, spec: Any, pause: SchedulePause | None, fired: int, now: float) -> Any:
    if spec.times is not None and fired >= spec.times:
        return None
    if pause is None or is_over(pause, now):
        return following(spec, id, now)
    return None if pause.until is None or pause.orphaned else following(spec, id, pause.until)


class ScheduleBook(KeptBook[ScheduleRow, ScheduleChange]):
    """The changes of schedules."""

    log = Logger("taskbahn.schedules")
    what = "schedule"

    def __init__(
        self, dispatcher: Dispatcher, firings: ScheduleFirings, alarms: ScheduleAlarms, reader: Reader, runner: Runner
    ) -> None:
        super().__init__(dispatcher, reader.schedule, runner)
        self._firings = firings
        self._alarms = alarms
        self._reader = reader

    def input(self) -> KeptInput[ScheduleChange]:
        """Return what takes its changes to the next commit."""
        return self._dispatcher.turn_input.schedules

    def holds(self, id: str, row: ScheduleRow | None, decision: ScheduleChange | Drop) -> None:
        """Fire when it is due now, and see whether it is late then."""
        if isinstance(decision, ScheduleChange):
            self._firings.fire_at(decision.next_at)
            self._alarms.watch_at(decision.alarm.alarm_at if decision.alarm is not None else None)

    def compute_again(self, after: str = "") -> None:
        """Compute the next times of all schedules, for the wall clock was set back: they are due again, and do not fire twice."""

        def found(rows: list[ScheduleRow]) -> None:
            for row in rows:
                if row.due_at is not None:
                    self.change(row.id, self._anew, lambda _: None, lambda _: None)
            if len(rows) == PAGE:
                self._dispatcher.clock.callLater(0, self.compute_again, rows[-1].id)

        asked = self._runner.run(self._reader.schedules, after, PAGE)
        asked.addCallback(found)
        asked.addErrback(lambda failure: self.log.failure("schedules cannot be read", failure))

    def _anew(self, row: ScheduleRow | None) -> Decision:
        return None if row is None or row.due_at is None else changed_row(row, row.id, self._dispatcher.wall(), is_anew=True)
