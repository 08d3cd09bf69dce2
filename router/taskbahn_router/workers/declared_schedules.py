"""The schedules that workers declare: stored when a worker comes, and paused as orphaned when no code has them any more.

The newest declaration counts: an older worker that reconnects does not change it back. What people changed at run time stays, beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from twisted.logger import Logger

from taskbahn.errors import InvalidSchedule, TaskbahnError, TooLarge
from taskbahn.protocol import messages
from taskbahn.protocol.scheduling import MAX_SCHEDULES, SchedulePause
from taskbahn_router.dispatcher.schedule_book import changed_row
from taskbahn_router.dispatcher.schedule_specs import check_templates, effective, fields_of, is_over, pause_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn.protocol.schedule_fields import DeclaredSchedule
    from taskbahn_router.core.firings import ScheduleRow
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.dispatcher.schedule_book import Decision, ScheduleBook
    from taskbahn_router.model.ports import Runner
    from taskbahn_router.model.state import AttachedWorker
    from taskbahn_router.stores.contract import Reader

PAGE = 500
PARTS = ("flow", "chain", "group", "with", "on_success", "on_failure", "on_end")
ORPHANED = "no attached worker declares it, and one that came later offers its task"


class DeclaredSchedules:
    """Keeps the schedules of the store as the code of the newest workers has them."""

    log = Logger("taskbahn.schedules")

    def __init__(self, dispatcher: Dispatcher, book: ScheduleBook) -> None:
        self._dispatcher = dispatcher
        self._book = book
        self._tasks: dict[str, tuple[frozenset[str], float]] = {}  # id of a declared schedule -> its tasks, and since when

    def begin(self, reader: Reader, runner: Runner, after: str = "") -> None:
        """Learn which schedules code has declared."""

        def found(rows: list[ScheduleRow]) -> None:
            for row in rows:
                if row.id not in self._tasks:  # a worker may have come before the answer
                    self._know(row.id, row.declared, row.declared_at)
            if len(rows) == PAGE:
                self.begin(reader, runner, rows[-1].id)
            self.look_for_orphans()

        asked = runner.run(reader.schedules, after, PAGE)
        asked.addCallback(found)
        asked.addErrback(lambda failure: self.log.failure("schedules cannot be read", failure))

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

    def attached(self, checked: list[tuple[str, str]], since: float) -> None:
        """Store what a worker declares that was welcomed first at *since*, and see which schedules code has no more."""
        for id, declared in checked:
            known = self._tasks.get(id)
            if known is None or known[1] <= since:
                self._know(id, declared, since)
            self._declare(id, declared, since)
        self.look_for_orphans()

    def look_for_orphans(self) -> None:
        """Pause the schedules that code has no more."""
        if not self._tasks:
            return
        workers = list(self._dispatcher.state.workers.values())  # those too whose sessions may come back
        declared = {one.id for worker in workers for one in worker.hello.schedules}
        for id, (tasks, since) in list(self._tasks.items()):
            if id not in declared and any(worker.since >= since and not tasks.isdisjoint(_offered(worker)) for worker in workers):
                self._book.change(id, self._orphaned, lambda _: None, self._failed)
                del self._tasks[id]

    def _declare(self, id: str, declared: str, since: float) -> None:
        now = self._dispatcher.wall()

        def decide(row: ScheduleRow | None) -> Decision:
            words: dict[str, Any] = {}
            if row is not None:
                if row.declared_at is not None and row.declared_at > since:
                    return None
                pause = pause_of(row)
                if pause is not None and pause.orphaned:
                    words["pause"] = None if pause.reason == ORPHANED else msgspec.structs.replace(pause, orphaned=False)
                elif row.declared == declared and row.declared_at == since:
                    return None
            return changed_row(row, id, now, declared=declared, declared_at=since, **words)

        self._book.change(id, decide, lambda _: None, self._failed)

    def _orphaned(self, row: ScheduleRow | None) -> Decision:
        pause = None if row is None else pause_of(row)
        if row is None or row.declared is None or (pause is not None and pause.orphaned):
            return None
        now = self._dispatcher.wall()
        if pause is None or is_over(pause, now):
            pause = SchedulePause(reason=ORPHANED, at=now)
        return changed_row(row, row.id, now, pause=msgspec.structs.replace(pause, orphaned=True))

    def _know(self, id: str, declared: str | None, since: float | None) -> None:
        if declared is not None:
            self._tasks[id] = frozenset(tasks_in(effective(declared, None).call)), since or 0.0

    def _failed(self, error: TaskbahnError) -> None:
        self.log.error("a schedule that a worker declares is not stored: {error}", error=error)


def _offered(worker: AttachedWorker) -> set[str]:
    return {task.name for task in worker.hello.tasks}


def tasks_in(call: Any) -> Iterator[str]:
    """Return the names of the tasks that a call or a flow starts."""
    left = [call]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            yield from (node[kind] for kind in ("task", "map") if isinstance(node.get(kind), str))
            left += [node[part] for part in PARTS if part in node]
        elif isinstance(node, list):
            left += node
