"""What people change about schedules while the system runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from taskbahn.errors import InvalidSchedule, TaskbahnError, from_info
from taskbahn.protocol import messages
from taskbahn_router.core.firings import ScheduleChange, ScheduleRow
from taskbahn_router.dispatcher.kept_admin import KeptAdmin, check_role
from taskbahn_router.dispatcher.schedule_book import changed_row
from taskbahn_router.dispatcher.schedule_runs import ExtraRun, key_of, period_of
from taskbahn_router.dispatcher.schedule_specs import call_of, check_templates, effective, fields_of, following, spec_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from taskbahn_router.dispatcher.schedule_book import Decision
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.submission.submission import Draft, Submissions


class ScheduleAdmin(KeptAdmin[ScheduleRow, ScheduleChange]):
    """Obeys `taskbahn.admin.schedule.*`."""

    log = Logger("taskbahn.schedules")
    what = "schedule"
    procedures = "taskbahn.admin.schedule."

    def invalid(self, sentence: str) -> TaskbahnError:
        """Return the error of schedules."""
        return InvalidSchedule(sentence)

    def fields_of(self, plain: Any) -> dict[str, Any]:
        """Return all fields of a spec after the checks of their forms."""
        return fields_of(plain)

    def check(self, fields: dict[str, Any]) -> None:
        """Raise for what a firing would be refused for now."""
        check_fields(self._dispatcher.intake, fields, self._dispatcher.wall())

    def spec_of(self, row: ScheduleRow) -> dict[str, Any]:
        """Return what holds."""
        fields: dict[str, Any] = messages.plain(spec_of(row))
        return fields

    def complete(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return fields with the defaults of those that are left out."""
        return DEFAULTS | fields

    def changed(self, row: ScheduleRow | None, id: str, now: float, **words: Any) -> ScheduleChange:
        """Return the change of a schedule."""
        return changed_row(row, id, now, is_right="pause" not in words, **words)  # `check` has tried what is added or edited

    def run(self, call: PendingCall) -> None:
        """`taskbahn.admin.schedule.run`: start its job now, besides its due times; answered with the job's id."""
        now = self._dispatcher.wall()
        self._start(call, lambda run: run.start_now(now), is_one=True)

    def backfill(self, call: PendingCall) -> None:
        """`taskbahn.admin.schedule.backfill`: start the jobs of the due times of a past period; answered with their ids."""
        since, until = period_of(call, self._dispatcher.wall())
        self._start(call, lambda run: run.start_past(since, until), is_one=False)

    def _start(self, call: PendingCall, begin: Callable[[ExtraRun], None], *, is_one: bool) -> None:
        id, key = self._id(call), key_of(call)

        def decide(row: ScheduleRow | None) -> Decision:
            known = self._known(id, row)
            check_role(call, self.spec_of(known))
            begin(ExtraRun(self._dispatcher, call, known, key, is_one=is_one))
            return None

        self._book.change(id, decide, lambda _: None, call.fail)


DEFAULTS: dict[str, Any] = {
    "zone": "UTC", "start": None, "end": None, "times": None, "jitter": 0.0, "overlap": "skip", "catch_up": 60.0, "alarm_after": None,
    "note": "",
}  # fmt: skip


def check_fields(intake: Submissions, fields: dict[str, Any], now: float) -> None:
    """Raise if a schedule never fires, has unknown templates, or its task does not take the arguments."""
    spec = effective(None, messages.to_json(fields))
    check_templates(spec)
    if following(spec, "x", now) is None:
        raise InvalidSchedule("the schedule never fires: all of its times are over")
    steps = intake.read([call_of(spec, now, now)], None)
    answer = drained(steps).answers[0]
    if isinstance(answer, dict):
        raise from_info(answer)


def drained(steps: Generator[None, None, Draft]) -> Draft:
    """Return what steps lead to, without a pause between them."""
    try:
        while True:
            next(steps)
    except StopIteration as end:
        draft: Draft = end.value
        return draft
