"""How the SQLite store pauses jobs and lets them go on; what of their trees is held is decided in `promises/holding.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.lifecycle import Event
from taskbahn_router.core.reactions import IS_PAUSED, FlaggedJob, Hold
from taskbahn_router.stores.rows import Answer
from taskbahn_router.stores.sqlite.ruled import moved_by
from taskbahn_router.stores.sqlite.statements import SQL

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable

    from taskbahn_router.core.job_pauses import PauseJob
    from taskbahn_router.stores.contract import CommitBatch, CommitResult
    from taskbahn_router.stores.rows import Moved
    from taskbahn_router.stores.sqlite.reacting import Links

    Move = Callable[[Event, list[Moved], str], None]  # the last is the JSON list of their seqs


class HoldingPart:
    """The part of one transaction that pauses jobs. *move* moves jobs by the statement of an event."""

    def __init__(self, connection: sqlite3.Connection, result: CommitResult, links: Links, move: Move) -> None:
        self._execute = connection.execute
        self._result = result
        self._links = links
        self._move = move
        self._resumed: list[tuple[int, int]] = []  # place among the answers, and seq

    def apply(self, batch: CommitBatch) -> None:
        """Pause and resume jobs; have those wait that came back to ready while a pause holds them."""
        asked = [self._pause(pause) for pause in batch.job_pauses]
        self._result.paused = [*asked, *(self._resume(one.id, len(asked) + number) for number, one in enumerate(batch.resumes))]
        if self._links.pauses:
            self._have_wait([row.seq for row in batch.requeues] + [move.seq for move in self._result.moved])

    def end(self, now: float, most: int) -> None:
        """End the pauses whose time is over."""
        if self._links.pauses:
            for (id,) in self._execute(SQL["over_pauses"], (now, most)).fetchall():
                self._resume(id)

    def answer(self) -> None:
        """Say in which states jobs are that were resumed, after what followed."""
        for place, seq in self._resumed:
            state = self._execute(SQL["state_of"], (seq,)).fetchone()[0]
            self._result.paused[place] = Answer(State(state), is_moved=True)

    def _pause(self, asked: PauseJob) -> Answer | None:
        row = self._execute(SQL["find_job"], (asked.id,)).fetchone()
        if row is None:
            return None
        (_, seq, line, state, number), (pending, flags) = row[:-2], row[-2:]
        if State(state).is_final:
            return Answer(State(state), is_moved=False)
        self._execute(SQL["upsert_pause"], (seq, asked.paused_by, asked.now, asked.reason, asked.until))
        self._execute(SQL["pause_job"], (seq,))
        self._links.pauses = True
        if state == State.READY:
            self._move(Event.PAUSE, [moved_by(Event.PAUSE, row[:-2])], messages.to_json([seq]))
            state = State.WAITING
        self._result.held.append(Hold(FlaggedJob(seq, asked.id, line, state, number, pending, None, flags), is_held=True))
        self._result.repaused.append(seq)
        return Answer(State(state), is_moved=True)

    def _resume(self, id: bytes, place: int | None = None) -> Answer | None:
        row = self._execute(SQL["find_job"], (id,)).fetchone()
        if row is None:
            return None
        seq, state, flags = row[1], State(row[3]), row[-1]
        if not flags & IS_PAUSED:
            return Answer(state, is_moved=not state.is_final)
        seqs = messages.to_json([seq])
        self._execute(SQL["delete_pauses"], (seqs,))
        self._execute(SQL["unpause_jobs"], (seqs,))
        self._result.repaused.append(seq)
        if place is not None:
            self._resumed.append((place, seq))
        return Answer(state, is_moved=True)

    def _have_wait(self, seqs: Iterable[int]) -> None:
        rows = self._execute(SQL["held_ready"], (messages.to_json(list(seqs)),)).fetchall()
        if rows:
            self._move(Event.PAUSE, [moved_by(Event.PAUSE, row) for row in rows], messages.to_json([row[1] for row in rows]))
