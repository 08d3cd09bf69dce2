"""What the worker raises in a task's code that has to end now."""

from __future__ import annotations


class Stop(BaseException):
    """Raised in a running attempt that has to end now. Not an `Exception`, so that `except Exception` lets it through.

    is_thrown: the worker has raised it in the attempt; False: the attempt's own `current.check()` has.
    """

    is_thrown = True


class Cancelled(Stop):
    """The job was cancelled. An `async def` task gets `asyncio.CancelledError` instead."""


class Suspended(BaseException):
    """Raised where a task waits for longer than its attempt is to stay: the attempt ends, and the function is called again from the top.

    Let it through; `finally` and `with` run. A coroutine is cancelled instead.
    """


class TimeLimit(Stop):
    """The attempt has run longer than its `run_within`. Clean up and return soon: a process is killed after a grace time."""
