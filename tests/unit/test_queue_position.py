"""Why jobs wait: the dispatcher answers a client that asks, and sends watchers each change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import TASK, WALL, DispatcherHarness, job_id
from support.recorded_call import RecordedCall

from taskbahn.errors import StoreUnavailable
from taskbahn.protocol import messages
from taskbahn_router.core.wait_reason import WHY_BEHIND
from taskbahn_router.publishing.start_estimate import JobPosition, StartEstimate

if TYPE_CHECKING:
    from support.dispatcher_harness import FakeWorker
    from support.recorded_call import RecordedCall

ALL_BUSY = "All 2 slots of the worker that can run it are busy"


@pytest.fixture
def harness() -> DispatcherHarness:
    made = DispatcherHarness()
    know(made, {TASK: 30.0})
    return made


def know(harness: DispatcherHarness, seconds: dict[str, float]) -> None:
    """Have it known what attempts take."""

    def typical(task: str) -> float | None:
        return seconds.get(task)

    harness.dispatcher.history.typical = typical  # type: ignore[method-assign]


@pytest.fixture
def worker(harness: DispatcherHarness) -> FakeWorker:
    return harness.worker(slots=2, tasks=[TASK, "b.task"])


def submit(harness: DispatcherHarness, count: int, **options: Any) -> None:
    for _ in range(count):
        harness.submit(**options)
    harness.settle()


def place(harness: DispatcherHarness, number: int) -> dict[str, Any] | None:
    """The place of a job, the same in its view and in what a watcher gets."""
    view = harness.ask(messages.JOB_GET, job_id(number)).answer
    watched = harness.ask(messages.JOB_WATCH, job_id(number))
    assert watched.progress[0]["snapshot"].get("place") == view.get("place")
    watched.gone()
    found: dict[str, Any] | None = view.get("place")
    return found


def told(asked: RecordedCall) -> list[tuple[str, int | None]]:
    return [(message["place"]["why"], message["place"].get("ahead")) for message in asked.progress if "place" in message]


def test_the_watcher_of_a_ready_job_gets_its_place(harness: DispatcherHarness, worker: FakeWorker) -> None:
    submit(harness, 6)
    submit(harness, 1, priority=5)
    submit(harness, 1, task="b.task", priority=9)
    assert place(harness, 1) is None
    assert place(harness, 3) == {"why": ALL_BUSY, "ahead": 2}, "how long a b.task takes is not known"
    know(harness, {TASK: 30.0, "b.task": 10.0})
    each = (5 * 30 + 10) / 6
    assert place(harness, 3) == {"why": ALL_BUSY, "ahead": 2, "starts_at": WALL + 3 * each / 2}
    assert place(harness, 7) == {"why": ALL_BUSY, "ahead": 1, "starts_at": WALL + 2 * each / 2}
    worker.done(*worker.take())
    harness.settle()
    assert place(harness, 3) == {"why": ALL_BUSY, "ahead": 0, "starts_at": WALL + 30 / 2}


@pytest.mark.parametrize("ahead", range(5))
@pytest.mark.parametrize("free", range(3))
def test_a_free_slot_is_said_only_if_fewer_jobs_come_before(harness: DispatcherHarness, free: int, ahead: int) -> None:
    harness.worker(slots=2)
    submit(harness, 3)
    row = harness.row(3)._replace(state="ready", partition=1)
    (worker,) = harness.dispatcher.state.workers.values()
    worker.room.in_flight = 2 - free
    found = StartEstimate(harness.dispatcher.state, harness.dispatcher.limit_book, WALL, lambda _: None).place(
        JobPosition(row, (1,), ahead)
    )
    assert found is not None
    assert (found["why"] == "A slot is free: it starts in a moment") == (free > ahead)
    assert (found["why"] == WHY_BEHIND) == (0 < free <= ahead)
    assert (found["why"] == ALL_BUSY) == (free == 0)
    assert ("starts_at" in found) == (free > ahead)


def test_the_duration_sent_with_each_job_is_learned_until_known(harness: DispatcherHarness, worker: FakeWorker) -> None:
    submit(harness, 1)
    assert harness.ask(messages.JOB_GET, job_id(1)).answer["typical"] == 30.0
    know(harness, {})
    assert "typical" not in harness.ask(messages.JOB_GET, job_id(1)).answer
    worker.done(*worker.take(), seconds=0.25)
    harness.settle()
    assert harness.ask(messages.JOB_GET, job_id(1)).answer["typical"] == 0.25
    submit(harness, 1)
    worker.done(*worker.take(), seconds=50)
    harness.settle()
    assert harness.ask(messages.JOB_GET, job_id(1)).answer["typical"] == pytest.approx(0.625), "slowly"
    for _ in range(3):
        submit(harness, 1)
        worker.done(*worker.take(), seconds=50)
        harness.settle()
    assert "typical" not in harness.ask(messages.JOB_GET, job_id(1)).answer, "it is long, and how long was not learned"


def test_the_watcher_of_a_waiting_job_learns_when_and_why(harness: DispatcherHarness, worker: FakeWorker) -> None:
    submit(harness, 1, delay=40)
    submit(harness, 1, eta=WALL + 60)
    submit(harness, 1, retries=1, retry_delays=[20])
    worker.failed(*worker.take())
    harness.settle()
    assert place(harness, 1) == {"why": "It was submitted with a delay", "starts_at": WALL + 40}
    assert place(harness, 2) == {"why": "It was submitted to start at a later time", "starts_at": WALL + 60}
    assert place(harness, 3) == {"why": "Attempt 1 failed; it is tried again when its delay is over", "starts_at": WALL + 20}


def test_the_watcher_of_a_job_that_no_worker_can_run_learns_it(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    worker.lost()
    submit(harness, 2)
    assert place(harness, 2) == {"why": "No worker is attached", "ahead": 1, "served": False}
    harness.worker("other", tasks=["b.task"])
    assert place(harness, 2) == {"why": f"No attached worker offers {TASK}", "ahead": 1, "served": False}
    elsewhere = harness.worker("elsewhere", queues=["slow"])
    assert place(harness, 2) == {
        "why": f"The worker that offers {TASK} does not serve the queue default",
        "ahead": 1,
        "served": False,
    }
    draining = harness.worker("draining")
    draining.hands_back(*draining.take(), draining=True)
    harness.settle()
    assert place(harness, 2) == {
        "why": "The worker that can run it takes no new jobs: it is draining",
        "ahead": 1,
        "served": False,
    }
    assert elsewhere.take() == []


def test_lines_that_one_worker_serves_together_are_one_queue(harness: DispatcherHarness) -> None:
    harness.worker("both", tasks=[TASK, "b.task"])
    harness.worker("other", tasks=["c.task"])
    submit(harness, 2, task="c.task")
    submit(harness, 2, task="b.task")
    submit(harness, 2)
    found = place(harness, 6)
    assert found is not None
    assert found["ahead"] == 2, "of a.task and b.task one each, of c.task none"


def test_watchers_get_every_change_once_a_second_and_nothing_else(harness: DispatcherHarness, worker: FakeWorker) -> None:
    submit(harness, 8)
    asked = harness.ask(messages.JOB_WATCH, job_id(8))
    assert asked.progress[0]["snapshot"]["place"]["ahead"] == 5
    harness.passes(2)
    assert told(asked) == [], "nothing has changed"
    for _ in range(3):
        worker.take()
        worker.done(worker.runs[0])
        harness.passes(0.05)
    assert told(asked) == []
    harness.passes(1)
    assert told(asked) == [(ALL_BUSY, 2)], "the newest, once"
    while worker.take() or worker.runs:
        worker.done(*worker.runs)
        harness.settle()
    harness.passes(3)
    assert [state for _, _, state in asked.events] == ["running", "succeeded"]
    assert told(asked) == [(ALL_BUSY, 2)], "and no more of it once it runs"
    assert harness.jobs.queue_positions._watchers == {}


def test_an_expected_start_that_slips_is_sent_again(harness: DispatcherHarness, worker: FakeWorker) -> None:
    submit(harness, 3)
    asked = harness.ask(messages.JOB_WATCH, job_id(3))
    harness.passes(12)
    starts = [message["place"]["starts_at"] - WALL for message in asked.progress if "place" in message]
    assert len(starts) == 2
    assert all(5 < later - earlier < 7 for earlier, later in zip([15.0, starts[0]], starts, strict=True))


def test_the_place_of_a_job_that_waits_again_is_sent_again(harness: DispatcherHarness, worker: FakeWorker) -> None:
    submit(harness, 1, retries=1, retry_delays=[20])
    asked = harness.ask(messages.JOB_WATCH, job_id(1))
    harness.passes(2)
    assert told(asked) == []
    worker.failed(*worker.take())
    harness.passes(2)
    assert told(asked) == [("Attempt 1 failed; it is tried again when its delay is over", None)]
    worker.lost()
    harness.passes(60)
    assert told(asked)[1:] == [("No worker is attached", 0)]


def test_places_are_sent_to_a_bounded_number_a_second_in_turn(harness: DispatcherHarness) -> None:
    worker = harness.worker(slots=2)
    submit(harness, 150)
    asked = [harness.ask(messages.JOB_WATCH, job_id(number)) for number in range(51, 151)]
    asked += [harness.ask(messages.JOB_WATCH, job_id(150))]
    worker.done(*worker.take())
    harness.passes(1.1)
    assert sum(len(told(one)) for one in asked) == 50
    harness.passes(0.25)
    assert [len(told(one)) for one in asked] == [1] * 101, "a job that two watch is one"


def test_who_went_away_is_not_asked_about(harness: DispatcherHarness, worker: FakeWorker) -> None:
    submit(harness, 4)
    first, second = harness.ask(messages.JOB_WATCH, job_id(3)), harness.ask(messages.JOB_WATCH, job_id(4))
    first.gone()
    second.call.open = False  # its session ended a moment ago
    harness.passes(2)
    assert harness.jobs.queue_positions._watchers == {}
    assert not harness.jobs.queue_positions._ticks


def test_a_store_that_cannot_be_read_is_asked_again_later(
    harness: DispatcherHarness, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(harness, 4)
    asked = harness.ask(messages.JOB_WATCH, job_id(4))
    rows = harness.jobs._reader.rows

    def broken(seqs: Any) -> Any:
        raise StoreUnavailable("the disk is gone")

    monkeypatch.setattr(harness.jobs._reader, "rows", broken)
    worker.done(*worker.take()[:1])
    harness.passes(2)
    assert told(asked) == []
    monkeypatch.setattr(harness.jobs._reader, "rows", rows)
    harness.passes(2)
    assert told(asked) == [(ALL_BUSY, 0)]
    harness.check()
