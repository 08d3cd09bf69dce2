"""How bad the failures of a task are, and that they get no worse while nothing new fails."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FAILURES = 5  # failed jobs of a task within `FAILURE_SECONDS`
FAILURE_SECONDS = 600.0
FAILURE_SHARE, BAD_SHARE = 0.2, 0.5
MANY_FAILURES, MANY_SHARE = 20, 0.05  # from this count on a smaller share is a problem, too
DAY_FAILURES, DAY_SHARE = 100, 0.1  # of the last 24 hours, while some fail now
BAD_FAILURES = 20


class Grade(IntEnum):
    """Whether the failures of a task are none to speak of, a warning, or an error."""

    FINE = 0
    WARNING = 1
    ERROR = 2


def grade_of(failed: int, ended: int) -> Grade:
    """Return how bad it is that *failed* of the *ended* jobs have failed."""
    if failed >= BAD_FAILURES and failed >= BAD_SHARE * ended:
        return Grade.ERROR
    has_large_share = failed >= FAILURES and failed >= FAILURE_SHARE * ended
    return Grade.WARNING if has_large_share or (failed >= MANY_FAILURES and failed >= MANY_SHARE * ended) else Grade.FINE


def is_bad_day(failed: int, ended: int) -> bool:
    """Return whether many have failed in the last 24 hours."""
    return failed >= DAY_FAILURES and failed >= DAY_SHARE * ended


class Grades:
    """Remembers the grade of each task: its share may grow while successes leave the window, and nothing new fails."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[object, Grade]] = {}  # task -> mark of its newest failure, grade

    def look(self, failures: Mapping[str, tuple[int, int]], newest: Mapping[str, object]) -> dict[str, Grade]:
        """Return the grade of each task with failures. newest: a mark of each that changes when more of its jobs fail."""
        found: dict[str, tuple[object, Grade]] = {}
        for task, counts in failures.items():
            grade, (mark, before) = grade_of(*counts), self._known.get(task, (None, Grade.ERROR))
            found[task] = newest.get(task), min(grade, before) if mark == newest.get(task) else grade
        self._known = found
        return {task: grade for task, (_, grade) in found.items()}
