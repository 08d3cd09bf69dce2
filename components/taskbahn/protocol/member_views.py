"""What the dispatcher answers about the members of jobs: a part of `views`."""

from __future__ import annotations

from typing import Literal

import msgspec


class Members(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The members of a job together.

    counts: by state; ended: those that are final; fraction: how far they are, 0 to 1: one that runs counts as far as it says itself.
    """

    counts: dict[str, int]
    total: int
    ended: int
    fraction: float


class GraphNode(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A job in a graph, or several as one.

    kind: task, chain or group.   outside: the job is no member.   counts: by state, of several jobs that are shown as one, the
    first of which has the id; then state is the one that counts most, and the times are those of the first and of the last.
    """

    id: str
    task: str
    state: str
    kind: Literal["task", "chain", "group"] = "task"
    label: str | None = None
    title: str | None = None
    created_at: float = 0.0
    started_at: float | None = None
    finished_at: float | None = None
    outside: bool = False
    counts: dict[str, int] | None = None


class GraphEdge(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A job waits for its parent, or belongs to it (policy member).

    state: open, satisfied, passed_on (it failed with its parent), held, or dropped (it is not needed).
    position: of the parent's result among those that the child gets; -1: it gets none.   count: edges that are shown as one.
    """

    parent: str
    child: str
    policy: str
    state: str = ""
    position: int = -1
    count: int = 1


class JobGraph(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A job with its members and what they wait for; of a job without members: what it waits for, and what waits for it.

    critical: ids of the members whose ends decided when the whole ended, or decide it, in order.
    members: how many there are; collapsed: those of a group that have one task are shown as one.   left_out: nodes beyond the bound.
    """

    id: str
    nodes: list[GraphNode]
    edges: list[GraphEdge] = []
    critical: list[str] = []
    members: int = 0
    collapsed: bool = False
    left_out: int = 0
