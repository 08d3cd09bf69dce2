"""Timers that do not move when the wall clock is set.

Twisted's reactors count by `time.time` (as of 26.10). A clock set forward fires every timer at once: heartbeats seem missed,
connections are given up, leases end. One set back stalls every timer for as long.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from twisted.internet import base

from taskbahn.workarounds import STEADY_TIMERS, first, missing, other_arguments


def misfit(reactor: Any) -> str:
    """Say what of Twisted's reactors is not as it is expected here, or nothing."""
    return first(
        missing(reactor, "getDelayedCalls"),
        other_arguments(base.DelayedCall.__init__, "self", "time", "func", "args", "kw", "cancel", "reset", "seconds"),
    )


def steady_timers(reactor: Any) -> None:
    """Have *reactor* count by the monotonic clock from now on; safe twice, and nothing for one that does so by itself."""
    if reactor.seconds is not time.time or not STEADY_TIMERS.is_on(partial(misfit, reactor)):
        return
    ahead: float = time.time() - time.monotonic()  # kept, so that timers which exist already stay in place
    monotonic = time.monotonic  # a local name: the reactor asks several times in each turn

    def seconds() -> float:
        return ahead + monotonic()

    reactor.seconds = seconds
    for call in reactor.getDelayedCalls():
        call.seconds = seconds  # `reset` of a timer counts by this
