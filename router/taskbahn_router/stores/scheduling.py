"""What both stores do alike with the firings of a batch: each schedule is decided about once, from its row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core import firings
from taskbahn_router.core.firings import STALE, Fired, decide, refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbahn_router.core.firings import FiredRow, Firing, ScheduleRow
    from taskbahn_router.core.rows import Admitted
    from taskbahn_router.stores.contract import CommitBatch, CommitResult

REPLACED = "the next due time of its schedule {} has come, and its overlap is cancel_other"
REFUSED = messages.to_json({"message": "a rule of the task refused the job: it is unique, or a limit is full"})


class StoredJob(NamedTuple):
    """A job as a schedule needs to know it."""

    seq: int
    state: str


class ScheduleTables(Protocol):
    """The tables of a store, within a transaction."""

    def prepare(self, firings: Sequence[Firing]) -> None:
        """Read at once what is asked for these."""

    def schedule(self, id: str) -> ScheduleRow | None:
        """Return the row of a schedule."""

    def job(self, id: bytes) -> StoredJob | None:
        """Return the job that an id means."""

    def was_fired(self, schedule: str, due_at: float) -> bool:
        """Return whether the history has a due time as one that started a job."""

    def cancel(self, seq: int, reason: str) -> None:
        """Cancel a job that has not ended."""

    def keep(self, kept: Sequence[tuple[ScheduleRow, FiredRow | None]]) -> None:
        """Write schedules, and an entry of the history of each, of which the oldest go."""


class Firings:
    """The firings of one transaction: `decide` comes before the rules admit the jobs of the batch, `write` after that."""

    def __init__(self, tables: ScheduleTables, result: CommitResult) -> None:
        self._tables = tables
        self._result = result
        self._decided: dict[str, tuple[ScheduleRow, Firing, Fired]] = {}

    def decide(self, batch: CommitBatch) -> CommitBatch:
        """Decide about all firings; return the batch without the jobs that are not started."""
        result = self._result
        self._tables.prepare(batch.firings)
        for firing in batch.firings:
            fired = self._decide(firing)
            result.fired.append(fired.outcome)
            if fired.outcome != firings.FIRED:
                result.unfired.update(firing.jobs)
        if not result.unfired:
            return batch
        left = replace(batch)
        left.forget(result.unfired)
        return left

    def _decide(self, firing: Firing) -> Fired:
        if firing.schedule in self._decided:
            return Fired(STALE)  # another one was faster, in this commit
        row = self._tables.schedule(firing.schedule)
        if row is None:
            return Fired(STALE)
        last = self._tables.job(row.last_job) if row.last_job is not None else None
        fired = decide(row, firing, last.state if last is not None else None, is_known=self._is_known(row, firing))
        if fired.row is not None:
            self._decided[firing.schedule] = row, firing, fired
        if fired.cancels is not None and last is not None and not State(last.state).is_final:
            self._result.replaced[last.seq] = REPLACED.format(firing.schedule)
            self._tables.cancel(last.seq, self._result.replaced[last.seq])
        return fired

    def _is_known(self, row: ScheduleRow, firing: Firing) -> bool:
        if firing.id is None:
            return False
        went_back = row.last_due is not None and firing.due_at <= row.last_due
        return self._tables.job(firing.id) is not None or (went_back and self._tables.was_fired(row.id, firing.due_at))

    def write(self, admitted: Admitted | None) -> None:
        """Write what was decided; a firing whose jobs the rules refused counts as refused."""
        kept = []
        for before, firing, fired in self._decided.values():
            is_refused = admitted is not None and fired.outcome == firings.FIRED and not admitted.refused.isdisjoint(firing.jobs)
            left = refused(before, firing, REFUSED) if is_refused else fired
            if left.row is not None:
                kept.append((left.row, left.entry))
        self._tables.keep(kept)
