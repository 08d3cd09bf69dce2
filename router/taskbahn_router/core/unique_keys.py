"""The rows of unique keys: while a job holds a key, another one with it joins the first, is refused, or takes its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

IS_UNIQUE = 4  # the flag of jobs that were given a key

ACTIVE = "active"  # until the job is final
QUEUED = "queued"  # while it waits for a start
KEPT = "kept"  # as long as the job is readable
TIME = "time"  # for a time, whatever becomes of the job

JOIN, REFUSE, REPLACE = "join", "refuse", "replace"


class NewKey(NamedTuple):
    """A new job asks for a key.

    during: how long it holds it, one of `ACTIVE`, `QUEUED`, `KEPT`, or seconds from now.
    conflict: what becomes of the job if another one holds the key: `JOIN`, `REFUSE`, or `REPLACE`.
    packed, is_same: its arguments, and whether those of the one that holds the key are the same; if not, the job is refused.
    Without `is_same` they do not matter.
    """

    seq: int
    key: str
    during: str | float
    conflict: str
    packed: str = ""
    is_same: Callable[[str], bool] | None = None


class KeyRow(NamedTuple):
    """The job that has a key, and for how long it holds it."""

    key: str
    seq: int
    during: str
    until_us: int | None  # of `TIME`


class KeyHolder(NamedTuple):
    """A key, and the job that has it."""

    row: KeyRow
    id: bytes
    partition: int
    keys: str  # of its limits; "" without any
    state: str
    packed: str | None = None  # its arguments, if they were asked for


class Alias(NamedTuple):
    """An id of a job that joined another one."""

    id: bytes
    seq: int  # of the job that it means
    means: bytes  # that job's id


class KeyTaken(NamedTuple):
    """Another job holds the key of a new one, so its whole entry is refused."""

    seq: int
    key: str
    holder: bytes  # id
    is_other: bool = False  # it has other arguments
