"""The graph of a job with members, put together from pages of them: all as they are, or alike ones as one where they are many."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taskbahn.protocol import member_views, messages
from taskbahn.protocol.states import State
from taskbahn_router.core.critical_path import Span, critical_path
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.reactions import IS_FLOW, IS_GROUP, OPEN, WAKE
from taskbahn_router.model.wire_format import title_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from taskbahn_router.core.reactions import Edge
    from taskbahn_router.stores.rows import JobRow

MAX_NODES = 1_000  # members that are shown one by one
EDGE_STATES = ("open", "satisfied", "passed_on", "held", "dropped")  # by their numbers in `core.reactions`
SHOWN_FIRST = (State.FAILED, State.RUNNING, State.READY, State.WAITING, State.EXPIRED, State.CANCELLED, State.SUCCEEDED)
MEMBER = "member"  # the policy of an edge that says only to which job another one belongs


@dataclass(slots=True)
class _Alike:
    """Jobs that are one node; the first of them stands for all."""

    first: JobRow
    outside: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    started_at: float | None = None
    finished_at: float | None = None

    def add(self, row: JobRow) -> None:
        self.counts[row.state] += 1
        if row.started_at is not None:
            self.started_at = min(row.started_at, self.started_at or row.started_at)
        if row.finished_at is not None:
            self.finished_at = max(row.finished_at, self.finished_at or row.finished_at)


class GraphBuilder:
    """The graph of one job.  members: how many it has."""

    def __init__(self, job: JobRow, members: int) -> None:
        self.job = job
        self.members = members
        self.is_collapsed = members > MAX_NODES
        self._nodes: dict[Any, _Alike] = {}
        self._node_of: dict[int, Any] = {}  # seq -> key of its node
        self._edges: dict[tuple[int, int, int], Edge] = {}  # by parent, child and position; of alike jobs all that were read
        self.add([job], ())

    def add(self, rows: Iterable[JobRow], edges: Sequence[Edge], *, outside: bool = False) -> None:
        """Add jobs, and what they wait for."""
        before: dict[int, set[int]] = {}
        for edge in edges:
            if not self._is_shown(edge):
                continue
            self._edges[edge[:3]] = edge
            if self.is_collapsed:
                before.setdefault(edge.child, set()).add(edge.parent)
        for row in rows:
            key = self._key(row, before.get(row.seq, ()))
            if key not in self._nodes:
                self._nodes[key] = _Alike(row, outside)
            self._nodes[key].add(row)
            self._node_of[row.seq] = key

    def _is_shown(self, edge: Edge) -> bool:
        """Return whether a graph has an edge: of those by which a function waits, not what it has waited for, nor for its own members."""
        return edge.policy != WAKE or (edge.state == OPEN and not (self.members and edge.child == self.job.seq))

    def _key(self, row: JobRow, parents: Iterable[int]) -> Any:
        """Return what a job has in common with those that are shown as one with it: its task, and the groups that it waits for."""
        if not self.is_collapsed or row.seq == self.job.seq:
            return row.seq
        if row.flags & IS_FLOW:
            return row.seq if len(self._nodes) < MAX_NODES else row.task
        groups = sorted({key for parent in parents if isinstance(key := self._node_of.get(parent), int)} - {self.job.seq})
        return row.task, groups[0] if groups and len(self._nodes) < MAX_NODES else None

    def missing(self) -> list[int]:
        """Return the seqs of jobs at the other ends of edges."""
        ends = {end for edge in self._edges.values() for end in (edge.parent, edge.child)}
        return sorted(ends - self._node_of.keys())

    def view(self) -> dict[str, Any]:
        """Return the `member_views.JobGraph`."""
        shown = dict(list(self._nodes.items())[: MAX_NODES + MAX_NODES])
        ids = {key: id_text(node.first.id) for key, node in shown.items()}
        graph = member_views.JobGraph(
            id=id_text(self.job.id), nodes=[_node(node) for node in shown.values()], edges=self._edge_views(ids),
            critical=self._critical(), members=self.members, collapsed=self.is_collapsed, left_out=len(self._nodes) - len(shown),
        )  # fmt: skip
        plain: dict[str, Any] = messages.plain(graph)
        return plain

    def _edge_views(self, ids: dict[Any, str]) -> list[member_views.GraphEdge]:
        found: dict[tuple[str, str, str], member_views.GraphEdge] = {}
        for edge in self._edges.values():
            ends = self._node_of.get(edge.parent), self._node_of.get(edge.child)
            if ends[0] == ends[1] or not all(end in ids for end in ends):
                continue
            parent, child = ids[ends[0]], ids[ends[1]]
            same = found.get((parent, child, edge.policy)) if self.is_collapsed else None
            if same is None:
                key = parent, child, edge.policy if self.is_collapsed else f"{edge.policy} {edge.position}"
                found[key] = member_views.GraphEdge(
                    parent=parent, child=child, policy=edge.policy, state=EDGE_STATES[edge.state], position=edge.position
                )
            else:
                same.count += 1
        return [*found.values(), *self._belonging(ids, {edge.child for edge in found.values()})]

    def _belonging(self, ids: dict[Any, str], waiting: set[str]) -> list[member_views.GraphEdge]:
        """Return edges to the members that wait for nothing, of a job that started them."""
        if self.job.flags & IS_FLOW or not self.members:
            return []
        own = id_text(self.job.id)
        starts = (id for key, id in ids.items() if id != own and id not in waiting and not self._nodes[key].outside)
        return [member_views.GraphEdge(parent=own, child=id, policy=MEMBER) for id in starts]

    def _critical(self) -> list[str]:
        """Return the members that decided the end of the whole."""
        if self.is_collapsed or not self.members:
            return []
        rows = {key: node.first for key, node in self._nodes.items() if not node.outside and key != self.job.seq}
        edges = [(edge.parent, edge.child) for edge in self._edges.values()]
        if not self.job.flags & IS_FLOW:  # nothing waits for the members of such a job: the last of them decided
            edges += [(seq, self.job.seq) for seq in rows]
        spans = {seq: Span(row.started_at, row.finished_at) for seq, row in rows.items()}
        return [id_text(rows[seq].id) for seq in critical_path(self.job.seq, edges, spans)]


def _node(node: _Alike) -> member_views.GraphNode:
    row, counts = node.first, node.counts
    are_several = counts.total() > 1
    state = next(state for state in SHOWN_FIRST if counts[state])
    have_ended = all(State(state).is_final for state in counts)
    return member_views.GraphNode(
        id=id_text(row.id), task=row.task, state=state,
        kind="task" if not row.flags & IS_FLOW else "group" if row.flags & IS_GROUP else "chain",
        label=None if are_several else row.label, title=None if are_several else title_of(row),
        created_at=row.created_at, started_at=node.started_at,
        finished_at=node.finished_at if have_ended else None, outside=node.outside,
        counts={state: counts[state] for state in State if counts[state]} if are_several else None,
    )  # fmt: skip
