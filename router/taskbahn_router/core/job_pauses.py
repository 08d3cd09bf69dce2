"""Jobs that are paused, and the members of their trees that these pauses hold.

A job that is held does not start. Its `pending` has `PAUSE_BIT` besides its edges, so that no time and no edge makes it ready; what runs
is asked to wait. A flow has no `PAUSE_BIT`: it starts nothing itself, so it ends when all that it waits for has ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from taskbahn_router.core.reactions import IS_FLOW, IS_HELD, PAUSE_BIT

if TYPE_CHECKING:
    from taskbahn_router.core.reactions import FlaggedJob


class JobPause(NamedTuple):
    """A job is paused.  paused_by: who did it.   until: when it goes on by itself, seconds; None: when it is resumed."""

    seq: int
    paused_by: str | None
    paused_at: float
    reason: str
    until: float | None


class PauseJob(NamedTuple):
    """Pause a job that is not final, with its tree; a pause that it has already becomes this one."""

    id: bytes
    paused_by: str | None
    now: float
    reason: str
    until: float | None


class ResumeJob(NamedTuple):
    """End the pause of a job."""

    id: bytes


class HoldingPause(NamedTuple):
    """The pause that holds a job: its own, or that of the job with this id, of which it is a part."""

    id: bytes
    pause: JobPause


def held(job: FlaggedJob, *, is_held: bool) -> FlaggedJob:
    """Return a job as it is held, or let go."""
    if not is_held:
        return job._replace(flags=job.flags & ~IS_HELD, pending=job.pending & ~PAUSE_BIT)
    return job._replace(flags=job.flags | IS_HELD, pending=job.pending if job.flags & IS_FLOW else job.pending | PAUSE_BIT)
