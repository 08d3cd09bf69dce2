"""What workers declare to be kept, such as schedules: stored when a worker comes, and paused as orphaned when no code has it any more.

The newest declaration counts: an older worker that reconnects does not change it back. What people changed at run time stays, beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from twisted.logger import Logger

from taskbahn.protocol.scheduling import SchedulePause
from taskbahn_router.core.kept import KeptRow, is_over, pause_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from taskbahn.errors import TaskbahnError
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.dispatcher.kept_book import Drop, KeptBook
    from taskbahn_router.model.ports import Runner
    from taskbahn_router.model.state import AttachedWorker

PAGE = 500
ORPHANED = "no attached worker declares it, and one that came later offers its task"


RowT = TypeVar("RowT", bound=KeptRow)
ChangeT = TypeVar("ChangeT")


class DeclaredKept(Generic[RowT, ChangeT]):
    """Keeps one kind of what the store has as the code of the newest workers has it."""

    log = Logger("taskbahn.kept")
    what = ""  # what is kept, for messages

    def __init__(self, dispatcher: Dispatcher, book: KeptBook[RowT, ChangeT]) -> None:
        self._dispatcher = dispatcher
        self._book = book
        self._tasks: dict[str, tuple[frozenset[str], float]] = {}  # id of what is declared -> its tasks, and since when

    # what the kinds differ in

    def ids_of(self, worker: AttachedWorker) -> Iterable[str]:
        """Return the ids that a worker declares."""
        raise NotImplementedError

    def tasks_of(self, declared: str) -> Iterable[str]:
        """Return the tasks that a declaration starts."""
        raise NotImplementedError

    def changed(self, row: RowT | None, id: str, now: float, **words: Any) -> ChangeT:
        """Return the change of a row."""
        raise NotImplementedError

    def is_mended(self, row: RowT, declared: str) -> bool:
        """Return whether a row has trouble that is over with this declaration."""
        return False

    # what they have in common

    def begin(self, read: Callable[[str, int], list[RowT]], runner: Runner, after: str = "") -> None:
        """Learn what code has declared.   read: returns the rows behind an id."""

        def found(rows: list[RowT]) -> None:
            for row in rows:
                if row.id not in self._tasks:  # a worker may have come before the answer
                    self._know(row.id, row.declared, row.declared_at)
            if len(rows) == PAGE:
                self.begin(read, runner, rows[-1].id)
            self.look_for_orphans()

        asked = runner.run(read, after, PAGE)
        asked.addCallback(found)
        asked.addErrback(lambda failure: self.log.failure(f"each {self.what} cannot be read", failure))

    def attached(self, checked: list[tuple[str, str]], since: float) -> None:
        """Store what a worker declares that was welcomed first at *since*, and see what code has no more."""
        for id, declared in checked:
            known = self._tasks.get(id)
            if known is None or known[1] <= since:
                self._know(id, declared, since)
            self._declare(id, declared, since)
        self.look_for_orphans()

    def look_for_orphans(self) -> None:
        """Pause what code has no more."""
        if not self._tasks:
            return
        workers = list(self._dispatcher.state.workers.values())  # those too whose sessions may come back
        declared = {id for worker in workers for id in self.ids_of(worker)}
        for id, (tasks, since) in list(self._tasks.items()):
            if id not in declared and any(worker.since >= since and not tasks.isdisjoint(_offered(worker)) for worker in workers):
                self._book.change(id, self._orphaned, lambda _: None, self._failed)
                del self._tasks[id]

    def _declare(self, id: str, declared: str, since: float) -> None:
        now = self._dispatcher.wall()

        def decide(row: RowT | None) -> ChangeT | Drop | None:
            words: dict[str, Any] = {}
            if row is not None:
                if row.declared_at is not None and row.declared_at > since:
                    return None
                pause = pause_of(row)
                if pause is not None and pause.orphaned:
                    words["pause"] = None if pause.reason == ORPHANED else msgspec.structs.replace(pause, orphaned=False)
                elif row.declared == declared and row.declared_at == since and not self.is_mended(row, declared):
                    return None
            return self.changed(row, id, now, declared=declared, declared_at=since, **words)

        self._book.change(id, decide, lambda _: None, self._failed)

    def _orphaned(self, row: RowT | None) -> ChangeT | Drop | None:
        pause = None if row is None else pause_of(row)
        if row is None or row.declared is None or (pause is not None and pause.orphaned):
            return None
        now = self._dispatcher.wall()
        if pause is None or is_over(pause, now):
            pause = SchedulePause(reason=ORPHANED, at=now)
        return self.changed(row, row.id, now, pause=msgspec.structs.replace(pause, orphaned=True))

    def _know(self, id: str, declared: str | None, since: float | None) -> None:
        if declared is not None:
            self._tasks[id] = frozenset(self.tasks_of(declared)), since or 0.0

    def _failed(self, error: TaskbahnError) -> None:
        self.log.error("a {what} that a worker declares is not stored: {error}", what=self.what, error=error)


def _offered(worker: AttachedWorker) -> set[str]:
    return {task.name for task in worker.hello.tasks}
