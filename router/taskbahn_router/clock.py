"""The time of day by which jobs are dated while the router runs; setting the system's clock does not change it.

A wall clock that jumps would run delayed jobs early, expire what has time left and delete what is to be kept. So the system's
clock is read at the start, and from then on time passes as it does on a clock that cannot be set. What the two drift apart is
made good slowly, so that time never goes back; a jump is not followed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from twisted.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable

FOLLOWED_SECONDS = 30.0  # a difference up to this is drift, or NTP at work; a larger one is a jump
SLEW = 0.005  # seconds each second by which a difference is made good; NTP itself slews by 0.0005
BOOT_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # this clock goes on while the machine is suspended


def boot_seconds() -> float:
    """Return seconds of a clock that cannot be set."""
    return time.clock_gettime(BOOT_CLOCK)


class MonotonicUtc:
    """UTC seconds since the epoch, when called; never less than before.

    system: the clock of the system, which may be set; steady: one that cannot be.
    """

    log = Logger("taskbahn.clock")

    def __init__(self, system: Callable[[], float], steady: Callable[[], float] = boot_seconds) -> None:
        self._system = system
        self._steady = steady
        self._read_at = steady()
        self._ahead = system() - self._read_at  # seconds by which UTC is ahead of the steady clock
        self._told = 0.0  # seconds of the last jump that was logged

    def __call__(self) -> float:
        """Return the time."""
        now = self._steady()
        passed, self._read_at = now - self._read_at, now
        behind = self._system() - now - self._ahead
        if -FOLLOWED_SECONDS <= behind <= FOLLOWED_SECONDS:
            most = SLEW * passed
            self._ahead += max(-most, min(most, behind))
            self._told = 0.0
        elif abs(behind - self._told) > FOLLOWED_SECONDS:
            self._told = behind
            self._tell(behind)
        return now + self._ahead

    def _tell(self, behind: float) -> None:
        self.log.warn(
            "the system's clock was set {way} by {seconds:,} s while the router ran: jobs go by the time from before, so that none "
            "runs early or expires; if the new time is right, restart the router to take it over",
            way="forward" if behind > 0 else "back",
            seconds=round(abs(behind)),
        )
