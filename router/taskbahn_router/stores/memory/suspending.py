"""How the memory store keeps notes, and has jobs wait without an attempt, as SQLite's does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.core.reactions import HAS_CHILDREN, HAS_NOTES, WAKE_POSITION, WAS_SUSPENDED
from taskbahn_router.core.suspensions import SUSPENSIONS, Note, waiting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbahn_router.core.suspensions import Suspension
    from taskbahn_router.stores.memory.tables import Tables


def keep_notes(tables: Tables, notes: Sequence[Note], now: float) -> None:
    """Keep notes, and wake the jobs that wait for them."""
    for note in notes:
        known = tables.notes.setdefault(note.seq, {})
        if note.name not in known:
            tables.put(known, note.name, note)
        record = tables.records.get(note.seq)
        if record is None:
            continue
        record = replace(record, flags=record.flags | HAS_NOTES)
        waits = tables.waits.get(note.seq, frozenset())
        if note.name in waits:
            tables.put(tables.waits, note.seq, waits - {note.name})
            if record.state == State.WAITING and record.flags & WAS_SUSPENDED:
                record = replace(record, pending=0, due_at=now)
        tables.keep(note.seq, record)


def suspend(tables: Tables, asked: Suspension, now: float) -> None:
    """Have a job wait, unless its attempt had ended before."""
    record = tables.records.get(asked.seq)
    if record is None or (record.state, record.attempt) != (State.WAITING, asked.attempt):
        return
    seqs = {id: seq for id in asked.jobs if (seq := tables.meant(id)) is not None}
    known = tables.notes.setdefault(asked.seq, {})
    found = waiting(asked, {id: tables.flagged(seq) for id, seq in seqs.items()}, known, now)
    for edges in tables.edges.values():
        tables.drop(edges, (asked.seq, WAKE_POSITION))
    for edge in found.edges:
        tables.put(tables.edges.setdefault(edge.parent, {}), (edge.child, edge.position), edge)
        parent = tables.records[edge.parent]
        tables.keep(edge.parent, replace(parent, flags=parent.flags | HAS_CHILDREN))
    tables.put(tables.waits, asked.seq, frozenset(asked.notes))
    count = int(known[SUSPENSIONS].value) + 1 if SUSPENSIONS in known else 1
    tables.put(known, SUSPENSIONS, Note(asked.seq, SUSPENSIONS, str(count), now))
    flags = record.flags | WAS_SUSPENDED | HAS_NOTES
    tables.keep(asked.seq, replace(record, pending=found.pending, due_at=found.due_at, expires_at=None, flags=flags))
