"""What is seen of schedules, for the list of problems: those whose newest firing was refused, and those that are late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.protocol import messages
from taskbahn.protocol.views import Problem
from taskbahn_router.core.alarms import what_to_do, why_late
from taskbahn_router.core.kept import is_over, pause_of
from taskbahn_router.dispatcher.schedule_alarms import newest_of
from taskbahn_router.queries.limit_problems import MAX_ALIKE
from taskbahn_router.text import pluralize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from taskbahn_router.core.firings import ScheduleRow
    from taskbahn_router.model.ports import Runner
    from taskbahn_router.stores.contract import Reader

LOOK_SECONDS = 5.0  # seconds between two questions to the store
MAX_TROUBLED = 100  # schedules in one answer of it


class Refusal(NamedTuple):
    """A schedule whose newest firing was refused, and why."""

    schedule: str
    message: str
    is_over: bool = False  # it fires no more


class Lateness(NamedTuple):
    """A schedule that is late, since when, and what there is to do."""

    schedule: str
    since: float | None
    sentence: str
    hint: str


class ScheduleFacts:
    """Looks for schedules whose newest firing was refused, and for those that are late."""

    def __init__(self, reader: Reader, runner: Runner) -> None:
        self._reader = reader
        self._runner = runner
        self._is_asking = False
        self._next_question = 0.0
        self.refusals: list[Refusal] = []
        self.late: list[Lateness] = []  # the first few
        self.late_count = 0

    def look(self, now: float) -> None:
        """Have the store say which they are; those that are paused do not fire, so they are none."""
        if self._is_asking or now < self._next_question:
            return
        self._next_question = now + LOOK_SECONDS

        def read(seen: _Seen) -> None:
            self._is_asking = False
            self.late, self.late_count = seen.late, seen.late_count
            self.refusals = [
                Refusal(row.id, _message(row.trouble), row.due_at is None)
                for row in seen.troubled
                if row.trouble and row.late_at is None and not _is_paused(row, now)  # what is late says so itself
            ]

        def unread(_: Any) -> None:  # the store refuses, which `problems` shows
            self._is_asking = False

        self._is_asking = True
        self._runner.run(self._read).addCallbacks(read, unread)

    def _read(self) -> _Seen:
        with self._reader.snapshot():
            late = self._reader.late_schedules("", MAX_TROUBLED)
            shown = [self._lateness(row) for row in late[:MAX_ALIKE]]
            return _Seen(self._reader.troubled_schedules(MAX_TROUBLED), shown, len(late))

    def _lateness(self, row: ScheduleRow) -> Lateness:
        newest = newest_of(self._reader, row.id)
        return Lateness(row.id, row.late_at, why_late(row, newest), what_to_do(row, newest))


class _Seen(NamedTuple):
    troubled: list[ScheduleRow]
    late: list[Lateness]
    late_count: int


def _is_paused(row: ScheduleRow, now: float) -> bool:
    pause = pause_of(row)
    return pause is not None and not is_over(pause, now)


def _message(trouble: str) -> str:
    return str(messages.from_json(trouble).get("message", "")).rstrip(".")


def refused(refusals: Sequence[Refusal]) -> Iterator[Problem]:
    """Find schedules that did not start their job at their newest due time, for its submission was refused."""
    for refusal in refusals[:MAX_ALIKE]:
        yield Problem(
            kind="schedule_refused",
            level="error",
            sentence=f"The schedule {refusal.schedule} {'fires no more' if refusal.is_over else 'did not start its job'}: {refusal.message}.",
            hint="Change its times, as in `app.schedules[id].edit(...)`; it fires again from then on."
            if refusal.is_over
            else "It tries again at its next due time. Start a worker that has the task, or change the schedule.",
            page="schedules",
            id=refusal.schedule,
        )
    if len(refusals) > MAX_ALIKE:
        yield Problem(
            kind="schedule_refused",
            level="error",
            sentence=f"The jobs of {pluralize(len(refusals) - MAX_ALIKE, 'more schedule')} were refused, too.",
            hint="Many at once: a worker with their tasks is probably missing; `taskbahn schedules` shows each.",
            page="schedules",
        )


def late(found: Sequence[Lateness], count: int) -> Iterator[Problem]:
    """Find schedules whose jobs did not succeed in time.   count: how many there are."""
    for one in found:
        yield Problem(
            kind="schedule_late",
            level="error",
            sentence=f"{one.sentence}.",
            hint=one.hint,
            since=one.since,
            id=one.schedule,
            page="schedules",
        )
    if count > len(found):
        more = f"{pluralize(count - len(found), 'more schedule')}{' or more' if count >= MAX_TROUBLED else ''}"
        yield Problem(
            kind="schedule_late",
            level="error",
            sentence=f"Late, too: {more}.",
            hint="Many at once: the node was probably down, or a worker is missing; `taskbahn schedules` shows each.",
            page="schedules",
        )
