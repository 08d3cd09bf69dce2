"""How the SQLite store keeps credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn_router.stores.sqlite.statements import SQL

if TYPE_CHECKING:
    import sqlite3

    from taskbahn_router.stores.contract import CommitBatch, CommitResult


def change_credentials(connection: sqlite3.Connection, batch: CommitBatch, result: CommitResult) -> None:
    """Store the credentials that are still as those who changed them saw them."""
    for change in batch.credentials:
        found = connection.execute(SQL["credential_version"], (change.row.id,)).fetchone()
        holds = change.version == (0 if found is None else found[0])
        if holds:
            connection.execute(SQL["upsert_credential"], change.stored)
        result.credentials.append(holds)
    for dropped in batch.dropped_credentials:
        result.credentials.append(bool(connection.execute(SQL["delete_credential"], dropped).rowcount))
