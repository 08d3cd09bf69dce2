"""How the memory store keeps notes, and has jobs wait without an attempt, as SQLite's does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from taskbahn.protocol import messages
from taskbahn.protocol.questions import message_name
from taskbahn.protocol.states import State
from taskbahn_router.core.reactions import HAS_CHILDREN, HAS_NOTES, IS_FLOW, IS_HELD, IS_SUSPENDED, PAUSE_BIT, WAKE_POSITION
from taskbahn_router.core.suspensions import KINDS, MESSAGES, OUTSIDE, SUSPENSIONS, Note, OpenQuestion, closes, waiting
from taskbahn_router.stores.rows import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbahn_router.core.suspensions import Asked, Suspension, Told
    from taskbahn_router.stores.memory.tables import Tables


def keep_notes(tables: Tables, notes: Sequence[Note], now: float) -> int:
    """Keep notes, and wake the jobs that wait for them; return how many are new."""
    new = 0
    for note in notes:
        known = tables.notes.setdefault(note.seq, {})
        if note.name not in known:
            tables.put(known, note.name, note)
            new += 1
        record = tables.records.get(note.seq)
        if record is None:
            continue
        if (closed := closes(note.name)) is not None:
            tables.drop(tables.questions, (note.seq, *closed))
        record = replace(record, flags=record.flags | HAS_NOTES)
        waits = tables.waits.get(note.seq, frozenset())
        if note.name in waits:
            tables.put(tables.waits, note.seq, waits - {note.name})
            if record.state == State.WAITING and record.flags & IS_SUSPENDED:
                record = replace(record, pending=record.pending & PAUSE_BIT, due_at=now)
        tables.keep(note.seq, record)
    return new


def ask(tables: Tables, asked: Sequence[Asked], now: float) -> None:
    """Keep questions that jobs have asked; one that has its answer is closed already."""
    for seq, name, value, at, kind in asked:
        question, answer = KINDS[kind]
        if answer + name not in tables.notes.get(seq, {}):
            keep_notes(tables, [Note(seq, question + name, value, at)], now)
            tables.put(tables.questions, (seq, kind, name), None)


def tell(tables: Tables, told: Told, now: float) -> tuple[Answer, str] | None:
    """Keep a note from outside; return whether it is new, and its name.  None: there is no such job."""
    seq, name = tables.seqs.get(told.id), told.name
    if seq is None:
        return None
    state, known = State(tables.records[seq].state), tables.notes.setdefault(seq, {})
    if told.key and OUTSIDE + told.key in known:
        return Answer(state, is_moved=True), messages.from_json(known[OUTSIDE + told.key].value)
    if state.is_final or not told.value:
        return Answer(state, is_moved=False), name
    if not name:
        number = int(known[MESSAGES].value) + 1 if MESSAGES in known else 1
        tables.put(known, MESSAGES, Note(seq, MESSAGES, str(number), told.at))
        name = message_name(number)
    if not keep_notes(tables, [Note(seq, name, told.value, told.at)], now):
        return Answer(state, is_moved=False), name
    if told.key:
        keep_notes(tables, [Note(seq, OUTSIDE + told.key, messages.to_json(name), told.at)], now)
    return Answer(state, is_moved=True), name


def open_questions(tables: Tables, seq: int | None, after: int, limit: int, kind: str) -> list[OpenQuestion]:
    """Return open questions, as `contract.Reader.questions` does."""
    found = []
    for one, asked, name in tables.questions:
        record = tables.records.get(one)
        if asked != kind or record is None or State(record.state).is_final or (one <= after if seq is None else one != seq):
            continue
        note = tables.notes[one][KINDS[kind][0] + name]
        found.append((one, note.at, name, OpenQuestion(one, record.new.id, record.new.partition, note.value)))
    return [question for *_, question in sorted(found)[:limit]]


def suspend(tables: Tables, asked: Suspension, now: float) -> int | None:
    """Have a job wait, unless its attempt had ended before; return the job that takes its place, if it has ended."""
    record = tables.records.get(asked.seq)
    if record is None or (record.state, record.attempt) != (State.WAITING, asked.attempt):
        return None
    seqs = {id: seq for id in asked.named if (seq := tables.meant(id)) is not None}
    known = tables.notes.setdefault(asked.seq, {})
    found = waiting(asked, {id: tables.flagged(seq) for id, seq in seqs.items()}, known, now, tables)
    for position, behind in [*tables.parents.get(asked.seq, ())]:
        if position == WAKE_POSITION or found.flags & IS_FLOW:
            tables.drop_edge(behind, asked.seq, position)
    for edge in found.edges:
        tables.put_edge(edge)
        parent = tables.records[edge.parent]
        tables.keep(edge.parent, replace(parent, flags=parent.flags | HAS_CHILDREN))
    tables.put(tables.waits, asked.seq, frozenset(asked.notes))
    for note in found.notes(asked, now):
        if note.name not in known:
            tables.put(known, note.name, note)
    count = int(known[SUSPENSIONS].value) + 1 if SUSPENSIONS in known else 1
    tables.put(known, SUSPENSIONS, Note(asked.seq, SUSPENSIONS, str(count), now))
    flags = record.flags | found.flags | HAS_NOTES
    hold = PAUSE_BIT if flags & IS_HELD and not flags & IS_FLOW else 0
    tables.keep(asked.seq, replace(record, pending=found.pending + hold, due_at=found.due_at, expires_at=None, flags=flags))
    return found.ended


def uncount_suspension(tables: Tables, seq: int) -> int:
    """Let a suspension that a cancel has ended count as an attempt that failed, as its job is retried; return the job's flags."""
    flags, known = tables.records[seq].flags, tables.notes.get(seq, {})
    if flags & IS_SUSPENDED and SUSPENSIONS in known:
        note = known[SUSPENSIONS]
        tables.put(known, SUSPENSIONS, note._replace(value=str(int(note.value) - 1)))
    return flags & ~IS_SUSPENDED
