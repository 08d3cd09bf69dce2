"""The tasks that workers declare: checked, stored, registered under their own names, and within a bound.

A task stays declared when its workers leave, so that clients can go on to submit jobs of it. Programs that make up names would
fill the router so. At the bound, the tasks that no worker offers and that have no jobs make room, the first declared first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from taskbahn.errors import InvalidRequest, TooLarge
from taskbahn.protocol.limits import check_agreement
from taskbahn.protocol.options import check as check_options
from taskbahn.protocol.options import with_seconds
from taskbahn.protocol.outgoing import BUILT_IN
from taskbahn_router.core.task_callbacks import check_callbacks
from taskbahn_router.model import limits
from taskbahn_router.model.declared_task import BY_CALLER, DeclaredTask
from taskbahn_router.submission.submission import check_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from taskbahn.protocol import messages
    from taskbahn_router.dispatcher.dispatcher import Dispatcher

FORGOTTEN_TOGETHER = 100  # tasks that make room together, for to find them takes a look at all
ADVICE = "use fewer names; a task that no worker offers makes room when its last job is removed (`keep`)"


class Declarations:
    """Keeps the declared tasks of the state.

    declare: registers a task's own name, once.  withdraw: unregisters it.
    """

    def __init__(self, dispatcher: Dispatcher, declare: Callable[[str], None], withdraw: Callable[[str], None]) -> None:
        self._dispatcher = dispatcher
        self._state = dispatcher.state
        self._declare, self._withdraw = declare, withdraw

    def take_in(self, declarations: Iterable[messages.TaskDeclaration], since: float) -> None:
        """Declare the tasks of a worker, which was welcomed first at *since*, unless one that came after it declared them otherwise.

        Raises, with nothing changed, when one of them cannot be a task, or for want of room.
        """
        tasks = [self._task(declaration, since) for declaration in declarations]
        check_agreement(task.declaration for task in tasks)
        self._make_room({task.name for task in tasks})
        for task in tasks:
            known = self._state.tasks.get(task.name)
            if known is None or (known.packed != task.packed and known.declared_at <= since):
                task.follows(known)
                self._state.tasks[task.name] = task
                self._dispatcher.turn_input.add_task(task)
                self._dispatcher.loop.schedule_turn()
            self._declare(task.name)

    def declare_by_caller(self, declarations: Iterable[messages.TaskDeclaration]) -> None:
        """Declare tasks that no worker has declared yet, until one does: each comes after this.  Raises as `take_in`."""
        self.take_in(declarations, BY_CALLER)

    def declare_built_in(self, name: str) -> None:
        """Declare a task that ships with the node; its code is read when it is used first."""
        from taskbahn.tasks.built_in import declaration_of

        self.take_in([declaration_of(name)], self._dispatcher.started_at)

    def begin(self) -> None:
        """Declare those of them again that jobs have used: this version of the node may declare them otherwise."""
        for name in BUILT_IN & self._state.tasks.keys():
            self.declare_built_in(name)

    def _make_room(self, names: set[str]) -> None:
        state = self._state
        known = len(state.tasks)
        over = known + len(names - state.tasks.keys()) - limits.MAX_TASKS
        if over <= 0:
            return
        idle = [name for name in state.idle_tasks() if name not in names]
        if len(idle) < over:
            raise TooLarge("the declared tasks", over + limits.MAX_TASKS, limits.MAX_TASKS, ADVICE)
        for name in idle[: max(over, FORGOTTEN_TOGETHER)]:
            del state.tasks[name]
            self._dispatcher.turn_input.forget_task(name)
            self._withdraw(name)
        self._dispatcher.loop.schedule_turn()

    def _task(self, declaration: messages.TaskDeclaration, since: float) -> DeclaredTask:
        if declaration.name not in BUILT_IN:
            check_name(declaration.name)
        if declaration.options:
            declaration = msgspec.structs.replace(declaration, options=with_seconds(declaration.options))
            check_options(declaration.options)
        check_callbacks(declaration.name, declaration.callbacks)
        try:
            task = DeclaredTask.of(declaration, since, self._dispatcher.limit_book.capacities)
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidRequest(f"the declaration of {declaration.name} is not data: {error}") from None
        known = self._state.tasks.get(task.name)
        if task.checker is not None and (known is None or known.packed != task.packed):
            task.checker.compile()
        return task
