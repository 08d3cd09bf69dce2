"""What a task's code raises to say what shall happen next, and what is raised in it when it has to stop."""

from __future__ import annotations


class GiveUp(Exception):
    """Raised by a task: this job has failed, and trying again would not help. Retries that are left are not used."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class Retry(Exception):
    """Raised by a task: try again after *delay* seconds (None: as the task's retry rule says).

    It uses one of the job's retries; when none is left the job fails with *reason*.
    """

    def __init__(self, delay: float | None = None, reason: str = "") -> None:
        if delay is not None and not delay >= 0:
            raise ValueError(f"delay must be 0 or more seconds, not {delay!r}")
        super().__init__(reason)
        self.delay = delay
        self.reason = reason


class Stop(BaseException):
    """Raised in a running attempt that has to end now. Not an `Exception`, so that `except Exception` lets it through."""


class Cancelled(Stop):
    """Somebody cancelled the job. An `async def` task gets `asyncio.CancelledError` instead."""


class TimeLimit(Stop):
    """The attempt has run longer than its `run_within`. Clean up and return soon: a process is killed after a grace time."""
