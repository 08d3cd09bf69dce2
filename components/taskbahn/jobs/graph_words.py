"""The words and signs for the jobs of a graph, the same in all its drawings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskbahn.protocol import member_views

SIGNS = {
    "waiting": "◷", "ready": "◌", "running": "▶", "succeeded": "✓", "failed": "✗", "cancelled": "⊘", "expired": "⌛",
}  # fmt: skip
FLOW_NAMES = {"taskbahn.chain": "chain", "taskbahn.group": "group"}
MINUTE, HOUR = 60, 3600  # seconds


def name_of(node: member_views.GraphNode) -> str:
    """Return what a job is called: its title or its name in the flow, and its task, and how many they are."""
    task, name = FLOW_NAMES.get(node.task, node.task), node.title or node.label
    named = f"{name} ({task})" if name else task
    return named if node.counts is None else f"{named} ×{sum(node.counts.values()):,}"


def state_of(node: member_views.GraphNode) -> str:
    """Return the state of a job, or how many jobs are in each."""
    return node.state if node.counts is None else ", ".join(f"{count:,} {state}" for state, count in node.counts.items())


def span_of(node: member_views.GraphNode, now: float) -> str:
    """Return how long a job has run so far or ran in all; nothing if it has not started."""
    if node.started_at is None or node.kind != "task" or (node.finished_at is None and node.state != "running"):
        return ""
    seconds = max(0.0, (now if node.finished_at is None else node.finished_at) - node.started_at)
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    return f"{whole // MINUTE} min {whole % MINUTE} s" if seconds < HOUR else f"{whole // HOUR} h {whole % HOUR // MINUTE} min"
