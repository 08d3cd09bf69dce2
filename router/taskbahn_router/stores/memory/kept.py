"""What people and code keep in the memory store beside jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn_router.stores.memory.credentials import change_credentials
from taskbahn_router.stores.memory.scheduling import change_schedules
from taskbahn_router.stores.memory.triggers import change_triggers

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import CommitBatch, CommitResult
    from taskbahn_router.stores.memory.tables import Tables


def change_kept(tables: Tables, batch: CommitBatch, result: CommitResult) -> None:
    """Store the changes of schedules, triggers and credentials that hold."""
    change_schedules(tables, batch, result)
    change_triggers(tables, batch, result)
    change_credentials(tables, batch, result)
