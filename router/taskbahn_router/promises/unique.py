"""Unique keys: what becomes of a new job whose key another job holds.

Nothing happens when a job ends: whether it holds its key still follows from its state when another job asks for the key.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.rows import Need
from taskbahn_router.core.unique_keys import IS_UNIQUE, JOIN, REFUSE, KeyHolder, KeyRow, KeyTaken

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from taskbahn_router.core.rows import Applicant, Rows, Touched
    from taskbahn_router.core.unique_keys import NewKey
    from taskbahn_router.promises.admissions import Decisions
    from taskbahn_router.promises.engine import Promises


class Unique:
    """Decides about the keys of one commit."""

    name = "unique"
    is_link = False

    def __init__(self, promises: Promises) -> None:
        self._now_us = int(promises.now * 1_000_000)
        self._holders: dict[str, KeyHolder | None] = {}

    def read(self, jobs: Sequence[Applicant], touched: Touched) -> Generator[Need, Rows, None]:
        asked = [job.unique for job in jobs if job.unique is not None]
        if asked:
            compared = {new.key for new in asked if new.is_same is not None}
            rows = yield Need(unique=[(key, key in compared) for key in sorted({new.key for new in asked})])
            self._holders = {holder.row.key: holder for holder in rows.unique}

    def admit(self, job: Applicant, decisions: Decisions) -> KeyTaken | None:
        """Give a job its key; if another one holds it, let it join that one, refuse it, or cancel that one."""
        new = job.unique
        if new is None:
            return None
        holder = self._holders.get(new.key)
        if holder is not None and holder.is_held(_state(holder, decisions), self._now_us):
            if new.is_same is not None and not new.is_same(holder.packed or ""):
                return KeyTaken(job.seq, new.key, holder.id, is_other=True)
            if new.conflict == JOIN:
                decisions.join(job, holder)
                return None
            if new.conflict == REFUSE:
                return KeyTaken(job.seq, new.key, holder.id)
            if not _state(holder, decisions).is_final:
                decisions.replace(holder, f"job {id_text(job.id)} took its place: it has the same unique key, {new.key}")
        self._give(job, new, decisions)
        return None

    def _give(self, job: Applicant, new: NewKey, decisions: Decisions) -> None:
        row = KeyRow.of(new, job.seq, self._now_us)
        state = State.READY if job.is_ready else State.WAITING
        decisions.undo(partial(self._holders.__setitem__, new.key, self._holders.get(new.key)))
        self._holders[new.key] = KeyHolder(row, job.id, job.partition, job.keys, state, new.said or new.packed)
        decisions.admitted.keys.append(row)
        decisions.undo(decisions.admitted.keys.pop)
        decisions.flag(job.seq, IS_UNIQUE)


def _state(holder: KeyHolder, decisions: Decisions) -> State:
    """Return the state of a job as it is after what was decided so far."""
    return State.CANCELLED if holder.row.seq in decisions.admitted.cancelled else State(holder.state)
