"""What watchers of a job see: a snapshot and every numbered event after it, without a gap and without repetition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import DispatcherHarness, job_id
from support.recorded_call import RecordedCall

from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.dispatcher_harness import FakeWorker
    from support.recorded_call import RecordedCall

    from taskbahn_router.model.turn import TurnEffects
    from taskbahn_router.stores.contract import CommitResult

ONE = job_id(1)


def numbers(asked: RecordedCall) -> list[int]:
    return [event[0] for event in asked.events if event[1] != "progress"]


def test_a_watcher_gets_the_snapshot_and_every_event_after_it(harness: DispatcherHarness, worker: FakeWorker) -> None:
    harness.submit("x")
    harness.settle()
    asked = harness.ask(messages.JOB_WATCH, ONE)
    run = worker.take()[0]
    worker.notices(run, "log", {"message": "a"})
    harness.settle()
    worker.notices(run, "progress", {"fraction": 0.5})
    worker.notices(run, "chunk", "b")
    harness.settle()
    worker.done(run, result='{"a":1}')
    harness.settle()
    assert asked.progress[0]["snapshot"]["number"] == 2
    assert asked.events == [
        (3, "log", {"message": "a"}), (3, "progress", {"fraction": 0.5}), (4, "chunk", "b"), (5, "state", "succeeded"),
    ]  # fmt: skip
    assert (asked.answer["state"], asked.answer["result"], asked.answer["args"]) == ("succeeded", {"a": 1}, ["x"])
    harness.check()


@pytest.mark.parametrize("after", range(7))
def test_a_late_watcher_gets_every_stored_event_after_the_number_it_names(
    harness: DispatcherHarness, worker: FakeWorker, after: int
) -> None:
    harness.submit()
    harness.settle()
    run = worker.take()[0]
    worker.notices(run, "log", 1, 2, 3)
    harness.settle()
    asked = harness.ask(messages.JOB_WATCH, ONE, after=after)
    worker.notices(run, "log", 4)
    harness.settle()
    assert asked.progress[0]["snapshot"]["number"] == 5
    assert numbers(asked) == [number for number in (3, 4, 5) if number > after] + [6]


def test_a_watcher_of_what_has_ended_gets_all_at_once(harness: DispatcherHarness, worker: FakeWorker) -> None:
    harness.submit()
    harness.settle()
    run = worker.take()[0]
    worker.notices(run, "log", 1)
    worker.done(run)
    harness.settle()
    asked = harness.ask(messages.JOB_WATCH, ONE)
    assert [entry[0] for entry in asked.sent] == ["progress", "progress", "answer"]
    assert (numbers(asked), asked.answer["state"]) == ([3], "succeeded")


def test_events_between_the_question_and_its_answer_are_neither_lost_nor_repeated(
    harness: DispatcherHarness, worker: FakeWorker
) -> None:
    harness.submit()
    harness.settle()
    run = worker.take()[0]
    harness.reading.holds = True
    asked = harness.ask(messages.JOB_WATCH, ONE)
    worker.notices(run, "log", 1)
    harness.settle()
    harness.reading.release()
    worker.notices(run, "log", 2)
    harness.settle()
    assert numbers(asked) == [3, 4]


def test_an_event_read_before_its_publication_is_not_repeated(harness: DispatcherHarness, worker: FakeWorker) -> None:
    harness.submit()
    harness.settle()
    run = worker.take()[0]
    effects = harness.dispatcher.committed
    held: list[Any] = []

    def late(turn: TurnEffects, result: CommitResult) -> Iterator[None]:
        held.append((turn, result))
        return iter(())

    harness.dispatcher.committed = late  # type: ignore[method-assign]
    worker.notices(run, "log", 1)
    harness.settle()
    asked = harness.ask(messages.JOB_WATCH, ONE)
    assert numbers(asked) == [3]
    assert list(effects(*held[0])) == []  # it is short, so there is no pause in it
    assert numbers(asked) == [3]


def test_a_job_that_ends_before_the_snapshot_is_sent_is_sent_whole(harness: DispatcherHarness, worker: FakeWorker) -> None:
    harness.submit()
    harness.settle()
    harness.reading.holds = True
    asked = harness.ask(messages.JOB_WATCH, ONE)
    worker.done(*worker.take())
    harness.settle()
    harness.reading.release()
    assert asked.progress[0]["snapshot"]["state"] == "succeeded"
    assert asked.answer["state"] == "succeeded"
    harness.check()


def test_the_event_of_a_cancel_is_numbered_after_the_log(harness: DispatcherHarness, worker: FakeWorker) -> None:
    harness.submit()
    harness.settle()
    asked = harness.ask(messages.JOB_WATCH, ONE)
    worker.notices(worker.take()[0], "log", 1, 2, 3)
    harness.settle()
    harness.ask(messages.JOB_CANCEL, [ONE])
    harness.settle()
    assert asked.events[-1] == (6, "state", "cancelled")
    assert numbers(asked) == [3, 4, 5, 6]


def test_every_state_on_the_way_is_an_event(harness: DispatcherHarness, worker: FakeWorker) -> None:
    worker.lost()
    harness.submit(delay=5, retries=1)
    harness.settle()
    asked = harness.ask(messages.JOB_WATCH, ONE)
    worker = harness.worker("other")
    harness.passes(6)
    worker.failed(*worker.take())
    harness.passes(6)
    worker.hands_back(*worker.take())
    harness.settle()
    worker.done(*worker.take())
    harness.settle()
    assert [(number, data) for number, _, data in asked.events] == list(
        enumerate(["ready", "running", "waiting", "ready", "running", "ready", "running", "succeeded"], 2)
    )
    harness.check()


def test_the_topic_of_a_job_carries_the_same_events_while_subscribed(harness: DispatcherHarness, worker: FakeWorker) -> None:
    topic = messages.JOB_TOPIC + ONE
    harness.watched.add(topic)
    harness.submit()
    harness.settle()
    watcher = harness.ask(messages.JOB_WATCH, ONE)
    run = worker.take()[0]
    worker.notices(run, "log", 1)
    harness.settle()
    harness.watched.clear()
    worker.done(run)
    harness.settle()
    published = [event for name, events in harness.published for event in events if name == topic]
    assert [(event["number"], event["kind"]) for event in published] == [(2, "state"), (3, "log")]
    assert published[1] in watcher.progress[1]["events"]
