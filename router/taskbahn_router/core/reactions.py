"""The rows of reactions: what follows in a commit when jobs move on which something else depends.

The engine in `promises/reactions.py` asks a store by a `ReactionNeed` and gets `ReactionRows`; what it decides is `Reacted`, which the
store writes in the same transaction. A job says by its flags which reactions it has, so that all others cost a look at a number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from taskbahn_router.core.lifecycle import Event

HAS_CHILDREN, HAS_PARENTS = 1, 2  # flags

OPEN, SATISFIED, PASSED_ON, HELD = range(4)  # states of an edge; passed on: the child failed because its parent did

FAIL = "fail"  # a child fails if this parent does not succeed
GO_ON = frozenset(("skip", "none"))  # the policies that let a child go on without it
HOLD = "hold"  # it waits until the parent is retried by hand
POLICIES = frozenset((FAIL, *GO_ON, HOLD))


class FlaggedJob(NamedTuple):
    """A job that others depend on, or that depends on others."""

    seq: int
    id: bytes
    partition: int
    state: str
    number: int
    pending: int  # edges to parents that are not satisfied
    due_at: float | None  # seconds
    flags: int


class NewEdge(NamedTuple):
    """A new job depends on another one, which is older or in the same batch.

    parent: its seq or its id. A seq of the batch whose id the store has already means the job that has it.
    position: the place of the parent's result among those that the child gets.  policy: one of `POLICIES`.
    """

    child: int
    parent: int | bytes
    position: int
    policy: str = FAIL


class Edge(NamedTuple):
    """A job depends on another one."""

    parent: int
    child: int
    position: int
    policy: str
    state: int


class EdgesOf(NamedTuple):
    """Edges of a parent that are not satisfied, with states from `low` to `high`."""

    parent: int
    low: int
    high: int


class Duty(NamedTuple):
    """Work that a budget cut off: a kind of reaction has to look at a job again."""

    kind: str
    subject: int  # seq


class ReactedMove(NamedTuple):
    """A move that a reaction makes; *job* is as it was before."""

    job: FlaggedJob
    event: Event
    error: str | None = None  # JSON


@dataclass(slots=True)
class ReactionNeed:
    """Rows that a reaction asks for; a store answers each field by one statement over the whole set."""

    jobs: Sequence[int] = ()  # by seq
    edges: Sequence[EdgesOf] = ()  # the first `most` of all
    duties: bool = False  # the first `most`
    most: int = 0


@dataclass(slots=True)
class ReactionRows:
    """What a store found, in the order that a `ReactionNeed` names."""

    jobs: list[FlaggedJob] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)  # by parent as named, then by state and child
    duties: list[Duty] = field(default_factory=list)  # by kind and subject


@dataclass(slots=True)
class Reacted:
    """What the reactions decided; the store writes it."""

    moves: list[ReactedMove] = field(default_factory=list)  # in order
    edges: list[Edge] = field(default_factory=list)  # with their new states
    pending: dict[int, int] = field(default_factory=dict)  # seq -> edges that are not satisfied now
    duties: list[Duty] = field(default_factory=list)  # new
    done: list[Duty] = field(default_factory=list)  # duties to delete
    more: bool = False  # the budget cut it off: another commit goes on
    units: int = 0  # of work


class ReactionRules(Protocol):
    """Decides what follows within one transaction; a store drives it and knows no reaction."""

    now: float  # seconds
    keep: float  # seconds for which a job is kept that fails because another one did
    budget: int  # units of work, by where the commit is made
    goes_on: bool  # whether a budget has cut off commits before

    def run(self, changed: Sequence[FlaggedJob], used: int = 0) -> Generator[ReactionNeed, ReactionRows, Reacted]:
        """Decide: ask for rows, and return what to write.

        changed: the flagged jobs that moved, as they are now, and the final parents of new edges.  used: units spent before.
        """
