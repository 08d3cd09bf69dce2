"""How the SQLite store keeps notes, and has jobs wait without an attempt, by what `core.suspensions` decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol import messages
from taskbahn.protocol.questions import message_name
from taskbahn.protocol.states import State
from taskbahn_router.core.reactions import HAS_CHILDREN, IS_FLOW
from taskbahn_router.core.suspensions import KINDS, MESSAGES, OUTSIDE, SUSPENSIONS, closes, waiting
from taskbahn_router.stores.rows import Answer
from taskbahn_router.stores.sqlite.statements import SQL

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from taskbahn_router.core.reactions import FlaggedJob
    from taskbahn_router.core.suspensions import Asked, Note, Suspension, Told
    from taskbahn_router.core.wait_circles import WaitRows
    from taskbahn_router.stores.sqlite.reacting import Links

    Many = Callable[[str, Sequence[tuple[object, ...]]], int]


class SuspendingPart:
    """The part of one transaction that suspends jobs.

    many: runs a statement for many rows.   named: finds jobs by their ids.   rows: reads for what jobs wait.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        many: Many,
        named: Callable[[Sequence[bytes]], dict[bytes, FlaggedJob]],
        links: Links,
        rows: WaitRows,
    ) -> None:
        self._connection = connection
        self._many = many
        self._named = named
        self._links = links
        self._rows = rows

    def keep(self, notes: Sequence[Note], now: float) -> None:
        """Keep notes, and wake the jobs that wait for them."""
        self._many("insert_note", notes)
        seqs = messages.to_json(list(dict.fromkeys(note.seq for note in notes)))
        self._connection.execute(SQL["remembers"], (seqs,))
        self._follow([note[:2] for note in notes], now)

    def _follow(self, names: Sequence[tuple[int, str]], now: float) -> None:
        """Wake the jobs that wait for notes, and close the questions that these answer; each is a seq and a name."""
        execute = self._connection.execute
        for seq, name in names:
            if (closed := closes(name)) is not None:
                execute(SQL["close_question"], (seq, *closed))
        woken = [seq for seq, name in names if execute(SQL["take_wait"], (seq, name)).rowcount]
        if woken:
            execute(SQL["wake"], (now, messages.to_json(woken)))

    def ask(self, asked: Sequence[Asked]) -> None:
        """Keep questions that jobs have asked; one that has its answer is closed already."""
        execute = self._connection.execute
        for seq, name, value, at, kind in asked:
            question, answer = KINDS[kind]
            if execute(SQL["count_note"], (seq, answer + name)).fetchone() is None:
                self._many("insert_note", [(seq, question + name, value, at)])
                self._many("insert_question", [(seq, kind, name)])
        execute(SQL["remembers"], (messages.to_json([row.seq for row in asked]),))

    def tell(self, told: Told, now: float) -> tuple[Answer, str] | None:
        """Keep a note from outside; return whether it is new, and its name.  None: there is no such job."""
        execute = self._connection.execute
        row = execute(SQL["find_job"], (told.id,)).fetchone()
        if row is None:
            return None
        seq, state, name = row[1], State(row[3]), told.name
        if told.key and (known := execute(SQL["note"], (seq, OUTSIDE + told.key)).fetchone()) is not None:
            return Answer(state, is_moved=True), messages.from_json(known[0])
        if state.is_final or not told.value:
            return Answer(state, is_moved=False), name
        if not name:
            counted = execute(SQL["count_note"], (seq, MESSAGES)).fetchone()
            number = counted[0] + 1 if counted else 1
            execute(SQL["set_count"], (seq, MESSAGES, str(number), told.at))
            name = message_name(number)
        if self._many("insert_note", [(seq, name, told.value, told.at)]) == 0:
            return Answer(state, is_moved=False), name
        if told.key:
            self._many("insert_note", [(seq, OUTSIDE + told.key, messages.to_json(name), told.at)])
        execute(SQL["remembers"], (messages.to_json([seq]),))
        self._follow([(seq, name)], now)
        return Answer(state, is_moved=True), name

    def suspend(self, asked: Suspension, now: float) -> int | None:
        """Have a job wait, unless its attempt had ended before; return the job that takes its place, if it has ended."""
        execute = self._connection.execute
        if execute(SQL["is_suspended"], asked[:2]).fetchone() is None:
            return None
        there = messages.from_json(execute(SQL["notes_among"], (asked.seq, messages.to_json(asked.notes))).fetchone()[0])
        found = waiting(asked, self._named(asked.named), there, now, self._rows)
        seq = messages.to_json([asked.seq])
        execute(SQL["delete_edges_to" if found.flags & IS_FLOW else "delete_wakes"], (asked.seq,))
        execute(SQL["delete_waits"], (seq,))
        if found.edges:
            self._many("insert_wake", found.edges)
            self._many("flag_jobs", [(HAS_CHILDREN, edge.parent) for edge in found.edges])
            self._links.edges = True
        self._many("insert_wait", [(asked.seq, "note", name) for name in dict.fromkeys(asked.notes)])
        execute(SQL["suspend"], (found.pending, found.due_at, found.flags, asked.seq))
        execute(SQL["count_suspension"], (asked.seq, SUSPENSIONS, now))
        self._many("insert_note", found.notes(asked, now))
        execute(SQL["remembers"], (seq,))
        return found.ended
