"""The rows of unique keys: while a job holds a key, another one with it joins the first, is refused, or takes its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from taskbahn.protocol.states import State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from taskbahn_router.core.reactions import Input

IS_UNIQUE = 4  # the flag of jobs that were given a key

ACTIVE = "active"  # until the job is final
QUEUED = "queued"  # while it waits for a start
KEPT = "kept"  # as long as the job is readable
TIME = "time"  # for a time, whatever becomes of the job

JOIN, REFUSE, REPLACE = "join", "refuse", "replace"


FOLLOW = "follow"  # the policy of an edge from the job that has a key to a member that joined it
FOLLOW_POSITION = -3  # of such an edge: it gives no argument


class NewKey(NamedTuple):
    """A new job asks for a key.

    during: how long it holds it, one of `ACTIVE`, `QUEUED`, `KEPT`, or seconds from now.
    conflict: what becomes of the job if another one holds the key: `JOIN`, `REFUSE`, or `REPLACE`.
    packed, is_same: its arguments, and whether those of the one that holds the key are the same; if not, the job is refused.
    Without `is_same` they do not matter.   said: what counts as its arguments if that is not what is stored with it.
    """

    seq: int
    key: str
    during: str | float
    conflict: str
    packed: str = ""
    is_same: Callable[[str], bool] | None = None
    said: str | None = None


class KeyRow(NamedTuple):
    """The job that has a key, and for how long it holds it."""

    key: str
    seq: int
    during: str
    until_us: int | None  # of `TIME`
    said: str | None = None  # as in `NewKey`

    @classmethod
    def of(cls, new: NewKey, seq: int, now_us: int) -> KeyRow:
        """Return the row of a job that gets its key now."""
        if isinstance(new.during, str):
            return cls(new.key, seq, new.during, None, new.said)
        return cls(new.key, seq, TIME, now_us + int(new.during * 1_000_000), new.said)

    def is_held(self, state: State, now_us: int) -> bool:
        """Return whether the job, which is in that state, has the key still."""
        if self.during == ACTIVE:
            return not state.is_final
        if self.during == QUEUED:
            return state in (State.WAITING, State.READY)
        return self.during == KEPT or (self.until_us is not None and self.until_us > now_us)


class KeyHolder(NamedTuple):
    """A key, and the job that has it."""

    row: KeyRow
    id: bytes
    partition: int
    keys: str  # of its limits; "" without any
    state: str
    packed: str | None = None  # its arguments, if they were asked for
    is_partial: bool = False  # it is a flow of which jobs are still to be stored

    def is_held(self, state: State, now_us: int) -> bool:
        """Return whether the job, which is in that state, has the key still; a flow that ended before it was stored whole has not."""
        return not (self.is_partial and state.is_final) and self.row.is_held(state, now_us)


class Member(NamedTuple):
    """A member that asks for its key: what the key may depend on.

    inputs: what other jobs give to it; None: that is too much, or travels by reference.
    """

    seq: int
    packed: str  # its arguments, with references to what it gets
    tags: str | None  # JSON
    caller: str | None  # authid
    options: str | None  # JSON
    inputs: Sequence[Input] | None = ()


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
