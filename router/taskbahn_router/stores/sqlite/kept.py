"""What people and code keep in the SQLite store beside jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn_router.stores.sqlite.credentials import change_credentials
from taskbahn_router.stores.sqlite.scheduling import change_schedules
from taskbahn_router.stores.sqlite.triggers import change_triggers

if TYPE_CHECKING:
    import sqlite3

    from taskbahn_router.stores.contract import CommitBatch, CommitResult


def change_kept(connection: sqlite3.Connection, batch: CommitBatch, result: CommitResult) -> None:
    """Store the changes of schedules, triggers and credentials that hold."""
    change_schedules(connection, batch, result)
    change_triggers(connection, batch, result)
    change_credentials(connection, batch, result)
