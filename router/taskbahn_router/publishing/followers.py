"""The followers of jobs: callers of tasks, waits for outcomes, and watchers of single jobs, which are in `job_watch`.

The dispatcher makes messages only of jobs that have followers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from taskbahn.jobs.outcome import outcome_error
from taskbahn.protocol.message_pages import PAGE_BYTES, event_bytes, outcome_bytes, pages
from taskbahn.protocol.secrets import holds, plain, shown
from taskbahn.protocol.states import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from taskbahn_router.model.pending_call import PendingCall


class Follower(Protocol):
    """Follows one or more jobs for a session."""

    wants_events: bool

    def events(self, job: str, events: list[dict[str, Any]]) -> None:
        """Take numbered events of a job."""

    def final(self, outcome: list[Any]) -> None:
        """Take a `messages.Outcome`: the job has ended."""


class Waiter:
    """A `taskbahn.job.wait` (or a followed submission): outcomes as they come, in pages; ends when all are final.

    The waiter keeps one page between two flushes. Of outcomes beyond that it keeps the ids, and gets them from the store later.
    A caller without progressive results gets one answer, which has these ids as `more`.
    """

    wants_events = False

    def __init__(self, call: PendingCall, ids: Iterable[str], answers: list[Any] | None = None) -> None:
        self.call = call
        self.left = set(ids)
        self.outcomes: list[list[Any]] = []
        self.answers = answers  # the answers of a followed submission
        self.accepted = answers is None
        self.behind: list[str] = []  # jobs whose outcomes are to be read from the store
        self.is_reading = False
        self._size = 0  # bytes of `outcomes`
        self._more: list[str] = []

    def events(self, job: str, events: list[dict[str, Any]]) -> None:
        """Ignore events: a waiter wants outcomes alone."""

    def final(self, outcome: list[Any]) -> None:
        if outcome[0] not in self.left:
            return
        size = outcome_bytes(outcome)
        is_full = self.outcomes and self._size + size > PAGE_BYTES and self.call.wants_progress
        if is_full or holds(outcome[2]):  # whether the caller may have a secret is seen where the store's row is
            self.behind.append(outcome[0])
        else:
            self._add(outcome, size)

    def owed(self, outcome: list[Any]) -> None:
        """Take an outcome from the store; send the page when it is full."""
        if outcome[0] not in self.left:
            return
        size = outcome_bytes(outcome)
        if self.outcomes and self._size + size > PAGE_BYTES and self.call.wants_progress:
            self._progress()
        self._add(outcome, size)

    def _add(self, outcome: list[Any], size: int) -> None:
        self.left.discard(outcome[0])
        if self.outcomes and self._size + size > PAGE_BYTES:
            self._more.append(outcome[0])
        else:
            self.outcomes.append(outcome)
            self._size += size

    def _progress(self) -> None:
        outcomes, self.outcomes, self._size = self.outcomes, [], 0
        self.call.progress({"outcomes": outcomes})

    def flush(self) -> bool:
        """Send what has gathered; True when the wait is over."""
        if not self.call.open:
            return True
        if self.left:
            if self.outcomes and self.call.wants_progress:
                self._progress()
            return False
        last: dict[str, Any] = {"outcomes": self.outcomes} | ({"more": self._more} if self._more else {})
        if self.answers is not None:
            self.call.answer(self.answers, **last)
        elif self.call.wants_progress:
            if self.outcomes:
                self._progress()
            self.call.answer(None)
        else:
            self.call.answer(last)
        return True


class CallFollower:
    """A plain remote procedure call of a task: progressive results if asked for, then the value or an error."""

    def __init__(self, call: PendingCall) -> None:
        self.call = call
        self.wants_events = call.wants_progress
        self.has_joined = False  # the job that it follows was not made for it

    def events(self, job: str, events: list[dict[str, Any]]) -> None:
        for page in pages(events, event_bytes):
            self.call.progress({"job": job, "events": page})

    def final(self, outcome: list[Any]) -> None:
        _, state, result, _ = outcome
        if state == State.SUCCEEDED:
            self.call.answer(None if result is None or result == "null" else self._value(result))
        else:
            self.call.fail(outcome_error(outcome))

    def _value(self, result: str) -> Any:
        is_its_own = not self.has_joined or self.call.name is None  # without a login no one is another
        return plain(result) if is_its_own else shown(result)


class JobFollowers:
    """All followers, by job."""

    def __init__(self) -> None:
        self._by_job: dict[str, tuple[Follower, ...]] = {}
        self._means: dict[str, str] = {}  # followed ids that mean another job -> that job
        self._aliases: dict[str, list[str]] = {}  # the same, by that job
        self._dirty: set[Waiter] = set()
        self.event_follower_count = 0  # entries of followers that want events
        self.turns = 0  # commits whose effects were shown
        self.read_later: Callable[[Waiter], None] = lambda _: None  # reads from the store the outcomes that a waiter lacks

    def __len__(self) -> int:
        """Return how many jobs are followed."""
        return len(self._by_job)

    def follow(self, job: str, follower: Follower) -> None:
        """Tell *follower* of what happens to *job* from now on."""
        self._by_job[job] = (*self._by_job.get(job, ()), follower)
        self.event_follower_count += follower.wants_events

    def join(self, id: str, job: str) -> bool:
        """Tell the followers of an id what happens to the job that it means; return whether that is news."""
        if id in self._means or id not in self._by_job:
            return False
        self._means[id] = job
        self._aliases.setdefault(job, []).append(id)
        return True

    def is_joined(self, job: str) -> bool:
        """Return whether *job* has followers by another id."""
        return job in self._aliases

    def wait(self, waiter: Waiter) -> None:
        """Follow all jobs of a waiter."""
        by_job, alone = self._by_job, (waiter,)
        for job in waiter.left:
            others = by_job.get(job)
            by_job[job] = alone if others is None else (*others, waiter)

    def unfollow(self, jobs: Iterable[str], follower: Follower) -> None:
        """Forget a follower of those jobs."""
        for job in jobs:
            followers = self._by_job.get(job)
            if followers and follower in followers:
                self.event_follower_count -= follower.wants_events
                left = list(followers)
                left.remove(follower)
                if left:
                    self._by_job[job] = tuple(left)
                else:
                    del self._by_job[job]
                    self._part(job)
        if isinstance(follower, Waiter):
            self._dirty.discard(follower)

    def leave_out(self, jobs: Iterable[str], waiter: Waiter) -> None:
        """Have a waiter wait no longer for jobs that were refused."""
        self.unfollow(jobs, waiter)
        waiter.left.difference_update(jobs)

    def wants_events(self, job: str) -> bool:
        """Return whether a follower wants the events of *job*."""
        followers = self._by_job.get(job)
        if followers is not None and any(follower.wants_events for follower in followers):
            return True
        return job in self._aliases and any(map(self.wants_events, self._aliases[job]))

    def events(self, job: str, events: list[dict[str, Any]]) -> None:
        """Pass events on."""
        for follower in self._by_job.get(job, ()):
            if follower.wants_events:
                follower.events(job, events)
        if job in self._aliases:
            for id in self._aliases[job]:
                for follower in self._by_job[id]:
                    if follower.wants_events:
                        follower.events(job, events)

    def final(self, outcome: list[Any]) -> None:
        """Pass an outcome on; its followers are done with this job."""
        for follower in self._by_job.pop(outcome[0], ()):
            self.event_follower_count -= follower.wants_events
            follower.final(outcome)
            if isinstance(follower, Waiter):
                self._dirty.add(follower)
        if self._aliases:
            self._part(outcome[0])
            for id in list(self._aliases.get(outcome[0], ())):
                self.final([id, *outcome[1:]])

    def _part(self, id: str) -> None:
        """Forget what an id meant that has no followers any more."""
        job = self._means.pop(id, None)
        if job is not None:
            self._aliases[job].remove(id)
            if not self._aliases[job]:
                del self._aliases[job]

    def touch(self, waiter: Waiter) -> None:
        """Have the next `flush` look at a waiter."""
        self._dirty.add(waiter)

    def of(self, job: str) -> tuple[Follower, ...]:
        """Return the followers of *job*."""
        return self._by_job.get(job, ())

    def has(self, job: str) -> bool:
        """Return whether *job* has followers."""
        return job in self._by_job or job in self._aliases

    def flush(self) -> None:
        """Send what waiters have gathered."""
        self.turns += 1
        dirty, self._dirty = self._dirty, set()
        for waiter in dirty:
            if waiter.accepted:
                waiter.flush()
                if waiter.behind:
                    self.read_later(waiter)
