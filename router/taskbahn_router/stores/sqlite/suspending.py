"""How the SQLite store keeps notes, and has jobs wait without an attempt, by what `core.suspensions` decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol import messages
from taskbahn_router.core.reactions import HAS_CHILDREN
from taskbahn_router.core.suspensions import SUSPENSIONS, waiting
from taskbahn_router.stores.sqlite.statements import SQL

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from taskbahn_router.core.reactions import FlaggedJob
    from taskbahn_router.core.suspensions import Note, Suspension
    from taskbahn_router.stores.sqlite.reacting import Links

    Many = Callable[[str, Sequence[tuple[object, ...]]], int]


class SuspendingPart:
    """The part of one transaction that suspends jobs. *many* runs a statement for many rows; *named* finds jobs by their ids."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        many: Many,
        named: Callable[[Sequence[bytes]], dict[bytes, FlaggedJob]],
        links: Links,
    ) -> None:
        self._connection = connection
        self._many = many
        self._named = named
        self._links = links

    def keep(self, notes: Sequence[Note], now: float) -> None:
        """Keep notes, and wake the jobs that wait for them."""
        self._many("insert_note", notes)
        seqs = messages.to_json(list(dict.fromkeys(note.seq for note in notes)))
        self._connection.execute(SQL["remembers"], (seqs,))
        woken = [note.seq for note in notes if self._connection.execute(SQL["take_wait"], note[:2]).rowcount]
        if woken:
            self._connection.execute(SQL["wake"], (now, messages.to_json(woken)))

    def suspend(self, asked: Suspension, now: float) -> None:
        """Have a job wait, unless its attempt had ended before."""
        execute = self._connection.execute
        if execute(SQL["is_suspended"], asked[:2]).fetchone() is None:
            return
        there = messages.from_json(execute(SQL["notes_among"], (asked.seq, messages.to_json(asked.notes))).fetchone()[0])
        found = waiting(asked, self._named(asked.jobs), there, now)
        seq = messages.to_json([asked.seq])
        execute(SQL["delete_wakes"], (asked.seq,))
        execute(SQL["delete_waits"], (seq,))
        if found.edges:
            self._many("insert_wake", found.edges)
            self._many("flag_jobs", [(HAS_CHILDREN, edge.parent) for edge in found.edges])
            self._links.edges = True
        self._many("insert_wait", [(asked.seq, "note", name) for name in dict.fromkeys(asked.notes)])
        execute(SQL["suspend"], (found.pending, found.due_at, asked.seq))
        execute(SQL["count_suspension"], (asked.seq, SUSPENSIONS, now))
        execute(SQL["remembers"], (seq,))
