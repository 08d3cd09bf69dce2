"""What must hold of the elder rule, as far as the tables tell: what is kept for the elder of a domain, and that it helps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from support.promise_limits import HELD, TIMED
from taskbahn_router.core.rows import Gate, costs_of, limit_of
from taskbahn_router.promises import elder

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence
    from random import Random

    from support.operators import Operators
    from support.promise_tables import PromiseTables
    from taskbahn_router.core.rows import Costs, Lane

ROW = "@elder"
MOST = 4  # lanes that a row names
CONNECTED = (("g", "k", "c", "h", "f", "r", "rg", "hr"), ("g", "k", "c", "h"), ("f", "r", "rg", "hr"))


class Kept(NamedTuple):
    """What the row of a domain says: what is kept for its first lane, and which lanes were passed over."""

    row: Gate
    keeps: dict[str, int]
    passed: list[
        tuple[int, str, int, int, str, int | None]
    ]  # partition, keys, rank, head, the gate that it waits for, since when

    def lane(self, tables: PromiseTables) -> Lane | None:
        """Return the elder."""
        return tables.lanes.get(self.passed[0][:2]) if self.keeps else None


def connected(pick: Random) -> dict[str, str]:
    """Return domains: all limits in one, in two, or some of them in one."""
    parts = pick.choice([CONNECTED[:1], CONNECTED[:1], CONNECTED[1:], CONNECTED[1:2], ()])
    return {name: min(names) for names in parts for name in names}


def kept_in(tables: PromiseTables) -> Iterator[Kept]:
    """Return what the rows of all domains say."""
    for gate in tables.gates.values():
        if gate.limit == ROW:
            keeps, passed = json.loads(gate.reason or "[[],[]]")
            yield Kept(gate, dict(keeps), [tuple(one) for one in passed])


class ElderChecks:
    """The invariants; the driver says what the tables cannot know."""

    now: float
    operators: Operators
    domains: Mapping[str, str]

    @property
    def served(self) -> Sequence[Container[int]]:
        """The partitions of each worker that is attached."""
        raise NotImplementedError

    def costs(self, partition: int, keys: str | None) -> Costs:
        """Return the keys of a job or lane, those of its partition first."""
        return self.operators.hung.get(partition, ()) + (costs_of(keys) if keys else ())

    def kept_before(self, tables: PromiseTables, lane: Lane, key: str) -> int:
        """Return how much of a key is kept for an elder that is better than a lane."""
        most = 0
        for kept in kept_in(tables):
            first = kept.lane(tables)
            if first is not None and key in kept.keeps:
                same = first.partition == lane.partition
                is_worse = lane.order > first.order if same else (lane.rank, lane.head) > (first.rank, first.head)
                most = max(most, kept.keeps[key] if is_worse else 0)
        return most

    def is_paused(self, tables: PromiseTables, key: str) -> bool:
        gate = tables.gates.get(key)
        return gate is not None and gate.paused_until_us is not None and gate.paused_until_us > int(self.now * 1e6)

    def is_open(self, tables: PromiseTables, key: str, cost: int, lane: Lane | None = None) -> bool:
        """Return whether a gate has room for a cost, for a lane with what is kept for a better one."""
        if self.is_paused(tables, key):
            return False
        kept = self.kept_before(tables, lane, key) if lane is not None else 0
        name, now_us = limit_of(key), int(self.now * 1e6)
        gate = tables.gates.get(key) or Gate(key, name)
        if name not in TIMED:
            return name not in HELD or self.operators.declared[name]["limit"] - gate.used >= cost + kept
        limit = self.operators.limit(name)
        assert limit.opens_us is not None
        is_open = limit.opens_us(gate, now_us) <= now_us
        return is_open and (not kept or (limit.taken is not None and limit.opens_us(limit.taken(gate, now_us), now_us) <= now_us))

    def may_open(self, key: str, cost: int) -> bool:
        """Return whether a limit ever lets a cost through."""
        return limit_of(key) not in HELD or self.operators.declared[limit_of(key)]["limit"] >= cost

    def check_elders(self, tables: PromiseTables, before: PromiseTables) -> None:
        """Each row is looked at in time, and what it keeps helps the best of those that were passed over for long enough."""
        for kept in kept_in(tables):
            row, now_us = kept.row, int(self.now * 1e6)
            aged = [one for one in kept.passed if one[5] is not None and now_us - one[5] >= elder.ELDER_US]
            assert 0 < len(kept.passed) <= MOST, ("lanes that were passed over", kept)
            assert (row.wakes_at_us is not None) == any(one[5] is not None for one in kept.passed), ("no wake-up", kept)
            assert row.wakes_at_us is None or row.wakes_at_us > now_us, ("not looked at in time", kept)
            assert bool(kept.keeps) or not aged, ("it should be the elder", kept)
            if kept.keeps and row != before.gates.get(row.key):  # else it may be of before a change that did not touch it
                self.check_elder(tables, kept, aged)

    def check_elder(self, tables: PromiseTables, kept: Kept, aged: list[tuple[int, str, int, int, str, int | None]]) -> None:
        lane = kept.lane(tables)
        assert lane is not None, ("an elder that is gone", kept)
        assert kept.passed[0] in aged, ("it was not passed over for long", kept)
        assert (lane.rank, lane.head) <= kept.passed[0][2:4], ("another job is the elder", kept)
        assert any(lane.partition in one for one in self.served), ("an elder without workers", kept)
        costs, name = self.costs(*lane.id), kept.row.key[len(ROW) + 1 : -1]
        for key, cost in costs:
            assert not self.is_paused(tables, key), ("an elder that is paused", kept)
            assert self.may_open(key, cost), ("an elder that may not start", kept)
        own = {key: cost for key, cost in costs if self.domains.get(limit_of(key)) == name}
        timed = {key: cost for key, cost in own.items() if limit_of(key) not in HELD}
        expected = own if all(self.is_open(tables, key, cost) for key, cost in timed.items()) else timed
        assert len(own) > 1, ("an elder under one limit", kept)
        assert kept.keeps == expected, ("kept", kept, expected)
