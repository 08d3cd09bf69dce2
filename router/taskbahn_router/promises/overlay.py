"""The lanes and gates of one transaction: as the store has them, and as the engine has changed them so far."""

from __future__ import annotations

from collections import Counter, deque
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from taskbahn_router.core.rows import After, Costs, Gate, Head, Lane, LaneId, Need, Order, Rows, costs_of, limit_of
from taskbahn_router.promises.limits import Limit, is_paused
from taskbahn_router.promises.registry import undeclared

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

FIRST: Order = (-(1 << 62), 0, 0)  # before every lane
LAST: Order = (1 << 62, 0, 0)  # behind every lane
PAGE_LANES = 32

LaneKey = tuple[str, int, str]  # key, partition, keys
Best = tuple[int, int]  # rank and seq: what comes first is least


class LaneState:
    """A lane as it is now. `heads` are its first jobs, as far as they were read, its head first.

    id: which it is.  order: where it comes among the lanes of its partition.
    """

    __slots__ = ("blocked", "costs", "heads", "id", "is_gone", "is_read_out", "keys", "order", "partition", "stored")

    def __init__(self, lane: Lane, hung: Costs, *, is_stored: bool) -> None:
        self.partition, self.keys, rank, virtual_time, head, self.blocked = lane
        self.id: LaneId = (self.partition, self.keys)
        self.order: Order = (rank, virtual_time, head)
        self.costs = hung + costs_of(lane.keys) if lane.keys else hung
        self.stored = lane if is_stored else None
        self.heads: deque[Head] = deque()
        self.is_read_out = False  # no jobs come behind `heads`
        self.is_gone = False

    def __lt__(self, other: LaneState) -> bool:
        """Say that no lane comes first of two entries of a heap with the same order: they are of the same lane."""
        return False

    @property
    def virtual_time(self) -> int:
        """Where it is in fair turns."""
        return self.order[1]

    @virtual_time.setter
    def virtual_time(self, value: int) -> None:
        rank, _, head = self.order
        self.order = (rank, value, head)

    @property
    def best(self) -> Best:
        """Return where its head comes among all jobs: by priority, then by seq."""
        rank, _, head = self.order
        return rank, head

    def begin_with(self, priority: int, seq: int) -> None:
        """Let another job be its head."""
        self.order = (-priority, self.order[1], seq)

    def row(self) -> Lane:
        """Return it as it is to be stored."""
        return Lane(self.partition, self.keys, *self.order, self.blocked)


class LaneQueue:
    """Lanes of one partition in order: those in memory, and behind which the store may have more.

    blocked: the key of the gate before which its lanes are; None: they are open.
    """

    __slots__ = ("after", "blocked", "entries")

    def __init__(self, blocked: str | None, after: Order | None) -> None:
        self.entries: list[tuple[Order, LaneState]] = []
        self.after = after  # None: all were read
        self.blocked = blocked

    def push(self, lane: LaneState) -> None:
        """Put a lane in, where it belongs now; an entry of where it was does no harm."""
        heappush(self.entries, (lane.order, lane))

    def drop_first(self) -> None:
        """Take the first entry out."""
        heappop(self.entries)

    def first(self) -> LaneState | None:
        """Return the first lane in memory."""
        while self.entries:
            order, lane = self.entries[0]
            if not lane.is_gone and lane.blocked == self.blocked and lane.order == order:
                return lane
            heappop(self.entries)
        return None

    def behind(self, lane: LaneState) -> Order:
        """Return a place up to which no other lane comes, if this one is the first: it may be too early, never too late."""
        entries = self.entries
        others = entries[1:3] if entries and entries[0][1] is lane else entries[:1]
        places = [order for order, _ in others]
        if self.after is not None:
            places.append(self.after)
        return min(places, default=LAST)

    def must_read(self) -> bool:
        """Return whether the store may have one before the first in memory."""
        if self.after is None:
            return False
        first = self.first()
        return first is None or first.order > self.after

    def read(self, rows: list[Lane], most: int) -> None:
        """Note how far it was read."""
        self.after = rows[-1].order if len(rows) == most else None


class Overlay:
    """What a transaction knows of lanes and gates. What reads is a generator of `Need`."""

    def __init__(self, limits: Mapping[str, Limit], hung: Mapping[int, Costs], now_us: int) -> None:
        self.now_us = now_us
        self.hung = hung
        self.lanes: dict[LaneId, LaneState] = {}
        self.gates: dict[str, Gate] = {}
        self.open: dict[int, LaneQueue] = {}  # by partition
        self.before: dict[str, dict[int, LaneQueue]] = {}  # lanes before a gate, by partition
        self.check: set[str] = set()  # gates that may have room for lanes before them
        self.settled: set[str] = set()  # gates whose next time to be looked at may be another
        self.reopened: set[int] = set()  # partitions that got an open lane
        self.read: list[str] = []  # gates whose domains may not be known yet
        self.has_turns = any(limit.kind.orders for limit in limits.values())
        self._limits = limits
        self._limit_of: dict[str, Limit] = {}
        self._stored: dict[str, Gate | None] = {}
        self._shifts: Counter[str] = Counter()  # lanes that came before a gate, less those that went
        self._having: dict[str, list[LaneState]] = {}  # lanes in memory, by their keys
        self._carriers: dict[tuple[str, int], LaneQueue] = {}  # the open ones of a partition, by those keys that were asked for
        self._were_read: set[str] = set()  # gates whose lanes were read

    # gates

    def limit(self, key: str) -> Limit:
        """Return the limit that a key belongs to."""
        limit = self._limit_of.get(key)
        if limit is None:
            name = limit_of(key)
            limit = self._limit_of[key] = self._limits.get(name) or undeclared(name)
        return limit

    def room(self, key: str, cost: int) -> int:
        """Return how many starts of a cost a gate lets through."""
        return self.limit(key).room(self.gates[key], self.now_us, cost)

    def fit_gates(self, keys: Iterable[str]) -> None:
        """Let gates before which lanes wait be as far as their limits allow: else a bound that is counted from now moves on with it."""
        for key in keys:
            if self.waiting(key):
                self.gates[key] = self.limit(key).fitted(self.gates[key], self.now_us)

    def turns(self, lane: LaneState) -> list[str]:
        """Return the keys of a lane by which it takes turns."""
        return [key for key, _ in lane.costs if self.limit(key).kind.orders] if self.has_turns else []

    def is_open(self, lane: LaneState) -> bool:
        """Return whether all gates of a lane let its next job through."""
        return all(self.room(key, cost) for key, cost in lane.costs)

    def waiting(self, key: str) -> int:
        """Return how many lanes are before a gate."""
        return self.gates[key].blocked + self._shifts.get(key, 0)

    def check_gates(self, lane: LaneState) -> None:
        """Have the gates of a lane checked, of which others are before one or which are to be looked at."""
        for key, _ in lane.costs:
            if self.waiting(key) or self.gates[key].wakes_at_us is not None:
                self.check.add(key)

    def load_gates(self, keys: Iterable[str]) -> Generator[Need, Rows, None]:
        """Read those gates that were not read yet."""
        missing = [key for key in dict.fromkeys(keys) if key not in self.gates]
        if missing:
            rows = yield Need(gates=missing)
            self.absorb_gates(rows.gates, missing)

    def absorb_gates(self, gates: Iterable[Gate], asked: Iterable[str]) -> None:
        """Take over gates as the store has them; those that it does not have are new."""
        for gate in gates:
            if gate.key not in self.gates:
                self.gates[gate.key] = self._stored[gate.key] = gate
                self.read.append(gate.key)
        for key in asked:
            if key not in self.gates:
                self.gates[key] = Gate(key, limit_of(key))
                self._stored[key] = None
                self.read.append(key)

    def changed_gates(self) -> tuple[list[Gate], list[str]]:
        """Return the gates to store, and the keys of those to delete."""
        changed, gone = [], []
        for key, gate in self.gates.items():
            stored, blank = self._stored[key], Gate(key, gate.limit)
            if gate == (stored or blank):
                continue
            if gate == blank:
                gone.append(key)
            else:
                changed.append(gate)
        return changed, gone

    # lanes

    def add(self, lane: Lane, *, is_stored: bool = True) -> LaneState:
        """Take over a lane, unless it is in memory already."""
        state = self.lanes.get(lane[:2])
        if state is None:
            state = LaneState(lane, self.hung.get(lane.partition, ()), is_stored=is_stored)
            self.put(state)
            self.enqueue(state)
        return state

    def put(self, lane: LaneState) -> None:
        """Have a lane in memory, which is in no queue yet."""
        self.lanes[lane.id] = lane
        for key, _ in lane.costs:
            having = self._having.get(key)
            if having is None:
                self._having[key] = [lane]
            else:
                having.append(lane)

    def enqueue(self, lane: LaneState) -> None:
        """Put a lane into the queue where it belongs now."""
        if lane.blocked is not None:
            queues = self.before.setdefault(lane.blocked, {})
            queue = queues.get(lane.partition)
            if queue is None:
                queue = queues[lane.partition] = LaneQueue(lane.blocked, None)
            queue.push(lane)
            return
        self.open_queue(lane.partition).push(lane)
        self.reopened.add(lane.partition)
        if self._carriers:
            for key, _ in lane.costs:
                carriers = self._carriers.get((key, lane.partition))
                if carriers is not None:
                    carriers.push(lane)

    def open_queue(self, partition: int) -> LaneQueue:
        """Return the open lanes of a partition."""
        queue = self.open.get(partition)
        if queue is None:
            queue = self.open[partition] = LaneQueue(None, FIRST)
        return queue

    def block(self, lane: LaneState, key: str | None) -> None:
        """Put a lane before a gate; None: open it."""
        if lane.blocked != key:
            if lane.blocked is not None:
                self._shifts[lane.blocked] -= 1
            if key is not None:
                self._shifts[key] += 1
            lane.blocked = key
        self.enqueue(lane)

    def remove(self, lane: LaneState) -> None:
        """A lane has no job any more."""
        if lane.blocked is not None:
            self._shifts[lane.blocked] -= 1
            lane.blocked = None
        lane.is_gone = True

    def carrier(self, key: str, partition: int) -> LaneState | None:
        """Return the best open lane in memory of a partition that has a key."""
        queue = self._carriers.get((key, partition))
        if queue is None:
            queue = self._carriers[key, partition] = LaneQueue(None, None)
            for lane in self._having.get(key, ()):
                if lane.partition == partition and lane.blocked is None and not lane.is_gone:
                    queue.push(lane)
        return queue.first()

    def first_open(self, partition: int) -> Generator[Need, Rows, LaneState | None]:
        """Return the best open lane of a partition."""
        queue = self.open_queue(partition)
        while queue.must_read():
            yield from self.read_open(partition, PAGE_LANES)
        return queue.first()

    def unread(self, partitions: Iterable[int]) -> list[After]:
        """Return where to read on the open lanes of partitions, of those of which the store may have more."""
        queues = {partition: self.open_queue(partition) for partition in partitions}
        return [After(partition, queue.after) for partition, queue in queues.items() if queue.after is not None]

    def read_open(self, partition: int, most: int) -> Generator[Need, Rows, None]:
        """Read the next open lanes of a partition."""
        spots = self.unread([partition])
        rows = yield Need(open=spots, most=most)
        self.absorb_open(rows.open, spots, most)

    def absorb_open(self, rows: list[Lane], spots: Iterable[After], most: int) -> None:
        """Take over open lanes that were read behind those spots, up to *most* of each."""
        found: dict[int, list[Lane]] = {spot.partition: [] for spot in spots}
        for row in rows:
            found[row.partition].append(row)
            self.add(row)
        for partition, page in found.items():
            self.open_queue(partition).read(page, most)

    def read_before(self, keys: Iterable[str], most: int) -> Generator[Need, Rows, None]:
        """Read the first lanes before gates, of each partition, where that was not done yet."""
        unread = [key for key in keys if key not in self._were_read]
        self._were_read.update(unread)
        unread = [key for key in unread if self.gates[key].blocked]
        if not unread:
            return
        rows = yield Need(before=unread, most=most)
        pages: dict[tuple[str, int], list[Lane]] = {}
        for row in rows.before:
            pages.setdefault((str(row.blocked), row.partition), []).append(row)
        for (key, partition), page in pages.items():
            self._absorb_before(key, partition, page, most)

    def _absorb_before(self, key: str, partition: int, page: list[Lane], most: int) -> None:
        for row in page:
            self.add(row)
        queues = self.before.setdefault(key, {})
        if partition not in queues:
            queues[partition] = LaneQueue(key, None)
        queues[partition].read(page, most)

    def first_before(self, key: str, partition: int) -> Generator[Need, Rows, LaneState | None]:
        """Return the best lane of a partition before a gate."""
        queue = self.before[key][partition]
        while queue.after is not None and queue.must_read():
            rows = yield Need(before_after=[(key, After(partition, queue.after))], most=PAGE_LANES)
            self._absorb_before(key, partition, rows.before_after, PAGE_LANES)
        return queue.first()

    def changed_lanes(self) -> tuple[list[Lane], list[LaneId]]:
        """Return the lanes to store, and which to delete."""
        changed, gone = [], []
        for lane in self.lanes.values():
            if lane.is_gone or not (lane.keys or lane.partition in self.hung):
                if lane.stored is not None:
                    gone.append(lane.id)
            elif (row := lane.row()) != lane.stored:
                changed.append(row)
        return changed, gone

    def changed_lane_keys(self) -> tuple[list[LaneKey], list[LaneKey]]:
        """Return under which keys lanes are found from now on, and under which no longer; only keys of limits that count jobs."""
        new: list[LaneKey] = []
        gone: list[LaneKey] = []
        for lane in self.lanes.values():
            if lane.keys and lane.is_gone == (lane.stored is not None):
                found = [(key, *lane.id) for key, _ in costs_of(lane.keys) if self.limit(key).counts]
                (gone if lane.is_gone else new).extend(found)
        return new, gone

    # the end

    def settle(
        self, leftover: set[str], costs: Mapping[str, int], kept_until_us: Mapping[str, int]
    ) -> Generator[Need, Rows, None]:
        """Write into the gates how many lanes are before them, and when they must be looked at again.

        leftover: gates with room whose lanes the budget did not reach.  costs: of the lanes that come first before a gate, if known.
        kept_until_us: when gates with room let through a lane that they hold back for an elder.
        """
        shifted = [key for key, shift in self._shifts.items() if shift]
        yield from self.load_gates(shifted)
        for key in {*shifted, *self.settled, *leftover}:
            gate = self.gates[key]
            blocked = self.waiting(key)
            wakes_at_us = 0 if key in leftover else None
            if blocked and key not in leftover:
                wakes_at_us = kept_until_us.get(key)
                if is_paused(gate, self.now_us) or not self.room(key, costs.get(key, 1)):
                    opens_at_us = self.limit(key).opens_at(gate, self.now_us, costs.get(key, 1))
                    wakes_at_us = opens_at_us if wakes_at_us is None else min(wakes_at_us, opens_at_us or wakes_at_us)
            if (gate.blocked, gate.wakes_at_us) != (blocked, wakes_at_us):
                self.gates[key] = gate._replace(blocked=blocked, wakes_at_us=wakes_at_us)
        self._shifts.clear()
