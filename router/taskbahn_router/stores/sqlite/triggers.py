"""How the SQLite store keeps triggers; what is noted of their events is decided in `core/triggers.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn_router.core.triggers import TriggerRow, notes_of
from taskbahn_router.stores.sqlite.statements import SQL

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from taskbahn_router.stores.contract import CommitBatch, CommitResult


def change_triggers(connection: sqlite3.Connection, batch: CommitBatch, result: CommitResult) -> None:
    """Store the triggers that are still as those who changed them saw them."""
    for change in batch.triggers:
        before = _row(connection, change.id)
        holds = change.version == (0 if before is None else before.version)
        if holds:
            connection.execute(SQL["upsert_trigger"], change.row(before))
        result.triggers.append(holds)
    for id, version in batch.dropped_triggers:
        result.triggers.append(bool(connection.execute(SQL["delete_trigger"], (id, version)).rowcount))


def note_triggered(connection: sqlite3.Connection, batch: CommitBatch, result: CommitResult) -> None:
    """Note what events have meant to triggers; of those that are deleted there is nothing to note."""
    if not batch.triggered:
        return
    refused = result.admitted.refused if result.admitted is not None else ()
    for id, note in notes_of(batch.triggered, result.duplicates, refused).items():
        row = _row(connection, id)
        if row is not None:
            connection.execute(SQL["upsert_trigger"], row.noted(note))


def _row(connection: sqlite3.Connection, id: str) -> TriggerRow | None:
    found = connection.execute(SQL["trigger"], (id,)).fetchone()
    return None if found is None else TriggerRow(*found)


class TriggerReader:
    """The questions of `contract.Reader` about triggers."""

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        raise NotImplementedError

    def triggers(self, after: str, limit: int) -> list[TriggerRow]:
        return [TriggerRow(*row) for row in self._rows(SQL["triggers"], (after, limit))]

    def trigger(self, id: str) -> TriggerRow | None:
        return next((TriggerRow(*row) for row in self._rows(SQL["trigger"], (id,))), None)

    def troubled_triggers(self, limit: int) -> list[TriggerRow]:
        return [TriggerRow(*row) for row in self._rows(SQL["troubled_triggers"], (limit,))]
