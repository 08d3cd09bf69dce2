"""Jobs that wait for others in the lives of `promise_model`: which they are, and what must hold of them by the tables alone."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING
from uuid import UUID

from support.promise_tables import tables_of
from support.rows import finish, id_of, new_job
from taskbahn_router.core.lifecycle import Event
from taskbahn_router.core.reactions import FAIL, GO_ON, HAS_CHILDREN, HAS_PARENTS, HELD, HOLD, OPEN, PASSED_ON, SATISFIED, NewEdge
from taskbahn_router.core.rows import Room
from taskbahn_router.core.unique_keys import ACTIVE, JOIN, KEPT, QUEUED, REFUSE, REPLACE, NewKey
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import Sweep

if TYPE_CHECKING:
    import random

    from support.promise_model import Run
    from support.promise_tables import PromiseTables
    from taskbahn_router.core.reactions import Edge
    from taskbahn_router.stores.contract import CommitResult
    from taskbahn_router.stores.rows import NewJob, RetryJob

POLICIES = (FAIL, FAIL, FAIL, "skip", "none", HOLD)
ENDED = ("failed", "cancelled", "expired")


def some_edges(pick: random.Random, new: list[NewJob], last_seq: int) -> list[NewEdge]:
    """Let some new jobs wait for older ones, or for others of the same batch, by seq or by id; seldom for one that there is not.

    None waits for an id that it has itself or that comes later, as submissions see to it: jobs that wait in a circle never start.
    """
    edges = []
    ids = {job.seq: job.id for job in new}
    for index, job in enumerate(new):
        later = {one.id for one in new[index:]}
        if job.seq == 1 or pick.random() >= 0.4:
            continue
        for position in range(pick.choice([1, 1, 1, 2, 3])):
            parent = pick.randint(max(1, job.seq - 9), job.seq - 1)
            if pick.random() < 0.4:
                parent = max(1, (job.seq - 1) // 8 * 8)  # these have many children
            elif pick.random() < 0.03:
                parent = last_seq + 1000
            name = id_of(parent) if pick.random() < 0.3 else parent
            if later.isdisjoint({name, ids.get(parent)}):
                edges.append(NewEdge(job.seq, name, position, pick.choice(POLICIES)))
    return edges


ARGUMENTS = new_job(1).packed


def some_keys(pick: random.Random, new: list[NewJob]) -> list[NewKey]:
    """Let some new jobs ask for unique keys; one whose id comes again asks for the same key. All have the same arguments, or say not."""
    during = (ACTIVE, ACTIVE, QUEUED, KEPT, 0.4)
    same = (None, None, None, ARGUMENTS.__eq__, "other".__eq__)
    return [
        NewKey(
            job.seq,
            f"u{job.id[-1] % 4}",
            pick.choice(during),
            pick.choice([JOIN, JOIN, REFUSE, REPLACE]),
            job.packed,
            pick.choice(same),
        )
        for job in new
        if pick.random() < 0.25
    ]


class EdgeChecks:
    """The invariants of edges; the driver says which jobs wait again since they were retried by hand."""

    now: float
    reopened: set[int]
    not_before: dict[int, float]  # when jobs are due

    def check_edges(self, tables: PromiseTables, before: PromiseTables) -> None:
        assert not tables.duties, ("left over", tables.duties)
        assert {row.seq for row in tables.unique.values()} | set(tables.aliases.values()) <= tables.jobs.keys(), (
            "of jobs that are gone"
        )
        assert tables.aliases.keys().isdisjoint(job.id for job in tables.jobs.values()), "an id that means two jobs"
        pending: Counter[int] = Counter()
        for edge in tables.edges.values():
            self.check_edge(edge, tables)
            pending[edge.child] += edge.state != SATISFIED
        for job in tables.jobs.values():
            assert job.pending == pending[job.seq], ("pending", job, pending[job.seq])
            assert job.state not in ("ready", "running") or not job.pending, ("it should wait", job)
            assert job.state != "waiting" or job.pending or job.due_at is not None, ("it should be ready", job)
        for edge in before.edges.values():
            child = tables.jobs.get(edge.child)
            assert child is None or child.state == "succeeded" or edge.parent in tables.jobs, ("a parent is gone", edge)

    def check_edge(self, edge: Edge, tables: PromiseTables) -> None:
        parent, child = tables.jobs[edge.parent], tables.jobs.get(edge.child)
        assert parent.flags & HAS_CHILDREN
        assert child is None or child.flags & HAS_PARENTS
        if parent.state == "succeeded":
            expected = {SATISFIED}
        elif parent.state in ENDED:
            expected = {SATISFIED if edge.policy in GO_ON else PASSED_ON if edge.policy == FAIL else HELD}
        else:
            expected = {OPEN, SATISFIED} if edge.policy in GO_ON else {OPEN}  # one that let the child go on stays satisfied
        assert edge.state in expected, ("edge", edge, parent)
        if child is not None and child.state == "waiting" and edge.state == PASSED_ON:
            assert child.seq in self.reopened, ("it should have failed", edge, child)

    def check_counts(self, batch: CommitBatch, result: CommitResult, before: PromiseTables, after: PromiseTables) -> None:
        """Counting by what a commit says gives the ready jobs that there are, as the dispatcher counts them."""
        waits = result.admitted.pending if result.admitted is not None else {}
        left_out = result.duplicates | (result.admitted.refused if result.admitted is not None else set())
        ready = Counter(job.partition for job in before.jobs.values() if job.state == "ready")
        for job in (*batch.new, *(job for jobs in batch.submissions for job in jobs)):
            ready[job.partition] += job.seq not in left_out and job.state == "ready" and not waits.get(job.seq)
        for row in batch.requeues:
            ready[before.jobs[row.seq].partition] += row.state == "ready"
        for move in result.moved:
            ready[move.partition] += (move.after == "ready") - (move.before == "ready")
            self.check_move(move.seq, move.event, result, after)
        for claimed in result.claimed:
            ready.subtract(row.partition for row in claimed)
        assert +ready == Counter(job.partition for job in after.jobs.values() if job.state == "ready"), "ready jobs"

    def check_move(self, seq: int, event: Event, result: CommitResult, tables: PromiseTables) -> None:
        if event is Event.REOPEN:
            self.reopened.add(seq)
        if event in (Event.REOPEN, Event.RETRY_BY_HAND):
            self.not_before.pop(seq, None)
        if event is Event.DUE:
            assert self.not_before.get(seq, 0.0) <= self.now, ("ready before its time", seq)
        if event is Event.PARENT_FAILED:
            self.reopened.discard(seq)
            parents = {str(UUID(bytes=tables.jobs[edge.parent].id)) for edge in tables.edges.values() if edge.child == seq}
            error = json.loads(result.errors[seq])
            assert error["parent"] in parents
            assert error["parent"] in error["message"]


def end_together(run: Run, retries: list[RetryJob]) -> None:
    """Retry some jobs by hand, then let attempts succeed as long as any start."""
    for _ in range(4000):
        batch = CommitBatch(sweep=Sweep(run.now, 1000, 100.0), retries=retries)
        retries = []
        jobs = tables_of(run.store).jobs
        for attempt in sorted(run.alive):
            job = jobs.get(attempt.seq)
            if job is None:
                run.alive.remove(attempt)
            elif (job.state, job.attempt) == ("running", attempt.number):
                batch.finishes.append(finish(attempt.seq, attempt.number, finished_at=run.now))
            else:
                batch.ended.append((job.id, attempt.number))
        before = tables_of(run.store)
        started = run.commit_all(batch, [Room("w", frozenset({1, 2, 3}), 5)])
        run.check_edges(tables_of(run.store), before)
        if not started and not run.alive and not run.wait():
            break
