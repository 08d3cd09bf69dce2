"""How the memory store keeps credentials, as SQLite's does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn_router.stores.memory.versions import change_versions, keep_in

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import CommitBatch, CommitResult
    from taskbahn_router.stores.memory.tables import Tables


def change_credentials(tables: Tables, batch: CommitBatch, result: CommitResult) -> None:
    """Store the credentials that are still as those who changed them saw them."""
    changes = [(change.row.id, change.version, lambda _, row=change.stored: row) for change in batch.credentials]
    result.credentials += change_versions(
        tables.credentials, keep_in(tables, tables.credentials), changes, batch.dropped_credentials
    )
