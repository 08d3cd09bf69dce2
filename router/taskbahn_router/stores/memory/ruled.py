"""How the memory store has a batch ruled, as SQLite's does: it reads what the rules need and writes what they decide."""

from __future__ import annotations

from bisect import bisect_right
from heapq import nsmallest
from itertools import chain, groupby, islice
from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.core.reactions import IS_GROUP
from taskbahn_router.core.rows import GateUse, Head, Holder, LaneId, Permit, ReadyJob, Rows, Touched, costs_of
from taskbahn_router.stores.driving import applicants, drive

if TYPE_CHECKING:
    from taskbahn_router.core.rows import Admitted, After, Gate, Lane, Need, Rules, Ruling, Spot, Start
    from taskbahn_router.stores.contract import CommitBatch, CommitResult
    from taskbahn_router.stores.memory.tables import Key, Tables


class RuledPart:
    """The part of one transaction that rules decide."""

    def __init__(self, tables: Tables, result: CommitResult, rules: Rules) -> None:
        self.rules = rules
        self._tables = tables
        self._result = result

    def admit(self, batch: CommitBatch) -> Admitted:
        """Have the rules admit submissions."""
        tables = self._tables
        known = tables.seqs.keys() | tables.aliases.keys()
        for job in chain.from_iterable(batch.submissions):
            if job.id in tables.aliases:
                self._result.aliases[job.seq] = tables.records[tables.aliases[job.id]].new.id
        return drive(self.rules.admit(applicants(batch, known), self._touched(batch)), self._answer)

    def decide(self, batch: CommitBatch, units: int) -> Ruling:
        """Have the rules decide, and write lanes, gates and permits; *units*: of work that was done before."""
        touched = self._touched(batch)
        touched.units = units
        ruling = drive(self.rules.run(touched), self._answer)
        tables = self._tables
        for lane in ruling.lanes:
            tables.put(tables.lanes, lane.id, lane)
        for id in ruling.gone_lanes:
            tables.drop(tables.lanes, id)
        for gate in ruling.gates:
            tables.put(tables.gates, gate.key, gate)
        for key in ruling.gone_gates:
            tables.drop(tables.gates, key)
        for permit in ruling.permits:
            tables.drop(tables.permits, permit[:2])
        return ruling

    def keep_permit(self, start: Start, attempt: int) -> None:
        """Keep what a job holds that was started."""
        if start.held is not None:
            self._tables.put(self._tables.permits, (start.seq, attempt), Permit(start.seq, attempt, start.held))

    def _touched(self, batch: CommitBatch) -> Touched:
        tables, hung = self._tables, self.rules.hung
        seqs = (
            [job.seq for job in chain(batch.new, *batch.submissions)]
            + [row.seq for row in batch.requeues]
            + [move.seq for move in self._result.moved]
        )
        touched = Touched()
        for seq in sorted(set(seqs)):
            record = tables.records.get(seq)
            if record is None or (record.new.keys is None and record.new.partition not in hung):
                continue
            new = record.new
            if record.state == State.READY:
                touched.ready.append(ReadyJob(seq, new.partition, new.keys or "", new.priority))
            else:
                touched.left.add((new.partition, new.keys or ""))
        ended = [(row.seq, row.attempt) for row in batch.finishes] + [(row.seq, row.attempt) for row in batch.requeues]
        ended += [(tables.seqs[id], attempt) for id, attempt in batch.ended if id in tables.seqs]
        touched.ended = [tables.permits[one] for one in dict.fromkeys(ended) if one in tables.permits]
        return touched

    def _answer(self, need: Need) -> Rows:
        tables = self._tables
        rows = Rows()
        rows.lanes = [tables.lanes[id] for id in need.lanes if id in tables.lanes]
        rows.gates = [tables.gates[key] for key in need.gates if key in tables.gates]
        rows.open = [lane for after in need.open for lane in self._lanes(None, after)[: need.most]]
        for key in need.before:
            before = sorted(
                (lane for lane in tables.lanes.values() if lane.blocked == key), key=lambda lane: (lane.partition, lane.order)
            )
            rows.before += [
                lane for _, lanes in groupby(before, lambda lane: lane.partition) for lane in list(lanes)[: need.most]
            ]
        rows.before_after = [lane for key, after in need.before_after for lane in self._lanes(key, after)[: need.most]]
        rows.plain = [head for line, rank, seq in need.plain for head in self._heads((line, ""), rank, seq, need.heads)]
        rows.jobs = [head for line, keys, rank, seq in need.jobs for head in self._heads((line, keys), rank, seq, need.heads)]
        if need.due is not None:
            due = ((gate.wakes_at_us, gate.key) for gate in tables.gates.values() if gate.wakes_at_us is not None)
            rows.due = [tables.gates[key] for at, key in sorted(due)[: need.most] if at <= need.due]
        for name, after in need.limits:
            found = sorted(key for key, gate in tables.gates.items() if gate.limit == name and gate.blocked and key > after)
            rows.limits += [tables.gates[key] for key in found[: need.most]]
        if need.next_gates is not None:
            behind = (key for key in tables.gates if key > need.next_gates)
            rows.next_gates = [tables.gates[key] for key in nsmallest(need.most, behind)]
        if need.lanes_of:
            wanted = set(need.lanes_of)
            rows.lanes_of = list(islice((lane for lane in tables.lanes.values() if lane.partition in wanted), need.most))
        if need.lanes_with or need.counts or need.oldest or need.holders or need.named or need.unique or need.groups_of:
            self._answer_admission(need, rows)
        return rows

    def _answer_admission(self, need: Need, rows: Rows) -> None:
        tables = self._tables
        for id in need.groups_of:
            after = tables.edges.get(tables.seqs.get(id, 0), {})
            groups = (tables.flagged(child) for child, position in after if position >= 0 and child in tables.records)
            found = next((group for group in groups if group.flags & IS_GROUP), None)
            rows.groups |= {} if found is None else {id: found}
        if need.lanes_with:
            wanted = set(need.lanes_with)
            keyed = ((key, *id) for id in tables.lanes if id[1] for key, _ in costs_of(id[1]))
            rows.lanes_with = [row for row in keyed if row[0] in wanted]
        rows.counts = [min(need.most, len(self._ready(spot))) for spot in need.counts]
        for spot in need.oldest:
            jobs = (tables.records[seq].new for seq in nsmallest(need.most, (seq for _, seq in self._ready(spot))))
            rows.oldest += [ReadyJob(job.seq, job.partition, job.keys or "", job.priority) for job in jobs]
        seqs = {name: tables.meant(name) or 0 if isinstance(name, bytes) else name for name in need.named}
        rows.named = {name: tables.flagged(seq) for name, seq in seqs.items() if seq in tables.records}
        rows.unique = tables.holders(need.unique)
        if need.holders:
            holding = (permit for _, permit in sorted(tables.permits.items()))
            having = [permit for permit in holding if not dict(costs_of(permit.keys)).keys().isdisjoint(need.holders)]
            rows.holders = [Holder(*permit, is_alive=self._runs(permit)) for permit in having]

    def _ready(self, spot: Spot) -> list[Key]:
        tables = self._tables
        return tables.ready.get(spot.partition, []) if spot.keys is None else tables.queues.get((spot.partition, spot.keys), [])

    def _runs(self, permit: Permit) -> bool:
        record = self._tables.records.get(permit.seq)
        return record is not None and (record.state, record.attempt) == (State.RUNNING, permit.attempt)

    def _lanes(self, blocked: str | None, after: After) -> list[Lane]:
        """Return the lanes of a partition that are open, or before a gate, behind one."""
        lanes = (lane for lane in self._tables.lanes.values() if (lane.partition, lane.blocked) == (after.partition, blocked))
        return sorted((lane for lane in lanes if lane.order > after.order), key=lambda lane: lane.order)

    def _heads(self, id: LaneId, rank: int, seq: int, most: int) -> list[Head]:
        keys = self._tables.queues.get(id, [])
        first = bisect_right(keys, (rank, seq))
        return [
            Head(*id, -int(rank), seq, self._tables.records[seq].expires_at) for rank, seq in keys[first : first + most]
        ]  # fmt: skip


def gates_in_use(tables: Tables, now_us: int, most: int, most_jobs: int) -> list[GateUse]:
    """Return the gates that are in use or have lanes before them, the fullest of each limit first."""
    used = [
        gate
        for gate in tables.gates.values()
        if not gate.limit.startswith("@")
        and (gate.used or gate.blocked or gate.time_us > now_us or (gate.paused_until_us or 0) > now_us)
    ]
    used.sort(key=lambda gate: (gate.limit, -gate.used, -gate.time_us, -gate.blocked, gate.key))
    found: list[GateUse] = []
    for _, group in groupby(used, lambda gate: gate.limit):
        gates = list(group)
        found += [GateUse(gate, len(gates), *jobs_before(tables, gate, most_jobs)) for gate in gates[:most]]
    return found


def jobs_before(tables: Tables, gate: Gate, most: int) -> tuple[int, float | None]:
    """Return how many ready jobs the lanes before a gate have, up to *most*, and when the first of them was accepted."""
    lanes = (tables.queues.get(lane.id, ()) for lane in tables.lanes.values() if lane.blocked == gate.key)
    seqs = [seq for _, seq in islice(chain.from_iterable(lanes), most)]
    return len(seqs), tables.records[min(seqs)].new.created_at if seqs else None
