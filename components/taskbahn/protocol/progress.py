"""How far an attempt is, as it travels, and the fraction that its stages make."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_DEPTH = 50  # levels of stages that count
EXACT_DIGITS = 9  # digits of a fraction: the weights of seven equal stages are 1 together


class Stage(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A named part of an attempt's work; `parent` is the id of the stage it is nested in.

    weight: its share, 0 to 1, of the whole around it; None: not known.   started_at: 0 if it is said beforehand and did not begin yet.
    failed: an exception ended it.
    """

    id: int
    name: str
    parent: int | None = None
    total: float | None = None
    done: float = 0.0
    started_at: float = 0.0
    ended_at: float | None = None
    weight: float | None = None
    failed: bool = False

    @property
    def is_to_come(self) -> bool:
        """Whether it was said beforehand and did not begin yet."""
        return not self.started_at and self.weight is not None


class Progress(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How far an attempt is: `fraction` in 0..1 if known, and its stages in the order they began."""

    fraction: float | None = None
    message: str = ""
    stages: list[Stage] = []
    data: Any = None


def fraction_of(stages: Iterable[Stage]) -> float | None:
    """Return how far the whole is that these stages are part of, 0 to 1; None if it cannot be known.

    Outermost stages with weights count by these. One without a weight is the whole as long as it is alone, also when it has ended; with a
    second one it is unknown how many follow.
    """
    stages = list(stages)
    known = {stage.id for stage in stages}
    inside: dict[int | None, list[Stage]] = {}
    for stage in stages:
        inside.setdefault(stage.parent if stage.parent in known else None, []).append(stage)
    outermost = inside.get(None, [])
    fraction = _weighted(inside, None, 0)
    if fraction is None and len(outermost) == 1:
        fraction = _share(inside, outermost[0], 1)
    return None if fraction is None or not math.isfinite(fraction) else round(fraction, EXACT_DIGITS)


def _weighted(inside: dict[int | None, list[Stage]], parent: int | None, depth: int) -> float | None:
    weights = [(stage, stage.weight) for stage in inside.get(parent, ()) if stage.weight and stage.weight > 0]
    if not weights:
        return None
    whole = max(1.0, sum(weight for _, weight in weights))
    return min(1.0, sum(weight * (_share(inside, stage, depth + 1) or 0.0) for stage, weight in weights) / whole)


def _share(inside: dict[int | None, list[Stage]], stage: Stage, depth: int) -> float | None:
    """Return how far one stage is, with the part of its step that is done within."""
    if stage.ended_at is not None and not stage.failed:
        return 1.0
    step = None if depth > MAX_DEPTH else _weighted(inside, stage.id, depth)
    if not stage.total or stage.total < 0:
        return step
    if step is None and depth <= MAX_DEPTH:
        running = next((one for one in reversed(inside.get(stage.id, ())) if one.ended_at is None and not one.is_to_come), None)
        step = None if running is None else _share(inside, running, depth + 1)
    return min(1.0, max(0.0, (stage.done + (step or 0.0)) / stage.total))
