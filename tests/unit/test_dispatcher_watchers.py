"""What watchers of a job see: a snapshot and every numbered event after it, without a gap and without repetition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatching import Hall, job_id

from taskbahn.protocol import messages

if TYPE_CHECKING:
    from support.dispatching import Asked, FakeWorker

ONE = job_id(1)


def numbers(asked: Asked) -> list[int]:
    return [event[0] for event in asked.events if event[1] != "progress"]


def test_a_watcher_gets_the_snapshot_and_every_event_after_it(hall: Hall, worker: FakeWorker) -> None:
    hall.submit("x")
    hall.settle()
    asked = hall.ask(messages.JOB_WATCH, ONE)
    run = worker.take()[0]
    worker.notices(run, "log", {"message": "a"})
    hall.settle()
    worker.notices(run, "progress", {"fraction": 0.5})
    worker.notices(run, "chunk", "b")
    hall.settle()
    worker.done(run, result='{"a":1}')
    hall.settle()
    assert asked.progress[0]["snapshot"]["number"] == 2
    assert asked.events == [
        (3, "log", {"message": "a"}), (3, "progress", {"fraction": 0.5}), (4, "chunk", "b"), (5, "state", "succeeded"),
    ]  # fmt: skip
    assert (asked.answer["state"], asked.answer["result"], asked.answer["args"]) == ("succeeded", {"a": 1}, ["x"])
    hall.check()


@pytest.mark.parametrize("after", range(7))
def test_a_late_watcher_gets_every_stored_event_after_the_number_it_names(hall: Hall, worker: FakeWorker, after: int) -> None:
    hall.submit()
    hall.settle()
    run = worker.take()[0]
    worker.notices(run, "log", 1, 2, 3)
    hall.settle()
    asked = hall.ask(messages.JOB_WATCH, ONE, after=after)
    worker.notices(run, "log", 4)
    hall.settle()
    assert asked.progress[0]["snapshot"]["number"] == 5
    assert numbers(asked) == [number for number in (3, 4, 5) if number > after] + [6]


def test_a_watcher_of_what_has_ended_gets_all_at_once(hall: Hall, worker: FakeWorker) -> None:
    hall.submit()
    hall.settle()
    run = worker.take()[0]
    worker.notices(run, "log", 1)
    worker.done(run)
    hall.settle()
    asked = hall.ask(messages.JOB_WATCH, ONE)
    assert [entry[0] for entry in asked.sent] == ["progress", "progress", "answer"]
    assert (numbers(asked), asked.answer["state"]) == ([3], "succeeded")


def test_events_between_the_question_and_its_answer_are_neither_lost_nor_repeated(hall: Hall, worker: FakeWorker) -> None:
    hall.submit()
    hall.settle()
    run = worker.take()[0]
    hall.reading.holds = True
    asked = hall.ask(messages.JOB_WATCH, ONE)
    worker.notices(run, "log", 1)
    hall.settle()
    hall.reading.release()
    worker.notices(run, "log", 2)
    hall.settle()
    assert numbers(asked) == [3, 4]


def test_an_event_read_before_its_publication_is_not_repeated(hall: Hall, worker: FakeWorker) -> None:
    hall.submit()
    hall.settle()
    run = worker.take()[0]
    effects = hall.dispatcher.committed
    held: list[Any] = []
    hall.dispatcher.committed = lambda *of: held.append(of)  # type: ignore[method-assign]  # the loop is late
    worker.notices(run, "log", 1)
    hall.settle()
    asked = hall.ask(messages.JOB_WATCH, ONE)
    assert numbers(asked) == [3]
    effects(*held[0])
    assert numbers(asked) == [3]


def test_a_job_that_ends_before_the_snapshot_is_out_is_told_whole(hall: Hall, worker: FakeWorker) -> None:
    hall.submit()
    hall.settle()
    hall.reading.holds = True
    asked = hall.ask(messages.JOB_WATCH, ONE)
    worker.done(*worker.take())
    hall.settle()
    hall.reading.release()
    assert asked.progress[0]["snapshot"]["state"] == "succeeded"
    assert asked.answer["state"] == "succeeded"
    hall.check()


def test_the_event_of_a_cancel_is_numbered_after_the_log(hall: Hall, worker: FakeWorker) -> None:
    hall.submit()
    hall.settle()
    asked = hall.ask(messages.JOB_WATCH, ONE)
    worker.notices(worker.take()[0], "log", 1, 2, 3)
    hall.settle()
    hall.ask(messages.JOB_CANCEL, [ONE])
    hall.settle()
    assert asked.events[-1] == (6, "state", "cancelled")
    assert numbers(asked) == [3, 4, 5, 6]


def test_every_state_on_the_way_is_an_event(hall: Hall, worker: FakeWorker) -> None:
    worker.lost()
    hall.submit(delay=5, retries=1)
    hall.settle()
    asked = hall.ask(messages.JOB_WATCH, ONE)
    worker = hall.worker("other")
    hall.passes(6)
    worker.failed(*worker.take())
    hall.passes(6)
    worker.hands_back(*worker.take())
    hall.settle()
    worker.done(*worker.take())
    hall.settle()
    assert [(number, data) for number, _, data in asked.events] == list(
        enumerate(["ready", "running", "waiting", "ready", "running", "ready", "running", "succeeded"], 2)
    )
    hall.check()


def test_the_topic_of_a_job_carries_the_same_events_while_somebody_subscribes(hall: Hall, worker: FakeWorker) -> None:
    topic = messages.JOB_TOPIC + ONE
    hall.watched.add(topic)
    hall.submit()
    hall.settle()
    watcher = hall.ask(messages.JOB_WATCH, ONE)
    run = worker.take()[0]
    worker.notices(run, "log", 1)
    hall.settle()
    hall.watched.clear()
    worker.done(run)
    hall.settle()
    published = [event for name, events in hall.published for event in events if name == topic]
    assert [(event["number"], event["kind"]) for event in published] == [(2, "state"), (3, "log")]
    assert published[1] in watcher.progress[1]["events"]
