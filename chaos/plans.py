"""Random plans of tasks that wait: see `parents`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaos import tasks
from chaos.parents import ALL_PARENTS, PARENTS, TAG, Plan
from chaos.tasks import app
from taskbahn import Job, group

if TYPE_CHECKING:
    import random

    from chaos.client import Load
    from chaos.parents import Call
    from taskbahn import Flow

MAX_DEPTH = 2  # of parents in parents
MAX_POINTS = 4
MAX_CHILDREN = 4
MESSAGES = 3  # into each inbox
WIDE = 30  # children of one submission
GROUPS = 0.15  # share of what is started that is a group of parents, some of which add to it
REPLACED = 0.15  # share of plans at whose end a flow takes the place of the job
SHORT_SECONDS = 0.05  # of a child, but for the share of the load that takes longer


class Plans:
    """Makes plans. load: chooses the children that are no parents."""

    def __init__(self, random: random.Random, load: Load) -> None:
        self._random = random
        self._load = load

    def flow(self) -> Flow[Any, Any]:
        """Return a call of a parent, or a group of them, with an id."""
        if self._random.random() < GROUPS:
            members = [self._member(adds=self._random.random() < 0.7) for _ in range(self._random.randint(2, MAX_CHILDREN))]
            return group(members).options(id=Job.new_id(), tags=[TAG])
        name = self._random.choice(ALL_PARENTS)
        return app.get(name).si(self.plan(may_fail=name != tasks.ONCE_PARENT)).options(id=Job.new_id(), tags=[TAG])

    def plan(self, depth: int = 0, *, may_fail: bool = True) -> Plan:
        """Return a plan. may_fail: whether its attempts may raise, and be retried."""
        plan = [self._point(depth, may_fail=may_fail) for _ in range(self._random.randint(1, MAX_POINTS))]
        if self._random.random() < REPLACED:
            plan.append(["replace", [self._plain() for _ in range(self._random.randint(1, MAX_CHILDREN))]])
        return plan

    def _member(self, *, adds: bool) -> Flow[Any, Any]:
        plan = self.plan(MAX_DEPTH)
        if adds:
            plan.insert(self._random.randrange(len(plan)), ["add", self._plain()])
        return app.get(self._random.choice(PARENTS)).si(plan)

    def _point(self, depth: int, *, may_fail: bool) -> list[Any]:
        chance = self._random
        points: list[list[Any]] = [
            ["step"],
            ["step"],
            ["sleep", round(chance.uniform(0.1, 2.0), 2)],
            ["ask", chance.choice((None, 2.0))],
            ["event"],
            ["messages", chance.randint(1, MESSAGES)],
            ["calls", [self._plain() for _ in range(chance.randint(1, 2))]],
            ["many", chance.choice((tasks.THREAD, tasks.LOOP)), 0.0, chance.randint(0, WIDE)],
            ["flow", [self._plain() for _ in range(chance.randint(0, MAX_CHILDREN))]],
            *[["children", [self._child(depth) for _ in range(chance.randint(1, MAX_CHILDREN))]] for _ in range(3)],
        ]
        if may_fail:
            points.append(["mishap"])
        return chance.choice(points)

    def _plain(self) -> Call:
        name, args = self._load.plain_call()
        return [name, [min(args[0], SHORT_SECONDS * 20)]]

    def _child(self, depth: int) -> Call:
        drawn = self._random.random()
        if drawn < 0.2 and depth < MAX_DEPTH:
            return [self._random.choice(PARENTS), [self.plan(depth + 1)]]
        if drawn < 0.35:
            return [tasks.FLAKY, [0.0, self._random.choice((1, 2, 1000))]]
        return self._plain()


def number(chance: random.Random) -> int:
    """Return a number that no other client chooses."""
    return chance.randrange(1 << 50)
