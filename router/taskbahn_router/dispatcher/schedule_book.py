"""Changes of schedules, by people and by code: each goes by the row as it is read, and holds only if that is still so at its commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from taskbahn.errors import NotReady, TaskbahnError
from taskbahn.protocol import messages
from taskbahn.protocol.scheduling import SchedulePause
from taskbahn_router.core.firings import ScheduleChange, ScheduleRow
from taskbahn_router.dispatcher.schedule_specs import effective, following, is_over, pause_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.dispatcher.schedule_firing import ScheduleFirings
    from taskbahn_router.model.ports import Runner
    from taskbahn_router.stores.contract import Reader

TRIES = 10  # of a change that others are faster than
PAGE = 200


@dataclass(frozen=True, slots=True)
class Drop:
    """A schedule is to be deleted."""

    version: int


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
) -> ScheduleChange:
    """Return the change of a schedule to new values; its next time is computed again if what it goes by changes, or *is_anew*."""
    before = row or ScheduleRow(id, None, None, None, 0, None, None, None, None, now)
    declared = before.declared if declared is KEEP else declared
    changed = before.changed if changed is KEEP else changed
    held = pause_of(before) if pause is KEEP else pause
    due, at = before.due_at, before.next_at
    spec = effective(declared, changed)
    old = None if row is None else effective(row.declared, row.changed)
    is_same = old is not None and (old.when, old.start, old.end, old.jitter) == (spec.when, spec.start, spec.end, spec.jitter)
    if is_anew or not is_same or pause is not KEEP or (old is not None and old.times != spec.times):
        then = _next(id, spec, held, before.fired, now)
        due, at = (None, None) if then is None else (then.due, then.at)
    return ScheduleChange(
        id, declared, changed, before.declared_at if declared_at is KEEP else declared_at, before.version, due, at,
        None if held is None else messages.to_json(held), before.changed_by if who is KEEP else who,
        before.changed_at if who is KEEP else now,
    )  # fmt: skip


def _next(id: str, spec: Any, pause: SchedulePause | None, fired: int, now: float) -> Any:
    if spec.times is not None and fired >= spec.times:
        return None
    if pause is None or is_over(pause, now):
        return following(spec, id, now)
    return None if pause.until is None or pause.orphaned else following(spec, id, pause.until)


class ScheduleBook:
    """Reads a schedule, decides a change and has it stored."""

    log = Logger("taskbahn.schedules")

    def __init__(self, dispatcher: Dispatcher, firings: ScheduleFirings, reader: Reader, runner: Runner) -> None:
        self._dispatcher = dispatcher
        self._firings = firings
        self._reader = reader
        self._runner = runner

    def change(
        self,
        id: str,
        decide: Callable[[ScheduleRow | None], Decision],
        done: Callable[[Decision], None],
        failed: Callable[[TaskbahnError], None],
        tries: int = TRIES,
    ) -> None:
        """Change a schedule.   decide: returns the change of a row (None: there is none); None: nothing changes.

        done: called after the commit.   failed: gets what *decide* raises, or that it cannot be stored.
        """

        def found(row: ScheduleRow | None) -> None:
            try:
                self._dispatcher.check_accepting()
                decision = decide(row)
            except TaskbahnError as error:
                failed(error)
                return
            if decision is None:
                done(None)
                return

            def stored(holds: bool) -> None:  # noqa: FBT001 - its only argument
                if holds:
                    self._firings.fire_at(decision.next_at if isinstance(decision, ScheduleChange) else None)
                    done(decision)
                elif tries > 1:
                    self.change(id, decide, done, failed, tries - 1)
                else:
                    failed(NotReady(f"the schedule {id} is changed by others at this moment; try it again"))

            if isinstance(decision, Drop):
                self._dispatcher.turn_input.drop_schedule(id, decision.version, stored)
            else:
                self._dispatcher.turn_input.add_schedule(decision, stored)
            self._dispatcher.loop.schedule_turn()

        asked = self._runner.run(self._reader.schedule, id)
        asked.addCallback(found)
        asked.addErrback(lambda failure: self._lost(failure, failed))

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

    def _lost(self, failure: Any, failed: Callable[[TaskbahnError], None]) -> None:
        if not isinstance(failure.value, TaskbahnError):
            self.log.failure("a schedule cannot be changed", failure)
        failed(
            failure.value if isinstance(failure.value, TaskbahnError) else NotReady("the schedule cannot be read; try it again")
        )
