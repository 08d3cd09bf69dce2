"""What flows are and become, without slices, stores or messages: each move has all its consequences at once.

`World.add` reads a flow as callers write it; `end`, `cancel` and `retry` move jobs. What jobs are given, and what they give, is in `args`
and `result`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn_router.core.flow_jobs import member_id
from taskbahn_router.core.ids import id_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    Node = dict[str, Any]

ENDED = frozenset(("succeeded", "failed", "cancelled"))
UNSUCCESSFUL = frozenset(("failed", "cancelled"))
CALLBACKS = {"on_success": {"succeeded"}, "on_failure": {"failed"}, "on_end": ENDED}
OPEN, SATISFIED, PASSED_ON, HELD, DROPPED = "open", "satisfied", "passed on", "held", "dropped"


@dataclass(eq=False)
class Job:
    """A job of a flow. kind: task, chain or group.   root: of its flow; None: it is one.   given: ids that are its first arguments."""

    id: str
    kind: str
    root: Job | None
    node: Node = field(default_factory=dict)
    given: list[Any] = field(default_factory=list)
    is_detached: bool = False
    state: str = "waiting"
    result: Any = None
    parents: list[Edge] = field(default_factory=list)
    children: list[Edge] = field(default_factory=list)
    members: list[Job] = field(default_factory=list)
    failures: int = 0
    crashes: int = 0
    is_skipped: bool = False  # a person let those go on that it holds
    is_reopened: bool = False  # it waits for what may have ended, for a person said so
    within: float | None = None  # seconds in which it has to have ended, from its acceptance or its retry
    deadline: float | None = None  # of its own; None: it has none, or none is known yet
    is_overdue: bool = False

    @property
    def pending(self) -> int:
        return sum(edge.state != SATISFIED for edge in self.parents)

    @property
    def waits(self) -> bool:
        return self.state == "waiting" or (self.kind != "task" and self.state == "running")

    @property
    def outlives(self) -> bool:
        return bool(self.node.get("options", {}).get("detached"))

    @property
    def is_stuck(self) -> bool:
        """Whether it waits for what has ended, of which no person said so."""
        ended = [edge for edge in self.parents if edge.state != SATISFIED and edge.parent.state in ENDED]
        return self.waits and not self.is_reopened and any(edge.state != HELD for edge in ended)

    def facts(self) -> tuple[Any, ...]:
        """Return what helps to see why it is as it is."""
        parents = [(edge.parent.id[-4:], edge.policy, edge.state, edge.parent.state) for edge in self.parents]
        return (self.id, self.kind, self.node, parents)

    def after(self, parent: Job, policy: str, position: int | None = None) -> None:
        """Wait for a job; that the two are connected already says as much."""
        if any(edge.parent is parent and edge.position == position for edge in self.parents):
            return
        edge = Edge(parent, self, policy, position)
        self.parents.append(edge)
        parent.children.append(edge)

    def inputs(self, *, early: bool = False) -> list[Any]:
        """Return what it is given by position; what a policy leaves out is left out.

        early: without what parents gave after it went on without them. A retry of such a parent and the start of its child are in no order.
        """
        edges = sorted((edge for edge in self.parents if edge.position is not None), key=lambda edge: edge.position or 0)
        given = [(edge, edge.parent.state == "succeeded" and not (early and edge.is_without)) for edge in edges]
        return [edge.parent.result if is_there else None for edge, is_there in given if is_there or edge.policy != "skip"]

    def args(self, *, early: bool = False) -> list[Any]:
        """Return its arguments as its task gets them."""
        inputs = iter(self.inputs(early=early))

        def fill(value: Any) -> Any:
            return next(inputs) if isinstance(value, dict) else value

        first = [fill(value) for value in self.given]
        return first + [list(map(fill, value)) if isinstance(value, list) else fill(value) for value in self.node["args"]]


@dataclass(eq=False)
class Edge:
    """A job waits for another one."""

    parent: Job
    child: Job
    policy: str
    position: int | None
    state: str = OPEN
    is_without: bool = False  # whether the child went on though the parent did not succeed

    def wanted(self) -> str:
        """Return the state that the parent's wants."""
        state, policy = self.parent.state, self.policy
        if self.state == SATISFIED or state not in ENDED:
            return self.state if self.state == SATISFIED else OPEN
        if policy in CALLBACKS:
            return SATISFIED if state in CALLBACKS[policy] else DROPPED
        if state == "succeeded" or policy in ("skip", "none"):
            return SATISFIED
        if policy == "fail":
            return PASSED_ON
        return SATISFIED if self.parent.is_skipped else HELD


class Value(NamedTuple):
    """What comes before a part of a flow."""

    job: Job
    policy: str = "fail"
    is_id: bool = False


class World:
    """All jobs, by id."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}

    def add(self, node: Node, id: str) -> list[Job]:
        """Accept a flow."""
        jobs = _Reading(self, id).read(node)
        self.jobs.update((job.id, job) for job in jobs)
        for job in jobs:
            job.state = "running" if job.kind != "task" and job.root is None else "waiting"
        edges = [edge for job in jobs for edge in job.parents]
        ended = [edge.parent for edge in edges if edge.parent.state in UNSUCCESSFUL]
        moved = [job for edge in edges if edge.parent.state == "succeeded" for job in self._follow(edge)]
        self._settle([*ended, *moved, *jobs])
        return jobs

    def end(self, endings: Iterable[tuple[Job, str, Any]]) -> None:
        """Let jobs end together, with a state and a result."""
        moved = []
        for job, state, result in endings:
            job.state, job.result = state, result
            moved.append(job)
        self._settle(moved)

    def cancel(self, job: Job) -> None:
        if job.state not in ENDED:
            job.state = "cancelled"
            self._settle([job])

    def retry(self, job: Job) -> None:
        if job.state in UNSUCCESSFUL:
            self._begin_again(job)
            self._settle([job])

    def pass_time(self, now: float) -> None:
        """Let the deadlines that have passed have their consequences, in order; those of one moment together."""
        over = [job for job in self.jobs.values() if job.deadline is not None and job.deadline <= now and not job.is_overdue]
        for moment in sorted({job.deadline for job in over if job.deadline is not None}):
            missed = [job for job in over if job.deadline == moment and (job.kind != "task" or job.state not in ENDED)]
            for job in missed:
                job.is_overdue = True
                job.state = job.state if job.state in ENDED else "failed"
            self._settle(missed)

    def skip(self, job: Job) -> bool:
        """Let those go on that a job holds; return whether there were any."""
        if job.state not in UNSUCCESSFUL or all(edge.state != HELD for edge in job.children):
            return False
        job.is_skipped = True
        self._settle([job])
        return True

    @staticmethod
    def _begin_again(job: Job) -> None:
        job.state = "running" if job.members and job.kind != "task" else "waiting"
        job.failures = job.crashes = 0
        job.is_reopened, job.is_skipped = True, False
        job.deadline, job.is_overdue = None, False

    def _settle(self, moved: list[Job]) -> None:
        """Let what moved have its consequences: first for the members of jobs, then for what waits for them."""
        while moved:
            now, moved = list(dict.fromkeys(moved)), []
            for job in now:
                ends = job.state == "cancelled" or job.is_overdue
                for member in job.members if ends or job.state == "running" else ():
                    if member.is_detached or (job.kind == "task" and job.state == "running"):
                        continue
                    if ends and member.state not in ENDED and not member.outlives:
                        member.state = "cancelled"
                        moved.append(member)
                    elif job.state == "running" and member.state in UNSUCCESSFUL:
                        self._begin_again(member)
                        moved.append(member)
            for edge in [edge for job in now for edge in job.children]:
                moved += self._follow(edge)
            moved += [job for job in now if self._goes_on(job)]

    def _follow(self, edge: Edge) -> list[Job]:
        child, before, edge.state = edge.child, edge.state, edge.wanted()
        if edge.state == before:
            return []
        edge.is_without = edge.state == SATISFIED and edge.parent.state != "succeeded"
        if edge.state == PASSED_ON and child.waits:
            child.state, child.is_reopened = "failed", False
        elif edge.state == DROPPED and child.state == "waiting":
            child.state = "cancelled"
        elif before == DROPPED and child.state == "cancelled":
            self._begin_again(child)
        elif edge.state == SATISFIED:
            return [child] if self._goes_on(child) else []
        else:
            return []
        return [child]

    @staticmethod
    def _goes_on(job: Job) -> bool:
        """Let a job begin, or a flow end, that waits for nothing; return whether it did."""
        if not job.waits or job.pending:
            return False
        if job.kind == "task":
            job.state, job.is_reopened = "ready", False
        else:
            job.state = "succeeded"
            found = job.inputs()
            job.result = found if job.kind == "group" else found[0] if found else None
        return True


class _Reading:
    """Makes jobs of one flow."""

    def __init__(self, world: World, id: str) -> None:
        self._world = world
        self._id = id
        self._jobs: list[Job] = []
        self._names: dict[str, Value] = {}
        self._asked: list[tuple[Job, str, int | None]] = []

    def read(self, node: Node) -> list[Job]:
        if "task" in node and not node.get("with"):
            self._node(node, None, [], ())
        else:
            root = self._job("group" if "group" in node else "chain", ())
            after = node.get("after", [])
            for one in node.get("with", ()):
                self._node(one, None, [], ())
            if "group" in node:
                self._parts(root, node, None, after, ())
            else:
                inside = node["chain"] if "chain" in node else [{key: node[key] for key in node if key != "with"}]
                value = self._chain(inside, None, after, ())
                if value is not None:
                    root.after(value.job, "none" if value.policy == "skip" else value.policy, 0)
            if "task" not in node:
                self._callbacks(root, node, ())
        for job, name, position in self._asked:
            value = self._names.get(name) or Value(self._world.jobs[name])
            job.after(value.job, value.policy, position)
        return self._jobs

    def _job(self, kind: str, triggers: tuple[Value, ...], node: Node | None = None) -> Job:
        root = self._jobs[0] if self._jobs else None
        number = len(self._jobs)
        id = id_text(member_id(bytes.fromhex(self._id.replace("-", "")), number)) if number else self._id
        job = Job(id, kind, root, node or {}, is_detached=bool(triggers))
        for trigger in triggers:
            job.after(trigger.job, trigger.policy)
        self._jobs.append(job)
        if root is not None:
            root.members.append(job)
        return job

    def _node(self, node: Node, before: Value | None, after: list[str], triggers: tuple[Value, ...]) -> Value | None:
        for one in node.get("with", ()):
            self._node(one, None, after, triggers)
        after = after + node.get("after", [])
        policy = node.get("if_fails")
        if "chain" in node:
            value = self._chain(node["chain"], before, after, triggers)
            if value is None or value is before:
                return value
            job, policy = value.job, policy or value.policy
        elif "group" in node:
            job = self._job("group", triggers)
            self._parts(job, node, before, after, triggers)
        else:
            job = self._member(node, before, after, triggers)
        self._callbacks(job, node, triggers)
        made = Value(job, policy or "fail")
        if "name" in node:
            self._names[node["name"]] = made
        return made

    def _chain(self, parts: list[Node], value: Value | None, after: list[str], triggers: tuple[Value, ...]) -> Value | None:
        for part in parts:
            given = self._node(part, value, after, triggers)
            if given is not value:
                after = []
            value = given
        return value

    def _parts(self, group: Job, node: Node, before: Value | None, after: list[str], triggers: tuple[Value, ...]) -> None:
        values = [self._node(part, before, after, triggers) for part in node["group"]]
        for position, value in enumerate(values):
            assert value is not None
            group.after(value.job, value.policy, position)
        if not values:
            self._wait(group, before, after)

    def _member(self, node: Node, before: Value | None, after: list[str], triggers: tuple[Value, ...]) -> Job:
        job = self._job("task", triggers, node)
        job.within = node["options"].get("finish_within")
        if before is not None and not node.get("immutable"):
            job.given = [before.job.id if before.is_id else {}]
            if not before.is_id:
                job.after(before.job, before.policy, 0)
        position = 0 if {} not in job.given else 1
        for value in node["args"]:
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict):
                    self._asked.append((job, one["$output"], position))
                    position += 1
        self._wait(job, before, after)
        return job

    def _wait(self, job: Job, before: Value | None, after: list[str]) -> None:
        if before is not None and not any(edge.parent is before.job and edge.position == 0 for edge in job.parents):
            job.after(before.job, before.policy)
        self._asked += [(job, name, None) for name in after]

    def _callbacks(self, job: Job, node: Node, triggers: tuple[Value, ...]) -> None:
        for policy in CALLBACKS:
            before = Value(job, policy, policy != "on_success")
            for part in node.get(policy, ()):
                self._node(part, before, [], (*triggers, before))
