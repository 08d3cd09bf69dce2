"""Two limits that jobs under one of them saturate, so that their permits are never free together, and jobs under both."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from support.rows import NOW, finish, new_job
from taskbahn_router.core.rows import Room, text_of
from taskbahn_router.promises.domains import domains_of
from taskbahn_router.promises.elder import ELDER_US
from taskbahn_router.promises.engine import Pause, Promises
from taskbahn_router.promises.registry import limit_from
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import Claim, Sweep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbahn_router.stores.contract import CommitResult, Store

LEFT, RIGHT, BOTH = 1, 2, 3  # partitions
TASKS = (("left", "right", "own"), ("left",), ("right",))  # their limits
JOB_SECONDS = 2.0
STEP_SECONDS = 1.0
WAITING = 3  # jobs under each limit that wait at least
ELDER_SECONDS = ELDER_US / 1e6
IN_TIME_SECONDS = WAITING * JOB_SECONDS + ELDER_SECONDS + JOB_SECONDS  # those that came before, and the promise


class Saturation:
    """Jobs under one limit end by turns, those of each a step after those of the other; there are always more of them."""

    def __init__(self, store: Store, **right: Any) -> None:
        self.store = store
        self.now = NOW
        self.last_seq = 0
        one = {"kind": "concurrency", "limit": 1}
        self.declared: dict[str, dict[str, Any]] = {"left": dict(one), "right": one | right, "own": dict(one)}
        self.served = [frozenset({LEFT, RIGHT, BOTH})]
        self.tasks: Sequence[tuple[str, ...]] = TASKS
        self.runs: dict[int, tuple[int, float]] = {}  # seq -> partition, and when its attempt ends
        self.waits = {LEFT: 0, RIGHT: 0}
        self.started: dict[int, float] = {}  # seq of a job under both -> when it started
        self.idle = {LEFT: NOW, RIGHT: NOW}  # when a job of a partition ran last
        self.slots = 10  # free ones for jobs under both
        self.commit([self.job(LEFT)])
        self.passes(STEP_SECONDS)

    def job(self, partition: int, **changes: Any) -> Any:
        """Return a job under one limit."""
        self.last_seq += 1
        self.waits[partition] += 1
        keys = text_of((("left" if partition == LEFT else "right", 1),))
        return new_job(self.last_seq, partition=partition, keys=keys, **changes)

    def both(self, **changes: Any) -> int:
        """Submit a job under both limits and one of its own; return its seq."""
        self.last_seq += 1
        keys = text_of((("left", 1), ("right", 1), (f'own["{self.last_seq}"]', 1)))
        self.commit([new_job(self.last_seq, partition=BOTH, keys=keys, **changes)])
        return self.last_seq

    def passes(self, seconds: float, *, is_last: bool = False) -> None:
        """Let time pass; attempts end when they should, and new jobs come, unless these were the last."""
        for _ in range(round(seconds / STEP_SECONDS)):
            self.now += STEP_SECONDS
            ended = [seq for seq, (_, ends) in self.runs.items() if ends <= self.now]
            lacking = {} if is_last else {partition: WAITING - waits for partition, waits in self.waits.items()}
            new = [self.job(partition) for partition, jobs in lacking.items() for _ in range(jobs)]
            self.commit(new, finishes=[finish(seq, 1, finished_at=self.now) for seq in ended])
            self.idle |= {partition: self.now for partition, _ in self.runs.values() if partition != BOTH}

    def commit(self, new: Sequence[Any] = (), *, pauses: Sequence[Pause] = (), changed: Sequence[str] = (), **rows: Any) -> None:
        """Commit until nothing is left."""
        batch = CommitBatch(new=list(new), sweep=Sweep(self.now, 1000, 100.0), **rows)
        for row in batch.finishes:
            del self.runs[row.seq]
        is_left = True
        while is_left:
            result = self.commit_once(batch, pauses, changed)
            for claimed in chain.from_iterable(result.claimed):
                self.runs[claimed.seq] = claimed.partition, self.now + JOB_SECONDS
                if claimed.partition == BOTH:
                    self.started[claimed.seq] = self.now
                else:
                    self.waits[claimed.partition] -= 1
            is_left, batch, pauses, changed = result.more, CommitBatch(), (), ()

    def commit_once(self, batch: CommitBatch, pauses: Sequence[Pause], changed: Sequence[str]) -> CommitResult:
        served = frozenset[int]().union(*self.served)
        rooms = [Room("w", served & {LEFT, RIGHT}, 10), Room("both", served & {BOTH}, self.slots)]
        limits = {name: limit_from({"name": name, **one}) for name, one in self.declared.items()}
        batch.claims = [Claim(room.worker, tuple(room.partitions), room.free, self.now) for room in rooms]
        batch.rules = Promises(
            self.now, limits, rooms, 100.0, pauses=pauses, changed=changed, domains=domains_of(self.tasks),
            served=self.served,
        )  # fmt: skip
        return self.store.commit(batch)


def starve(store: Store, jobs: int) -> None:
    """See that jobs under both limits start in time, one after the other.  Raises AssertionError."""
    saturation = Saturation(store)
    seqs = [saturation.both() for _ in range(jobs)]
    saturation.passes(IN_TIME_SECONDS + (jobs - 1) * 2 * JOB_SECONDS)
    assert list(saturation.started) == seqs, ("not in time", saturation.started)


def trickle(store: Store) -> None:
    """See that a rate that keeps a start for an elder lets the others through when it has one more.  Raises AssertionError."""
    saturation = Saturation(store, kind="rate", rate="30/m", burst=2)
    seq = saturation.both()
    saturation.passes(IN_TIME_SECONDS - JOB_SECONDS)
    assert seq not in saturation.started, "it was not passed over"
    saturation.runs |= {
        held: (LEFT, saturation.now + 1000) for held, (partition, _) in saturation.runs.items() if partition == LEFT
    }
    for _ in range(30):
        saturation.passes(STEP_SECONDS)
        assert seq not in saturation.started, "it should have waited"
        assert saturation.now - saturation.idle[RIGHT] <= 2 * JOB_SECONDS, "the others were not let through"
