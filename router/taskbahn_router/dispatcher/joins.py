"""Callers whose jobs joined others, and requests about jobs by the ids that joined them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.model.state import LiveJob
    from taskbahn_router.publishing.followers import CallFollower, JobFollowers, Waiter
    from taskbahn_router.publishing.publisher import Publisher
    from taskbahn_router.stores.rows import Answer

    Action = Callable[[bytes, Callable[[Answer | None], None]], None]


class Joins:
    """Lets callers go on with the jobs that theirs joined.

    find_meaning, follow_joined: read the store: the job that an id means besides its own, and what a caller has missed.
    """

    def __init__(self, followers: JobFollowers, publisher: Publisher) -> None:
        self._followers = followers
        self._publisher = publisher
        self.find_meaning: Callable[[bytes, Callable[[bytes | None], None]], None] = lambda _, then: then(None)
        self.follow_joined: Callable[[CallFollower, str, str], None] = lambda *_: None

    def join_waiter(self, waiter: Waiter, job: LiveJob, means: str) -> None:
        """Let a waiter whose job joined another one wait for that; an id that the dispatcher made is known to no client."""
        if job.is_new:
            self._followers.leave_out([job.id], waiter)
            if means not in waiter.left:
                waiter.left.add(means)
                self._followers.follow(means, waiter)
            self._publisher.resend_outcome(means)

    def join_caller(self, caller: CallFollower, id: str, means: str) -> None:
        """Let a caller whose job joined another one get that one's events: those so far, and those to come."""
        caller.has_joined = True
        if caller.wants_events:
            self._followers.unfollow([id], caller)
            self.follow_joined(caller, id, means)

    def by_any_id(self, act: Action) -> Action:
        """Let an action that finds no job of an id act on the one that the id means, if it means one."""

        def acting(raw: bytes, answer: Callable[[Answer | None], None]) -> None:
            def means(other: bytes | None) -> None:
                if other is None:
                    answer(None)
                else:
                    act(other, answer)

            act(raw, lambda found: self.find_meaning(raw, means) if found is None else answer(found))

        return acting
