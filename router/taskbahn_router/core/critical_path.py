"""Which jobs decided when a whole ended: from its end back, each time the one that it had to wait for longest."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Span(NamedTuple):
    """When a job started and ended; None: it has not yet."""

    started_at: float | None
    finished_at: float | None


def critical_path(last: int, edges: Iterable[tuple[int, int]], spans: Mapping[int, Span]) -> list[int]:
    """Return the jobs that lead to *last*, in order and without it.  edges: a job, and one that waits for it."""
    parents: dict[int, list[int]] = {}
    for parent, child in edges:
        if parent in spans:
            parents.setdefault(child, []).append(parent)
    path: list[int] = []
    seen = {last}
    at = last
    while left := [parent for parent in parents.get(at, ()) if parent not in seen]:
        at = max(left, key=lambda parent: (_end(spans[parent]), -parent))
        seen.add(at)
        path.append(at)
    return path[::-1]


def _end(span: Span) -> tuple[float, float]:
    """Return when a job ends: one that has not ended comes after all that have, and of those the one that runs longest."""
    if span.finished_at is not None:
        return span.finished_at, 0.0
    return math.inf, -math.inf if span.started_at is None else -span.started_at
