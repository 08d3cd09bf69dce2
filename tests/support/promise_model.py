"""A random driver over a store with promises: jobs, reports late and twice, cancels, limits that change, workers that come and go.

`Run(seed, store).go()` makes one random life and checks after each step, from the tables alone, what must always hold.
"""

from __future__ import annotations

import random
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from support.edge_model import EdgeChecks, end_together, key_of, some_edges, some_keys, some_members
from support.elder_checks import connected
from support.measured_promises import MeasuredPromises
from support.operators import Operators
from support.promise_checks import UNBOUNDED, Attempt, Checks
from support.promise_limits import LIMITS
from support.promise_tables import tables_of
from support.rows import NOW, cancel, finish, id_of, new_job, requeue, retry
from taskbahn.errors import StoreUnavailable
from taskbahn_router.core.rows import Purge, Room, limit_of, text_of
from taskbahn_router.promises.choose import TURN
from taskbahn_router.promises.reactions import Reactions
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import Claim, Prune, RetryJob, Sweep

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.core.rows import Costs
    from taskbahn_router.stores.contract import CommitResult, StartState, Store

PARTITIONS = (1, 2, 3)
WORKERS = (("w0", frozenset({1})), ("w1", frozenset({2, 3})), ("w2", frozenset({1, 2})))
BUDGETS = (UNBOUNDED, 3, 4, 7)


class Run(Checks, EdgeChecks):
    """One life of a store; *replaced* returns what a new process finds."""

    def __init__(
        self, seed: int, store: Store, *, budget: int, replaced: Callable[[Store], tuple[Store, StartState]], steps: int = 60
    ) -> None:
        self.random = random.Random(seed)
        self.store = store
        self.budget = budget
        self.replaced = replaced
        self.steps = steps
        self.now = NOW
        self.last_seq = 0
        self.operators = Operators(self.random, lambda: self.now)
        self.alive: set[Attempt] = set()  # attempts whose worker has not said that they ended
        self.old: list[Attempt] = []  # attempts that are reported once more
        self.domains = connected(self.random)
        self.attached = {name for name, _ in WORKERS}
        self.taken: dict[Attempt, Costs] = {}
        self.started_at_us: dict[str, list[int]] = defaultdict(list)  # by key
        self.starts = 0
        self.tables = tables_of(store)  # after the newest commit
        self.results: list[Any] = []  # what came of each commit
        self.purge_after = ""
        self.prunes = seed % 3 == 0
        self.prune_after = 0
        self.goes_on = False  # whether reactions may have been cut off
        self.reopened: set[int] = set()
        self.not_before: dict[int, float] = {}

    def go(self) -> int:
        """Live, and check; return how many jobs were started."""
        for _ in range(self.steps):
            self.step()
        self.check_held(self.store, tables_of(self.store))
        self.check_stalled(self.store, tables_of(self.store))
        self.results.append(self.check_uses(self.store, tables_of(self.store)))
        self.finish_all()
        return self.starts

    # one step

    def step(self) -> None:
        pick = self.random
        self.now += pick.choice([0, 0.001, 0.05, 0.3, 1.0])
        batch, purge = self.batch(), self.purge()
        if pick.random() < 0.05:
            self.domains = connected(self.random)
        if pick.random() < 0.1:
            self.attached ^= {pick.choice(WORKERS)[0]}
        rooms = self.rooms(lambda: pick.choice([0, 0, 1, 2, 5]))
        if pick.random() < 0.1:
            with pytest.raises(StoreUnavailable):
                self.commit(batch, rooms, purge, fails=True)
            self.operators.failed(batch)
            if pick.random() < 0.5:
                batch.new, batch.submissions = [], []
            self.now += pick.choice([0, 5])
            batch.sweep = batch.sweep and batch.sweep._replace(now=self.now)
        if pick.random() < 0.1:
            self.store, start = self.replaced(self.store)
            self.goes_on = True
            self.operators.begin_again(start)
        before = tables_of(self.store)
        started = self.commit_all(batch, rooms, purge, is_busy=True)
        after = self.tables
        self.check(after, before, rooms)
        self.check_edges(after, before)
        late = [seq for seq in started if seq in after.jobs and (after.jobs[seq].expires_at or UNBOUNDED << 10) <= self.now]
        assert not late, ("started after their time", late)

    @property
    def served(self) -> list[frozenset[int]]:
        """The partitions of each worker that is attached."""
        return [partitions for name, partitions in WORKERS if name in self.attached]

    def batch(self) -> CommitBatch:
        pick = self.random
        batch = CommitBatch(sweep=Sweep(self.now, 1000, 100.0) if pick.random() < 0.7 else None)
        for _ in range(pick.choice([0, 0, 1, 3, 8])):
            self.add_job(batch)
        self.report(batch)
        self.ask(batch)
        self.operators.wish()
        batch.edges = some_edges(pick, batch.new, self.last_seq)
        batch.unique = some_keys(pick, batch.new, batch.edges)
        batch.members = some_members(pick, batch.edges, {job.seq for job in batch.new}, {row.seq for row in batch.unique})
        self.submit(batch)
        if self.prunes and pick.random() < 0.3:
            batch.prune = Prune(self.now, self.prune_after, pick.choice([1, 3, 1000]))
        return batch

    def ask(self, batch: CommitBatch) -> None:
        """Cancel and retry some jobs."""
        pick = self.random
        for _ in range(pick.choice([0, 0, 1, 2]) if self.last_seq else 0):
            batch.cancels.append(cancel(pick.randint(1, self.last_seq))._replace(now=self.now))
        if self.last_seq and pick.random() < 0.3:
            batch.retries.append(retry(pick.randint(1, self.last_seq)))

    def submit(self, batch: CommitBatch) -> None:
        """Make submissions of some of the new jobs: of those that ask for a place that is counted, with others."""
        pick, new, batch.new = self.random, batch.new, []
        waiting = {edge.child for edge in batch.edges} | {row.seq for row in batch.unique} | {row.seq for row in batch.members}
        while new:
            size = pick.choice([1, 1, 2, 3])
            jobs, new = new[:size], new[size:]
            names = {
                limit_of(key) for job in jobs if job.state == "ready" for key, _ in self.costs(job.partition, job.keys)
            }  # fmt: skip
            if not names.isdisjoint(self.operators.counting) or pick.random() < 0.1 or any(job.seq in waiting for job in jobs):
                batch.submissions.append(jobs)
            else:
                batch.new += jobs

    def purge(self) -> Purge | None:
        """Have a page of gates purged, now and then."""
        return Purge(self.purge_after, self.random.choice([1, 3, 1000])) if self.random.random() < 0.4 else None

    def add_job(self, batch: CommitBatch) -> None:
        pick = self.random
        self.last_seq += 1
        seq = self.last_seq
        changes: dict[str, Any] = {
            "keys": self.some_keys(),
            "partition": pick.choice(PARTITIONS),
            "priority": pick.choice([0, 0, 0, 1, -2]),
        }
        if pick.random() < 0.1:
            self.not_before[seq] = self.now + pick.random()
            changes |= {"state": "waiting", "due_at": self.not_before[seq]}
        if pick.random() < 0.1:
            changes["expires_at"] = self.now + 2 * pick.random()
        if pick.random() < 0.05:
            changes["id"] = id_of(pick.choice([pick.randint(1, seq), max(1, seq - 1), max(1, seq - 2)]))
        batch.new.append(new_job(seq, **changes))

    def some_keys(self) -> str | None:
        pick = self.random
        keys: list[tuple[str, int]] = []
        for name, limit in LIMITS.items():
            if limit.chance and pick.random() < limit.chance:
                key = f'{name}["{pick.choice(limit.values)}"]' if limit.values else name
                keys.append((key, pick.choice(limit.costs) if len(limit.costs) > 1 else 1))
        return text_of(tuple(keys)) if keys else None

    def report(self, batch: CommitBatch) -> None:
        """Some attempts end, and some are reported as ended once more."""
        pick = self.random
        alive = sorted(self.alive)
        pick.shuffle(alive)
        jobs = tables_of(self.store).jobs
        ending = alive[: pick.choice([0, 1, 2, 9])]
        for attempt in ending:
            job = jobs.get(attempt.seq)
            if job is None:
                self.alive.remove(attempt)
                continue
            if job.state != "running" or job.attempt != attempt.number:
                batch.ended.append((job.id, attempt.number))
                continue
            kind = pick.random()
            if kind < 0.6:
                state = pick.choice(["succeeded", "succeeded", "failed"])
                batch.finishes.append(
                    finish(attempt.seq, attempt.number, state=state, finished_at=self.now, delete_at=self.now + 2)
                )
            elif kind < 0.8:
                self.not_before[attempt.seq] = self.now + pick.random()
                due_at = self.not_before[attempt.seq]
                batch.requeues.append(requeue(attempt.seq, attempt.number, state="waiting", due_at=due_at))
            else:
                batch.requeues.append(requeue(attempt.seq, attempt.number))
        named = {attempt.seq for attempt in attempts_of(batch)}
        for attempt in self.old:
            if attempt not in self.alive and attempt.seq not in named and pick.random() < 0.3:
                named.add(attempt.seq)
                batch.finishes.append(finish(attempt.seq, attempt.number, state="succeeded", finished_at=self.now))
        self.old = ending

    def rooms(self, free: Callable[[], int]) -> list[Room]:
        return [Room(name, partitions, free() if name in self.attached else 0) for name, partitions in WORKERS]

    # commits

    def commit(self, batch: CommitBatch, rooms: list[Room], purge: Purge | None, *, fails: bool = False) -> CommitResult:
        changes: dict[str, Any] = {
            "keep": 100.0, "budget": self.budget, "purge": purge, "turns": {"fair": PARTITIONS}, "domains": self.domains,
            "served": self.served,
        }  # fmt: skip
        rules = MeasuredPromises(
            **(self.operators.take(batch, rooms) | changes), fails=fails, look=lambda: tables_of(self.store),
            declared=self.operators.declared,
        )  # fmt: skip
        batch.rules = rules
        batch.reactions = Reactions(self.now, 100.0, self.budget, goes_on=self.goes_on, key_of=key_of)
        batch.claims = [Claim(room.worker, tuple(sorted(room.partitions)), room.free, self.now) for room in rooms]
        before = tables_of(self.store)
        result = self.store.commit(batch)
        self.goes_on = result.more
        self.operators.committed(rules, result)
        self.tables = after = tables_of(self.store)
        self.check_counts(batch, result, before, after)
        self.check_turns(after, before)  # of each commit: a key that a purge forgot may come again with the next one
        if batch.prune is not None:
            self.prune_after = result.prune_after or 0
        if rules.expected is not None:
            assert result.admitted is not None
            self.check_admitted(rules.expected, result.admitted, after)
        assert rules.units <= self.budget, ("units", rules.units)
        return result

    def commit_all(
        self, batch: CommitBatch, rooms: list[Room], purge: Purge | None = None, *, is_busy: bool = False
    ) -> list[int]:
        """Commit until nothing is left; take from the rooms what was started, and return it.  is_busy: other moves come meanwhile."""
        ended = attempts_of(batch)
        started: list[int] = []
        for _ in range(500):
            result = self.commit(batch, rooms, purge)
            self.results.append((
                result.claimed, result.moved, result.answers, result.admitted, result.more, result.next_wake_us, result.ruled,
                result.purge_after, result.errors, result.aliases, result.next_sweep, result.pruned_of, result.prune_after,
            ))  # fmt: skip
            if purge is not None:
                self.purge_after = result.purge_after or ""
            self.alive -= ended
            if batch.ended:
                seqs = {job.id: seq for seq, job in self.tables.jobs.items()}
                self.alive -= {Attempt(seqs[id], number) for id, number in batch.ended if id in seqs}
            for number, claimed in enumerate(result.claimed):
                assert len(claimed) <= rooms[number].free
                rooms[number] = rooms[number]._replace(free=rooms[number].free - len(claimed))
                for row in claimed:
                    started.append(row.seq)
                    attempt = Attempt(row.seq, row.attempt)
                    self.alive.add(attempt)
                    self.taken[attempt] = self.costs(row.partition, self.tables.jobs[row.seq].keys)
                    paused = self.operators.closed.keys() & dict(self.taken[attempt])
                    assert not paused, ("it started under a pause", row.seq, paused)
                    for key, _ in self.taken[attempt]:
                        self.started_at_us[key].append(int(self.now * 1e6))
            self.check_order(self.tables, [row.seq for claimed in result.claimed for row in claimed])
            if not result.more:
                self.starts += len(started)
                return started
            batch, purge = CommitBatch(), None
            if is_busy and self.random.random() < 0.5:
                self.report(batch)
                self.ask(batch)
            ended = attempts_of(batch)
        raise AssertionError("it never ends")

    # the end

    def finish_all(self) -> None:
        """Resume everything, let all attempts end, and retry what failed until all have succeeded: nothing is left."""
        self.now += 1
        self.attached = {name for name, _ in WORKERS}
        self.operators.resume_all()
        self.commit_all(CommitBatch(), [])
        end_together(self, [])
        left = [job for job in tables_of(self.store).jobs.values() if job.state in ("ready", "waiting", "running")]
        assert not [job for job in left if job.state != "waiting" or not job.pending], ("not ended", left)
        for _ in range(100):
            failed = [seq for seq, job in tables_of(self.store).jobs.items() if job.state in ("failed", "cancelled", "expired")]
            if not failed:
                break
            self.now += 1  # keys that are held for a time are free again
            end_together(self, [RetryJob(tables_of(self.store).jobs[seq].id) for seq in sorted(failed)])
        tables = tables_of(self.store)
        assert {job.state for job in tables.jobs.values()} <= {"succeeded"}, "all parents have succeeded, and jobs wait"
        assert not tables.lanes
        assert not tables.permits
        assert not [gate for gate in tables.gates.values() if gate.used or gate.blocked]
        self.purge_all()
        for key, times in self.started_at_us.items():
            name = limit_of(key)
            seconds, most = (self.operators.most(name) if name in LIMITS else None) or (0.0, UNBOUNDED)
            for first in times if most < UNBOUNDED else ():
                inside = sum(first <= time < first + seconds * 1e6 for time in times)
                assert inside <= most, ("too many starts", key, inside)

    def purge_all(self) -> None:
        """When all is paid back, a walk through the gates leaves nothing but the turns of partitions."""
        self.now += 100 + max(limit.most[0] for limit in LIMITS.values() if limit.most is not None)
        after: str | None = ""
        while after is not None:
            self.purge_after = after
            after = self.commit(CommitBatch(), [], Purge(after, 2)).purge_after
        left = [gate for gate in tables_of(self.store).gates.values() if gate.limit != TURN]
        assert not left, ("not as new when all is paid back", left)

    def wait(self) -> bool:
        """Go on to when something is due; return whether anything is."""
        tables = tables_of(self.store)
        times = [
            job.due_at for job in tables.jobs.values() if job.state == "waiting" and job.due_at is not None and not job.pending
        ]
        times += [gate.wakes_at_us / 1e6 + 1e-6 for gate in tables.gates.values() if gate.wakes_at_us is not None]
        self.now = max(self.now, min(times, default=self.now))
        return bool(times)


def attempts_of(batch: CommitBatch) -> set[Attempt]:
    """Return the attempts that a batch says have ended, of jobs that run."""
    ended = {Attempt(row.seq, row.attempt) for row in batch.finishes}
    return ended | {Attempt(row.seq, row.attempt) for row in batch.requeues}
