"""The graph of a job with members, as its caller sees it: data, and drawn as text, Mermaid, Graphviz or SVG."""

from __future__ import annotations

import time

import msgspec

from taskbahn.jobs import graph_svg
from taskbahn.jobs.graph_words import FLOW_NAMES, SIGNS, name_of, span_of, state_of
from taskbahn.protocol import member_views

MOST_DEPTH = 30  # of lines of a text; what is deeper is written below each other
MERMAID_STATES = (
    "classDef waiting fill:#eee,stroke:#777", "classDef ready fill:#dff,stroke:#088", "classDef running fill:#ddf,stroke:#22a",
    "classDef succeeded fill:#dfd,stroke:#080", "classDef failed fill:#fdd,stroke:#a00", "classDef cancelled fill:#fdf,stroke:#808",
    "classDef expired fill:#fed,stroke:#a50", "classDef critical stroke-width:3px",
)  # fmt: skip
DOT_COLOURS = {
    "waiting": "#eeeeee", "ready": "#ddffff", "running": "#ddddff", "succeeded": "#ddffdd", "failed": "#ffdddd",
    "cancelled": "#ffddff", "expired": "#ffeedd",
}  # fmt: skip


class JobGraph(member_views.JobGraph, kw_only=True, omit_defaults=True):
    """A job, its members, and what waits for what; `member_views.JobGraph` has the fields."""

    def text(self, now: float | None = None) -> str:
        """Return the graph as lines: each job below what it waits for. * is on the critical path.  now: UTC seconds."""
        return "\n".join(_Lines(self, time.time() if now is None else now).all())

    def mermaid(self) -> str:
        """Return the graph as a Mermaid flowchart."""
        numbers = {node.id: f"n{number}" for number, node in enumerate(self.nodes)}
        lines = ["flowchart LR"]
        for node in self.shown():
            text = f"{SIGNS.get(node.state, '?')} {name_of(node)} · {state_of(node)}".replace('"', "#quot;")
            lines.append(f'    {numbers[node.id]}["{text}"]:::{node.state}')
        for edge in self.shown_edges():
            label = "" if edge.policy in ("fail", "member") else f"|{edge.policy}|"
            arrow = "-->" if edge.state == "satisfied" else "-.->"
            lines.append(f"    {numbers[edge.parent]} {arrow}{label} {numbers[edge.child]}")
        critical = ",".join(numbers[id] for id in self.critical if id in numbers)
        return "\n".join(
            [*lines, *(f"    {line}" for line in MERMAID_STATES), *([f"    class {critical} critical"] if critical else [])]
        )

    def graphviz(self) -> str:
        """Return the graph in the language of Graphviz."""
        critical = set(self.critical)
        lines = [f"digraph {_quoted(self.id)} {{", "    rankdir=LR; node [shape=box, style=filled, fontname=sans];"]
        for node in self.shown():
            label = _quoted(f"{SIGNS.get(node.state, '?')} {name_of(node)}\n{state_of(node)}")
            width = ", penwidth=3" if node.id in critical else ""
            lines.append(
                f"    {_quoted(node.id)} [label={label}, fillcolor={_quoted(DOT_COLOURS.get(node.state, 'white'))}{width}];"
            )
        for edge in self.shown_edges():
            style = "" if edge.state == "satisfied" else "style=dashed"
            label = "" if edge.policy in ("fail", "member") else f"label={_quoted(edge.policy)}"
            more = ", ".join(filter(None, (style, label)))
            lines.append(f"    {_quoted(edge.parent)} -> {_quoted(edge.child)}{f' [{more}]' if more else ''};")
        return "\n".join([*lines, "}"])

    def svg(self) -> str:
        """Return the graph as a picture, an SVG document that needs nothing else."""
        return graph_svg.drawn(self.shown(), self.shown_edges(), self.critical, self.title())

    def title(self) -> str:
        """Return what the whole is, in a few words."""
        own = next((node for node in self.nodes if node.id == self.id), None)
        words = [self.id] if own is None else [own.title or FLOW_NAMES.get(own.task, own.task), self.id, own.state]
        return " ".join(words) + (f", {self.members:,} members" if self.members else "")

    def shown(self) -> list[member_views.GraphNode]:
        """Return the jobs that a picture has: the job of a whole flow is its title."""
        return [node for node in self.nodes if node.id != self.id or node.kind == "task" or len(self.nodes) == 1]

    def shown_edges(self) -> list[member_views.GraphEdge]:
        """Return the edges between those, each once."""
        ids = {node.id for node in self.shown()}
        edges = (edge for edge in self.edges if edge.parent in ids and edge.child in ids)
        return list({(edge.parent, edge.child, edge.policy): edge for edge in edges}.values())


def graph_of(answer: object) -> JobGraph:
    """Return the graph that the dispatcher answers."""
    return msgspec.convert(answer, JobGraph)


class _Lines:
    """The lines of a text: a job that waits for several others is written below the first and named below the rest."""

    def __init__(self, graph: JobGraph, now: float) -> None:
        self._graph = graph
        self._now = now
        self._nodes = {node.id: node for node in graph.shown()}
        self._critical = set(graph.critical)
        self._children: dict[str, list[str]] = {}
        self._written: set[str] = set()
        for edge in graph.shown_edges():
            self._children.setdefault(edge.parent, []).append(edge.child)

    def all(self) -> list[str]:
        lines = [self._graph.title()]
        waits = {child for children in self._children.values() for child in children}
        for id in [*(id for id in self._nodes if id not in waits), *self._nodes]:
            self._below(id, lines)
        if self._graph.left_out:
            lines.append(f"and {self._graph.left_out:,} more")
        return lines

    def _below(self, id: str, lines: list[str]) -> None:
        left = [(id, 0)]
        while left:
            at, depth = left.pop()
            if at in self._written:
                if depth:
                    lines.append(f"{'  ' * min(depth, MOST_DEPTH)}↳ {name_of(self._nodes[at])} (above)")
                continue
            lines.append("  " * min(depth, MOST_DEPTH) + self._line(self._nodes[at]))
            self._written.add(at)
            left += [(child, depth + 1) for child in reversed(self._children.get(at, ()))]

    def _line(self, node: member_views.GraphNode) -> str:
        took = span_of(node, self._now)
        words = [SIGNS.get(node.state, "?"), name_of(node), node.id if node.counts is None else "", state_of(node), took]
        return " ".join(filter(None, words)) + (" *" if node.id in self._critical else "")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
