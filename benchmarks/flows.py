"""j: a chord beside its members alone, and a chain beside as many calls one after the other, in turns.

All start in the client and end with results in its hands: that of the body, or those of all members; that of the last link, or of each
call before the next one. A system that cannot do a chain as long as the plan says does one of half the length, and so on.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from benchmarks.contract import ANSWER

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.contract import FlowSystem, Plan, Result

WARM_UP = 50
FEWEST_LINKS = 10
MOST_ROUNDS = 15
CALL_SECONDS = 30.0


class WrongFlow(RuntimeError):
    """The result of a flow is not what its members make of it."""


class FlowMeasurement:
    """The measure j of one system in one mode. say: gets a line for each step."""

    def __init__(self, system: FlowSystem, result: Result, plan: Plan, say: Callable[[str], None]) -> None:
        self._system = system
        self._result = result
        self._plan = plan
        self._say = say

    def run(self) -> None:
        """Measure a chord, then a chain."""
        result, count = self._result, self._plan.members
        for kind in (self._alone, self._group, self._chord, self._calls, self._chain):
            kind(WARM_UP)
        self._say(f"j: a chord of {count:,}")
        result.members = count
        result.alone_seconds, result.group_seconds, result.chord_seconds = self._in_turns(
            count, self._alone, self._group, self._chord
        )
        result.links = self._longest(count)
        self._say(f"j: a chain of {result.links:,}")
        result.calls_seconds, result.chain_seconds = self._in_turns(result.links, self._calls, self._chain)

    def _in_turns(self, count: int, *kinds: Callable[[int], float]) -> list[float]:
        """Run each kind in turn, for a quarter of what the plan allows; return the median seconds of each."""
        end = time.perf_counter() + self._plan.limit_seconds / 4
        seen: list[list[float]] = [[] for _ in kinds]
        while not seen[0] or (time.perf_counter() < end and len(seen[0]) < MOST_ROUNDS):
            for seconds, kind in zip(seen, kinds, strict=True):
                seconds.append(kind(count))
        return [statistics.median(seconds) for seconds in seen]

    def _longest(self, count: int) -> int:
        """Return the length of the longest chain that works: *count*, or half of it, and so on."""
        while True:
            try:
                self._chain(count)
            except Exception as error:
                if count // 2 < FEWEST_LINKS:
                    raise
                self._result.chain_error = f"a chain of {count:,}: {type(error).__name__}: {error}"[:200]
                count //= 2
            else:
                return count

    def _alone(self, count: int) -> float:
        began = time.perf_counter()
        good = self._system.fetch(self._system.submit(count), self._plan.limit_seconds)
        return self._since(began, good, count)

    def _group(self, count: int) -> float:
        began = time.perf_counter()
        return self._since(began, self._system.group(count, self._plan.limit_seconds), count)

    def _chord(self, count: int) -> float:
        began = time.perf_counter()
        return self._since(began, self._system.chord(count, self._plan.limit_seconds), count)

    def _calls(self, count: int) -> float:
        began = time.perf_counter()
        return self._since(began, sum(self._system.call(CALL_SECONDS) == ANSWER for _ in range(count)), count)

    def _chain(self, count: int) -> float:
        began = time.perf_counter()
        return self._since(began, self._system.chain(count, self._plan.limit_seconds), ANSWER)

    def _since(self, began: float, found: object, expected: int) -> float:
        seconds = time.perf_counter() - began
        if found != expected:
            raise WrongFlow(f"{found!r} instead of {expected!r}")
        return seconds
