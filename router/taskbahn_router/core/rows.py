"""The rows of promises, as the engine in `promises/` sees them and every store keeps them.

The engine asks a store by a `Need` and gets `Rows`; what it decides is a `Ruling`, which the store writes in the same transaction.
Times are integer microseconds since the epoch, UTC. A key is the limit's name and, if the limit has a
template, a canonical JSON list of its values: `stripe["acme","eu"]`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from taskbahn_router.core.unique_keys import KeyTaken

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from taskbahn_router.core.reactions import Edge, FlaggedJob, NewEdge, NewMember
    from taskbahn_router.core.unique_keys import Alias, KeyHolder, KeyRow, NewKey

Order = tuple[int, int, int]  # minus the priority, virtual time, seq: what comes first is least
Costs = tuple[tuple[str, int], ...]  # keys, each with its cost
LaneId = tuple[int, str]  # partition, and keys as JSON; "": the jobs without keys

NOT_RESUMED_US = 1 << 62  # the end of a pause without an end


class Lane(NamedTuple):
    """All ready jobs of one partition with the same keys; it has a row as long as it has any.

    The lane of the plain jobs has a row only while keys hang on its partition.
    """

    partition: int
    keys: str  # JSON of [[key, cost], ...], as its jobs have it
    rank: int  # minus the priority of its head
    virtual_time: int  # orders lanes of one priority where turns are fair; else 0
    head: int  # seq of its best job
    blocked: str | None  # the key of the closed gate that it is before; None: it is open

    @property
    def id(self) -> LaneId:
        """Which it is."""
        return self.partition, self.keys

    @property
    def order(self) -> Order:
        """Where it comes among the lanes of its partition."""
        return self.rank, self.virtual_time, self.head


class Gate(NamedTuple):
    """What a limit knows of one key. A key without a row is as one with nothing but zeros.

    Its kind reads and writes `time_us` and `virtual_time`; the engine does all else. A gate whose `time_us` has passed, with nothing
    else in it, must be as a new one, for a purge deletes it.
    """

    key: str
    limit: str  # the limit's name
    used: int = 0  # costs of the attempts that hold a permit
    time_us: int = 0  # until when what was taken counts; of a rate: when all is paid back
    virtual_time: int = 0  # of fair turns
    paused_until_us: int | None = None
    reason: str | None = None  # of the pause
    blocked: int = 0  # lanes before it
    wakes_at_us: int | None = None  # when the next commit must look at it


class Head(NamedTuple):
    """One of the first jobs of a lane."""

    partition: int
    keys: str
    priority: int
    seq: int
    expires_at: float | None  # seconds


class Permit(NamedTuple):
    """What an attempt holds from its start until it has ended."""

    seq: int
    attempt: int
    keys: str


class ReadyJob(NamedTuple):
    """A job with keys, or of a partition with keys, that became ready in this commit."""

    seq: int
    partition: int
    keys: str
    priority: int


class Room(NamedTuple):
    """A worker's room for attempts; `ahead` of them go before its slots, behind those that run."""

    worker: str
    partitions: frozenset[int]
    free: int
    ahead: int = 0


class HeldJob(NamedTuple):
    """A ready job whose lane is before a gate."""

    seq: int
    keys: str  # of its lane
    gate: Gate
    ahead: int  # jobs of its lane before it
    holders: tuple[bytes, ...] = ()  # ids of the first jobs whose attempts have permits of the gate


class Purge(NamedTuple):
    """Delete the gates that are as if they were new, among the next `limit` behind the key `after`."""

    after: str
    limit: int


class GateUse(NamedTuple):
    """A gate that is in use or has lanes before it; what it counts is at this moment."""

    gate: Gate
    keys: int  # gates of its limit that are in use or have lanes before them
    jobs: int  # ready jobs of the lanes before it
    oldest: float | None = None  # when the first of these was accepted, seconds


class StalledGate(NamedTuple):
    """A gate with lanes before it, all of whose permits belong to attempts of which a question was."""

    gate: Gate
    jobs: int  # ready jobs of the lanes before it
    oldest: float | None  # when the first of these was accepted, seconds
    holders: list[tuple[bytes, int]]  # id and attempt


class After(NamedTuple):
    """Where to read on: behind a lane of a partition, in their order."""

    partition: int
    order: Order


class Applicant(NamedTuple):
    """A new job of a submission that the rules admit or refuse."""

    seq: int
    id: bytes
    partition: int
    keys: str  # its own; "" without any
    is_ready: bool  # it waits for no time, so it asks for a place now
    is_known: bool  # the store has a job of this id
    after: tuple[NewEdge, ...] = ()  # jobs that it waits for; those of the same batch by their ids
    leads_to: tuple[NewEdge, ...] = ()  # jobs of before it that wait for it
    unique: NewKey | None = None
    member: NewMember | None = None


class Refusal(NamedTuple):
    """The limit that refuses a job, and so its whole entry of the submission; running, ready: costs of the key's jobs."""

    seq: int
    limit: str
    key: str
    capacity: int
    running: int
    ready: int


class NoParent(NamedTuple):
    """There is no job of the seq or id on which a new job depends, or to which it belongs, so its whole entry is refused."""

    seq: int
    parent: int | bytes


class NoGroup(NamedTuple):
    """The job of that id is in no group that still runs, so a new one cannot join that, and its whole entry is refused."""

    seq: int
    member: bytes


Refused = Refusal | NoParent | NoGroup | KeyTaken


class Place(NamedTuple):
    """Where a job is in its tree; seqs."""

    parent: int | None
    root: int | None
    label: str | None


NO_PLACE = Place(None, None, None)


@dataclass(slots=True)
class Admitted:
    """What the rules decided about submissions; the store writes it before the rules run."""

    refusals: list[Refused] = field(default_factory=list)  # in order, at most one of an entry
    refused: set[int] = field(default_factory=set)  # seqs of new jobs that are not stored
    duplicates: set[int] = field(default_factory=set)  # seqs of new jobs whose id the store has, or has from the same batch
    cancelled: dict[int, str] = field(default_factory=dict)  # seqs of stored or new jobs, each with the reason
    edges: list[Edge] = field(default_factory=list)
    pending: dict[int, int] = field(
        default_factory=dict
    )  # seqs of new jobs with edges or keys to ask for -> those that are open; with any, it waits
    flags: dict[int, int] = field(default_factory=dict)  # seqs of stored or new jobs -> flags that they have besides
    ended_parents: list[int] = field(
        default_factory=list
    )  # seqs of stored jobs that ended without success and get a new edge or member
    look_at: list[int] = field(default_factory=list)  # seqs of new flows, and of new members that ask for their keys at once
    trees: dict[int, Place] = field(default_factory=dict)  # seqs of new jobs that belong to others
    joined: list[int] = field(default_factory=list)  # seqs of stored groups, each for a new job for which it waits
    sealed: list[int] = field(default_factory=list)  # seqs of flows all of whose jobs are stored now
    keys: list[KeyRow] = field(default_factory=list)  # unique keys; the last one of a key counts
    aliases: dict[int, Alias] = field(default_factory=dict)  # seqs of new jobs that joined others; they are among the duplicates


class Spot(NamedTuple):
    """Where ready jobs of a key are: in a lane, or in a whole partition on which the key hangs (None)."""

    partition: int
    keys: str | None


class Holder(NamedTuple):
    """An attempt that holds a permit; is_alive: its job runs still, and was not cancelled."""

    seq: int
    attempt: int
    keys: str
    is_alive: bool


@dataclass(slots=True)
class Need:
    """Rows that the engine asks for; a store answers each field by one statement over the whole set."""

    lanes: Sequence[LaneId] = ()
    gates: Sequence[str] = ()  # by key
    open: Sequence[After] = ()  # the next `most` open lanes of partitions
    before: Sequence[str] = ()  # the first `most` lanes of each partition before a gate
    before_after: Sequence[tuple[str, After]] = ()  # the next `most` lanes of a partition before a gate
    plain: Sequence[tuple[int, int, int]] = ()  # partition, rank, seq: the next `heads` ready jobs without keys behind these
    jobs: Sequence[
        tuple[int, str, int, int]
    ] = ()  # partition, keys, rank, seq: the next `heads` ready jobs of a lane behind these
    due: int | None = None  # gates whose time to be looked at is not later than this
    limits: Sequence[tuple[str, str]] = ()  # name, key: the next `most` gates of a limit with lanes before them, behind a key
    next_gates: str | None = None  # the next `most` gates behind this key
    lanes_of: Sequence[int] = ()  # up to `most` lanes of partitions, in no order
    lanes_with: Sequence[str] = ()  # which lanes have a key of a limit that counts its jobs, for each key
    counts: Sequence[Spot] = ()  # how many ready jobs are there, counted to `most`
    oldest: Sequence[Spot] = ()  # the first `most` ready jobs there by seq; there may be more
    holders: Sequence[str] = ()  # the attempts that hold a permit of one of the keys, by seq
    named: Sequence[int | bytes] = ()  # jobs by seq or id
    groups_of: Sequence[bytes] = ()  # the groups of jobs, by their ids
    unique: Sequence[tuple[str, bool]] = ()  # the jobs that have unique keys; whether with their arguments
    most: int = 0
    heads: int = 0


@dataclass(slots=True)
class Rows:
    """What a store found, in the order that a `Need` names; a lane, gate or job that does not exist is left out."""

    lanes: list[Lane] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)
    open: list[Lane] = field(default_factory=list)
    before: list[Lane] = field(default_factory=list)
    before_after: list[Lane] = field(default_factory=list)
    plain: list[Head] = field(default_factory=list)
    jobs: list[Head] = field(default_factory=list)
    due: list[Gate] = field(default_factory=list)
    limits: list[Gate] = field(default_factory=list)
    next_gates: list[Gate] = field(default_factory=list)
    lanes_of: list[Lane] = field(default_factory=list)
    lanes_with: list[tuple[str, int, str]] = field(default_factory=list)  # key, partition, keys
    counts: list[int] = field(default_factory=list)
    oldest: list[ReadyJob] = field(default_factory=list)
    holders: list[Holder] = field(default_factory=list)
    named: dict[int | bytes, FlaggedJob] = field(default_factory=dict)
    groups: dict[bytes, FlaggedJob] = field(default_factory=dict)  # by the ids of the jobs that are in them
    unique: list[KeyHolder] = field(default_factory=list)


class Start(NamedTuple):
    """A job to start: in which of the rooms, and the keys whose permits its attempt holds until it ends."""

    seq: int
    room: int
    held: str | None


@dataclass(slots=True)
class Touched:
    """What the moves of a batch mean for lanes and gates, taken from rows that moved."""

    ready: list[ReadyJob] = field(default_factory=list)
    left: set[LaneId] = field(default_factory=set)  # lanes of which a ready job went otherwise than by a start
    ended: list[Permit] = field(default_factory=list)  # of attempts that ended
    units: int = 0  # of work that reactions did before


@dataclass(slots=True)
class Ruling:
    """What the engine decided; the store writes it."""

    starts: list[Start] = field(default_factory=list)
    expired: list[int] = field(default_factory=list)  # seqs of jobs that came up for a start after their time
    lanes: list[Lane] = field(default_factory=list)  # new or changed
    gone_lanes: list[LaneId] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)  # new or changed
    gone_gates: list[str] = field(default_factory=list)  # keys
    permits: list[Permit] = field(default_factory=list)  # that ended
    more: bool = False  # the budget cut it off: another commit goes on
    lane_keys: list[tuple[str, int, str]] = field(default_factory=list)  # key, partition, keys: of new lanes, if the limit counts
    gone_lane_keys: list[tuple[str, int, str]] = field(default_factory=list)
    units: int = 0  # of work
    purge_after: str | None = None  # the key after which the next purge goes on; None: the purge reached the end


class Rules(Protocol):
    """Decides within one transaction; a store drives it and knows no promise."""

    now: float  # seconds
    keep: float  # seconds for which a job is kept that did not start in time
    budget: int  # units of work, by where the commit is made
    hung: Mapping[
        int, Costs
    ]  # keys of all jobs of a partition, before their own; with any, its plain jobs have a lane with a row
    purge: Purge | None
    counted: Sequence[str]  # names of limits that count their jobs from now on

    @property
    def rooms(self) -> Sequence[Room]:
        """The workers' rooms, to which a `Start` points."""

    def admit(self, submissions: Sequence[Sequence[Applicant]], touched: Touched) -> Generator[Need, Rows, Admitted]:
        """Decide about new jobs, in order, each entry of a submission as a whole; *touched*: by what the batch moved before."""

    def run(self, touched: Touched) -> Generator[Need, Rows, Ruling]:
        """Decide: ask for rows, and return what to write."""


@lru_cache(maxsize=100_000)
def costs_of(keys: str) -> Costs:
    """Return the keys of a job or lane, with their costs."""
    return tuple((key, cost) for key, cost in json.loads(keys))


@lru_cache(maxsize=1024)
def text_of(costs: Costs) -> str:
    """Return keys with their costs as a job or lane has them."""
    return json.dumps(costs, ensure_ascii=False, separators=(",", ":"))


def quoted(key: str) -> str:
    """Return a key as it is in the text of keys with their costs."""
    return f"[{json.dumps(key, ensure_ascii=False)},"


@lru_cache(maxsize=100_000)
def limit_of(key: str) -> str:
    """Return the name of the limit that a key belongs to; no name has a bracket."""
    return key.partition("[")[0]
