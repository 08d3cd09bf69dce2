"""How an attempt says that its function waits without it."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Annotated

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_NAME = 200  # characters of the name of a note
PAUSE_NOTE = "@pause"  # what an attempt hears: true, wait at the next look; false, go on; never kept
CIRCLE_NOTE = "@circle:"  # and an attempt: how the name of a note begins that says why the next one may not wait as that did
OVER_NOTE = "@over:"  # how the name of a note begins that says of a wait that it was over before its attempt ended for it
MAX_JOBS = 10_000  # jobs for which one suspended job waits

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]


class Suspended(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An attempt ended because its function waits: the job starts again as soon as the first of these things is there.

    jobs: ids of jobs that are to end; every: all of them, not the first.   notes: names of notes that are to come, as answers do.
    until: a moment, seconds.   replaced_by: the job that takes its place: the job ends as that one does, and never starts again.
    """

    id: str
    attempt: int
    jobs: Annotated[list[str], msgspec.Meta(max_length=MAX_JOBS)] = []
    every: bool = False
    notes: Annotated[list[Name], msgspec.Meta(max_length=100)] = []
    until: float | None = None
    replaced_by: str | None = None


def circle_note(attempt: int) -> str:
    """Return the name of the note with the jobs of the circle that a wait of an attempt would close: JSON ids, the awaited one first."""
    return f"{CIRCLE_NOTE}{attempt}"


def over_note(jobs: Sequence[str], *, every: bool) -> str:
    """Return the name of the note that a wait for all of some jobs is over, or that one for the first of them is: *jobs* is that one.

    The attempt that finds it waits in its slot for what these jobs gave, however long that is on its way, and is not suspended again.
    """
    return OVER_NOTE + (sha256(" ".join(jobs).encode()).hexdigest()[:32] if every else jobs[0])
