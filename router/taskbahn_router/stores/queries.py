"""What readers are asked about many jobs, and what they answer. A part of the contract of stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from taskbahn_router.stores.rows import JobRow

MAX_LOOKED_AT = 20_000  # rows that one question reads
SLACK = 60.0  # seconds by which the wall clock may have gone back between two jobs in order of seq
ERROR_SHOWN = 500  # characters of an error's message in lists


class Filter(NamedTuple):
    """Which jobs to list, newest first; None (or nothing) means any.

    In task, queue, tag, worker and caller `*` stands for any run of characters, and `[*]` for a star. Times are UTC seconds since the epoch.
    """

    states: tuple[str, ...] = ()
    task: str | None = None
    queue: str | None = None
    tag: str | None = None
    worker: str | None = None  # the worker of the newest attempt
    since: float | None = None  # the job was accepted at this time or later
    until: float | None = None  # the job was accepted before this time
    before: int | None = None  # seq
    limit: int = 50
    parent: bytes | None = None  # id of the job of which it is a member
    root: bytes | None = None  # id of the job at the root of its tree
    caller: str | None = None  # the authid of the session that submitted it, or the schedule or trigger that did
    id_part: str | None = None  # how its id begins or ends: lower-case hexadecimal digits
    most: int = MAX_LOOKED_AT  # rows that the store reads at most; fewer when reading takes long
    tags: tuple[str, ...] | None = None  # the job has one of them, whatever *tag* says


class Listed(NamedTuple):
    """Jobs that were found, without their large columns; of an error there are type and message (`ERROR_SHOWN` characters of it).

    next: the seq before which to go on looking, None at the end. There may be more to find although fewer than wanted were, even none.
    """

    rows: list[JobRow]
    next: int | None


class QueueCursor(NamedTuple):
    """The place of a ready job: in partitions that are served together, those with higher priority come first, then the older ones."""

    partitions: tuple[int, ...]
    priority: int
    seq: int


class FailedRow(NamedTuple):
    """A failed job, with only what its group needs."""

    seq: int
    id: bytes
    task: str
    number: int  # number of the job's newest event
    failed_at: float
    fingerprint: str | None  # as in `JobRow`


class OutcomeRow(NamedTuple):
    """The state and outcome of a job: all that a waiting caller needs."""

    id: bytes
    state: str
    result: str | None
    error: str | None
    means: bytes | None = None  # the id of the job, if the one that was asked for is another id of it

    def weight(self) -> int:
        """Return how many bytes its result and its error have as stored."""
        return _size(self.result) + _size(self.error)


def _size(text: str | None) -> int:
    if text is None:
        return 0
    return len(text) if text.isascii() else len(text.encode())
