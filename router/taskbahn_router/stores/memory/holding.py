"""How the memory store pauses jobs and lets them go on, as SQLite's does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.core.job_pauses import HoldingPause, JobPause, held
from taskbahn_router.core.lifecycle import Event
from taskbahn_router.core.reactions import HAS_MEMBERS, IS_HELD, IS_PAUSED, Hold
from taskbahn_router.stores.memory.reacting import members_of
from taskbahn_router.stores.rows import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from taskbahn_router.core.job_pauses import PauseJob
    from taskbahn_router.stores.contract import CommitBatch, CommitResult
    from taskbahn_router.stores.memory.tables import Record, Tables

    Move = Callable[[int, Event], object]


class HoldingPart:
    """The part of one transaction that pauses jobs. *move* moves a job."""

    def __init__(self, tables: Tables, result: CommitResult, move: Move) -> None:
        self._tables = tables
        self._result = result
        self._move = move
        self._resumed: list[tuple[int, int]] = []  # place among the answers, and seq

    def apply(self, batch: CommitBatch) -> None:
        """Pause and resume jobs; have those wait that came back to ready while a pause holds them."""
        asked = [self._pause(pause) for pause in batch.job_pauses]
        self._result.paused = [*asked, *(self._resume(one.id, len(asked) + number) for number, one in enumerate(batch.resumes))]
        self._have_wait([row.seq for row in batch.requeues] + [move.seq for move in self._result.moved])

    def end(self, now: float, most: int) -> None:
        """End the pauses whose time is over."""
        over = sorted((pause.until, seq) for seq, pause in self._tables.pauses.items() if pause.until is not None)
        for _, seq in [one for one in over if one[0] <= now][:most]:
            self._resume(self._tables.records[seq].new.id)

    def answer(self) -> None:
        """Say in which states jobs are that were resumed, after what followed."""
        for place, seq in self._resumed:
            self._result.paused[place] = Answer(State(self._tables.records[seq].state), is_moved=True)

    def _pause(self, asked: PauseJob) -> Answer | None:
        tables, seq = self._tables, self._tables.seqs.get(asked.id)
        if seq is None:
            return None
        record = tables.records[seq]
        if State(record.state).is_final:
            return Answer(State(record.state), is_moved=False)
        tables.put(tables.pauses, seq, JobPause(seq, *asked[1:]))
        before = tables.flagged(seq)
        now = held(before, is_held=True)
        tables.keep(seq, replace(record, flags=now.flags | IS_PAUSED, pending=now.pending))
        if record.state == State.READY:
            self._move(seq, Event.PAUSE)
        self._result.held.append(Hold(before, is_held=True))
        self._result.repaused.append(seq)
        return Answer(State(tables.records[seq].state), is_moved=True)

    def _resume(self, id: bytes, place: int | None = None) -> Answer | None:
        tables, seq = self._tables, self._tables.seqs.get(id)
        if seq is None:
            return None
        record = tables.records[seq]
        state = State(record.state)
        if not record.flags & IS_PAUSED:
            return Answer(state, is_moved=not state.is_final)
        unpause(tables, [seq])
        self._result.repaused.append(seq)
        if place is not None:
            self._resumed.append((place, seq))
        return Answer(state, is_moved=True)

    def _have_wait(self, seqs: Iterable[int]) -> None:
        for seq in dict.fromkeys(seqs):
            record = self._tables.records.get(seq)
            if record is not None and record.state == State.READY and record.flags & IS_HELD:
                self._move(seq, Event.PAUSE)


def unpause(tables: Tables, seqs: Iterable[int]) -> None:
    """Forget the own pauses of jobs."""
    for seq in seqs:
        record = tables.records[seq]
        tables.drop(tables.pauses, seq)
        tables.keep(seq, replace(record, flags=record.flags & ~IS_PAUSED))


def holding_pause(tables: Tables, seq: int) -> HoldingPause | None:
    """Return the pause that holds a job, as `contract.Reader.holding_pause` does."""
    above: int | None = seq
    while above is not None and above in tables.records:
        record = tables.records[above]
        if above in tables.pauses:
            return HoldingPause(record.new.id, tables.pauses[above])
        above = record.place.parent
    return None


def may_go(tables: Tables, seq: int, record: Record) -> bool:
    """Return whether a final job may be deleted: not while a pause holds it that holds its members, which could not be resumed."""
    if not record.flags & IS_HELD:
        return True
    return all(member.delete_at is not None and not member.flags & HAS_MEMBERS for _, member in members_of(tables, seq))
