"""The next turn, decided before the effects of a large one are published, so that the store writes while the loop sends.

Otherwise the store has nothing to do while memory follows and outcomes and orders leave, and the loop has nothing to do while the
store writes, which take a thousand jobs about as long. The turn before is durable by then, and nothing of the next one is seen before
its own commit, so no promise changes. But decisions are made of what is in memory, which does not know yet what the turn before
did: so only what cannot meet it goes on, new jobs and reports, and what they are held against is counted for that moment.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.dispatcher.outcomes import is_slow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn_router.model.partitions import Partition
    from taskbahn_router.model.state import DispatcherState
    from taskbahn_router.model.turn import TurnEffects, TurnInput
    from taskbahn_router.stores.contract import CommitResult

LARGE_TURN_ROWS = 100  # rows of a turn, from which its effects take long enough to commit another one meanwhile


class Pipelining:
    """Says when the next turn may be decided, and counts what memory does not know yet."""

    def __init__(self, state: DispatcherState) -> None:
        self._state = state

    def may(self, done: TurnEffects, result: CommitResult, turn_input: TurnInput) -> bool:
        """Return whether the next turn can be decided while memory has only the counts of the committed one."""
        return (
            done.batch.rows() >= LARGE_TURN_ROWS
            and turn_input.is_plain()
            and done.turn_input.is_plain()
            and not (done.started or done.dispatched_early or result.duplicates or result.moved or result.more)
            and not done.batch.submissions
            and self._are_short(done, result)
        )

    @contextmanager
    def counted(self, done: TurnEffects, result: CommitResult) -> Iterator[None]:
        """Count ready jobs and free slots as they will be when memory has followed the committed turn."""
        ready = self._ready(done, result)
        places = [(worker.room, len(rows)) for worker, rows in zip(done.claims, result.claimed, strict=True)]
        for partition, change in ready.items():
            self._state.ready(partition, change)
        for room, taken in places:
            room.in_flight += taken
        try:
            yield
        finally:
            for partition, change in ready.items():
                self._state.ready(partition, -change)
            for room, taken in places:
                room.in_flight -= taken

    def _ready(self, done: TurnEffects, result: CommitResult) -> Counter[Partition]:
        ready = Counter(job.partition for job in done.turn_input.new if job.state is State.READY)
        ready.update(requeued.job.partition for requeued in done.requeued if requeued.state == State.READY)
        for rows in result.claimed:
            claimed = Counter(row.partition for row in rows)
            ready.subtract({self._state.partitions_by_id[id]: count for id, count in claimed.items()})
        return ready

    def _are_short(self, done: TurnEffects, result: CommitResult) -> bool:
        """Return whether all claimed jobs are known to be short: a longer one ends its worker's look-ahead."""
        return not any(
            is_slow(self._state, worker, self._state.partitions_by_id[partition].task)
            for worker, rows in zip(done.claims, result.claimed, strict=True)
            for partition in {row.partition for row in rows}
        )
