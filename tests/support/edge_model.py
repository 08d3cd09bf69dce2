"""Jobs that wait for others in the lives of `promise_model`: which they are, and what must hold of them by the tables alone."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import TYPE_CHECKING
from uuid import UUID

from support.promise_tables import tables_of
from support.rows import finish, id_of, new_job
from taskbahn_router.core.lifecycle import Event
from taskbahn_router.core.reactions import (
    ASKS_KEY,
    DROPPED,
    FAIL,
    GO_ON,
    HAS_CHILDREN,
    HAS_PARENTS,
    HELD,
    HOLD,
    OPEN,
    PASSED_ON,
    SATISFIED,
    NewEdge,
    NewMember,
)
from taskbahn_router.core.rows import Room
from taskbahn_router.core.unique_keys import ACTIVE, FOLLOW, JOIN, KEPT, QUEUED, REFUSE, REPLACE, NewKey
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import Sweep

if TYPE_CHECKING:
    from support.promise_model import Run
    from support.promise_tables import JobState, PromiseTables
    from taskbahn_router.core.reactions import Edge
    from taskbahn_router.core.unique_keys import Member
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


def some_keys(pick: random.Random, new: list[NewJob], edges: list[NewEdge]) -> list[NewKey]:
    """Let some new jobs ask for unique keys; one whose id comes again asks for the same key. All have the same arguments, or say not."""
    during = (ACTIVE, ACTIVE, QUEUED, KEPT, 0.4)
    same = (None, None, None, ARGUMENTS.__eq__, "other".__eq__)
    waiting = {edge.child for edge in edges}
    found = []
    for job in new:
        if pick.random() < 0.25:
            key, its = f"u{job.id[-1] % 4}", pick.choice(during)
            if job.seq not in waiting and job.id == id_of(job.seq) and pick.random() < 0.3:  # one that members ask for
                found.append(NewKey(job.seq, f"m{1 + job.id[-1] % 2}", pick.choice((ACTIVE, QUEUED, 0.4)), JOIN, job.packed))
            else:
                found.append(NewKey(job.seq, key, its, pick.choice([JOIN, JOIN, REFUSE, REPLACE]), job.packed, pick.choice(same)))
    return found


def some_members(pick: random.Random, edges: list[NewEdge], new: set[int], others: set[int]) -> list[NewMember]:
    """Let some new jobs with edges be members that ask for keys when they are ready, but for *others*."""
    linked = {one for edge in edges for one in (edge.child, edge.parent) if isinstance(one, int)}
    return [NewMember(seq, None, ASKS_KEY) for seq in sorted(linked & new - others) if pick.random() < 0.4]


def key_of(_: int, member: Member) -> NewKey | None:
    """Return the key for which a member asks, always the same. A key that is kept is joined only, or no retry would ever end well."""
    pick = random.Random(member.seq)
    key = f"m{pick.randrange(3)}"
    if key == "m0":
        return None if pick.random() < 0.2 else NewKey(0, key, KEPT, JOIN, member.packed)
    return NewKey(0, key, pick.choice((ACTIVE, ACTIVE, QUEUED, 0.4)), pick.choice((JOIN, JOIN, REFUSE, REPLACE)), member.packed)


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
            pending[edge.child] += edge.state != SATISFIED and edge.policy != FOLLOW
        for job in tables.jobs.values():
            if job.flags & ASKS_KEY:
                self.check_member(job, pending[job.seq], tables)
            else:
                assert job.pending == pending[job.seq], ("pending", job, pending[job.seq])
            assert job.state not in ("ready", "running") or not job.pending, ("it should wait", job)
            assert job.state != "waiting" or job.pending or job.due_at is not None, ("it should be ready", job)
        for edge in before.edges.values():
            child = tables.jobs.get(edge.child)
            assert child is None or child.state == "succeeded" or edge.parent in tables.jobs, ("a parent is gone", edge)

    @staticmethod
    def check_member(job: JobState, pending: int, tables: PromiseTables) -> None:
        """A member has its key, or waits for more than that, or follows one job that has not ended."""
        follows = [edge for edge in tables.edges.values() if edge.child == job.seq and edge.policy == FOLLOW]
        assert len(follows) <= 1, ("it follows two jobs", follows)
        assert job.pending in ((0, 1) if not pending else (pending + 1,)), ("pending", job, pending)
        if job.state == "waiting" and job.pending == 1:
            assert [edge.state for edge in follows] == [OPEN], ("it should have asked for its key", job, follows)
        if job.state in ("ready", "running") and follows:
            raise AssertionError(("it runs and follows", job, follows))

    @staticmethod
    def check_follow(edge: Edge, tables: PromiseTables) -> None:
        parent, child = tables.jobs[edge.parent], tables.jobs.get(edge.child)
        assert edge.state in {"succeeded": (SATISFIED, DROPPED)}.get(
            parent.state, (DROPPED,) if parent.state in ENDED else (OPEN,)
        )
        assert child is None or edge.state != SATISFIED or child.state == "succeeded", ("it has no outcome", edge, child)

    def check_edge(self, edge: Edge, tables: PromiseTables) -> None:
        parent, child = tables.jobs[edge.parent], tables.jobs.get(edge.child)
        assert parent.flags & HAS_CHILDREN
        assert child is None or child.flags & HAS_PARENTS
        if edge.policy == FOLLOW:
            self.check_follow(edge, tables)
            return
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
            if tables.jobs[seq].flags & ASKS_KEY and "parent" not in error:
                assert error["type"] == "Duplicate" or error["joined"]["id"] in parents, error
                return
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
