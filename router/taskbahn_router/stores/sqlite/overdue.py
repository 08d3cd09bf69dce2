"""How the SQLite store ends what has not ended by its deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.deadlines import MOST_COUNTED, Overdue, error_of
from taskbahn_router.core.lifecycle import Event
from taskbahn_router.stores.guards import GUARDS
from taskbahn_router.stores.sqlite.ruled import moved_by
from taskbahn_router.stores.sqlite.statements import SQL

if TYPE_CHECKING:
    import sqlite3

    from taskbahn_router.stores.contract import CommitResult
    from taskbahn_router.stores.rows import Sweep


def sweep_overdue(connection: sqlite3.Connection, sweep: Sweep, result: CommitResult) -> None:
    """Fail the jobs whose deadlines have passed, and have the members followed that outlived their flow."""
    rows = connection.execute(SQL["overdue_jobs"], (sweep.now, sweep.limit, MOST_COUNTED)).fetchall()
    found = [(moved_by(Event.OVERDUE, row[:5]), Overdue(row[3], *row[5:])) for row in rows]
    flows = [moved.seq for moved, _ in found if State(moved.before).is_final]
    if flows:
        connection.execute(SQL["overdue_flows"], (messages.to_json(flows),))
        result.look_at += flows
    moves = [(moved, error_of(job)) for moved, job in found if not State(moved.before).is_final]
    if not moves:
        return
    until = sweep.now + sweep.delete_after
    connection.execute(SQL["insert_ended_by_rules"], (sweep.now, messages.to_json([moved.seq for moved, _ in moves])))
    ends = [(sweep.now, until, error, moved.seq) for moved, error in moves]
    count = connection.executemany(SQL[Event.OVERDUE], ends).rowcount
    GUARDS[Event.OVERDUE].check_count(Event.OVERDUE, count, len(ends))
    result.moved += [moved for moved, _ in moves]
    result.errors.update((moved.seq, error) for moved, error in moves)
