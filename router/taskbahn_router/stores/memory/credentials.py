"""How the memory store keeps credentials, as SQLite's does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import CommitBatch, CommitResult
    from taskbahn_router.stores.memory.tables import Tables


def change_credentials(tables: Tables, batch: CommitBatch, result: CommitResult) -> None:
    """Store the credentials that are still as those who changed them saw them."""
    for change in batch.credentials:
        before = tables.credentials.get(change.row.id)
        holds = change.version == (0 if before is None else before.version)
        if holds:
            tables.put(tables.credentials, change.row.id, change.stored)
        result.credentials.append(holds)
    for id, version in batch.dropped_credentials:
        before = tables.credentials.get(id)
        holds = before is not None and before.version == version
        if holds:
            tables.drop(tables.credentials, id)
        result.credentials.append(holds)
