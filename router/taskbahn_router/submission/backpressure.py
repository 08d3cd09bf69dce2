"""How much may wait: in memory for its commit, in the store for a worker. A client that sends more learns when to try again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.errors import QueueFull, TooManyQueues
from taskbahn.protocol.states import State
from taskbahn_router.model import limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn_router.model.partitions import Named, Partitions
    from taskbahn_router.submission.fair_queue import FairQueue

MAX_UNWRITTEN = 100_000  # jobs that wait for their commit: about two seconds of writing
MAX_BYTES = 64 * 1024 * 1024  # bytes of the arguments of those jobs
MAX_QUEUED = 10_000_000  # jobs that wait or are ready: some 1.5 GB of disk with small arguments
SOON, LATER = 1.0, 60.0  # seconds after which `QueueFull` has the client try again


def check_backpressure(fair_queue: FairQueue, jobs: int, size: int, counts: Mapping[str, int], later: int = 0) -> None:
    """Raise `QueueFull` when the fair queue or the store has no room for *jobs* jobs with *size* bytes of arguments.

    later: jobs that the same submission gives to the store afterwards.
    """
    if fair_queue.jobs and (fair_queue.jobs + jobs > MAX_UNWRITTEN or fair_queue.size + size > MAX_BYTES):
        raise QueueFull(
            f"{fair_queue.jobs:,} jobs wait to be written down, more than the disk keeps up with; send these again in {SOON:.0f} s, "
            "and wait for each answer before sending more",
            retry_after=SOON,
            waiting=fair_queue.jobs,
        )
    queued = counts[State.READY] + counts[State.WAITING]
    if queued + fair_queue.jobs + jobs + later > MAX_QUEUED:
        raise QueueFull(
            f"{queued:,} jobs wait for workers, and {MAX_QUEUED:,} may; start more workers (`taskbahn queues` shows where they wait), or "
            f"send these again in {LATER:.0f} s",
            retry_after=LATER,
            waiting=queued,
        )


def check_partitions(partitions: Partitions, named: Named) -> None:
    """Raise `TooManyQueues` if there is no room for those of the named partitions that do not exist."""
    new = sum(1 for key in named if key not in partitions.partitions)
    known = len(partitions.partitions) + partitions.coming
    if new and known + new > limits.MAX_PARTITIONS:
        raise TooManyQueues(new, known, limits.MAX_PARTITIONS)
