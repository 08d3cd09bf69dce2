"""Which ready jobs start now: those of open lanes, best first, as long as workers have room and the budget lasts.

An open lane *carries* the wake of each of its gates: a gate with room has, in each partition with lanes before it, an open lane that
comes before them. So whenever a lane is looked at, the gates of its keys are checked, and each opens the best lane before it.
"""

from __future__ import annotations

from heapq import heappop, heappush, nsmallest
from typing import TYPE_CHECKING

from taskbahn_router.core.job_times import is_over
from taskbahn_router.core.rows import Head, Lane, Need, Rows, Ruling, Start, text_of
from taskbahn_router.promises.overlay import FIRST, LAST, Best, LaneState, Overlay

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from taskbahn_router.core.rows import LaneId
    from taskbahn_router.promises.elder import Elders
    from taskbahn_router.promises.rooms import Rooms

FIRST_JOB = (FIRST[0], 0)  # rank and seq before every job
AHEAD_LANES = 256  # lanes whose gates and jobs are read together
FEW_LANES = 8  # of which more jobs are read at once
FEW_HEADS = 2
MANY_HEADS = 33
TURN = "@turn"  # the gates that keep how far the fair turns of a partition are


class Choosing:
    """Starts jobs of one transaction; what reads is a generator of `Need`. One unit is a lane looked at, or opened."""

    def __init__(
        self, overlay: Overlay, rooms: Rooms, elders: Elders, ruling: Ruling, now: float, budget: int, dropped: set[str]
    ) -> None:
        self._overlay = overlay
        self._rooms = rooms
        self._elders = elders
        self._ruling = ruling
        self._now = now
        self._budget = budget
        self._partitions: list[tuple[Best, int]] = []  # with room, by their best lane
        self._queued: dict[int, Best] = {}
        self._due: set[int] = set()  # partitions whose best lane may be another
        self._aside: set[LaneId] = set()  # lanes that may not go ahead of the slots, and there is no other room
        self._dropped = dropped  # keys that lanes may be before which do not have them any more
        self.leftover: set[str] = set()
        self.costs: dict[str, int] = {}  # of the first lane before a gate that has too little room for it
        self.kept_until_us: dict[str, int] = {}  # when a gate lets through a lane that it holds back for an elder

    def run(self) -> Generator[Need, Rows, None]:
        """Open what may be open, and start what may start."""
        yield from self._elders.begin()
        yield from self._wake()
        partitions = self._rooms.partitions()
        if partitions:
            yield from self._read_partitions(sorted(partitions))
            self._due |= partitions
            yield from self._start()
        self._elders.store()

    def _start(self) -> Generator[Need, Rows, None]:
        """Look at one lane after the other, the best first."""
        lane: LaneState | None = None
        while self._ruling.units < self._budget:
            lane = (lane and self._next_of(lane.partition)) or (yield from self._next())
            if lane is None:
                return
            yield from self._look_at(lane)
            if self._overlay.check:
                yield from self._wake()
        self._ruling.more = self._ruling.more or (yield from self._next()) is not None

    # order

    def _read_partitions(self, partitions: list[int]) -> Generator[Need, Rows, None]:
        """Read the first lanes of all partitions with room, and the first of their plain jobs."""
        overlay, most = self._overlay, min(self._rooms.free + 1, AHEAD_LANES)
        heads = min(max(self._rooms.free, FEW_HEADS), self._budget)
        spots = overlay.unread(partitions)
        plainly = [id for id in partitions if id not in overlay.hung and (id, "") not in overlay.lanes]
        rows = yield Need(open=spots, plain=[(id, *FIRST_JOB) for id in plainly], most=most, heads=heads)
        overlay.absorb_open(rows.open, spots, most)
        plain: dict[int, list[Head]] = {}
        for head in rows.plain:
            plain.setdefault(head.partition, []).append(head)
        for partition, found in plain.items():
            lane = overlay.add(Lane(partition, "", -found[0].priority, 0, found[0].seq, None), is_stored=False)
            self._read_heads(lane, found, heads)

    def _next(self) -> Generator[Need, Rows, LaneState | None]:
        """Return the best open lane of the partitions with room: by priority, then by seq; in a partition by fair turns before that."""
        self._due |= self._overlay.reopened
        self._overlay.reopened = set()
        while self._due:
            yield from self._put_in_order(self._due.pop())
        while self._partitions:
            best, partition = heappop(self._partitions)
            if self._queued.get(partition) != best:
                continue
            del self._queued[partition]
            if self._rooms.serves(partition):
                lane = yield from self._first_open(partition)
                if lane is not None:
                    self._due.add(partition)
                    return lane
        return None

    def _next_of(self, partition: int) -> LaneState | None:
        """Return the best open lane if it is one of the partition of the last: it saves the order of the partitions for most starts."""
        overlay, others = self._overlay, self._partitions
        queue = overlay.open_queue(partition)
        lane = queue.first()
        if (
            lane is None
            or lane.id in self._aside
            or queue.must_read()
            or not (overlay.reopened | self._due) <= {partition}
            or (others and lane.best > others[0][0])
            or not self._rooms.serves(partition)
        ):
            return None
        return lane

    def _put_in_order(self, partition: int) -> Generator[Need, Rows, None]:
        if not self._rooms.serves(partition):
            return
        lane = yield from self._first_open(partition)
        if lane is not None:
            best = lane.best
            if self._queued.get(partition) != best:
                self._queued[partition] = best
                heappush(self._partitions, (best, partition))

    def _first_open(self, partition: int) -> Generator[Need, Rows, LaneState | None]:
        while True:
            lane = yield from self._overlay.first_open(partition)
            if lane is None or lane.id not in self._aside:
                return lane
            self._overlay.open_queue(partition).drop_first()

    # one lane

    def _look_at(self, lane: LaneState) -> Generator[Need, Rows, None]:
        """Start the head of a lane, or put the lane before the first of its gates that is closed."""
        overlay = self._overlay
        self._ruling.units += 1
        if lane.costs:
            yield from self._load_gates(lane)
            overlay.check_gates(lane)
        turns = overlay.turns(lane)
        if turns and (turn := max(overlay.gates[key].virtual_time for key in turns)) > lane.virtual_time:
            lane.virtual_time = turn
            overlay.enqueue(lane)
            return
        closed = self._closed(lane)
        if closed is not None:
            if self._elders.domains:
                self._elders.found_closed(lane, closed)
            overlay.block(lane, closed)
            overlay.check.add(closed)
            return
        if not lane.heads:
            yield from self._load_heads(lane)
        head = lane.heads[0]
        if is_over(head.expires_at, self._now):
            self._ruling.expired.append(head.seq)
            yield from self._advance(lane)
            return
        may_go_ahead = self._may_go_ahead(lane)
        room = self._rooms.take(lane.partition, may_go_ahead=may_go_ahead)
        if room is None:
            self._aside.add(lane.id)
            return
        held, count = self._held(lane), 1
        self._ruling.starts.append(Start(head.seq, room, held))
        if len(lane.heads) > 1 and not turns and self._is_calm(lane):
            count += self._start_next(lane, held, may_go_ahead=may_go_ahead)
        self._take(lane, turns, count)
        if self._elders.keeping:
            self._elders.took(lane)
        yield from self._advance(lane)

    def _is_calm(self, lane: LaneState) -> bool:
        """Return whether nothing follows on a start of a lane but the next one: its gates are of no concern to other lanes."""
        overlay, elders = self._overlay, self._elders
        return not (overlay.check or elders.keeping or lane.id in elders.lanes)

    def _start_next(self, lane: LaneState, held: str | None, *, may_go_ahead: bool) -> int:
        """Start the jobs behind the head of a lane that come before all others, without another look at it; return how many.

        The last one that started is then the first of `heads`.
        """
        overlay, ruling, heads = self._overlay, self._ruling, lane.heads
        rank, turn, _ = lane.order
        last = overlay.open_queue(lane.partition).behind(lane)
        if (rank, turn, heads[1].seq) > last or not (overlay.reopened | self._due) <= {lane.partition}:
            return 0
        last_best = self._partitions[0][0] if self._partitions else LAST[::2]
        most = min([self._budget - ruling.units, *(overlay.room(key, cost) - 1 for key, cost in lane.costs)])
        count = 0
        while count < most and len(heads) > 1:
            _, _, priority, seq, expires_at = heads[1]
            if -priority != rank or (rank, turn, seq) > last or (rank, seq) > last_best:
                break
            if is_over(expires_at, self._now):
                break
            room = self._rooms.take(lane.partition, may_go_ahead=may_go_ahead)
            if room is None:
                break
            ruling.starts.append(Start(seq, room, held))
            heads.popleft()
            count += 1
        ruling.units += count
        return count

    def _closed(self, lane: LaneState) -> str | None:
        """Return the first of a lane's gates that does not let it through."""
        overlay, elders = self._overlay, self._elders
        closed = next((key for key, cost in lane.costs if not overlay.room(key, cost)), None)
        if closed is None and elders.keeping:
            closed = next((key for key, cost in lane.costs if not elders.has_room(lane, key, cost)), None)
        return closed

    def _may_go_ahead(self, lane: LaneState) -> bool:
        """Return whether a job may wait behind one that runs: not if its permit could go to another meanwhile."""
        overlay = self._overlay
        kept = self._elders.keeping
        return all(overlay.limit(key).kind.holds and not overlay.waiting(key) and key not in kept for key, _ in lane.costs)

    def _held(self, lane: LaneState) -> str | None:
        """Return the keys of which an attempt of a lane holds a permit."""
        held = tuple((key, cost) for key, cost in lane.costs if self._overlay.limit(key).kind.holds)
        if not held:
            return None
        return lane.keys if lane.partition not in self._overlay.hung and len(held) == len(lane.costs) else text_of(held)

    def _take(self, lane: LaneState, turns: list[str], count: int) -> None:
        """Take from all gates of a lane what a number of starts takes; with turns, it is one."""
        overlay = self._overlay
        for key, cost in lane.costs:
            limit, gate = overlay.limit(key), overlay.gates[key]
            if limit.kind.orders:
                gate = gate._replace(virtual_time=max(gate.virtual_time, lane.virtual_time))
            for _ in range(count):
                gate = limit.kind.take(gate, limit.options, overlay.now_us, cost)
            overlay.gates[key] = gate._replace(used=gate.used + cost * count) if limit.kind.holds else gate
        if turns:
            turn = overlay.gates[turn_of(lane.partition)]
            overlay.gates[turn.key] = turn._replace(virtual_time=max(turn.virtual_time, lane.virtual_time))
            lane.virtual_time = max(overlay.gates[key].virtual_time for key in turns)

    def _advance(self, lane: LaneState) -> Generator[Need, Rows, None]:
        """Go on to the next job of a lane."""
        if lane.id in self._elders.lanes:
            yield from self._elders.leave(lane)
        last = lane.heads.popleft()
        if not lane.heads and not lane.is_read_out:
            yield from self._read_on(lane, last)
        if not lane.heads:
            self._overlay.remove(lane)
            return
        lane.begin_with(lane.heads[0].priority, lane.heads[0].seq)
        self._overlay.enqueue(lane)

    # reading

    def _load_gates(self, lane: LaneState) -> Generator[Need, Rows, None]:
        """Read the gates of a lane, and with them those of the lanes that come next."""
        overlay = self._overlay
        keys = [key for key, _ in lane.costs if key not in overlay.gates]
        if keys:
            keys += [key for other in self._following(lane) for key, _ in other.costs]
        if overlay.turns(lane):
            keys.append(turn_of(lane.partition))
        if keys:
            yield from overlay.load_gates(keys)
        if overlay.read and self._elders.domains:
            yield from self._elders.meet()

    def _load_heads(self, lane: LaneState) -> Generator[Need, Rows, None]:
        """Read the first jobs of a lane, and with them those of the lanes that come next and are likely to start."""
        overlay = self._overlay
        lanes = {lane.id: lane}
        for other in self._following(lane):
            if not other.heads and other.costs and all(key in overlay.gates for key, _ in other.costs) and overlay.is_open(other):
                lanes[other.id] = other
        most = FEW_HEADS
        if len(lanes) < FEW_LANES:
            likely = min([self._rooms.places, *(overlay.room(key, cost) for key, cost in lane.costs)])
            most = max(FEW_HEADS, min(likely + 1, self._budget if len(lanes) == 1 else MANY_HEADS))
        rows = yield heads_needed(lanes, most)
        found: dict[LaneId, list[Head]] = {id: [] for id in lanes}
        for head in (*rows.jobs, *rows.plain):
            found[head.partition, head.keys].append(head)
        for id, heads in found.items():
            self._read_heads(lanes[id], heads, most)

    def _read_on(self, lane: LaneState, last: Head) -> Generator[Need, Rows, None]:
        behind = -last.priority, last.seq
        if lane.keys:
            rows = yield Need(jobs=[(*lane.id, *behind)], heads=MANY_HEADS)
        else:
            rows = yield Need(plain=[(lane.partition, *behind)], heads=MANY_HEADS)
        self._read_heads(lane, rows.jobs or rows.plain, MANY_HEADS)

    @staticmethod
    def _read_heads(lane: LaneState, heads: list[Head], most: int) -> None:
        lane.heads.extend(heads)
        lane.is_read_out = len(heads) < most

    def _following(self, lane: LaneState) -> Iterable[LaneState]:
        """Return lanes in memory that are likely to be looked at soon."""
        overlay = self._overlay
        most = min(AHEAD_LANES, max(self._rooms.free, 1), self._budget - self._ruling.units + 1)
        queues = [overlay.open_queue(lane.partition)]
        queues += [queue for key, _ in lane.costs if (queue := overlay.before.get(key, {}).get(lane.partition)) is not None]
        for queue in queues:
            for _, other in nsmallest(most, queue.entries):
                if not other.is_gone and other.blocked == queue.blocked:
                    yield other

    # gates

    def _wake(self) -> Generator[Need, Rows, None]:
        """Let each gate with room open the best lane before it, in each partition, unless an open lane comes before that."""
        overlay = self._overlay
        while overlay.check:
            keys = sorted(overlay.check)
            overlay.check = set()
            yield from overlay.load_gates(keys)
            if overlay.read and self._elders.domains:
                yield from self._elders.meet()
            overlay.settled.update(keys)
            overlay.fit_gates(keys)
            opening = [key for key in keys if overlay.waiting(key) and (key in self._dropped or overlay.room(key, 1))]
            few = len(opening) < FEW_LANES
            yield from overlay.read_before(opening, MANY_HEADS if few else FEW_HEADS)
            for key in opening:
                yield from self._open_before(key)

    def _open_before(self, key: str) -> Generator[Need, Rows, None]:
        overlay = self._overlay
        for partition in sorted(overlay.before.get(key, ())):
            while (lane := (yield from overlay.first_before(key, partition))) is not None:
                cost = next((cost for own, cost in lane.costs if own == key), 0)
                if cost and (yield from self._is_held(key, lane, cost)):
                    break
                if self._ruling.units >= self._budget:
                    self.leftover.add(key)
                    self._ruling.more = True
                    return
                self._ruling.units += 1
                overlay.block(lane, None)
                self._elders.opened(lane)
                if cost:
                    break

    def _is_held(self, key: str, lane: LaneState, cost: int) -> Generator[Need, Rows, bool]:
        """Return whether a lane stays before a gate: this has too little room for it, or an open lane comes first."""
        overlay = self._overlay
        if not overlay.room(key, cost):
            self.costs[key] = min(cost, self.costs.get(key, cost))
            return True
        if self._elders.keeping and not self._elders.has_room(lane, key, cost):
            opens_at_us = self._elders.opens_at(lane, key, cost)
            if opens_at_us is not None:
                self.kept_until_us[key] = min(opens_at_us, self.kept_until_us.get(key, opens_at_us))
            return True
        if overlay.open_queue(lane.partition).after == FIRST:
            yield from overlay.read_open(lane.partition, FEW_HEADS)
        carrier = overlay.carrier(key, lane.partition)
        return carrier is not None and carrier.order <= lane.order


def heads_needed(lanes: Iterable[LaneId], most: int) -> Need:
    """Return the need of the first jobs of lanes."""
    jobs = [(*id, *FIRST_JOB) for id in lanes if id[1]]
    return Need(jobs=jobs, plain=[(partition, *FIRST_JOB) for partition, keys in lanes if not keys], heads=most)


def turn_of(partition: int) -> str:
    """Return the key of the gate that keeps how far the fair turns of a partition are."""
    return f"{TURN}[{partition}]"
