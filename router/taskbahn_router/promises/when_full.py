"""What becomes of new jobs of a limit that says `when_full`: counted in the commit, job by job.

A key is full when the permits in use, the costs of its ready jobs and the cost of the new one are more than the limit. A job that waits for
a time asks for no place and is not counted, until it is ready. What ends up ready over the limit waits for its permit as under
any limit.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from taskbahn.protocol.limit_fields import CANCEL_NEWEST, CANCEL_OLDEST, REFUSE
from taskbahn.protocol.states import State
from taskbahn_router.core.rows import Need, Refusal, Spot, costs_of, limit_of
from taskbahn_router.core.unique_keys import REPLACE

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence

    from taskbahn_router.core.rows import Applicant, Costs, ReadyJob, Rows, Touched
    from taskbahn_router.promises.admissions import Decisions
    from taskbahn_router.promises.engine import Promises
    from taskbahn_router.promises.limits import Limit


class Place(NamedTuple):
    """A job that counts: it runs, or is ready."""

    seq: int
    costs: Costs
    runs: bool


@dataclass(slots=True)
class Places:
    """The jobs of one key, as they are after the entries that were decided so far."""

    limit: Limit
    running: int = 0  # permits in use
    ready: int = 0  # costs of ready jobs, counted far enough
    ending: int = 0  # permits in use by attempts whose jobs were cancelled
    jobs: list[Place] = field(default_factory=list)  # by seq; read only if the oldest may have to go
    gone: int = 0  # how many of `jobs` have gone

    @property
    def capacity(self) -> int:
        """Return how many permits there are."""
        return int(self.limit.options)

    def lacks(self, cost: int) -> int:
        """Return how much there is too little room for one more job; 0 or less: it has a place."""
        return self.running + self.ready + cost - self.capacity


class WhenFull:
    """Decides about the jobs of one commit that ask for a place; what reads is a generator of `Need`."""

    name = "when_full"
    is_link = False

    def __init__(self, promises: Promises) -> None:
        self._limits = promises.limits
        self._hung = promises.hung
        self._places: dict[str, Places] = {}
        self._may_go = 0  # how many jobs may go at most: for a place, or for their unique keys
        self._followed = 0  # how many of the jobs that were cancelled for their unique keys are taken into account

    def read(self, jobs: Sequence[Applicant], touched: Touched) -> Generator[Need, Rows, None]:
        """Count what runs and what is ready, as it is after the moves of the batch."""
        asked: Counter[str] = Counter()
        for job in jobs:
            if job.is_ready:
                asked.update(dict(self._counted(self._costs(job.partition, job.keys))))
        if not asked:
            return
        self._may_go = asked.total() + sum(job.unique is not None and job.unique.conflict == REPLACE for job in jobs)
        self._places = {key: Places(self._limits[limit_of(key)]) for key in asked}
        rows = yield Need(gates=sorted(asked), lanes_with=sorted(asked))
        for gate in rows.gates:
            self._places[gate.key].running = gate.used
        for permit in touched.ended:
            for key, cost in costs_of(permit.keys):
                if key in self._places:
                    self._places[key].running -= cost
        spots = self._spots(rows.lanes_with, touched.ready)
        yield from self._read_ready(spots)
        yield from self._read_oldest(spots, asked, {permit[:2] for permit in touched.ended})

    def _costs(self, partition: int, keys: str) -> Costs:
        return self._hung.get(partition, ()) + (costs_of(keys) if keys else ())

    def _counted(self, costs: Costs) -> list[tuple[str, int]]:
        """Return the keys whose limits count their jobs."""
        return [(key, cost) for key, cost in costs if (limit := self._limits.get(limit_of(key))) and limit.counts]

    def _spots(self, lanes: Iterable[tuple[str, int, str]], ready: Iterable[ReadyJob]) -> dict[str, dict[Spot, int]]:
        """Return where the ready jobs of each key are, and what each costs there."""
        spots: dict[str, dict[Spot, int]] = {key: {} for key in self._places}
        new = ((key, job.partition, job.keys) for job in ready if job.keys for key, _ in costs_of(job.keys))
        for key, partition, keys in (*lanes, *new):
            if key in spots:
                spots[key][Spot(partition, keys)] = dict(costs_of(keys))[key]
        for partition, costs in self._hung.items():
            for key, cost in costs:
                if key in spots:
                    spots[key][Spot(partition, None)] = cost
        return spots

    def _read_ready(self, spots: Mapping[str, Mapping[Spot, int]]) -> Generator[Need, Rows, None]:
        """Count ready jobs so far that whatever goes meanwhile, what was not counted changes no decision."""
        wanted = [(key, spot, cost) for key, places in spots.items() for spot, cost in places.items()]
        if not wanted:
            return
        most = max(one.capacity for one in self._places.values()) + self._may_go + 1
        rows = yield Need(counts=[spot for _, spot, _ in wanted], most=most)
        for (key, _, cost), count in zip(wanted, rows.counts, strict=True):
            self._places[key].ready += cost * count

    def _read_oldest(
        self, spots: Mapping[str, Mapping[Spot, int]], asked: Counter[str], ended: set[tuple[int, int]]
    ) -> Generator[Need, Rows, None]:
        """Read which jobs may have to go."""
        over = [
            key for key, one in self._places.items()
            if one.limit.when_full == CANCEL_OLDEST and one.lacks(0) + asked[key] > 0 and one.running + one.ready
        ]  # fmt: skip
        if not over:
            return
        wanted = list(dict.fromkeys(spot for key in over for spot in spots[key]))
        rows = yield Need(holders=over, oldest=wanted, most=self._may_go)
        runs = {job.seq: Place(job.seq, costs_of(job.keys), runs=True) for job in rows.holders if job.is_alive}
        ready = {job.seq: Place(job.seq, self._costs(job.partition, job.keys), runs=False) for job in rows.oldest}
        ending = [job for job in rows.holders if not job.is_alive and job[:2] not in ended]
        for key in over:
            one = self._places[key]
            one.jobs = [job for job in (*runs.values(), *ready.values()) if key in dict(job.costs)]
            one.jobs.sort()
            one.ending = sum(dict(costs_of(job.keys)).get(key, 0) for job in ending)

    # deciding

    def admit(self, job: Applicant, decisions: Decisions) -> Refusal | None:
        """Find a job its place, unless it waits for something else; return the limit that refuses it."""
        if not self._places:  # no job of the commit asks for one
            return None
        self._follow(decisions)
        costs = self._costs(job.partition, job.keys)
        counted = self._counted(costs) if job.is_ready else []
        full = {key: cost for key, cost in counted if self._places[key].lacks(cost) > 0}
        for key in full:
            one = self._places[key]
            if one.limit.when_full == REFUSE:
                return Refusal(job.seq, one.limit.name, key, one.capacity, one.running, one.ready)
        for key in full:
            if self._places[key].limit.when_full == CANCEL_NEWEST:
                decisions.cancel(job.seq, self._sentence(key, "the new job was cancelled"))
                return None
        for key, cost in full.items():
            self._make_place(key, cost, decisions)
        for key, cost in counted:
            self._count(key, cost, decisions)
            self._join(self._places[key], Place(job.seq, costs, runs=False), decisions)
        return None

    def _follow(self, decisions: Decisions) -> None:
        """Count without the jobs that were cancelled for their unique keys."""
        for holder in decisions.replaced[self._followed :]:
            runs = holder.state == State.RUNNING
            if runs or holder.state == State.READY:
                self._leave(Place(holder.row.seq, self._costs(holder.partition, holder.keys), runs), decisions)
        if len(decisions.replaced) > self._followed:
            decisions.undo(partial(setattr, self, "_followed", self._followed))
            self._followed = len(decisions.replaced)

    @staticmethod
    def _join(one: Places, job: Place, decisions: Decisions) -> None:
        """Put a job where it belongs: one of the same commit may have a later seq, and be ready since its time has come."""
        index = bisect(one.jobs, job, one.gone)
        one.jobs.insert(index, job)
        decisions.undo(partial(one.jobs.pop, index))

    def _make_place(self, key: str, cost: int, decisions: Decisions) -> None:
        """Cancel the oldest jobs of a key, as long as a new one lacks a place and has not freed as much as it costs."""
        one, freed = self._places[key], 0
        while one.gone < len(one.jobs) and freed < cost and one.lacks(cost) > one.ending:
            oldest = one.jobs[one.gone]
            one.gone += 1
            decisions.undo(partial(setattr, one, "gone", one.gone - 1))
            if oldest.seq not in decisions.admitted.cancelled:
                freed += dict(oldest.costs)[key]
                decisions.cancel(oldest.seq, self._sentence(key, "a newer job took the place of this one"))
                self._leave(oldest, decisions)

    def _leave(self, job: Place, decisions: Decisions) -> None:
        """A job that was cancelled counts no more, or until its attempt has ended."""
        for key, cost in job.costs:
            if key not in self._places:
                continue
            if job.runs:
                one = self._places[key]
                decisions.undo(partial(setattr, one, "ending", one.ending))
                one.ending += cost
            else:
                self._count(key, -cost, decisions)

    def _count(self, key: str, cost: int, decisions: Decisions) -> None:
        one = self._places[key]
        decisions.undo(partial(setattr, one, "ready", one.ready))
        one.ready += cost

    def _sentence(self, key: str, what: str) -> str:
        one = self._places[key]
        return f"{one.limit.named(key)} of {one.capacity:,} is full ({one.running:,} run, {one.ready:,} wait): {what}"
