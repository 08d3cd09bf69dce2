"""The rows of reactions: what follows in a commit when jobs move on which something else depends.

The engine in `promises/reactions.py` asks a store by a `ReactionNeed` and gets `ReactionRows`; what it decides is `Reacted`, which the
store writes in the same transaction. A job says by its flags which reactions it has, so that all others cost a look at a number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from taskbahn.protocol.states import State
from taskbahn_router.core.lifecycle import Event
from taskbahn_router.core.unique_keys import FOLLOW

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from taskbahn_router.core.unique_keys import KeyHolder, KeyRow, Member

# flags; 4 is in `unique_keys`
HAS_CHILDREN, HAS_PARENTS = 1, 2
IS_FLOW = 8  # it has no attempts: it ends when the jobs that it waits for have ended
IS_GROUP = 16  # a flow whose result is the list of its members' results; other flows have the result of their last member
HAS_MEMBERS = 32  # it is the `parent` of jobs, which end when it is cancelled
HAS_INPUTS = 64  # its arguments have references to results of jobs that it waits for
IS_DETACHED = 128  # a callback: it goes on when its flow is cancelled, and is not retried with it
IS_LARGE = 256  # a flow whose result refers to the results of jobs, or has such references in it
HAS_NOTES = 512  # it remembers something from attempt to attempt
IS_SUSPENDED = (
    1024  # from a suspension to the end of the next attempt; while it is waiting, what is pending is what its function waits for
)
OUTLIVES_PARENT = 2048  # it goes on when the job is cancelled of which it is a member
IS_UNSEALED = 4096  # a flow of which jobs are still to be stored
HAS_WEIGHT = 8192  # its share of the progress of a whole, or that of one of its members, is not 1
IS_SKIPPED = 16384  # it ended without success, and a person let those go on that are held by it
IS_OVERDUE = 32768  # its deadline has passed: what it started and what it is made of ends
IN_TIME = 65536  # it is a part of a flow that has a deadline
IS_PAUSED = 131072  # it has a pause of its own, in a table
IS_HELD = 262144  # this pause holds it, or that of a job of which it is a part
ASKS_KEY = 524288  # a member whose unique key is one of what it waits for, the last

PAUSE_BIT = 1 << 40  # in `pending` of a job that is held, besides its edges

# states of an edge. Passed on: the child failed because its parent did; dropped: the child was cancelled, for it is not needed
OPEN, SATISFIED, PASSED_ON, HELD, DROPPED = range(5)

FAIL = "fail"  # a child fails if this parent does not succeed
SKIP, NONE = "skip", "none"  # it goes on without the parent, whose place in a list is left out, or has null
GO_ON = frozenset((SKIP, NONE))
HOLD = "hold"  # it waits until a person has retried or skipped the parent
ON_SUCCESS, ON_FAILURE, ON_END = (
    "on_success",
    "on_failure",
    "on_end",
)  # it starts when its parent ends so, and is cancelled otherwise
WAKE = "wake"  # its function waits for the end of the parent, however that is
WAKE_POSITION = -2  # of such an edge: it gives no argument, as an edge that orders (-1)
POLICIES = frozenset((FAIL, *GO_ON, HOLD, ON_SUCCESS, ON_FAILURE, ON_END, WAKE, FOLLOW))

JOINED = 1 << 40  # the first position of results of members that joined a group later

MOST_RESULTS = 1000  # of a group that are stored as its result
MOST_RESULT_BYTES = 64 * 1024  # of its result
MOST_INPUTS = 1000  # of a job that it gets with its arguments
MOST_INPUT_BYTES = 4 * 1024 * 1024  # of all of them


class FlaggedJob(NamedTuple):
    """A job that others depend on, or that depends on others."""

    seq: int
    id: bytes
    partition: int
    state: str
    number: int
    pending: int  # edges to parents that are not satisfied, the key that it asks for, and `PAUSE_BIT`
    due_at: float | None  # seconds
    flags: int
    root: int | None = None  # seq of the job at the root of its tree; None: it is in none, or its root itself
    deadline: float | None = None  # of its own, seconds


class NewEdge(NamedTuple):
    """A new job depends on another one, which is older or in the same batch.

    parent: its seq or its id. A seq of the batch whose id the store has already means the job that has it.
    child: its seq; or its id, if it was stored before and its `awaited` counts this edge: then the parent is new.
    position: the place of the parent's result among those that the child gets.  policy: one of `POLICIES`.
    """

    child: int | bytes
    parent: int | bytes
    position: int
    policy: str = FAIL

    @property
    def holder(self) -> int | bytes:
        """Return the job with which the edge is stored: a new one."""
        return self.child if isinstance(self.child, int) else self.parent


class NewMember(NamedTuple):
    """A new job belongs to another one, which is older or in the same batch; or it is a flow.

    parent: its seq or its id; None: it belongs to none.   flags: what it is.   label: its name in the flow.
    is_needed: whether the job is refused if there is no such parent; else it belongs to none.
    awaited: how many edges to it come with later jobs.   is_late: it is stored only if its parent is unsealed.
    seals: it is the last of its flow.   needs: other jobs, by id, without which it is refused.
    joins: the group of the job of that id waits for it, too; it is refused unless that group still runs.
    """

    seq: int
    parent: int | bytes | None
    flags: int = 0
    label: str | None = None
    is_needed: bool = True
    awaited: int = 0
    is_late: bool = False
    seals: bool = False
    needs: Sequence[bytes] = ()
    joins: bytes | None = None


class Edge(NamedTuple):
    """A job depends on another one."""

    parent: int
    child: int
    position: int
    policy: str
    state: int


class EdgesOf(NamedTuple):
    """Edges of a parent that are not satisfied: with states from `low` to `high`, and the dropped ones of a policy."""

    parent: int
    low: int
    high: int
    dropped: str | None = None


class MembersOf(NamedTuple):
    """Members of a job that are in one of some states, behind a seq, and have all of some flags."""

    parent: int
    states: tuple[str, ...]
    behind: int = 0
    flags: int = 0


class Hold(NamedTuple):
    """A pause holds a job, or lets it go; *job* is as it was before."""

    job: FlaggedJob
    is_held: bool


class Input(NamedTuple):
    """What a job gets from one that it waits for."""

    parent: int
    position: int
    policy: str
    state: str  # of the parent
    result: str | None  # JSON
    flags: int  # of the parent


class Ended(NamedTuple):
    """How a job ended."""

    state: str
    error: str | None  # JSON


class Duty(NamedTuple):
    """Work that a budget cut off: a kind of reaction has to look at a job again."""

    kind: str
    subject: int  # seq
    cursor: int = 0  # how far it has come: a seq


class ReactedMove(NamedTuple):
    """A move that a reaction makes; *job* is as it was before."""

    job: FlaggedJob
    event: Event
    error: str | None = None  # JSON
    result: str | None = None  # JSON
    flags: int = 0  # that it has since then


def given(inputs: Iterable[Input]) -> dict[int, str]:
    """Return what jobs give, as JSON, by position: null for one that did not succeed and whose policy says so, none for one to skip."""
    found = {}
    for one in inputs:
        if one.state == State.SUCCEEDED:
            found[one.position] = one.result or "null"
        elif one.policy != SKIP:
            found[one.position] = "null"
    return found


def retried(pending: int, flags: int) -> Event:
    """Return what a retry by hand does to a job: it waits again for parents that have not succeeded; a flow for its members."""
    if flags & IS_FLOW:
        return Event.RESUME_FLOW if flags & HAS_MEMBERS else Event.REOPEN
    return Event.REOPEN if pending and not flags & IS_SUSPENDED else Event.RETRY_BY_HAND


@dataclass(slots=True)
class ReactionNeed:
    """Rows that a reaction asks for; a store answers each field by one statement over the whole set."""

    jobs: Sequence[int] = ()  # by seq
    edges: Sequence[EdgesOf] = ()  # the first `most` of all
    inputs: Sequence[int] = ()  # of jobs: what they get, by position, if it is not too much
    first_inputs: Sequence[int] = ()  # of jobs: the first thing that they get, however large; among the inputs
    errors: Sequence[bytes] = ()  # of jobs, by id: how they ended
    members: MembersOf | None = None  # the first `most`, by seq
    results: Sequence[int] = ()  # of jobs
    asking: Sequence[int] = ()  # members that ask for their keys, by seq
    followed: Sequence[int] = ()  # of members that joined a job: the edge from that one
    unique: Sequence[tuple[str, bool]] = ()  # the jobs that have unique keys; whether with their arguments
    waiting: Sequence[int] = ()  # the jobs that wait for jobs, or of which these are members: the first `most`
    duties: bool = False  # the first `most`
    above: Sequence[int] = ()  # of jobs: the jobs of which they are members
    most: int = 0


@dataclass(slots=True)
class ReactionRows:
    """What a store found, in the order that a `ReactionNeed` names."""

    jobs: list[FlaggedJob] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)  # by parent as named, then by state and child
    inputs: dict[int, list[Input] | None] = field(default_factory=dict)  # seq -> None: they are too many, or too large together
    errors: dict[bytes, Ended] = field(default_factory=dict)  # by id
    members: list[FlaggedJob] = field(default_factory=list)
    results: dict[int, str | None] = field(default_factory=dict)  # JSON
    asking: list[Member] = field(default_factory=list)
    followed: list[Edge] = field(default_factory=list)
    unique: list[KeyHolder] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    duties: list[Duty] = field(default_factory=list)  # by kind, backwards, and subject: what is to be first is read first
    above: dict[int, int] = field(default_factory=dict)  # seq -> seq of the job of which it is a member, if that exists


@dataclass(slots=True)
class Reacted:
    """What the reactions decided; the store writes it."""

    moves: list[ReactedMove] = field(default_factory=list)  # in order
    edges: list[Edge] = field(default_factory=list)  # with their new states
    follows: list[Edge] = field(default_factory=list)  # new ones, from jobs that members joined; written before `edges`
    left: list[Edge] = field(default_factory=list)  # of `FOLLOW`, which their members do not need any more
    keys: list[KeyRow] = field(default_factory=list)  # unique keys; the last one of a key counts
    flags: dict[int, int] = field(default_factory=dict)  # seq -> flags that it has besides
    pending: dict[int, int] = field(default_factory=dict)  # seq -> edges that are not satisfied now
    woken: set[int] = field(default_factory=set)  # of those: suspended jobs that are held, and go on as soon as they are not
    holds: dict[int, Hold] = field(default_factory=dict)  # by seq
    unpaused: list[int] = field(default_factory=list)  # seqs of jobs whose own pause is over
    duties: list[Duty] = field(default_factory=list)  # new, or further than before
    done: list[Duty] = field(default_factory=list)  # duties to delete
    more: bool = False  # the budget cut it off: another commit goes on
    units: int = 0  # of work


class ReactionRules(Protocol):
    """Decides what follows within one transaction; a store drives it and knows no reaction."""

    now: float  # seconds
    keep: float  # seconds for which a job is kept that fails because another one did
    budget: int  # units of work, by where the commit is made
    goes_on: bool  # whether a budget has cut off commits before

    def run(
        self, changed: Sequence[FlaggedJob], used: int = 0, repaused: Sequence[int] = ()
    ) -> Generator[ReactionNeed, ReactionRows, Reacted]:
        """Decide: ask for rows, and return what to write.

        changed: the flagged jobs that moved, as they are now, and the final parents of new edges.  used: units spent before.
        repaused: seqs of jobs whose own pause began or ended; to pause a job does not move it.
        """
