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
    return 0.0 if fraction is None else min(max(fraction, 0.0), 1.0)


def summary(
    counts: Mapping[str, int],
    shares: Iterable[float] = (),
    weights: Mapping[str, float] | None = None,
    state: str | None = None,
) -> dict[str, Any]:
    """Return the `member_views.Members` of a job.

    counts: of its members by state.   shares: how far those are that run, times their weights.
    weights: of its members by state; None: all are 1. Where all are 0 they say nothing, and the members are counted.
    state: of a flow; one that has failed, or was stopped, came as far as its members have succeeded.
    """
    total = sum(counts.values())
    of = weights if weights is not None and sum(weights.values()) > 0 else counts
    whole = sum(of.values())
    is_cut_short = state is not None and State(state).is_final and state != State.SUCCEEDED
    done = of.get(State.SUCCEEDED, 0.0) if is_cut_short else _ended(of)
    fraction = min(1.0, (done + sum(shares)) / whole) if whole else 0.0
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
