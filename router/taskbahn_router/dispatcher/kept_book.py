"""Changes of what people and code keep in the store under an id, such as schedules.

Each goes by the row as it is read, and holds only if that is still so at its commit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from twisted.logger import Logger

from taskbahn.errors import NotReady, TaskbahnError

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.core.audit import Act
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.model.kept_input import KeptInput
    from taskbahn_router.model.ports import Runner

RowT = TypeVar("RowT")
ChangeT = TypeVar("ChangeT")

TRIES = 10  # of a change that others are faster than


@dataclass(frozen=True, slots=True)
class Drop:
    """What has this version is to be deleted."""

    version: int


class KeptBook(Generic[RowT, ChangeT]):
    """Reads what is kept under an id, decides a change and has it stored.   read: returns the row of an id, on the runner's thread."""

    log = Logger("taskbahn.kept")
    what = ""  # what is kept, for messages

    def __init__(self, dispatcher: Dispatcher, read: Callable[[str], RowT | None], runner: Runner) -> None:
        self._dispatcher = dispatcher
        self._read = read
        self._runner = runner

    def input(self) -> KeptInput[ChangeT]:
        """Return what takes its changes to the next commit."""
        raise NotImplementedError

    def holds(self, id: str, row: RowT | None, decision: ChangeT | Drop) -> None:
        """Follow a change that is stored.   row: as it was before."""

    def change(
        self,
        id: str,
        decide: Callable[[RowT | None], ChangeT | Drop | None],
        done: Callable[[ChangeT | Drop | None], None],
        failed: Callable[[TaskbahnError], None],
        tries: int = TRIES,
        act: Act | None = None,
    ) -> None:
        """Change what is kept.   decide: returns the change of a row (None: there is none); None: nothing changes.

        done: called after the commit.   failed: gets what *decide* raises, or that it cannot be stored.   act: for the audit.
        """

        def found(row: RowT | None) -> None:
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
                    self.holds(id, row, decision)
                    done(decision)
                elif tries > 1:
                    self.change(id, decide, done, failed, tries - 1, act)
                else:
                    failed(NotReady(f"the {self.what} {id} is changed by others at this moment; try it again"))

            if isinstance(decision, Drop):
                self.input().drop(id, decision.version, stored, act)
            else:
                self.input().put(decision, stored, act)
            self._dispatcher.loop.schedule_turn()

        asked = self._runner.run(self._read, id)
        asked.addCallback(found)
        asked.addErrback(lambda failure: self._lost(failure, failed))

    def _lost(self, failure: Any, failed: Callable[[TaskbahnError], None]) -> None:
        if not isinstance(failure.value, TaskbahnError):
            self.log.failure(f"a {self.what} cannot be changed", failure)
        known = isinstance(failure.value, TaskbahnError)
        failed(failure.value if known else NotReady(f"the {self.what} cannot be read; try it again"))
