"""What the memory store finds when it is opened, as SQLite's does."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.core.reactions import IS_FLOW
from taskbahn_router.stores.contract import StartState

if TYPE_CHECKING:
    from taskbahn_router.stores.memory.tables import Tables


def start_state(tables: Tables) -> StartState:
    """Return what a dispatcher needs to know when it starts."""
    running = [
        tables.row(record)
        for _, record in sorted(tables.records.items())
        if record.state == State.RUNNING and not record.flags & IS_FLOW
    ]
    return StartState(
        last_seq=max(tables.records, default=0),
        partitions=sorted(tables.partitions.values()),
        jobs=dict(Counter(record.new.partition for record in tables.records.values())),
        ready={partition: len(keys) for partition, keys in tables.ready.items() if keys},
        tasks=sorted(tables.tasks.values()),
        running=[row._replace(number=max(row.number, tables.newest_event(row.seq))) for row in running],
        next_sweep=tables.next_sweep(),
        counts=dict(Counter(record.state for record in tables.records.values())),
        minutes=tables.newest_minute(),
        ruled=sorted({partition for partition, _ in tables.lanes}),
        holding=tables.holding(),
        next_wake_us=tables.next_wake_us(),
        has_duties=bool(tables.duties),
        limits=sorted(tables.limits.values(), key=lambda row: row.name),
        last_marks={row.seq: mark for row in running if (mark := tables.last_mark(row))},
        unsealed=tables.unsealed(),
        credentials=sorted(tables.credentials.values(), key=lambda row: (row.created_at, row.id)),
    )
