"""A job with members seen as a whole: how many of them are in each state, and how far they are together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.protocol.states import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def share(progress: Any) -> float:
    """Return how far a running job says that it is, 0 to 1; 0: it does not say."""
    if not isinstance(progress, dict):
        return 0.0
    fraction = _number(progress.get("fraction"))
    if fraction is not None:
        return min(max(fraction, 0.0), 1.0)
    stages = [stage for stage in progress.get("stages") or () if isinstance(stage, dict)]
    outermost = [stage for stage in stages if stage.get("parent") is None]
    if len(outermost) != 1:
        return 0.0  # of several it is unknown how many follow
    total, done = _number(outermost[0].get("total")), _number(outermost[0].get("done"))
    return min(max((done or 0.0) / total, 0.0), 1.0) if total else 0.0


def summary(
    counts: Mapping[str, int], shares: Iterable[float] = (), weights: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """Return the `member_views.Members` of a job.

    counts: of its members by state.   shares: how far those are that run, times their weights.
    weights: of its members by state; None: all are 1. Where all are 0 they say nothing, and the members are counted.
    """
    total = sum(counts.values())
    of = weights if weights is not None and sum(weights.values()) > 0 else counts
    whole = sum(of.values())
    fraction = min(1.0, (_ended(of) + sum(shares)) / whole) if whole else 0.0
    return {
        "counts": {str(state): counts[state] for state in State if counts.get(state)},
        "total": total,
        "ended": int(_ended(counts)),
        "fraction": fraction,
    }


def progress(members: Mapping[str, Any], state: str) -> dict[str, Any]:
    """Return what a flow's progress is, as a `protocol.progress.Progress`; one that has succeeded is done, whatever its callbacks do."""
    failed = sum(members["counts"].get(name, 0) for name in (State.FAILED, State.EXPIRED))
    message = f"{members['ended']:,} of {members['total']:,} members" + (f", {failed:,} failed" if failed else "")
    return {"fraction": 1.0 if state == State.SUCCEEDED else members["fraction"], "message": message}


def _ended(amounts: Mapping[str, float]) -> float:
    return sum(amount for state, amount in amounts.items() if State(state).is_final)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
