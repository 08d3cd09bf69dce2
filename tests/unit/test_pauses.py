"""Operators pause the system, a queue, a task or a key: no job of it starts until it is resumed or its time is over."""

from __future__ import annotations

from typing import Any

import pytest
from support.dispatcher_harness import WALL, DispatcherHarness, FakeWorker, job_id
from support.recorded_call import RecordedCall
from support.storing import changes

from taskbahn.protocol import messages
from taskbahn.protocol.messages import DeclaredLimit

OTHER = "other.task"
STRIPE = DeclaredLimit(kind="concurrency", name="stripe", limit=2, key="{0}")
GPU = DeclaredLimit(kind="concurrency", name="gpu", limit=9)


def pause(harness: DispatcherHarness, *args: Any, **kwargs: Any) -> RecordedCall:
    asked = harness.ask(messages.ADMIN_PAUSE, *args, **kwargs)
    assert not asked.sent or asked.sent[-1][0] == "fail"  # it is answered when it is stored
    harness.settle()
    return asked


def resume(harness: DispatcherHarness, *args: Any, **kwargs: Any) -> RecordedCall:
    asked = harness.ask(messages.ADMIN_RESUME, *args, **kwargs)
    harness.settle()
    return asked


def started(worker: FakeWorker) -> list[int]:
    return [int(id[-12:], 16) for id, _ in worker.take()]


def place(harness: DispatcherHarness, number: int) -> dict[str, Any]:
    asked = harness.ask(messages.JOB_GET, job_id(number))
    harness.settle()
    found: dict[str, Any] = asked.answer["place"]
    return found


def pauses(harness: DispatcherHarness) -> list[str]:
    return [one["query"] for one in harness.ask(messages.VIEW_STATUS).answer["pauses"]]


@pytest.mark.parametrize(
    "query, held",
    [("", {1, 2, 3}), ("queue:default", {1, 2}), ("queue:mail", {3}), ("task:a.task", {1, 3}), ("task:other.task", {2})],
)
@pytest.mark.parametrize("limits", [[], [GPU, STRIPE]])
def test_what_is_paused_starts_when_it_is_resumed(
    harness: DispatcherHarness, query: str, held: set[int], limits: list[DeclaredLimit]
) -> None:
    declaration = {"limits": limits}
    worker = harness.worker(slots=9, tasks=("a.task", OTHER), queues=["default", "mail"], declaration=declaration)
    assert pause(harness, query, reason="maintenance").answer == {
        "query": query, "reason": "maintenance", "paused_by": "joe", "paused_at": WALL,
    }  # fmt: skip
    harness.submit("x")
    harness.submit("x", task=OTHER)
    harness.submit("y", queue="mail")
    harness.settle()
    assert set(started(worker)) == {1, 2, 3} - held
    for number in held:
        found = place(harness, number)
        assert found["why"].endswith("paused by joe: maintenance")
        assert found["paused"]["query"] == query
    harness.check()
    assert resume(harness, query).answer["query"] == query
    assert set(started(worker)) == held
    assert pauses(harness) == []
    harness.check()


def test_jobs_that_wait_already_are_held_and_keep_their_order(harness: DispatcherHarness) -> None:
    worker = harness.worker(slots=1)
    for _ in range(4):
        harness.submit()
    harness.settle()
    [first] = worker.take()
    pause(harness, "task:a.task")
    worker.done(first)
    harness.settle()
    assert worker.take() == []  # what runs goes on, and nothing follows it
    harness.submit(priority=9)
    harness.settle()
    assert place(harness, 2)["ahead"] == 1
    resume(harness, "task:a.task")
    order = []
    for _ in range(4):
        [run] = worker.take()
        order.append(int(run[0][-12:], 16))
        worker.done(run)
        harness.settle()
    assert order == [5, 2, 3, 4]
    harness.check()


def test_several_pauses_hold_until_the_last_is_over(harness: DispatcherHarness) -> None:
    worker = harness.worker(slots=9)
    for query in ("", "queue:default", "task:a.task"):
        pause(harness, query)
    harness.submit()
    harness.settle()
    for query in ("queue:default", "", "task:a.task"):
        assert worker.take() == []
        resume(harness, query)
    assert started(worker) == [1]


def test_one_key_is_paused_and_the_others_go_on(harness: DispatcherHarness) -> None:
    worker = harness.worker(slots=9, declaration={"limits": [STRIPE]})
    for customer in ("acme", "other"):
        harness.submit(customer)
    pause(harness, 'key:stripe[ "acme" ]', who="ann")
    for customer in ("acme", "other"):
        harness.submit(customer)
    harness.settle()
    assert set(started(worker)) >= {2, 4}
    assert place(harness, 3)["why"] == 'The key stripe["acme"] is paused by ann'
    assert pauses(harness) == ['key:stripe["acme"]']
    resume(harness, 'key:stripe["acme"]')
    assert 3 in started(worker)
    harness.check()


def test_a_pause_ends_by_itself(harness: DispatcherHarness) -> None:
    worker = harness.worker(slots=9)
    assert pause(harness, "queue:default", within=60).answer["until"] == WALL + 60
    harness.submit()
    harness.settle()
    assert place(harness, 1)["starts_at"] == WALL + 60
    harness.passes(59.0)
    assert worker.take() == []
    harness.passes(1.0)
    assert started(worker) == [1]
    assert pauses(harness) == []
    assert harness.store.open().limits == []
    harness.check()


def test_a_pause_outlives_a_restart_and_ends_in_time(harness: DispatcherHarness) -> None:
    harness.worker(slots=9)
    pause(harness, "queue:default", within=60, reason="night")
    pause(harness, "", within=30)
    harness.submit()
    harness.settle()
    harness.restart()
    worker = harness.worker("v", slots=9)
    assert set(pauses(harness)) == {"queue:default", ""}
    harness.passes(31.0)
    assert (worker.take(), pauses(harness)) == ([], ["queue:default"])
    harness.restart()
    worker = harness.worker("u", slots=9)
    harness.passes(30.0)
    assert started(worker) == [1]
    harness.check()


def test_a_pause_counts_for_queues_and_tasks_to_come(harness: DispatcherHarness) -> None:
    worker = harness.worker(slots=9, queues=["default", "mail"])
    pause(harness, "queue:mail")
    pause(harness, "")
    harness.worker("v", 9, tasks=("new.task",), queues=["mail"])
    harness.submit(task="new.task", queue="mail")
    harness.submit()
    resume(harness, "")
    assert started(worker) == [2]
    assert place(harness, 1)["paused"]["query"] == "queue:mail"


def test_after_a_pause_plain_jobs_need_no_rules(harness: DispatcherHarness) -> None:
    worker = harness.worker(slots=9)
    harness.submit()
    harness.settle()
    worker.done(*worker.take())
    pause(harness, "")
    harness.submit()
    harness.settle()
    resume(harness, "")
    worker.done(*worker.take())
    harness.settle()
    harness.submit()
    harness.settle()
    book = harness.dispatcher.limit_book
    assert (harness.dispatcher.state.ruled, book.hung, book.is_used) == (set(), {}, False)
    assert harness.store.commits[-1].rules is None
    assert started(worker) == [3]


def test_queues_and_tasks_show_that_they_are_paused(harness: DispatcherHarness) -> None:
    harness.worker(slots=9)
    pause(harness, "queue:default", reason="disk", until=WALL + 9)
    pause(harness, "task:a.task")
    asked = harness.ask(messages.VIEW_QUEUES)
    harness.settle()
    assert asked.answer[0]["paused"] == {
        "query": "queue:default", "reason": "disk", "until": WALL + 9, "paused_by": "joe", "paused_at": WALL,
    }  # fmt: skip
    assert harness.ask(messages.VIEW_TASKS).answer[0]["paused"]["query"] == "task:a.task"


@pytest.mark.parametrize(
    "args, kwargs, what",
    [
        (("que:default",), {}, "'que:default' is nothing that can be paused: give '' (all), 'queue:NAME'"),
        ((5,), {}, "5 is nothing that can be paused"),
        (("queue:",), {}, "nothing that can be paused"),
        (("queue:defaul",), {}, "there is no queue named 'defaul' (did you mean 'default'?)"),
        (("task:a.tusk",), {}, "there is no task named 'a.tusk' (did you mean 'a.task'?)"),
        (("key:strip",), {}, "there is no limit named 'strip' (did you mean 'stripe'?)"),
        (("key:stripe",), {}, "the limit 'stripe' has a key for each {0}; say which, as in key:stripe[\"acme\"]"),
        (("key:gpu[1]",), {}, "the limit 'gpu' has no keys; give key:gpu"),
        (("key:stripe[acme]",), {}, "'stripe[acme]' is no key: behind the limit's name comes a JSON list"),
        ((), {"within": 0}, "within = 0: it is seconds, more than 0"),
        ((), {"within": "1h"}, "within = '1h': it is seconds"),
        ((), {"within": float("nan")}, "within = nan"),
        ((), {"until": WALL - 1}, "it is a time to come, in seconds since the epoch"),
        ((), {"until": 1e300}, "at most a hundred years away"),
        ((), {"until": WALL + 5, "within": 5}, "not both"),
        ((), {"reason": 5}, "reason = 5: it is a text"),
    ],
)
def test_what_cannot_be_paused_is_refused_and_changes_nothing(
    harness: DispatcherHarness, args: tuple[Any, ...], kwargs: dict[str, Any], what: str
) -> None:
    harness.worker(slots=9, declaration={"limits": [STRIPE, GPU]})
    commits = changes(harness.store)
    asked = pause(harness, *args, **kwargs)
    assert asked.error == "invalid_option"
    assert what in asked.sent[-1][1].message
    assert (pauses(harness), changes(harness.store)) == ([], commits)


def test_only_what_is_paused_can_be_resumed(harness: DispatcherHarness) -> None:
    harness.worker(slots=9)
    pause(harness, "queue:default")
    asked = resume(harness, "queue:defalt")
    assert asked.error == "invalid_option"
    assert asked.sent[-1][1].message == "queue defalt is not paused (did you mean 'queue:default'?)"
    assert resume(harness, "").sent[-1][1].message == "the whole system is not paused; paused are 'queue:default'"
    assert pause(harness, "queue:default", "", None, None, "me", 5).error == "invalid_request"
    assert pause(harness, because="x").error == "invalid_request"


def test_a_pause_is_not_lost_with_a_commit_that_fails(harness: DispatcherHarness) -> None:
    worker = harness.worker(slots=9)
    harness.submit()
    harness.settle()
    worker.take()
    harness.dispatcher.loop._commit_seconds = float("inf")  # no commit on the spot
    harness.writing.fails = "the disk is full"
    asked = pause(harness, "queue:default")
    assert not asked.sent
    harness.writing.fails = ""
    harness.passes(5.0)
    assert asked.answer["query"] == "queue:default"
    harness.submit()
    harness.settle()
    assert worker.take() == []
    harness.restart()
    assert pauses(harness) == ["queue:default"]
