"""The phases of a commit with promises: what moved is booked into lanes and gates, then jobs start.

The store makes the moves of the batch first and says what they touched, from the rows that moved.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from taskbahn_router.core.rows import NOT_RESUMED_US, Gate, Lane, Need, Rows, Ruling, Touched, costs_of, limit_of
from taskbahn_router.promises.admissions import Admissions
from taskbahn_router.promises.choose import FIRST_JOB, Choosing, heads_needed, turn_of
from taskbahn_router.promises.elder import Elders
from taskbahn_router.promises.overlay import LaneState, Overlay
from taskbahn_router.promises.purge import purge_gates
from taskbahn_router.promises.rooms import Rooms

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Generator, Iterable, Mapping, Sequence

    from taskbahn_router.core.rows import Admitted, Applicant, Costs, Head, LaneId, Permit, Purge, ReadyJob, Room
    from taskbahn_router.promises.limits import Limit

THREAD_BUDGET = 500  # units of one commit on the store's thread
LOOP_BUDGET = 16  # on the event loop
DROPPED = "@dropped"  # the gates that keep which keys were dropped from partitions while lanes are before them
CHANGED = "@changed"  # the gates that keep how far the change of a limit has come, in `reason`


class Pause(NamedTuple):
    """Operators hold a key until a time, or let it go (None)."""

    key: str
    until_us: int | None = NOT_RESUMED_US
    reason: str | None = None


@dataclass(slots=True)
class Promises:
    """What the dispatcher gives with a batch; fulfils `core.rows.Rules`. `now` is taken again at every try."""

    now: float  # seconds
    limits: Mapping[str, Limit]
    rooms: Sequence[Room] = ()
    keep: float = 0.0  # seconds for which a job is kept that did not start in time
    budget: int = THREAD_BUDGET
    hung: Mapping[int, Costs] = field(default_factory=dict)  # keys of all jobs of a partition
    rehung: Sequence[int] = ()  # partitions on which other keys hang than before
    dropped: Sequence[str] = ()  # keys that hung on some of them
    changed: Sequence[str] = ()  # names of limits that may let more through than before
    pauses: Sequence[Pause] = field(default_factory=tuple)
    counts: bool = True  # whether some limit counts its jobs
    counted: Sequence[str] = ()  # names of limits that count their jobs from now on
    purge: Purge | None = None
    turns: Mapping[str, Collection[int]] = field(default_factory=dict)  # the partitions of each limit of fair turns, for a purge
    domains: Mapping[str, str] = field(default_factory=dict)  # of limits, by their names, for the elder rule
    served: Collection[Container[int]] | None = None  # the partitions of each worker that takes jobs; None: all are served

    def admit(self, submissions: Sequence[Sequence[Applicant]], touched: Touched) -> Generator[Need, Rows, Admitted]:
        """Decide about new jobs, in order, each entry of a submission as a whole."""
        return Admissions(self).admit(submissions, touched)

    def run(self, touched: Touched) -> Generator[Need, Rows, Ruling]:
        """Decide: ask for rows, and return what to write."""
        return _Commit(self).run(touched)


class _Commit:
    """One transaction."""

    def __init__(self, promises: Promises) -> None:
        self.promises = promises
        self.now_us = int(promises.now * 1_000_000)
        self.overlay = Overlay(promises.limits, promises.hung, self.now_us)
        self.ruling = Ruling()

    def run(self, touched: Touched) -> Generator[Need, Rows, Ruling]:
        promises, overlay, ruling = self.promises, self.overlay, self.ruling
        ruling.units = touched.units
        yield from self._pause(promises.pauses)
        yield from self._release(touched.ended)
        if promises.rehung:
            yield from self._hang(promises.rehung)
        if touched.ready or touched.left:
            yield from self._book(touched)
        dropped = yield from self._due()
        elders = Elders(overlay, promises.domains, promises.served)
        choosing = Choosing(overlay, Rooms(promises.rooms), elders, ruling, promises.now, promises.budget, dropped)
        yield from choosing.run()
        self._keep_dropped(dropped, choosing.leftover)
        yield from overlay.settle(choosing.leftover, choosing.costs, choosing.kept_until_us)
        if promises.purge is not None:
            ruling.purge_after = yield from purge_gates(overlay, promises.purge, promises.turns)
        ruling.lanes, ruling.gone_lanes = overlay.changed_lanes()
        if promises.counts:
            ruling.lane_keys, ruling.gone_lane_keys = overlay.changed_lane_keys()
        ruling.gates, ruling.gone_gates = overlay.changed_gates()
        return ruling

    def _pause(self, pauses: Sequence[Pause]) -> Generator[Need, Rows, None]:
        yield from self.overlay.load_gates(pause.key for pause in pauses)
        for key, until_us, reason in pauses:
            gate = self.overlay.gates[key]
            self.overlay.gates[key] = gate._replace(paused_until_us=until_us, reason=reason)
            self.overlay.check.add(key)

    def _release(self, ended: Sequence[Permit]) -> Generator[Need, Rows, None]:
        """Give back what attempts held that have ended."""
        overlay, alike = self.overlay, Counter([permit.keys for permit in ended])
        yield from overlay.load_gates(key for keys in alike for key, _ in costs_of(keys))
        for keys, count in alike.items():
            for key, cost in costs_of(keys):
                gate = overlay.gates[key]
                overlay.gates[key] = gate._replace(used=max(0, gate.used - cost * count))
                overlay.check.add(key)
        self.ruling.permits = list(ended)

    def _hang(self, partitions: Sequence[int]) -> Generator[Need, Rows, None]:
        """Give the plain jobs of partitions with keys a lane, and take it from the others."""
        overlay = self.overlay
        rows = yield Need(lanes=[(id, "") for id in partitions], plain=[(id, *FIRST_JOB) for id in partitions], heads=1)
        known = {row.id: overlay.add(row) for row in rows.lanes}
        heads = {head.partition: head for head in rows.plain}
        for id in partitions:
            lane, head = overlay.lanes.get((id, "")) or known.get((id, "")), heads.get(id)
            if lane is None and head is not None and id in overlay.hung:
                overlay.add(Lane(id, "", -head.priority, 0, head.seq, None), is_stored=False)
            elif lane is not None and id not in overlay.hung:
                overlay.check.update(key for key, _ in lane.costs)
                overlay.remove(lane)
                self.ruling.more = True  # its jobs start with the next commit

    def _keep_dropped(self, dropped: set[str], leftover: set[str]) -> None:
        """Keep in mind which keys still have lanes before them that do not have them any more."""
        for key in dropped:
            name = f"{DROPPED}[{key}]"
            self.overlay.gates[name] = Gate(name, DROPPED, wakes_at_us=0 if key in leftover else None)

    def _due(self) -> Generator[Need, Rows, set[str]]:
        """Check the gates whose time has come, and those of limits that changed, a page at a time; return the keys that were dropped."""
        overlay, ruling, page = self.overlay, self.ruling, max(1, self.promises.budget)
        rows = yield Need(due=self.now_us, most=page)
        ruling.more = ruling.more or len(rows.due) == page
        overlay.absorb_gates(rows.due, ())
        begun = {f"{CHANGED}[{name}]" for name in self.promises.changed}
        yield from overlay.load_gates(sorted(begun))
        for key in begun:
            overlay.gates[key] = overlay.gates[key]._replace(reason=None)
        due = {gate.key for gate in rows.due}
        changes = begun | {key for key in due if limit_of(key) == CHANGED}
        left = {key for key in due if limit_of(key) == DROPPED}
        dropped = {*self.promises.dropped, *(key[len(DROPPED) + 1 : -1] for key in left)}
        yield from overlay.load_gates(f"{DROPPED}[{key}]" for key in sorted(dropped))
        overlay.check |= (due - changes - left) | dropped
        for key in sorted(changes):
            yield from self._change(key, page)
        return dropped

    def _change(self, key: str, page: int) -> Generator[Need, Rows, None]:
        """Check the next gates of a limit that changed; what is left is for the next commit."""
        overlay = self.overlay
        gate = overlay.gates[key]
        rows = yield Need(limits=[(key[len(CHANGED) + 1 : -1], gate.reason or "")], most=page)
        overlay.absorb_gates(rows.limits, ())
        overlay.check |= {found.key for found in rows.limits}
        is_cut = len(rows.limits) == page
        self.ruling.more = self.ruling.more or is_cut
        overlay.gates[key] = gate._replace(reason=rows.limits[-1].key, wakes_at_us=0) if is_cut else Gate(key, CHANGED)

    def _book(self, touched: Touched) -> Generator[Need, Rows, None]:
        """Bring the lanes up to date from which jobs went, and to which jobs came."""
        overlay, best = self.overlay, best_of(touched.ready)
        rows = yield Need(lanes=sorted(touched.left | best.keys()))
        stored = {row.id: row for row in rows.lanes}
        for id in touched.left & stored.keys():
            overlay.add(stored[id])
        left = [overlay.lanes[id] for id in sorted(touched.left) if id in overlay.lanes]
        if left:
            rows = yield heads_needed([lane.id for lane in left], 1)
            heads = {(head.partition, head.keys): head for head in (*rows.jobs, *rows.plain)}
            for lane in left:
                self._leave(lane, heads.get(lane.id))
        new: list[LaneState] = []
        for job in best.values():
            self._join(job, stored, new)
        yield from self._begin_turns(new)

    def _leave(self, lane: LaneState, head: Head | None) -> None:
        """A lane lost a job; *head* is its best one now."""
        overlay = self.overlay
        overlay.check.update(key for key, _ in lane.costs)
        if head is None:
            overlay.remove(lane)
        elif (-head.priority, head.seq) != lane.best:
            lane.begin_with(head.priority, head.seq)
            overlay.enqueue(lane)

    def _join(self, job: ReadyJob, stored: Mapping[LaneId, Lane], new: list[LaneState]) -> None:
        """A job came to its lane; a better head than before may be better than what holds the wake of its gate."""
        overlay, id, best = self.overlay, (job.partition, job.keys), (-job.priority, job.seq)
        known = overlay.lanes.get(id)
        if known is None and (row := stored.get(id)) is not None:
            if best > (row.rank, row.head):
                return  # the lane is as before, and in memory only if another part looks at it
            known = overlay.add(row)
        if known is None or known.is_gone:
            row = Lane(job.partition, job.keys, -job.priority, 0, job.seq, None)
            lane = LaneState(row, overlay.hung.get(job.partition, ()), is_stored=False)
            lane.stored = known.stored if known is not None else None
            overlay.put(lane)
            new.append(lane)
        elif best < known.best:
            known.begin_with(job.priority, job.seq)
            if known.blocked is not None:
                overlay.check.add(known.blocked)
            overlay.enqueue(known)

    def _begin_turns(self, lanes: list[LaneState]) -> Generator[Need, Rows, None]:
        """A new lane takes its turn where its partition is, and not before those of its keys that had more."""
        overlay = self.overlay
        turns = {lane: overlay.turns(lane) for lane in lanes}
        fair = {lane: [turn_of(lane.partition), *keys] for lane, keys in turns.items() if keys}
        yield from overlay.load_gates(key for keys in fair.values() for key in keys)
        for lane, keys in fair.items():
            lane.virtual_time = max(overlay.gates[key].virtual_time for key in keys)
        for lane in lanes:
            overlay.enqueue(lane)


def best_of(jobs: Iterable[ReadyJob]) -> dict[LaneId, ReadyJob]:
    """Return the best of the jobs that came to each lane: the others change nothing."""
    found: dict[LaneId, ReadyJob] = {}
    for job in jobs:
        id = (job.partition, job.keys)
        known = found.get(id)
        if known is None or (-job.priority, job.seq) < (-known.priority, known.seq):
            found[id] = job
    return found
