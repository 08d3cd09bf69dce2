"""What the memory store does about deadlines, as SQLite's does."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.deadlines import MOST_COUNTED, Overdue, error_of
from taskbahn_router.core.job_times import renewed
from taskbahn_router.stores.memory.reacting import members_of

if TYPE_CHECKING:
    from taskbahn_router.stores.memory.tables import Record, Tables


def error_at_deadline(tables: Tables, record: Record) -> str:
    """Return the error of a job that has not ended by its deadline, as JSON."""
    left = (one for _, one in members_of(tables, record.new.seq) if not State(one.state).is_final)
    count = len(list(islice(left, MOST_COUNTED)))
    return error_of(
        Overdue(
            record.state,
            record.attempt,
            record.worker,
            record.due_at,
            record.flags,
            record.pending,
            record.deadline or 0.0,
            count,
        )
    )


def renewed_deadline(record: Record, now: float) -> float | None:
    """Return the deadline of a job that is retried by hand."""
    options = messages.from_json(record.new.options) if record.new.options else {}
    return renewed(record.deadline, options.get("finish_within"), now)
