"""Submissions that wait for their commit. A commit takes a thousand jobs, from each caller in turn, so that a caller
that floods the router makes others wait for one such commit, and not for all that it has sent.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn_router.model.submissions import Submission


MAX_TAKEN = 1_000  # jobs of one commit; a larger submission is never split
LINKED_COST = 4  # jobs by themselves that a commit stores in the time of one with its edges


class FairQueue:
    """The submissions of each caller in their order."""

    def __init__(self) -> None:
        self._lines: dict[int | None, deque[Submission]] = {}
        self.jobs = 0  # with those that are reserved
        self.size = 0

    def __bool__(self) -> bool:
        return bool(self._lines)

    def reserve(self, jobs: int, size: int) -> None:
        """Keep room for a submission, which `put` fills; with negative numbers: give it back."""
        self.jobs += jobs
        self.size += size

    def put(self, submission: Submission) -> None:
        """Add one, for which there is room, at the end of its caller's line."""
        self._lines.setdefault(submission.caller, deque()).append(submission)

    def next_jobs(self) -> int:
        """Return how many jobs the submission has that `take` takes first."""
        return len(next(iter(self._lines.values()))[0].jobs) if self._lines else 0

    def take(self, most: float | None = None) -> Iterator[Submission]:
        """Take submissions from each caller in turn, of *most* jobs (or `MAX_TAKEN`) together, but at least one.

        A job that has to do with others counts as several.
        """
        most = MAX_TAKEN if most is None else most
        taken = 0
        while self._lines:
            for caller in list(self._lines):
                line = self._lines[caller]
                if taken and taken + _cost(line[0]) > most:
                    return
                submission = line.popleft()
                if line:
                    self._lines[caller] = self._lines.pop(caller)  # also next time behind the other callers
                else:
                    del self._lines[caller]
                taken += _cost(submission)
                self.jobs -= len(submission.jobs)
                self.size -= submission.size
                yield submission


def _cost(submission: Submission) -> int:
    return len(submission.jobs) * (LINKED_COST if submission.has_links else 1)
