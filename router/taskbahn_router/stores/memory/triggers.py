"""How the memory store keeps triggers, as SQLite's does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn_router.core.triggers import TriggerRow, notes_of
from taskbahn_router.stores.memory.versions import change_versions, keep_in

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import CommitBatch, CommitResult
    from taskbahn_router.stores.memory.tables import Tables


def change_triggers(tables: Tables, batch: CommitBatch, result: CommitResult) -> None:
    """Store the triggers that are still as those who changed them saw them."""
    changes = [(change.id, change.version, change.row) for change in batch.triggers]
    result.triggers += change_versions(tables.triggers, keep_in(tables, tables.triggers), changes, batch.dropped_triggers)


def note_triggered(tables: Tables, batch: CommitBatch, result: CommitResult) -> None:
    """Note what events have meant to triggers; of those that are deleted there is nothing to note."""
    refused = result.admitted.refused if result.admitted is not None else ()
    for id, note in notes_of(batch.triggered, result.duplicates, refused).items():
        row = tables.triggers.get(id)
        if row is not None:
            tables.put(tables.triggers, id, row.noted(note))


class TriggerReader:
    """The questions of `contract.Reader` about triggers."""

    _tables: Tables

    def triggers(self, after: str, limit: int) -> list[TriggerRow]:
        with self._tables.lock:
            return [row for id, row in sorted(self._tables.triggers.items()) if id > after][:limit]

    def trigger(self, id: str) -> TriggerRow | None:
        with self._tables.lock:
            return self._tables.triggers.get(id)

    def troubled_triggers(self, limit: int) -> list[TriggerRow]:
        with self._tables.lock:
            return [row for _, row in sorted(self._tables.triggers.items()) if row.trouble is not None][:limit]
