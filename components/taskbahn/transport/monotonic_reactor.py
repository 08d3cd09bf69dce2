"""Timers that do not move when the wall clock is set.

Twisted's reactors count by `time.time` (as of 26.10). A clock set forward fires every timer at once: heartbeats seem missed,
connections are given up, leases end. One set back stalls every timer for as long.
"""

from __future__ import annotations

import time
from typing import Any


def steady_timers(reactor: Any) -> None:
    """Have *reactor* count by the monotonic clock from now on; safe twice, and nothing for one that does so by itself."""
    if reactor.seconds is not time.time:
        return
    ahead: float = time.time() - time.monotonic()  # kept, so that the timers which there are already stay where they are
    monotonic = time.monotonic  # asked several times in each turn of the loop

    def seconds() -> float:
        return ahead + monotonic()

    reactor.seconds = seconds
    for call in reactor.getDelayedCalls():
        call.seconds = seconds  # which it counts by when it is reset
