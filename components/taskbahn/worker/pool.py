"""What every pool of `worker/pools` does: run attempts, a bounded number at a time; the others wait in a queue.

Pools are called on the event loop's thread. They put outcomes into the outbox; a stop is asked by setting
`context.stop` and calling `interrupt`, and gets its answer as an outcome, too.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbahn.attempt.context import AttemptContext

BLOCKED_AFTER = 0.1  # seconds without a start after which the attempts in a line are handed back
ABANDON_AFTER = 2.0  # seconds that a stopped attempt gets to end by itself


class Pool(Protocol):
    """One way to run attempts."""

    slots: int

    async def start(self) -> None:
        """Get the pool ready to run; raises if it cannot."""

    async def stop(self) -> None:
        """End at once all attempts that run."""

    def give(self, contexts: Iterable[AttemptContext]) -> None:
        """Run *contexts*, in order, as slots get free."""

    def take_back(self, count: int | None = None) -> list[AttemptContext]:
        """Give up *count* (None: all) attempts that have not started, the newest first, and return those at hand.

        Others follow through `on_back`, if they are with another process.
        """

    def running(self) -> list[AttemptContext]:
        """Return the attempts that run now."""

    def interrupt(self, context: AttemptContext) -> None:
        """Have *context*, whose `stop` is set, stop by itself; it may still be in the line."""

    def abandon(self, context: AttemptContext) -> None:
        """Stop waiting for *context*: end it by force where that is possible, and put its outcome."""

    def suspend_parked(self) -> None:
        """The worker stops: end the attempts that wait without a slot, and those that will."""

    def blocked(self, now: float) -> list[AttemptContext]:
        """Return attempts that wait for a slot and get none, and forget them; now: monotonic."""


class WaitQueue:
    """Attempts that wait for a slot, in the order they came; other threads may take from it."""

    def __init__(self) -> None:
        self.waiting: deque[AttemptContext] = deque()
        self._given = 0
        self._taken_before = -1
        self._moved_at = 0.0

    def extend(self, contexts: Iterable[AttemptContext]) -> int:
        """Add *contexts* at the end and return how many they are."""
        before = self._given
        for context in contexts:
            self.waiting.append(context)
            self._given += 1
        return self._given - before

    def take_back(self, count: int | None) -> list[AttemptContext]:
        """Remove the newest *count* (None: all) and return them."""
        found: list[AttemptContext] = []
        try:
            while count is None or len(found) < count:
                found.append(self.waiting.pop())
        except IndexError:
            pass
        self._given -= len(found)
        return found

    def remove(self, context: AttemptContext) -> bool:
        """Take *context* out; False if it is not here any more."""
        try:
            self.waiting.remove(context)
        except ValueError:
            return False
        self._given -= 1
        return True

    def moved(self, now: float) -> None:
        """Count the time of waiting from now."""
        self._moved_at = now

    def blocked(self, now: float) -> list[AttemptContext]:
        """Remove and return all if none was taken for `BLOCKED_AFTER`; now: monotonic, asked again and again."""
        taken = self._given - len(self.waiting)
        if taken != self._taken_before or not self.waiting:
            self._taken_before, self._moved_at = taken, now
            return []
        return self.take_back(None) if now - self._moved_at >= BLOCKED_AFTER else []
