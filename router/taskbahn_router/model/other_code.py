"""Workers of which the code of a task does not take the arguments of its jobs: during a deployment several versions run side by side.

Such a worker gets no jobs of that task while another one with other code of it is attached. When there is none, it gets them again: it takes
those of callers that have its own version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskbahn.protocol import messages
    from taskbahn_router.model.state import AttachedWorker, DispatcherState

NOTHING = frozenset[str]()


class OtherCode:
    """Knows by their digests which signatures did not take jobs, since the dispatcher started."""

    def __init__(self, state: DispatcherState) -> None:
        self._state = state
        self._refused: dict[str, set[str | None]] = {}  # task -> digests

    def note(self, worker: AttachedWorker, task: str) -> None:
        """Note that a worker did not take a job of a task."""
        declaration = next((one for one in worker.hello.tasks if one.name == task), None)
        if declaration is None or _digest(declaration) in self._refused.get(task, ()):
            return
        self._refused.setdefault(task, set()).add(_digest(declaration))
        self.settle()

    def settle(self) -> bool:
        """Work out what each worker gets, after one came or left; return whether that changed."""
        if not self._refused:
            return False
        workers = [worker for worker in self._state.workers.values() if worker.room.open]
        taken = {one.name for worker in workers for one in worker.hello.tasks if one.name in self._refused and self._takes(one)}
        has_changed = False
        for worker in self._state.workers.values():
            withheld = {one.name for one in worker.hello.tasks if one.name in taken and not self._takes(one)}
            if withheld != worker.withheld:
                worker.withheld = frozenset(withheld) or NOTHING
                self._state.serves(worker)
                has_changed = True
        return has_changed

    def _takes(self, declaration: messages.TaskDeclaration) -> bool:
        return _digest(declaration) not in self._refused.get(declaration.name, ())


def _digest(declaration: messages.TaskDeclaration) -> str | None:
    return None if declaration.signature is None else declaration.signature.digest
