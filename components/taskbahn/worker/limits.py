"""The worker's clock: time limits, the grace of attempts that were ordered to stop, queues that do not move."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from taskbahn.worker.pool import ABANDON_AFTER
from taskbahn.worker.swallowed import pause_before_again

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from taskbahn.attempt.context import AttemptContext, StopKind
    from taskbahn.worker.pool import Pool

TICK = 0.05  # seconds, at most, between two looks while there is something to run
SHORTEST = 0.005


class Sweeper:
    """Looks at what runs in all pools, as often as needed, and not at all while nothing does."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        pools: Sequence[Pool],
        *,
        is_busy: Callable[[], bool],
        on_blocked: Callable[[list[AttemptContext]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._loop = loop
        self._pools = pools
        self._is_busy = is_busy
        self._on_blocked = on_blocked
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None
        self._missed: deque[AttemptContext] = deque()

    def hit_again(self, context: AttemptContext) -> None:
        """Interrupt *context* once more, since Python swallowed what was thrown, or nothing could be; from any thread."""
        self._missed.append(context)  # not through the loop: awake, it would throw before the thread has left the hook

    def _interrupt(self, context: AttemptContext) -> None:
        for pool in self._pools:
            if context in pool.running():
                pool.interrupt(context)

    def wake(self) -> None:
        """Look from now on: an attempt runs or waits."""
        if self._timer is None:
            self._timer = self._loop.call_later(TICK, self._tick)

    def stop(self) -> None:
        """Stop looking."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def look(self) -> float:
        """Stop or hand back what is due; return the seconds until the next look."""
        now = self._clock()
        wait = TICK
        while self._missed:
            self._loop.call_later(pause_before_again(), self._interrupt, self._missed.popleft())
        for pool in self._pools:
            blocked = pool.blocked(now)  # first, for no limit counts against an attempt that others block
            if blocked:
                self._on_blocked(blocked)
            for context in pool.running():
                wait = min(wait, self._look_at(pool, context, now))
        return max(wait, SHORTEST)

    def _look_at(self, pool: Pool, context: AttemptContext, now: float) -> float:
        """Return the seconds until something is due for *context*."""
        if context.stop is not None:
            remaining = context.stopped_at + ABANDON_AFTER - now
            if remaining <= 0:
                pool.abandon(context)
        elif context.run_within is None or not context.began or context.parked_at is not None:
            remaining = TICK
        else:
            remaining = context.began + context.run_within + context.waited - now
            if remaining <= 0:
                reason = f"{context.task} ran longer than its time limit of {context.run_within:g} s"
                order_stop(pool, context, "time_limit", reason, now)
        return remaining if remaining > 0 else TICK

    def _tick(self) -> None:
        self._timer = None
        wait = self.look()
        if self._is_busy():
            self._timer = self._loop.call_later(wait, self._tick)


def order_stop(pool: Pool, context: AttemptContext, kind: StopKind, reason: str, now: float) -> None:
    """Tell *context* to stop, once; now: monotonic, for its grace."""
    if context.stop is None:
        context.stop_reason = reason
        context.stopped_at = now
        context.stop = kind
        pool.interrupt(context)
