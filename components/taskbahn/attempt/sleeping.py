"""Sleeps of tasks: when they are over is remembered, so that a later attempt waits for the rest."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from taskbahn.attempt.clock import CLOCK
from taskbahn.attempt.memory import remembering
from taskbahn.attempt.moments import moment_now, seconds_until
from taskbahn.attempt.plain_data import number_of, seconds_of
from taskbahn.attempt.waiting import Awaiting, Wait
from taskbahn.errors import OutsideJob
from taskbahn.protocol.durations import parse_duration
from taskbahn.protocol.options import LATEST

if TYPE_CHECKING:
    from taskbahn.future import Future

    Duration = float | str | dt.timedelta
    Moment = float | dt.datetime

SHORT_SECONDS = 1.0  # a sleep that is shorter is remembered only if the attempt is suspended in it


def begin_sleep(duration: Duration | None, until: Moment | None, name: str | None) -> Wait:
    """Return what a sleep waits for: a moment.  Raises OutsideJob, ValueError, TypeError."""
    if (duration is None) == (until is None):
        raise ValueError("current.sleep takes a duration or until=, and one of them")
    moment = moment_now() + seconds_in(duration, "a sleep") if duration is not None else _moment(until)
    memory = remembering()
    if memory is None:
        raise OutsideJob("current.sleep()", "time.sleep() or asyncio.sleep()")
    key = memory.name("sleep", name)
    known = memory.known(key)
    if known is not None:
        return Wait(until=float(known))
    if seconds_until(moment) > SHORT_SECONDS:
        memory.keep(key, moment)  # it is recorded before the attempt can end
    return Wait(until=moment, note=key)


async def until_or(future: Future[None], wait: Wait | None) -> None:
    """Wait until *future* is done, or the moment of the wait has come, on the running event loop."""
    if wait is not None and wait.until is not None:
        import asyncio  # late, as above

        left = seconds_until(wait.until)
        if left <= 0:  # a timer would come after that which suspends an attempt with permits, for the same moment again
            await asyncio.sleep(0)
            return
        timer = CLOCK.call_later(asyncio.get_running_loop(), left, future.resolve, None)
        try:
            await Awaiting(future, wait)
        finally:
            timer.cancel()
    else:
        await Awaiting(future, wait)


def seconds_in(duration: Duration, what: str) -> float:
    """Return the seconds of a duration; *what* has it.  Raises TypeError, ValueError."""
    return parse_duration(duration) if isinstance(duration, str) else seconds_of(duration, what)


def _moment(until: Moment | None) -> float:
    moment = until.timestamp() if isinstance(until, dt.datetime) else number_of(until, "until")
    if not 0 <= moment <= LATEST:
        raise ValueError(f"until is a moment in seconds since 1970, not {until!r}")
    return moment
