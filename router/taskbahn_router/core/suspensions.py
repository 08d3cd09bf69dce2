"""Jobs whose function waits without an attempt: what they remember, what they wait for, and when they start again.

A suspended job is waiting. It waits for other jobs by edges (`reactions.WAKE`), for notes by rows of their own, and for a moment by its
`due_at`. Whatever comes first wakes it: its function is called again, and finds what it waited for. A wake-up too many costs an attempt
that suspends itself again, one too few would be a job that never goes on; so in doubt a job wakes.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from taskbahn.protocol import messages
from taskbahn.protocol.questions import ANSWER, AWAITED, EVENT, QUESTION
from taskbahn.protocol.states import State
from taskbahn.protocol.suspended import circle_note, over_note
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.reactions import FAIL, HAS_PARENTS, IS_FLOW, IS_SUSPENDED, OPEN, WAKE, WAKE_POSITION, Edge
from taskbahn_router.core.wait_circles import circle

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from taskbahn_router.core.reactions import FlaggedJob
    from taskbahn_router.core.wait_circles import WaitRows

SUSPENSIONS = "@suspensions"  # the note that counts how often a job was suspended
KINDS = MappingProxyType({"question": (QUESTION, ANSWER), "event": (AWAITED, EVENT)})  # what was asked, and what closes it
OUTSIDE = "@from:"  # how the names of notes begin that have the name of a note from outside, by its key
MESSAGES = "@messages"  # the note that counts the messages to a job


class Suspension(NamedTuple):
    """A running job waits without an attempt; the `Requeue` of its attempt is in the same batch.

    jobs: ids of jobs that are to end.   every: whether it waits for all of them, or for the first.
    notes: names of notes, of which the first that comes wakes it.   until: a moment that does so, seconds; None: there is none.
    replaced_by: the job that takes its place: it becomes a flow of that one.
    """

    seq: int
    attempt: int
    jobs: tuple[bytes, ...] = ()
    every: bool = False
    notes: tuple[str, ...] = ()
    until: float | None = None
    replaced_by: bytes | None = None

    @property
    def named(self) -> tuple[bytes, ...]:
        """The ids of all jobs that it names."""
        return self.jobs if self.replaced_by is None else (self.replaced_by,)


class Note(NamedTuple):
    """What a job remembers under a name: the first value stays.  value: JSON.  at: seconds."""

    seq: int
    name: str
    value: str
    at: float


class Told(NamedTuple):
    """A note that comes from outside to a job which is not final.  name: "": the next message.

    key: what comes again under the same one has come already, whatever became of its job; "": it comes once.
    value: JSON; "" only looks whether it has come.
    """

    id: bytes
    name: str
    value: str
    at: float
    key: str = ""


class Asked(NamedTuple):
    """What a job has asked from outside: it is open until there is the answer, or the job has ended.  value: JSON.  kind: of `KINDS`."""

    seq: int
    name: str
    value: str
    at: float
    kind: str = "question"


class OpenQuestion(NamedTuple):
    """An open question, or an event that a job waits for, as a store gives it."""

    seq: int
    id: bytes
    partition: int
    value: str


class Waiting(NamedTuple):
    """How a job waits once it is suspended.

    flags: that it has since then.   ended: the job that takes its place, if it has ended.
    circle: ids of jobs of which each waits for the next, and the last for the job, which therefore does not wait for the first.
    over: the jobs that it does not wait for, as they have ended: all that it named, or the first of them that has.
    """

    edges: list[Edge]
    pending: int
    due_at: float | None  # seconds
    flags: int = IS_SUSPENDED
    ended: int | None = None
    circle: tuple[bytes, ...] = ()
    over: tuple[bytes, ...] = ()

    def notes(self, asked: Suspension, now: float) -> list[Note]:
        """Return what the next attempt is to know of the wait: that it would close a circle, or is over already."""
        if self.circle:
            return [Note(asked.seq, circle_note(asked.attempt), messages.to_json([id_text(id) for id in self.circle]), now)]
        if self.over:
            return [Note(asked.seq, over_note([id_text(id) for id in self.over], every=asked.every), "true", now)]
        return []


def _over(asked: Suspension, still_open: Container[bytes]) -> tuple[bytes, ...]:
    """Return the jobs for whose end a suspension need not wait, as it is over; () if it has to wait."""
    ended = tuple(id for id in dict.fromkeys(asked.jobs) if id not in still_open)
    if asked.every:
        return ended if len(ended) == len(set(asked.jobs)) else ()
    return ended[:1]


def waiting(asked: Suspension, found: Mapping[bytes, FlaggedJob], notes: Container[str], now: float, rows: WaitRows) -> Waiting:
    """Return how a job waits.

    found: those of the jobs that exist, by the ids that the suspension names.   notes: the names of notes that are there already.
    rows: reads for what these jobs wait.
    """
    if asked.replaced_by is not None:
        return _replaced(asked, found.get(asked.replaced_by), now)
    jobs = {job.seq: job for id in asked.jobs if (job := found.get(id)) is not None and job.seq != asked.seq}
    edges = [Edge(seq, asked.seq, WAKE_POSITION, WAKE, OPEN) for seq, job in jobs.items() if not State(job.state).is_final]
    still_open = {edge.parent for edge in edges}
    over = _over(asked, {id for id, job in found.items() if job.seq in still_open})
    is_there = bool(over) or any(name in notes for name in asked.notes)
    if is_there or not (edges or asked.notes or asked.until is not None):
        return Waiting([], 0, now, over=over)
    if asked.until is not None:
        # with a moment nothing is counted: for all of many jobs it looks when the last of them ends, not at each end
        return Waiting(edges[-1:] if asked.every and not asked.notes else edges, 0, asked.until)
    if not asked.notes and (asked.every or len(edges) == 1):
        closed = circle(asked.seq, (jobs[edge.parent] for edge in edges), rows)
        if closed:
            return Waiting([], 0, now, circle=tuple(job.id for job in closed))
        return Waiting(edges, len(edges), None)
    return Waiting(edges, 1, None)


def _replaced(asked: Suspension, by: FlaggedJob | None, now: float) -> Waiting:
    """Return how a job waits whose place another one takes; if that does not exist, its function is called again."""
    if by is None or by.seq == asked.seq:
        return Waiting([], 0, now)
    ended = by.seq if State(by.state).is_final else None
    return Waiting([Edge(by.seq, asked.seq, 0, FAIL, OPEN)], 1, None, IS_FLOW | HAS_PARENTS, ended)


def closes(name: str) -> tuple[str, str] | None:
    """Return the kind and name of what a note closes that was asked; None: it closes nothing."""
    found = ((kind, name.removeprefix(answer)) for kind, (_, answer) in KINDS.items() if name.startswith(answer))
    return next(found, None)
