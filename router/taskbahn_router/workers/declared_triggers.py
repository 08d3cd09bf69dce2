"""The triggers that workers declare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from taskbahn.errors import InvalidOption, TooLarge
from taskbahn.protocol import messages
from taskbahn.protocol.triggers import MAX_TRIGGERS, read_trigger
from taskbahn_router.core.kept import tasks_in
from taskbahn_router.core.triggers import TriggerChange, TriggerRow
from taskbahn_router.dispatcher.trigger_book import changed_row
from taskbahn_router.dispatcher.trigger_specs import effective
from taskbahn_router.workers.declared_kept import DeclaredKept

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbahn.protocol.trigger_fields import DeclaredTrigger
    from taskbahn_router.model.state import AttachedWorker


class DeclaredTriggers(DeclaredKept[TriggerRow, TriggerChange]):
    """Keeps the triggers of the store as the code of the newest workers has them."""

    log = Logger("taskbahn.triggers")
    what = "trigger"

    def check(self, declared: list[DeclaredTrigger]) -> list[tuple[str, str]]:
        """Return the ids and specs of triggers, as they are stored; raises if one of them cannot be."""
        if len(declared) > MAX_TRIGGERS:
            raise TooLarge("triggers of one worker", len(declared), MAX_TRIGGERS, "add them with app.triggers.create at run time")
        found: dict[str, str] = {}
        for one in declared:
            try:
                spec = read_trigger(one.spec)
            except InvalidOption as error:
                raise InvalidOption(f"trigger {one.id}: {error.message}", **error.detail) from None
            if one.id in found:
                raise InvalidOption(f"two triggers have the id {one.id}: give one of them another id=", option="id")
            found[one.id] = messages.to_json(messages.plain(spec))
        return list(found.items())

    def ids_of(self, worker: AttachedWorker) -> Iterable[str]:
        """Return the ids of the triggers that a worker declares."""
        return (one.id for one in worker.hello.triggers)

    def tasks_of(self, declared: str) -> Iterable[str]:
        """Return the tasks that a trigger starts."""
        return tasks_in(effective(declared, None).call)

    def changed(self, row: TriggerRow | None, id: str, now: float, **words: Any) -> TriggerChange:
        """Return the change of a trigger."""
        return changed_row(row, id, now, **words)
