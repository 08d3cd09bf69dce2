"""Followers on their own: what each makes of events and of an end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn_router.model.pending_call import PendingCall
from taskbahn_router.publishing.followers import CallFollower, JobFollowers, Waiter

if TYPE_CHECKING:
    from taskbahn.errors import TaskbahnError


class Sent:
    """Records what goes back to callers."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, ...]] = []

    def progress(self, request: int, value: Any) -> None:
        self.sent.append((request, "progress", value))

    def answer(self, request: int, args: list[Any], kwargs: dict[str, Any] | None) -> None:
        self.sent.append((request, "answer", *args))

    def fail(self, request: int, error: TaskbahnError) -> None:
        self.sent.append((request, "fail", type(error).__name__))


def call(sent: Sent, request: int = 1, *, wants_progress: bool = True) -> PendingCall:
    return PendingCall(sent, request, "p", [], {}, wants_progress=wants_progress)


def test_outcomes_of_one_turn_go_out_together() -> None:
    sent, following = Sent(), JobFollowers()
    following.wait(Waiter(call(sent), ["a", "b", "c"]))
    for id in ("a", "b"):
        following.final([id, "succeeded", "1", None])
    following.flush()
    following.final(["c", "failed", None, {}])
    following.flush()
    assert sent.sent == [
        (1, "progress", {"outcomes": [["a", "succeeded", "1", None], ["b", "succeeded", "1", None]]}),
        (1, "progress", {"outcomes": [["c", "failed", None, {}]]}),
        (1, "answer", None),
    ]


def test_every_follower_of_a_job_gets_its_outcome() -> None:
    sent, following = Sent(), JobFollowers()
    for request in (1, 2):
        following.wait(Waiter(call(sent, request, wants_progress=False), ["a"]))
    following.final(["a", "succeeded", "1", None])
    following.flush()
    outcome = {"outcomes": [["a", "succeeded", "1", None]]}
    assert sorted(sent.sent) == [(1, "answer", outcome), (2, "answer", outcome)]
    assert not following.has("a")


def test_a_caller_that_unfollowed_gets_no_outcome() -> None:
    sent, following = Sent(), JobFollowers()
    waiter = Waiter(call(sent), ["a"])
    following.wait(waiter)
    following.unfollow(["a", "unknown"], waiter)
    following.final(["a", "succeeded", "1", None])
    following.flush()
    assert sent.sent == []


def test_only_those_who_want_events_cause_them_to_be_made() -> None:
    following = JobFollowers()
    following.wait(Waiter(call(Sent()), ["a"]))
    assert not following.wants_events("a")
    following.follow("a", CallFollower(call(Sent())))
    assert following.wants_events("a")
    assert not following.wants_events("b")


def test_the_followers_that_want_events_are_counted() -> None:
    following = JobFollowers()
    callers = [CallFollower(call(Sent())) for _ in range(3)]
    for job, caller in zip("aab", callers, strict=True):
        following.follow(job, caller)
    following.wait(Waiter(call(Sent()), ["a", "c"]))
    assert following.event_follower_count == 3
    following.unfollow(["a", "c"], callers[0])
    assert following.event_follower_count == 2
    for job in "abc":
        following.final([job, "succeeded", "1", None])
    assert (following.event_follower_count, len(following)) == (0, 0)


def test_an_answered_call_sends_nothing_more() -> None:
    sent = Sent()
    pending = call(sent)
    pending.answer(1)
    pending.answer(2)
    pending.progress(3)
    assert sent.sent == [(1, "answer", 1)]
