"""What limits cost in the store: submit, claim and finish of jobs in one commit after the other, while many others wait.

`python -m benchmarks.promises [WAITING] [CASE ...]` prints microseconds of wall time a job, for 1, 10, 100 and 500 jobs a commit, the
longest commit, and the memory. The commits are those of SQLite with `synchronous=FULL`; the rules are those of the dispatcher.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from taskbahn_router.core.rows import Room, text_of
from taskbahn_router.promises.domains import domains_of
from taskbahn_router.promises.engine import Promises
from taskbahn_router.promises.reactions import Reactions
from taskbahn_router.promises.registry import limit_from
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import Claim, Finish, NewJob, PartitionRow
from taskbahn_router.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taskbahn_router.promises.limits import Limit
    from taskbahn_router.stores.contract import CommitResult, Store
    from taskbahn_router.stores.rows import Claimed

WAITING = 100_000
KEYS = 1000
SIZES = (1, 10, 100, 500)
SECONDS_EACH = 2.0
BEGAN = 1_700_000_000.0
SEED_JOBS = 1000  # in one commit


class Case(NamedTuple):
    """Which limits there are, and the keys of the job of a number."""

    limits: tuple[dict[str, object], ...]
    keys: Callable[[int], tuple[str, ...]]


CONCURRENCY = {"kind": "concurrency", "name": "k", "limit": 1}
CASES = {
    "no limit": Case((), lambda _: ()),
    "one for all (5,000)": Case(({"kind": "concurrency", "name": "g", "limit": 5000},), lambda _: ("g",)),
    "concurrency 1 of 1,000 keys": Case((CONCURRENCY,), lambda number: (f'k["{number % KEYS}"]',)),
    "rate of 1,000 keys": Case(
        ({"kind": "rate", "name": "r", "rate": "50/s", "burst": 50},), lambda number: (f'r["{number % KEYS}"]',)
    ),
    "turns of 1,000 keys": Case(({"kind": "fair", "name": "fair"},), lambda number: (f'fair["{number % KEYS}"]',)),
    "three limits, 1,000 keys": Case(
        (CONCURRENCY, {"kind": "concurrency", "name": "g", "limit": 400}, {"kind": "rate", "name": "r", "rate": "1000/s", "burst": 50}),
        lambda number: ("g", f'k["{number % KEYS}"]', f'r["{number % KEYS}"]'),
    ),
    "a key for each job": Case((CONCURRENCY,), lambda number: (f'k["{number}"]',)),
    "one permit, one tenant": Case(
        ({"kind": "concurrency", "name": "g", "limit": 1}, CONCURRENCY | {"limit": 10**6}), lambda _: ("g", 'k["a"]')
    ),
}  # fmt: skip


class Load:
    """One store with many waiting jobs, and the jobs that run."""

    def __init__(self, case: Case, store: Store) -> None:
        self.case = case
        self.store = store
        self.limits: dict[str, Limit] = {str(one["name"]): limit_from(one) for one in case.limits}
        turns = {name for name, limit in self.limits.items() if limit.kind.orders}
        self.domains = domains_of([self.limits.keys() - turns])
        self.numbers = count(1)
        self.now = BEGAN
        self.longest = 0.0
        self.running: list[Claimed] = []

    def new(self, jobs: int) -> list[NewJob]:
        return [self.job(next(self.numbers)) for _ in range(jobs)]

    def job(self, seq: int) -> NewJob:
        keys = tuple((key, 1) for key in self.case.keys(seq))
        return NewJob(
            seq, seq.to_bytes(16), 1, "ready", 0, 0, 1, self.now, None, None, None, None, None, None, None, "[[],{}]",
            text_of(keys) if keys else None,
        )  # fmt: skip

    def commit(self, new: list[NewJob], ended: list[Claimed], room: int) -> CommitResult:
        claims = [Claim("w", (1,), room, self.now)] if room else []
        rooms = [Room("w", frozenset({1}), room)] if room else []
        finishes = [
            Finish("succeeded", self.now, "1", None, None, row.number + 1, 0, 0, self.now + 1e6, None, row.seq, row.attempt) for row in ended
        ]  # fmt: skip
        rules = Promises(self.now, self.limits, rooms, domains=self.domains, served=[{1}]) if self.limits else None
        began = time.perf_counter()
        result = self.store.commit(
            CommitBatch(new=new, finishes=finishes, claims=claims, rules=rules, reactions=Reactions(self.now))
        )
        self.longest = max(self.longest, time.perf_counter() - began)
        return result

    def fill(self, waiting: int) -> float:
        """Submit what waits; return the microseconds a job."""
        began = time.perf_counter()
        for _ in range(0, waiting, SEED_JOBS):
            self.commit(self.new(SEED_JOBS), [], 0)
        return (time.perf_counter() - began) / waiting * 1e6

    def turn_over(self, jobs: int) -> Iterator[tuple[int, float]]:
        """Start, end and replace jobs; yield for each commit how many ended, and its seconds."""
        self.running = self.commit([], self.running, jobs).claimed[0]
        while self.running:
            self.now += 0.01
            began, ended = time.perf_counter(), len(self.running)
            self.running = self.commit(self.new(ended), self.running, jobs).claimed[0]
            yield ended, time.perf_counter() - began


def measure(name: str, case: Case, waiting: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder))
        store.open()
        store.commit(CommitBatch(partitions=[PartitionRow(1, "default", "a.task")]))
        load = Load(case, store)
        submit = load.fill(waiting)
        found = []
        for size in SIZES:
            load.longest = 0.0
            done, spent = 0, 0.0
            for ended, seconds in load.turn_over(size):
                done, spent = done + ended, spent + seconds
                if spent > SECONDS_EACH:
                    break
            found.append(f"{spent / done * 1e6:6.0f} ({load.longest * 1e3:4.1f} ms)" if done else "  none        ")
        store.close()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:28s} submit {submit:5.1f} us; {' '.join(found)}; at most {memory:.0f} MiB", flush=True)


def main() -> None:
    waiting = int(sys.argv[1]) if len(sys.argv) > 1 else WAITING
    print(f"{waiting:,} jobs wait; us a job (longest commit) at {', '.join(map(str, SIZES))} jobs a commit")
    for name, case in CASES.items():
        if not sys.argv[2:] or any(word in name for word in sys.argv[2:]):
            measure(name, case, waiting)


if __name__ == "__main__":
    main()
