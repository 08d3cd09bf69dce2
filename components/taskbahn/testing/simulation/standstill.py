"""Simulations in which much happens and time does not move: a wait of the test is to end there, with what goes round."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from taskbahn.errors import NotFinished

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taskbahn.attempt.context import AttemptContext

SAME_WAITS = 100  # attempts of one job that may end in the same wait at one moment
MOST_AT_ONCE = 50_000  # attempts that may begin at one moment


class Standstill:
    """Counts what happens at one moment of the simulation.   now: its clock."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._moment = now()
        self._begun = 0
        self._waits: dict[str, Any] = {}
        self._same: defaultdict[str, int] = defaultdict(int)

    def begins(self, context: AttemptContext) -> None:
        """Count an attempt that begins.  Raises NotFinished."""
        self._look()
        self._begun += 1
        if self._begun > MOST_AT_ONCE:
            self._begun = 0
            raise _no_end(context, f"{MOST_AT_ONCE:,} attempts have begun at this moment, the last one of {context.task}")

    def waits(self, context: AttemptContext, suspended: Mapping[str, Any]) -> None:
        """Count an attempt that ends because its function waits.  Raises NotFinished."""
        self._look()
        wait = {name: value for name, value in suspended.items() if name != "attempt"}
        is_same = self._waits.get(context.job) == wait
        self._waits[context.job], self._same[context.job] = wait, (self._same[context.job] + 1) * is_same
        if self._same[context.job] >= SAME_WAITS:
            self._same[context.job] = 0
            raise _no_end(
                context, f"{context.task} is called again and again at this moment, and each time it waits for the same"
            )

    def _look(self) -> None:
        """Begin again where time has moved."""
        if self._moment != self._now():
            self._moment, self._begun = self._now(), 0
            self._waits.clear()
            self._same.clear()


def _no_end(context: AttemptContext, why: str) -> NotFinished:
    return NotFinished(
        f"the simulation makes no way, for time does not move: {why} (job {context.job})", job=context.job, timeout=0.0
    )
