"""What must hold in a store with promises, as far as its tables tell."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from support.elder_checks import ElderChecks
from support.promise_limits import COSTLY, HELD, TIMED
from taskbahn_router.core.rows import GateUse, HeldJob, costs_of, limit_of
from taskbahn_router.promises.choose import turn_of

if TYPE_CHECKING:
    from support.admission_model import World
    from support.promise_tables import PromiseTables
    from taskbahn_router.core.rows import Admitted, Costs, Gate, Lane, Room
    from taskbahn_router.stores.contract import Store

TURNED = (1, 2, 3)  # partitions with fair turns
UNBOUNDED = 1 << 30


class Attempt(NamedTuple):
    """An attempt as its worker knows it."""

    seq: int
    number: int


class Checks(ElderChecks):
    """The invariants; the driver says what the tables cannot know."""

    now: float
    budget: int
    alive: set[Attempt]  # attempts whose worker has not said that they ended
    taken: dict[Attempt, Costs]  # keys of attempts at their start

    def check(self, tables: PromiseTables, before: PromiseTables, rooms: list[Room]) -> None:
        self.check_permits(tables, before)
        self.check_pauses(tables)
        self.check_lanes(tables)
        self.check_elders(tables, before)
        served = set().union(*(room.partitions for room in rooms if room.free))
        for lane in tables.lanes.values():
            self.check_lane(tables, lane, served)
        plain = {
            job.partition for job in tables.jobs.values() if job.state == "ready" and not job.keys
        } - self.operators.hung.keys()
        assert not plain & served, ("a plain job should have started", plain & served)

    def check_permits(self, tables: PromiseTables, before: PromiseTables) -> None:
        held: Counter[str] = Counter()
        for permit in tables.permits:
            assert Attempt(permit.seq, permit.attempt) in self.alive, ("a permit of an attempt that ended", permit)
            held.update(dict(costs_of(permit.keys)))
        truth: Counter[str] = Counter()
        for attempt in self.alive:
            truth.update({key: cost for key, cost in self.taken[attempt] if limit_of(key) in HELD})
        assert held == truth, ("held", held, truth)
        declared = self.operators.declared
        used = Counter({key: gate.used for key, gate in tables.gates.items() if gate.used})
        assert used == held, ("used", used, held)
        for key, count in used.items():
            was = before.gates[key].used if key in before.gates else 0
            assert count <= max(declared[limit_of(key)]["limit"], was), ("more than allowed", key, count)

    def check_pauses(self, tables: PromiseTables) -> None:
        closed = {key: gate.paused_until_us for key, gate in tables.gates.items() if self.is_paused(tables, key)}
        assert closed == self.operators.closed, ("paused", closed, self.operators.closed)

    def check_turns(self, tables: PromiseTables, before: PromiseTables) -> None:
        """A gate of fair turns goes when no lane has its key, and is not behind where it was when its key comes again."""
        waiting = {key for id in tables.lanes for key, _ in self.costs(*id)}
        turns = [gate.virtual_time if (gate := tables.gates.get(turn_of(id))) else 0 for id in TURNED]
        for key, gate in before.gates.items():
            if gate.limit == "fair" and gate.virtual_time and key not in tables.gates:
                assert key not in waiting, ("a key that waits lost its turn", key)
                assert gate.virtual_time <= min(turns), ("a turn that has not passed is forgotten", gate, turns)

    @staticmethod
    def check_admitted(expected: World, admitted: Admitted, tables: PromiseTables) -> None:
        """Submissions became what they had to, and of the refused ones nothing is left."""
        joined = {seq: alias.seq for seq, alias in admitted.aliases.items()}
        found = admitted.refused, admitted.duplicates, sorted(admitted.cancelled), joined
        wanted = expected.refused, expected.duplicates, sorted(expected.cancelled), expected.joined
        assert found == wanted, ("admission", found, wanted)
        keys = {key: row[1:4] for key, row in tables.unique.items() if not key.startswith("m")}  # members got those later
        wanted_keys = {key: row for key, row in expected.keys.items() if not key.startswith("m")}
        assert keys == wanted_keys, ("unique keys", keys, wanted_keys)
        assert admitted.refused.isdisjoint(tables.jobs), "a job that was refused is stored"
        states = {tables.jobs[seq].state for seq in admitted.cancelled}
        assert states <= {"cancelled"}, ("not cancelled", states)

    def check_held(self, store: Store, tables: PromiseTables) -> None:
        """What a reader says of the jobs that limits hold is what the tables say."""
        reader = store.reader()
        try:
            ids = {row.seq: row.id for row in reader.rows(list(tables.jobs))}
            found = {job.seq: job for job in reader.held(sorted(tables.jobs), 3, 2)}
        finally:
            reader.close()
        expected = {}
        for job in tables.jobs.values():
            lane = tables.lanes.get((job.partition, job.keys or "")) if job.state == "ready" else None
            if lane is None or lane.blocked is None:
                continue
            alike = [one for one in tables.jobs.values() if one.state == "ready" and (one.partition, one.keys or "") == lane.id]
            ahead = sum((-one.priority, one.seq) < (-job.priority, job.seq) for one in alike)
            having = [permit.seq for permit in tables.permits if lane.blocked in dict(costs_of(permit.keys))]
            holders = tuple(ids[seq] for seq in having[:2])
            expected[job.seq] = HeldJob(job.seq, lane.keys, tables.gates[lane.blocked], min(3, ahead), holders)
        assert found == expected

    def check_uses(self, store: Store, tables: PromiseTables) -> list[GateUse]:
        """What a reader says of the gates in use is what the tables say; return it."""
        reader, now_us = store.reader(), int(self.now * 1e6)
        try:
            found = reader.gates_in_use(now_us, 2, 3)
        finally:
            reader.close()
        used: dict[str, list[Gate]] = {}
        for gate in tables.gates.values():
            is_paused = gate.paused_until_us is not None and gate.paused_until_us > now_us
            if not gate.limit.startswith("@") and (gate.used or gate.blocked or gate.time_us > now_us or is_paused):
                used.setdefault(gate.limit, []).append(gate)
        for use in found:
            jobs = tables.before(use.gate.key)
            assert (use.jobs, use.keys) == (min(3, len(jobs)), len(used[use.gate.limit]))
            accepted = {job.seq: job.created_at for job in jobs}
            if len(jobs) > 3:
                assert use.oldest in accepted.values()
            else:
                assert use.oldest == (accepted[min(accepted)] if accepted else None)
            assert use.gate in used[use.gate.limit]
        assert Counter(use.gate.limit for use in found) == {name: min(2, len(gates)) for name, gates in used.items()}
        return [use._replace(oldest=None) for use in found]  # of more jobs than are counted, each store counts others

    def check_stalled(self, store: Store, tables: PromiseTables) -> None:
        """The gates that a reader says some attempts hold up are those of which they have all permits."""
        reader = store.reader()
        try:
            ids = {row.seq: row.id for row in reader.rows([permit.seq for permit in tables.permits])}
            permits = [permit for permit in tables.permits if permit.seq in ids]
            for asked in (permits, permits[::2]):
                found = reader.stalled([(ids[permit.seq], permit.attempt) for permit in asked], 3)
                expected = {}
                for gate in tables.gates.values():
                    holding = [permit for permit in tables.permits if gate.key in dict(costs_of(permit.keys))]
                    if gate.blocked and holding and all(permit in asked for permit in holding):
                        expected[gate.key] = sorted((ids[permit.seq], permit.attempt) for permit in holding)
                assert {one.gate.key: sorted(one.holders) for one in found} == expected
                for one in found:
                    assert one.gate == tables.gates[one.gate.key]
                    assert one.jobs == min(3, len(tables.before(one.gate.key)))
                    assert one.oldest in {job.created_at for job in tables.before(one.gate.key)}
        finally:
            reader.close()

    def check_lanes(self, tables: PromiseTables) -> None:
        heads: dict[tuple[int, str], tuple[int, int]] = {}
        hung = self.operators.hung
        for job in tables.jobs.values():
            if job.state == "ready" and (job.keys or job.partition in hung):
                id = job.partition, job.keys or ""
                heads[id] = min(heads.get(id, (UNBOUNDED, 0)), (-job.priority, job.seq))
        counting = self.operators.counting
        keyed = {(key, *id) for id in tables.lanes if id[1] for key, _ in costs_of(id[1]) if limit_of(key) in counting}
        kept = {row for row in tables.lane_keys if limit_of(row[0]) in counting}
        assert keyed == kept, ("lanes of a key", keyed ^ kept)
        found = {id: (lane.rank, lane.head) for id, lane in tables.lanes.items()}
        assert heads == found, ("lanes", set(heads.items()) ^ set(found.items()))
        blocked = Counter(lane.blocked for lane in tables.lanes.values() if lane.blocked is not None)
        assert blocked == Counter({key: gate.blocked for key, gate in tables.gates.items() if gate.blocked}), "lanes before gates"

    def check_lane(self, tables: PromiseTables, lane: Lane, served: set[int]) -> None:
        costs = self.costs(*lane.id)
        is_open = all(self.is_open(tables, key, cost, lane) for key, cost in costs)
        if is_open and lane.partition in served:
            assert self.is_behind(tables, lane), ("it should have started", lane)
        if lane.blocked is None:
            return
        cost = dict(costs)[lane.blocked]
        if self.is_open(tables, lane.blocked, cost, lane):
            assert self.is_carried(tables, lane) or self.is_behind(tables, lane), ("a lost wake-up", lane)
        elif self.is_timed(tables, lane.blocked) and not self.is_open(tables, lane.blocked, cost):
            gate = tables.gates[lane.blocked]
            assert gate.wakes_at_us is not None, ("no wake-up", lane, gate)

    def is_timed(self, tables: PromiseTables, key: str) -> bool:
        """Return whether time opens a closed gate."""
        until = tables.gates[key].paused_until_us
        if until is not None and until > self.now * 1e6:
            return until < 1 << 62
        return limit_of(key) in TIMED

    def is_carried(self, tables: PromiseTables, lane: Lane) -> bool:
        """Return whether an open lane of the partition that has the key comes before."""
        return any(
            one.blocked is None
            and one.partition == lane.partition
            and one.order < lane.order
            and lane.blocked in dict(self.costs(*one.id))
            for one in tables.lanes.values()
        )

    def is_behind(self, tables: PromiseTables, lane: Lane) -> bool:
        """Return whether a better lane of the partition waits before the same gate for more than there is of it."""
        return any(
            one.blocked == lane.blocked and lane.blocked is not None and one.partition == lane.partition and one.order < lane.order
            and not self.is_open(tables, lane.blocked, dict(self.costs(*one.id))[lane.blocked], one)
            for one in tables.lanes.values()
        )  # fmt: skip

    def check_order(self, tables: PromiseTables, started: list[int]) -> None:
        """No better head could have had what a worse job of this commit took."""
        if self.budget != UNBOUNDED:
            return
        for lane in tables.lanes.values():
            names = {limit_of(key) for key, _ in self.costs(*lane.id)}
            if names & {"fair", *COSTLY, *TIMED}:
                continue
            worse = [
                job for job in map(tables.jobs.__getitem__, started)
                if job.partition == lane.partition and (-job.priority, job.seq) > (lane.rank, lane.head) and "fair" not in (job.keys or "")
            ]  # fmt: skip
            if not worse:
                continue
            taken: Counter[str] = Counter()
            for job in worse:
                taken.update(dict(self.taken[Attempt(job.seq, job.attempt)]))
            gates = {key: gate._replace(used=gate.used - taken[key]) for key, gate in tables.gates.items()}
            could = all(self.is_open(tables._replace(gates=gates), key, cost, lane) for key, cost in self.costs(*lane.id))
            assert not could, ("a worse job took what this one needed", lane, worse)
