"""What a task's code raises to say what happens next, and what the worker raises in it (`attempt.stops`).

This module keeps its place: recorded errors name it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Never

from taskbahn.attempt.plain_data import seconds_of
from taskbahn.attempt.stops import Cancelled, Stop, TimeLimit
from taskbahn.protocol.other_words import RETRY_WORDS, refuse_words

if TYPE_CHECKING:
    from datetime import timedelta

__all__ = ["Cancelled", "GiveUp", "Retry", "Stop", "TimeLimit"]


class GiveUp(Exception):
    """Raised by a task: this job has failed, and trying again would not help. Retries that are left are not used."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class Retry(Exception):
    """Raised by a task: try again after *delay*, seconds or a timedelta (None: as the task's retry rule says).

    It uses one of the job's retries; when none is left the job fails with *reason*. Raises TypeError for a delay that is no duration,
    ValueError for one that is negative, no finite number, or beyond a hundred years.
    """

    def __init__(self, delay: float | timedelta | None = None, reason: str = "", **others: Never) -> None:
        refuse_words("Retry()", others, RETRY_WORDS)
        super().__init__(reason)
        self.delay: float | None = None if delay is None else seconds_of(delay, "the delay of a retry")
        if self.delay is not None and self.delay < 0:
            raise ValueError(f"the delay of a retry is 0 or more seconds, not {self.delay:g}")
        self.reason = reason
