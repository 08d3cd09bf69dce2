"""A bound on how many jobs of a key start in a time: the generic cell rate algorithm (GCRA), in integer microseconds.

`Gate.time_us` is when all that was taken is paid back, a token every `interval_us`. A start may come as long as that is no more than
the tolerance ahead. So no window of time has more starts than rate × window + burst.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.protocol.rates import parse_rate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn_router.core.rows import Gate

LATENESS_US = 10_000  # by which starts without a burst may be late and the rate still be reached


class RateOptions(NamedTuple):
    """A token is back after `interval_us`; `tolerance_us` is by how much starts may come before their time."""

    interval_us: int
    tolerance_us: int


class Rate:
    """Its permits come back by time alone, whatever becomes of the attempts."""

    name = "rate"
    holds = False
    orders = False

    def parse(self, declared: Mapping[str, Any]) -> RateOptions:
        pace, burst = parse_rate(declared["rate"]), declared.get("burst")
        interval_us = -(-pace.period_us // pace.starts)
        return RateOptions(interval_us, LATENESS_US if burst is None else (burst - 1) * interval_us)

    def room(self, gate: Gate, options: RateOptions, now_us: int, cost: int) -> int:
        ahead_us = _paid_back_us(gate, options, now_us) - now_us
        tokens = (options.tolerance_us - ahead_us) // options.interval_us + 1
        return max(0, tokens // cost)

    def take(self, gate: Gate, options: RateOptions, now_us: int, cost: int) -> Gate:
        return gate._replace(time_us=_paid_back_us(gate, options, now_us) + cost * options.interval_us)

    def fitted(self, gate: Gate, options: RateOptions, now_us: int) -> Gate:
        paid_back_us = _paid_back_us(gate, options, now_us)
        return gate._replace(time_us=paid_back_us) if paid_back_us < gate.time_us else gate

    def opens_at(self, gate: Gate, options: RateOptions, now_us: int, cost: int) -> int | None:
        return _paid_back_us(gate, options, now_us) + (cost - 1) * options.interval_us - options.tolerance_us

    def usage(self, gate: Gate, options: RateOptions, now_us: int) -> tuple[int, int]:
        ahead_us = _paid_back_us(gate, options, now_us) - now_us
        return -(-ahead_us // options.interval_us), options.tolerance_us // options.interval_us + 1

    def why(self, gate: Gate, options: RateOptions) -> str:
        return f"a start is allowed every {options.interval_us / 1e6:g} s"


def _paid_back_us(gate: Gate, options: RateOptions, now_us: int) -> int:
    """Return the gate's time, no earlier than now; no later than one full bucket takes, for the clock may have been set back."""
    return max(now_us, min(gate.time_us, now_us + options.tolerance_us + options.interval_us))
