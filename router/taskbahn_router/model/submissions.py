"""What is submitted in one turn: the jobs that a commit takes together, and the schedules and triggers whose jobs they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from taskbahn.errors import TaskbahnError
    from taskbahn_router.core.audit import Act
    from taskbahn_router.core.firings import Firing
    from taskbahn_router.core.triggers import Triggered
    from taskbahn_router.model.state import LiveJob


class PlannedFiring(NamedTuple):
    """A due time of a schedule, as it goes into a commit.   fired: learns what became of it."""

    firing: Firing
    fired: Callable[[str], None]

    def of(self, jobs: Sequence[LiveJob]) -> Firing:
        """Return it with the seqs that its jobs have got."""
        return self.firing._replace(jobs=tuple(job.seq for job in jobs)) if jobs else self.firing


class PlannedEvent(NamedTuple):
    """What an event means to a trigger, as it goes into a commit."""

    triggered: Triggered
    jobs: Sequence[LiveJob]

    def of(self) -> Triggered:
        """Return it with the seqs that its jobs have got."""
        return self.triggered._replace(jobs=tuple(job.seq for job in self.jobs))


class Submission(NamedTuple):
    """Jobs that are accepted together; `size` is the bytes of their arguments, about.

    answers: one for each entry, or None if it is a plain call.   left_out: forgets jobs of an entry that the commit refuses.
    joined: learns that a job of an entry joined the one with that id.   asks: whether some of the jobs have unique keys.
    """

    caller: int | None
    jobs: list[LiveJob]
    size: int
    accepted: Callable[[], None]
    refused: Callable[[TaskbahnError], None]
    answers: list[Any] | None = None
    left_out: Callable[[Sequence[LiveJob]], None] = lambda _: None
    counts: Sequence[int] = ()  # the jobs of each entry; a plain call has none
    has_links: bool = False  # whether there are flows among the entries
    joined: Callable[[LiveJob, str], None] = lambda _, __: None
    asks: bool = False
    firings: Sequence[PlannedFiring] = ()  # of the schedules whose jobs these are, one for each entry
    events: Sequence[PlannedEvent] = ()  # of the triggers whose jobs these are
    is_confined: bool = False  # whether ids of jobs of others are refused
    by_tags: bool = False  # whether a job with other tags is another one's
    act: Act | None = None  # for the audit, of what a person starts besides the times of a schedule

    def entries(self) -> Iterator[tuple[int, list[LiveJob]]]:
        """Return the entries that have jobs, each with the number of its answer."""
        first = 0
        for number, count in enumerate(self.counts or (len(self.jobs),)):
            if count:
                yield number, self.jobs[first : first + count]
                first += count

    def due(self) -> Iterator[Firing]:
        """Return the firings with the seqs that their jobs have got."""
        first = 0
        for planned, count in zip(self.firings, self.counts or (len(self.jobs),), strict=True):
            yield planned.of(self.jobs[first : first + count])
            first += count
