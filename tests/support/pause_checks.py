"""What must hold of paused jobs in a store's tables when nothing is left to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn_router.core.reactions import IS_FLOW, IS_HELD, IS_PAUSED, OUTLIVES_PARENT, PAUSE_BIT

if TYPE_CHECKING:
    from support.promise_tables import JobState, PromiseTables

EDGES = PAUSE_BIT - 1  # the part of `pending` that counts edges


def is_held(job: JobState) -> bool:
    return bool(job.flags & IS_HELD)


def check_holds(tables: PromiseTables) -> None:
    """A job is held by its own pause or with the job of which it is a member; then it is not ready."""
    assert tables.paused == {seq for seq, job in tables.jobs.items() if job.flags & IS_PAUSED}
    for seq, job in tables.jobs.items():
        above = tables.jobs.get(job.parent or 0)
        follows = above is not None and is_held(above) and not job.flags & OUTLIVES_PARENT
        assert is_held(job) == (bool(job.flags & IS_PAUSED) or follows), f"{seq} is held, or is not: {job}, {above}"
        assert bool(job.pending & PAUSE_BIT) == (is_held(job) and not job.flags & IS_FLOW), f"{seq}: {job}"
        assert not (is_held(job) and job.state == "ready"), f"{seq} is ready, though it is held: {job}"
