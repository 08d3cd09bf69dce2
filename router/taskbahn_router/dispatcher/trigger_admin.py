"""What people change about triggers while the system runs."""

from __future__ import annotations

from typing import Any

from twisted.logger import Logger

from taskbahn.errors import InvalidOption, TaskbahnError
from taskbahn.protocol import messages
from taskbahn.protocol.triggers import read_trigger
from taskbahn_router.core.kept import tasks_in
from taskbahn_router.core.triggers import TriggerChange, TriggerRow
from taskbahn_router.dispatcher.kept_admin import KeptAdmin
from taskbahn_router.dispatcher.trigger_book import changed_row
from taskbahn_router.dispatcher.trigger_specs import complete, spec_of


class TriggerAdmin(KeptAdmin[TriggerRow, TriggerChange]):
    """Obeys `taskbahn.admin.trigger.*`."""

    log = Logger("taskbahn.triggers")
    what = "trigger"
    procedures = "taskbahn.admin.trigger."

    def invalid(self, sentence: str) -> TaskbahnError:
        """Return the error of triggers."""
        return InvalidOption(sentence, option="id")

    def fields_of(self, plain: Any) -> dict[str, Any]:
        """Return all fields of a spec after the checks of their forms."""
        return fields_of(plain)

    def check(self, fields: dict[str, Any]) -> None:
        """Raise for a task that no worker has declared."""
        for task in tasks_in(fields["call"]):
            self._dispatcher.intake.task(task)

    def spec_of(self, row: TriggerRow) -> dict[str, Any]:
        """Return what holds."""
        fields: dict[str, Any] = messages.plain(spec_of(row))
        return fields

    def complete(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return fields with the defaults of those that are left out."""
        return complete(fields)

    def changed(self, row: TriggerRow | None, id: str, now: float, **words: Any) -> TriggerChange:
        """Return the change of a trigger."""
        return changed_row(row, id, now, **words)


def fields_of(plain: Any) -> dict[str, Any]:
    """Return the fields of a trigger after the checks of their forms, its templates included; raises InvalidOption."""
    fields: dict[str, Any] = messages.plain(read_trigger(plain))
    return fields
