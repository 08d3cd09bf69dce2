"""What reactions and a store's batch have to do with each other, whatever the store."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.stores.rows import Moved

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from taskbahn_router.core.reactions import Input, Reacted, ReactedMove
    from taskbahn_router.stores.contract import CommitBatch, CommitResult


def moved_in(batch: CommitBatch, result: CommitResult) -> list[int]:
    """Return the seqs of jobs that may have moved so that something follows."""
    seqs = [row.seq for row in batch.finishes] + [move.seq for move in result.moved] + result.look_at
    return seqs + (result.admitted.ended_parents + result.admitted.look_at if result.admitted is not None else [])


def one_each(moves: Sequence[ReactedMove]) -> list[list[ReactedMove]]:
    """Cut moves into parts in which each job moves once, so that the order within a part does not matter."""
    count: Counter[int] = Counter()
    parts: list[list[ReactedMove]] = []
    for move in moves:
        number = count[move.job.seq]
        count[move.job.seq] += 1
        if number == len(parts):
            parts.append([])
        parts[number].append(move)
    return parts


def moves_of(reacted: Reacted, result: CommitResult) -> None:
    """Put into a result what reactions moved."""
    result.held += reacted.holds.values()
    for job, event, error, flow_result, _ in reacted.moves:
        result.moved.append(Moved(job.id, job.seq, job.partition, event, State(job.state), job.number + 1))
        if error is not None:
            result.errors[job.seq] = error
        if flow_result is not None:
            result.results[job.seq] = flow_result
    result.more = result.more or reacted.more


def bounded(read: Callable[[int, int, int, int], list[Input]], seq: int, most: int, most_bytes: int) -> list[Input] | None:
    """Return all that other jobs give to a job, by position; None: it is more than that, or larger.

    read: as `contract.Reader.inputs`.
    """
    found = read(seq, -1, most + 1, most_bytes + 1)
    return found if len(found) <= most and sum(len(one.result or "") for one in found) <= most_bytes else None
