"""The schedules that workers declare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from taskbahn.errors import InvalidSchedule, TaskbahnError, TooLarge
from taskbahn.protocol import messages
from taskbahn.protocol.scheduling import MAX_SCHEDULES
from taskbahn_router.core.firings import ScheduleChange, ScheduleRow
from taskbahn_router.core.kept import tasks_in
from taskbahn_router.dispatcher.schedule_admin import check_fields
from taskbahn_router.dispatcher.schedule_book import changed_row
from taskbahn_router.dispatcher.schedule_specs import check_templates, effective, fields_of
from taskbahn_router.workers.declared_kept import DeclaredKept

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbahn.protocol.schedule_fields import DeclaredSchedule
    from taskbahn_router.model.state import AttachedWorker


class DeclaredSchedules(DeclaredKept[ScheduleRow, ScheduleChange]):
    """Keeps the schedules of the store as the code of the newest workers has them."""

    log = Logger("taskbahn.schedules")
    what = "schedule"

    def check(self, declared: list[DeclaredSchedule]) -> list[tuple[str, str]]:
        """Return the ids and specs of schedules, as they are stored; raises if one of them cannot be."""
        if len(declared) > MAX_SCHEDULES:
            raise TooLarge("schedules of one worker", len(declared), MAX_SCHEDULES, "add them with app.schedules.add at run time")
        found: dict[str, str] = {}
        for one in declared:
            try:
                fields = fields_of(one.spec)
                check_templates(effective(None, messages.to_json(fields)))
            except InvalidSchedule as error:
                raise InvalidSchedule(f"schedule {one.id}: {error.message}", **error.detail) from None
            if one.id in found:
                raise InvalidSchedule(f"two schedules have the id {one.id}: give one of them another id=")
            found[one.id] = messages.to_json(fields)
        return list(found.items())

    def ids_of(self, worker: AttachedWorker) -> Iterable[str]:
        """Return the ids of the schedules that a worker declares."""
        return (one.id for one in worker.hello.schedules)

    def tasks_of(self, declared: str) -> Iterable[str]:
        """Return the tasks that a schedule starts."""
        return tasks_in(effective(declared, None).call)

    def changed(self, row: ScheduleRow | None, id: str, now: float, **words: Any) -> ScheduleChange:
        """Return the change of a schedule."""
        is_right = row is not None and "declared" in words and self.is_mended(row, words["declared"])
        return changed_row(row, id, now, is_right=is_right, **words)

    def is_mended(self, row: ScheduleRow, declared: str) -> bool:
        """Return whether the newest submission was refused, and one would not be refused now."""
        if row.trouble is None:
            return False
        try:
            check_fields(self._dispatcher.intake, messages.plain(effective(declared, row.changed)), self._dispatcher.wall())
        except TaskbahnError:
            return False
        return True
