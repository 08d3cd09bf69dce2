"""The limits under which the random lives of `promise_model` are. A new kind of limit gets a row in `LIMITS`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taskbahn_router.core.rows import Gate


class ModelLimit(NamedTuple):
    """A limit, and what its test knows of it without asking its kind."""

    declared: Mapping[str, Any]
    chance: float = 0.0  # of a new job to be under it; 0: it hangs on whole partitions, or on none
    values: str = ""  # of its keys, a letter each; empty: it has no template
    costs: tuple[int, ...] = (1,)  # of its jobs
    opens_us: Callable[[Gate, int], int] | None = None  # for a gate and now: when it lets a start through; None: time does not
    most: tuple[float, int] | None = (
        None  # seconds, and how many starts a key has at most in any such time; then all is paid back
    )
    changed: Mapping[str, Any] | None = None  # fields that operators set instead; tests of kinds go by both
    instead: ModelLimit | None = None  # the limit with these fields, of one that time opens; None: operators leave it as it is
    taken: Callable[[Gate, int], Gate] | None = None  # for a gate and now: the gate after a start; None: it is closed then


def rate(starts: int, burst: int, chance: float = 0.0, values: str = "") -> ModelLimit:
    """Return a rate that operators change to one that is faster."""
    fast = bucket(2 * starts, burst + 3)
    changed = {name: fast.declared[name] for name in ("rate", "burst")}
    return bucket(starts, burst)._replace(chance=chance, values=values, changed=changed, instead=fast)


def bucket(starts: int, burst: int) -> ModelLimit:
    interval_us = 1_000_000 // starts

    def opens_us(gate: Gate, now_us: int) -> int:
        """A bucket is never further ahead than it is large."""
        return min(gate.time_us, now_us + burst * interval_us) - (burst - 1) * interval_us

    def taken(gate: Gate, now_us: int) -> Gate:
        return gate._replace(time_us=max(now_us, min(gate.time_us, now_us + burst * interval_us)) + interval_us)

    declared = {"kind": "rate", "rate": f"{starts}/s", "burst": burst}
    return ModelLimit(declared, opens_us=opens_us, most=(1.0, starts + burst), taken=taken)


LIMITS = {
    "g": ModelLimit({"kind": "concurrency", "limit": 3}, 0.5, changed={"limit": 1}),
    "k": ModelLimit({"kind": "concurrency", "limit": 1}, 0.6, "abcd"),
    "c": ModelLimit({"kind": "concurrency", "limit": 4}, 0.1, costs=(1, 2, 3)),
    "h": ModelLimit({"kind": "concurrency", "limit": 2}),
    "f": ModelLimit({"kind": "concurrency", "limit": 2}, 0.2, "ab"),
    "r": rate(2, 2, 0.25, "ab"),
    "rg": rate(10, 1, 0.15),
    "hr": rate(10, 1),
    "fair": ModelLimit({"kind": "fair"}, 0.25, "abc"),
}
# One whose attempts hold permits and that is no concurrency needs its own arithmetic in `Checks.is_open` and `check_permits`.
HELD = {name for name, limit in LIMITS.items() if limit.declared["kind"] == "concurrency"}
TIMED = {name for name, limit in LIMITS.items() if limit.opens_us is not None}
COSTLY = {name for name, limit in LIMITS.items() if len(limit.costs) > 1}
