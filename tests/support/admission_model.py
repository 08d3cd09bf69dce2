"""What becomes of submissions under limits that count their jobs, worked out the long way: job by job, over all jobs that there are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taskbahn_router.core.rows import costs_of, limit_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from support.promise_tables import PromiseTables
    from taskbahn_router.core.rows import Applicant, Costs, Touched


ALIVE = ("waiting", "ready", "running")


@dataclass
class Held:
    """A job that has places."""

    seq: int
    costs: Costs
    runs: bool
    is_cancelled: bool = False


@dataclass
class World:
    """The jobs that have places, and what was decided so far."""

    held: list[Held]
    states: dict[int | bytes, str]  # of stored jobs, by seq and by the ids that mean them; of new ones too
    ids: set[bytes] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    duplicates: set[int] = field(default_factory=set)
    cancelled: list[int] = field(default_factory=list)
    keys: dict[str, tuple[int, str, int | None]] = field(default_factory=dict)  # unique key -> seq, during, until
    joined: dict[int, int] = field(default_factory=dict)  # seq of a new job -> that of the job that it joined
    now_us: int = 0

    def copy(self) -> World:
        held = [Held(job.seq, job.costs, job.runs, job.is_cancelled) for job in self.held]
        return World(
            held,
            dict(self.states),
            set(self.ids),
            set(self.refused),
            set(self.duplicates),
            list(self.cancelled),
            dict(self.keys),
            dict(self.joined),
            self.now_us,
        )

    def state(self, seq: int) -> str:
        return "cancelled" if seq in self.cancelled else self.states.get(seq, "")

    def cancel(self, seq: int) -> None:
        """Cancel a job for its unique key."""
        self.cancelled.append(seq)
        for job in self.held:
            if job.seq == seq:
                job.is_cancelled = True

    def size(self, key: str, *, without_cancelled: bool = False) -> int:
        """Return what jobs take of a key; a cancelled one that ran counts until its attempt has ended."""
        counted = (job for job in self.held if (job.runs and not without_cancelled) or not job.is_cancelled)
        return sum(dict(job.costs).get(key, 0) for job in counted)


def decided(
    tables: PromiseTables,
    touched: Touched,
    submissions: Sequence[Sequence[Applicant]],
    declared: Mapping[str, Mapping[str, Any]],
    costs: Callable[[int, str | None], Costs],
    now: float,
) -> World:
    """Return what must become of submissions; *tables*: after the moves of their batch."""
    ended = {permit[:2] for permit in touched.ended}
    states: dict[int | bytes, str] = {seq: job.state for seq, job in tables.jobs.items()}
    ids = {job.id: job.state for job in tables.jobs.values()}
    world = World([], states | ids | {id: states[seq] for id, seq in tables.aliases.items()})
    world.now_us = int(now * 1e6)
    world.keys = {key: (row.seq, row.during, row.until_us) for key, row in tables.unique.items()}
    for permit in tables.permits:
        if permit[:2] not in ended:
            job = tables.jobs[permit.seq]
            is_alive = job.state == "running" and job.attempt == permit.attempt
            world.held.append(Held(permit.seq, costs_of(permit.keys), runs=True, is_cancelled=not is_alive))
    for job in tables.jobs.values():
        if job.state == "ready":
            world.held.append(Held(job.seq, costs(job.partition, job.keys), runs=False))
    for jobs in submissions:
        after = world.copy()
        is_admitted = all(_admits(after, job, declared, costs(job.partition, job.keys)) for job in jobs)
        if is_admitted and all(_has_parents(after, job) for job in jobs):
            world = after
        else:
            world.refused.update(job.seq for job in jobs)
    return world


def _admits(world: World, job: Applicant, declared: Mapping[str, Mapping[str, Any]], costs: Costs) -> bool:
    if job.is_known or job.id in world.ids:
        world.duplicates.add(job.seq)
        return True
    world.ids.add(job.id)
    if job.unique is not None:
        seq, during, until = world.keys.get(job.unique.key, (0, "", None))
        state = world.state(seq)
        holds = {
            "active": state in ALIVE,
            "queued": state in ("waiting", "ready"),
            "kept": True,
            "time": (until or 0) > world.now_us,
        }
        if seq and holds[during]:
            if job.unique.is_same is not None and not job.unique.is_same(job.unique.packed):
                return False
            if job.unique.conflict == "join":
                world.joined[job.seq] = seq
                world.duplicates.add(job.seq)
                world.states[job.id] = state
                return True
            if job.unique.conflict == "refuse":
                return False
            if state in ALIVE:
                world.cancel(seq)
        lasts = job.unique.during
        words = (lasts, None) if isinstance(lasts, str) else ("time", world.now_us + int(lasts * 1e6))
        world.keys[job.unique.key] = (job.seq, *words)
    world.states[job.seq] = world.states[job.id] = "ready" if _asks(job) else "waiting"
    return _finds_place(world, job, declared, costs)


def _asks(job: Applicant) -> bool:
    """Return whether a job asks for a place: it waits for no time and for no other job."""
    return job.is_ready and not job.after


def _has_parents(world: World, job: Applicant) -> bool:
    """Return whether all jobs are there that a job waits for: of before, or anywhere in its entry."""
    return job.seq in world.duplicates or all(edge.parent in world.states for edge in job.after)


def _finds_place(world: World, job: Applicant, declared: Mapping[str, Mapping[str, Any]], costs: Costs) -> bool:
    """Return whether no limit refuses a job."""
    full = defaultdict(list)
    for key, cost in costs if _asks(job) else ():
        limit = declared.get(limit_of(key), {})  # pauses are none
        if limit.get("kind") == "concurrency" and world.size(key) + cost > limit["limit"]:
            full[limit.get("when_full", "wait")].append((key, cost, limit["limit"]))
    if full["refuse"]:
        return False
    if full["cancel_newest"]:
        world.cancelled.append(job.seq)
        return True
    for key, cost, limit in full["cancel_oldest"]:
        freed = 0
        oldest = sorted((one for one in world.held if key in dict(one.costs) and not one.is_cancelled), key=lambda one: one.seq)
        for one in oldest:
            if freed < cost and world.size(key, without_cancelled=True) + cost > limit:
                one.is_cancelled = True
                world.cancelled.append(one.seq)
                freed += dict(one.costs)[key]
    if _asks(job):
        world.held.append(Held(job.seq, costs, runs=False))
    return True
