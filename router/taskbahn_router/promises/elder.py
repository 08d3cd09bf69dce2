"""The elder rule: a job under several limits gets its turn, though worse jobs could take one of its permits after the other for ever.

A *domain* is the tasks that are connected by limits which they share; only one with a task of several limits matters. A lane is *passed
over* when the gate that it waited for has room and another of its gates is closed, so that the permit goes to others. `ELDER_US` later the
best such lane of a domain is its *elder*: for worse lanes a gate of the elder has room only for their cost and the elder's together. Better
lanes are not held back. An elder that does not come nearer to its start by that is none any more.

What is known of a domain is a row among the gates. It is read when a gate or lane of the domain is looked at, and when its time comes.
"""

from __future__ import annotations

import json
from functools import lru_cache
from heapq import nsmallest
from typing import TYPE_CHECKING, NamedTuple

from taskbahn_router.core.rows import Gate, Need, Rows, limit_of
from taskbahn_router.promises.domains import SEVERAL
from taskbahn_router.promises.limits import is_paused

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Generator, Mapping

    from taskbahn_router.core.rows import Costs, LaneId
    from taskbahn_router.promises.overlay import Best, LaneState, Overlay

ELDER = "@elder"  # the gates that keep what is known of domains, in `reason`
ELDER_US = 5_000_000  # after which a lane that was passed over is an elder; what is kept for it is reconsidered as often
MAX_PASSED = 4  # lanes of a domain


class Passed(NamedTuple):
    """A lane that was passed over, or that got no slot when its gate opened."""

    partition: int
    keys: str
    rank: int
    head: int  # seq of the job that was its best then
    waited: str  # the key of the gate that it is before, or before which it was
    since_us: int | None = None  # when it was first passed over; None: it was not yet

    @property
    def id(self) -> LaneId:
        """Which lane it is."""
        return self.partition, self.keys

    @property
    def best(self) -> Best:
        """Return where the job came among all jobs."""
        return self.rank, self.head

    def no_later(self, now_us: int) -> Passed:
        """Return it as of now at the latest: the clock may have been set back."""
        return self if self.since_us is None or self.since_us <= now_us else self._replace(since_us=now_us)


class Known(NamedTuple):
    """What the row of a domain says. The first lane is the elder if anything is kept."""

    keeps: Costs = ()
    passed: tuple[Passed, ...] = ()


class Domain:
    """What is known of a domain in this commit."""

    def __init__(self, key: str, known: Known, now_us: int) -> None:
        self.key = key
        self.keeps = known.keeps
        self.passed = {one.id: one.no_later(now_us) for one in known.passed}
        self.elder: LaneState | None = None


class Elders:
    """The domains of one transaction; what reads is a generator of `Need`.

    domains: of limits that may be those of an elder, by their names.  served: the partitions of each worker that takes jobs; None: all.
    """

    def __init__(self, overlay: Overlay, domains: Mapping[str, str], served: Collection[Container[int]] | None) -> None:
        self._overlay = overlay
        self.domains = domains
        self._served = served
        self._known: dict[str, Domain] = {}  # by name
        self._opened: list[LaneState] = []
        self.keeping: dict[str, tuple[LaneState, int]] = {}  # key -> the elder for which it is kept, and its cost
        self.lanes: dict[LaneId, list[Domain]] = {}  # those that were passed over, as a rule in one domain

    # what others ask

    def has_room(self, lane: LaneState, key: str, cost: int) -> bool:
        """Return whether a gate lets the next job of a lane through, and afterwards a better elder too."""
        overlay, kept = self._overlay, self._kept_before(lane, key)
        if not kept:
            return overlay.room(key, cost) > 0
        return overlay.room(key, kept) > 0 and self._room_behind(overlay.gates[key], kept, cost) > 0

    def opens_at(self, lane: LaneState, key: str, cost: int) -> int | None:
        """Return when time alone lets through a lane that a gate holds back for an elder; None: time does not."""
        overlay, kept, limit = self._overlay, self._kept_before(lane, key), self._overlay.limit(key)
        if not self._room_behind(Gate(key, limit.name), kept, cost):
            return None
        return limit.opens_at(self._taken(overlay.gates[key], kept), overlay.now_us, cost)

    # what others say

    def begin(self) -> Generator[Need, Rows, None]:
        """Take over the domains whose time has come."""
        due = {key for key in self._overlay.check if key.startswith(ELDER)}
        self._overlay.check -= due
        yield from self._meet(due)

    def meet(self) -> Generator[Need, Rows, None]:
        """Take over what is known of the domains of the gates that were read."""
        overlay, domains = self._overlay, self.domains
        names = {domains.get(name) for name in set(map(limit_of, overlay.read))}
        overlay.read = []
        found = {row_of(name) for name in names if name is not None and name not in self._known}
        if found:
            yield from self._meet(found)

    def opened(self, lane: LaneState) -> None:
        """A gate opened a lane."""
        if self.domains and len(lane.costs) > 1:
            self._opened.append(lane)

    def found_closed(self, lane: LaneState, closed: str) -> None:
        """A lane was looked at, and goes before a gate that is closed: the permit of the one that it waited for is for others."""
        waited = waited_for(lane)
        if (waited is None or waited == closed) and lane.id not in self.lanes:
            return
        domain = self._domain(lane, closed)
        if domain is None:
            return
        known = domain.passed.get(lane.id)
        if known is not None and known.best < lane.best:
            self._forget(domain, lane.id)
            known = None
        waited = known.waited if known is not None else waited
        cost = dict(lane.costs).get(waited or "")
        if known is not None and known.since_us is not None:
            domain.passed[lane.id] = known._replace(waited=closed)
        elif waited is not None and cost and waited != closed and self._overlay.room(waited, cost):
            self._note(domain, Passed(*lane.id, *lane.best, closed, self._overlay.now_us))
        elif known is not None:
            self._forget(domain, lane.id)

    def leave(self, lane: LaneState) -> Generator[Need, Rows, None]:
        """A lane that was passed over has started a job, or lost its best one; another one may be the elder."""
        for domain in list(self.lanes[lane.id]):
            self._forget(domain, lane.id)
            if domain.elder is lane:
                yield from self._appoint(domain, None)

    def took(self, lane: LaneState) -> None:
        """A lane has started a job: keep no more than helps, for it may have taken what an elder needs."""
        if any(key in self.keeping for key, _ in lane.costs):
            for domain in self._known.values():
                if domain.elder is not None:
                    self._keep(domain, self._kept_for(domain.elder, domain))

    def store(self) -> None:
        """Write what is known into the rows; of lanes that a gate opened, those that got no slot were not passed over yet."""
        without_slot: dict[str | None, list[tuple[Best, LaneId, str, LaneState]]] = {}
        for lane in self._opened:
            if lane.blocked is None and not lane.is_gone and (waited := waited_for(lane)) is not None:
                name = self.domains.get(limit_of(waited))
                without_slot.setdefault(name, []).append((lane.best, lane.id, waited, lane))
        for lanes in without_slot.values():
            for best, id, waited, lane in nsmallest(MAX_PASSED, lanes):
                domain = self._domain(lane, waited)
                if domain is not None and id not in domain.passed:
                    self._note(domain, Passed(*id, *best, waited))
        for domain in self._known.values():
            self._overlay.gates[domain.key] = self._row(domain)

    # domains

    def _domain(self, lane: LaneState, key: str) -> Domain | None:
        """Return the domain of a key, if a lane has several keys there."""
        name = self.domains.get(limit_of(key))
        if name is None or len(self._own(lane.costs, name)) < SEVERAL:
            return None
        return self._known.get(name)

    def _own(self, costs: Costs, name: str) -> Costs:
        """Return the keys of a domain."""
        return tuple((key, cost) for key, cost in costs if self.domains.get(limit_of(key)) == name)

    def _meet(self, rows: Collection[str]) -> Generator[Need, Rows, None]:
        overlay = self._overlay
        yield from overlay.load_gates(sorted(rows))
        for key in sorted(rows):
            known = known_of(overlay.gates[key].reason)
            domain = self._known[name_of(key)] = Domain(key, known, overlay.now_us)
            for id in domain.passed:
                self.lanes.setdefault(id, []).append(domain)
            if known.passed:
                yield from self._appoint(domain, known.passed[0].id if known.keeps else None)

    def _appoint(self, domain: Domain, before: LaneId | None) -> Generator[Need, Rows, None]:
        """Find the elder: the one of before, or the best lane that was passed over long enough."""
        now_us, elder = self._overlay.now_us, None
        for one in sorted(domain.passed.values(), key=lambda one: (one.id != before, one.best)):
            if one.since_us is None or now_us - one.since_us < ELDER_US:
                continue
            elder = yield from self._lane(one)
            if elder is not None and self._is_helped(elder, domain, is_elder=one.id == before):
                break
            elder = None
            self._forget(domain, one.id)
        if elder is None or elder.id != before:
            self._keep(domain, ())
        domain.elder = elder
        if elder is not None:
            domain.passed = {elder.id: domain.passed[elder.id]} | domain.passed
            self._keep(domain, self._kept_for(elder, domain))

    def _lane(self, one: Passed) -> Generator[Need, Rows, LaneState | None]:
        """Return a lane with its gates in memory, if the job that waited is still in it."""
        overlay = self._overlay
        if one.id not in overlay.lanes:
            rows = yield Need(lanes=[one.id])
            for row in rows.lanes:
                overlay.add(row)
        lane = overlay.lanes.get(one.id)
        if lane is None or lane.is_gone or lane.best > one.best:
            return None
        yield from overlay.load_gates(key for key, _ in lane.costs)
        return lane

    def _is_helped(self, lane: LaneState, domain: Domain, *, is_elder: bool) -> bool:
        """Return whether a lane may start when others leave it its permits; not if it lacked a slot while it had them."""
        overlay = self._overlay
        if self._served is not None and not any(lane.partition in served for served in self._served):
            return False
        if len(self._own(lane.costs, name_of(domain.key))) < SEVERAL:
            return False
        for key, cost in lane.costs:
            if is_paused(overlay.gates[key], overlay.now_us) or not self._may_open(key, cost):
                return False
        is_due = (overlay.gates[domain.key].wakes_at_us or 0) <= overlay.now_us
        return not (is_elder and is_due and overlay.is_open(lane))

    def _may_open(self, key: str, cost: int) -> bool:
        """Return whether a gate ever has room for a cost."""
        limit = self._overlay.limit(key)
        return limit.room(Gate(key, limit.name), self._overlay.now_us, cost) > 0

    def _kept_for(self, lane: LaneState, domain: Domain) -> Costs:
        """Return what is kept for an elder: while time alone closes one of its gates, nothing that attempts hold."""
        overlay, own = self._overlay, self._own(lane.costs, name_of(domain.key))
        timed = tuple((key, cost) for key, cost in own if not overlay.limit(key).kind.holds)
        return own if all(overlay.room(key, cost) for key, cost in timed) else timed

    def _keep(self, domain: Domain, keeps: Costs) -> None:
        """Keep that from now on; have the gates checked that keep less than before."""
        for key, cost in domain.keeps:
            if (key, cost) not in keeps:
                if key in self.keeping and self.keeping[key][0] is domain.elder:
                    del self.keeping[key]
                self._overlay.check.add(key)
        if domain.elder is not None:
            self.keeping.update((key, (domain.elder, cost)) for key, cost in keeps)
        domain.keeps = keeps

    def _kept_before(self, lane: LaneState, key: str) -> int:
        """Return how much of a key is kept for an elder that is better than a lane."""
        keeping = self.keeping.get(key)
        return keeping[1] if keeping is not None and is_worse(lane, keeping[0]) else 0

    def _taken(self, gate: Gate, cost: int) -> Gate:
        """Return a gate as it is when an elder has started."""
        limit = self._overlay.limit(gate.key)
        gate = limit.kind.take(gate, limit.options, self._overlay.now_us, cost)
        return gate._replace(used=gate.used + cost) if limit.kind.holds else gate

    def _room_behind(self, gate: Gate, kept: int, cost: int) -> int:
        return self._overlay.limit(gate.key).room(self._taken(gate, kept), self._overlay.now_us, cost)

    # lanes

    def _note(self, domain: Domain, new: Passed) -> None:
        """Remember a lane; if there are too many, one that was not passed over goes, or the worse one that was so last."""
        others = [one for id, one in domain.passed.items() if id != new.id]
        if len(others) >= MAX_PASSED:
            elder = domain.elder.id if domain.elder is not None else None
            less = [one for one in others if one.since_us is None and (new.since_us is not None or one.best > new.best)]
            less = less or [one for one in others if new.since_us is not None and one.best > new.best and one.id != elder]
            if not less:
                return
            self._forget(domain, max(less, key=lambda one: (one.since_us or 0, one.best)).id)
        if new.id not in domain.passed:
            self.lanes.setdefault(new.id, []).append(domain)
        domain.passed[new.id] = new

    def _forget(self, domain: Domain, id: LaneId) -> None:
        del domain.passed[id]
        self.lanes[id].remove(domain)
        if not self.lanes[id]:
            del self.lanes[id]

    def _row(self, domain: Domain) -> Gate:
        """Return what is known as a gate. It is looked at again when a lane may be an elder, and from time to time while there is one."""
        if not domain.passed:
            return Gate(domain.key, ELDER)
        now_us, gate = self._overlay.now_us, self._overlay.gates[domain.key]
        times = [one.since_us + ELDER_US for one in domain.passed.values() if one.since_us is not None]
        wakes_at_us = min(times, default=None)
        if domain.elder is not None:
            was = gate.wakes_at_us or 0
            wakes_at_us = was if now_us < was <= now_us + ELDER_US else now_us + ELDER_US
        known = Known(domain.keeps, tuple(domain.passed.values()))
        return gate._replace(reason=json.dumps(known, ensure_ascii=False, separators=(",", ":")), wakes_at_us=wakes_at_us)


def is_worse(lane: LaneState, elder: LaneState) -> bool:
    """Return whether a lane comes after the elder, in the order in which jobs start."""
    return lane.order > elder.order if lane.partition == elder.partition else lane.best > elder.best


def waited_for(lane: LaneState) -> str | None:
    """Return the gate that a lane was before when this commit began, if it has lost no job since."""
    stored = lane.stored
    return stored.blocked if stored is not None and lane.best <= (stored.rank, stored.head) else None


def row_of(name: str) -> str:
    """Return the key of the row of a domain."""
    return f"{ELDER}[{name}]"


def name_of(key: str) -> str:
    """Return the name of the domain of a row."""
    return key[len(ELDER) + 1 : -1]


@lru_cache(maxsize=1024)
def known_of(reason: str | None) -> Known:
    """Return what the row of a domain says."""
    if reason is None:
        return Known()
    keeps, passed = json.loads(reason)
    return Known(tuple((key, cost) for key, cost in keeps), tuple(Passed(*one) for one in passed))
