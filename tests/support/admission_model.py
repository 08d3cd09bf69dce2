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
    states: dict[int | bytes, str]  # of stored jobs, by seq and by id
    ids: set[bytes] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    duplicates: set[int] = field(default_factory=set)
    cancelled: list[int] = field(default_factory=list)

    def copy(self) -> World:
        held = [Held(job.seq, job.costs, job.runs, job.is_cancelled) for job in self.held]
        return World(held, self.states, set(self.ids), set(self.refused), set(self.duplicates), list(self.cancelled))

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
) -> World:
    """Return what must become of submissions; *tables*: after the moves of their batch."""
    ended = {permit[:2] for permit in touched.ended}
    states: dict[int | bytes, str] = {seq: job.state for seq, job in tables.jobs.items()}
    world = World([], states | {job.id: job.state for job in tables.jobs.values()})
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
        if all(_admits(after, job, declared, costs(job.partition, job.keys)) for job in jobs):
            world = after
        else:
            world.refused.update(job.seq for job in jobs)
    return world


def _admits(world: World, job: Applicant, declared: Mapping[str, Mapping[str, Any]], costs: Costs) -> bool:
    if job.is_known or job.id in world.ids:
        world.duplicates.add(job.seq)
        return True
    parents = [world.states.get(edge.parent, "new" if edge.parent in world.ids else "") for edge in job.after]
    return all(parents) and _finds_place(
        world, job, declared, costs, is_ready=job.is_ready and all(state == "succeeded" for state in parents)
    )


def _finds_place(
    world: World, job: Applicant, declared: Mapping[str, Mapping[str, Any]], costs: Costs, *, is_ready: bool
) -> bool:
    full = defaultdict(list)
    for key, cost in costs if is_ready else ():
        limit = declared[limit_of(key)]
        if limit["kind"] == "concurrency" and world.size(key) + cost > limit["limit"]:
            full[limit["when_full"]].append((key, cost, limit["limit"]))
    if full["refuse"]:
        return False
    world.ids.add(job.id)
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
    if is_ready:
        world.held.append(Held(job.seq, costs, runs=False))
    return True
