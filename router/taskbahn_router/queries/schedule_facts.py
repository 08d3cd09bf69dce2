"""What is seen of schedules, for the list of problems: those whose newest firing was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.protocol import messages
from taskbahn.protocol.views import Problem
from taskbahn_router.core.kept import is_over, pause_of
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


class ScheduleFacts:
    """Looks for schedules whose newest firing was refused."""

    def __init__(self, reader: Reader, runner: Runner) -> None:
        self._reader = reader
        self._runner = runner
        self._is_asking = False
        self._next_question = 0.0
        self.refusals: list[Refusal] = []

    def look(self, now: float) -> None:
        """Have the store say which they are; those that are paused do not fire, so they are none."""
        if self._is_asking or now < self._next_question:
            return
        self._next_question = now + LOOK_SECONDS

        def read(rows: list[ScheduleRow]) -> None:
            self._is_asking = False
            self.refusals = [Refusal(row.id, _message(row.trouble)) for row in rows if row.trouble and not _is_paused(row, now)]

        def unread(_: Any) -> None:  # the store refuses, which `problems` shows
            self._is_asking = False

        self._is_asking = True
        self._runner.run(self._reader.troubled_schedules, MAX_TROUBLED).addCallbacks(read, unread)


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
            sentence=f"The schedule {refusal.schedule} did not start its job: {refusal.message}.",
            hint="It tries again at its next due time. Start a worker that has the task, or change the schedule.",
            id=refusal.schedule,
        )
    if len(refusals) > MAX_ALIKE:
        yield Problem(
            kind="schedule_refused",
            level="error",
            sentence=f"The jobs of {pluralize(len(refusals) - MAX_ALIKE, 'more schedule')} were refused, too.",
            hint="Many at once: a worker with their tasks is probably missing; `taskbahn schedules` shows each.",
        )
