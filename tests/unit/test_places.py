"""Why jobs wait: told to whoever asks, and to those who watch, as it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatching import TASK, WALL, Hall, job_id

from taskbahn.errors import StoreUnavailable
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from support.dispatching import Asked, FakeWorker

ALL_BUSY = "All 2 slots of the worker that can run it are busy"


@pytest.fixture
def hall() -> Hall:
    made = Hall()
    know(made, {TASK: 30.0})
    return made


def know(hall: Hall, seconds: dict[str, float]) -> None:
    """Have it known what attempts take."""

    def typical(task: str) -> float | None:
        return seconds.get(task)

    hall.dispatcher.history.typical = typical  # type: ignore[method-assign]


@pytest.fixture
def worker(hall: Hall) -> FakeWorker:
    return hall.worker(slots=2, tasks=[TASK, "b.task"])


def submit(hall: Hall, count: int, **options: Any) -> None:
    for _ in range(count):
        hall.submit(**options)
    hall.settle()


def place(hall: Hall, number: int) -> dict[str, Any] | None:
    """What is told of a job, by both ways of asking."""
    view = hall.ask(messages.JOB_GET, job_id(number)).answer
    watched = hall.ask(messages.JOB_WATCH, job_id(number))
    assert watched.progress[0]["snapshot"].get("place") == view.get("place")
    watched.gone()
    found: dict[str, Any] | None = view.get("place")
    return found


def told(asked: Asked) -> list[tuple[str, int | None]]:
    return [(message["place"]["why"], message["place"].get("ahead")) for message in asked.progress if "place" in message]


def test_a_ready_job_is_told_its_place(hall: Hall, worker: FakeWorker) -> None:
    submit(hall, 6)
    submit(hall, 1, priority=5)
    submit(hall, 1, task="b.task", priority=9)
    assert place(hall, 1) is None
    assert place(hall, 3) == {"why": ALL_BUSY, "ahead": 2}, "how long a b.task takes is not known"
    know(hall, {TASK: 30.0, "b.task": 10.0})
    each = (5 * 30 + 10) / 6
    assert place(hall, 3) == {"why": ALL_BUSY, "ahead": 2, "starts_at": WALL + 3 * each / 2}
    assert place(hall, 7) == {"why": ALL_BUSY, "ahead": 1, "starts_at": WALL + 2 * each / 2}
    worker.done(*worker.take())
    hall.settle()
    assert place(hall, 3) == {"why": ALL_BUSY, "ahead": 0, "starts_at": WALL + 30 / 2}


def test_the_duration_sent_with_each_job_is_learned_until_known(hall: Hall, worker: FakeWorker) -> None:
    submit(hall, 1)
    assert hall.ask(messages.JOB_GET, job_id(1)).answer["typical"] == 30.0
    know(hall, {})
    assert "typical" not in hall.ask(messages.JOB_GET, job_id(1)).answer
    worker.done(*worker.take(), seconds=0.25)
    hall.settle()
    assert hall.ask(messages.JOB_GET, job_id(1)).answer["typical"] == 0.25
    submit(hall, 1)
    worker.done(*worker.take(), seconds=50)
    hall.settle()
    assert hall.ask(messages.JOB_GET, job_id(1)).answer["typical"] == pytest.approx(0.625), "slowly"
    for _ in range(3):
        submit(hall, 1)
        worker.done(*worker.take(), seconds=50)
        hall.settle()
    assert "typical" not in hall.ask(messages.JOB_GET, job_id(1)).answer, "it is long, and how long was not learned"


def test_a_waiting_job_is_told_when_it_is_due_and_why(hall: Hall, worker: FakeWorker) -> None:
    submit(hall, 1, delay=40)
    submit(hall, 1, eta=WALL + 60)
    submit(hall, 1, retries=1, retry_delays=[20])
    worker.failed(*worker.take())
    hall.settle()
    assert place(hall, 1) == {"why": "It was submitted with a delay", "starts_at": WALL + 40}
    assert place(hall, 2) == {"why": "It was submitted to start at a later time", "starts_at": WALL + 60}
    assert place(hall, 3) == {"why": "Attempt 1 failed; it is tried again when its delay is over", "starts_at": WALL + 20}


def test_a_job_that_nobody_can_run_is_told_so(hall: Hall) -> None:
    worker = hall.worker()
    worker.lost()
    submit(hall, 2)
    assert place(hall, 2) == {"why": "No worker is attached", "ahead": 1}
    hall.worker("other", tasks=["b.task"])
    assert place(hall, 2) == {"why": f"No attached worker offers {TASK}", "ahead": 1}
    elsewhere = hall.worker("elsewhere", queues=["slow"])
    assert place(hall, 2) == {"why": f"The worker that offers {TASK} does not serve the queue default", "ahead": 1}
    draining = hall.worker("draining")
    draining.hands_back(*draining.take(), draining=True)
    hall.settle()
    assert place(hall, 2) == {"why": "The worker that can run it takes no new jobs: it is draining", "ahead": 1}
    assert elsewhere.take() == []


def test_lines_that_one_worker_serves_together_are_one_queue(hall: Hall) -> None:
    hall.worker("both", tasks=[TASK, "b.task"])
    hall.worker("other", tasks=["c.task"])
    submit(hall, 2, task="c.task")
    submit(hall, 2, task="b.task")
    submit(hall, 2)
    found = place(hall, 6)
    assert found is not None
    assert found["ahead"] == 2, "of a.task and b.task one each, of c.task none"


def test_watchers_get_every_change_once_a_second_and_nothing_else(hall: Hall, worker: FakeWorker) -> None:
    submit(hall, 8)
    asked = hall.ask(messages.JOB_WATCH, job_id(8))
    assert asked.progress[0]["snapshot"]["place"]["ahead"] == 5
    hall.passes(2)
    assert told(asked) == [], "nothing has changed"
    for _ in range(3):
        worker.take()
        worker.done(worker.runs[0])
        hall.passes(0.05)
    assert told(asked) == []
    hall.passes(1)
    assert told(asked) == [(ALL_BUSY, 2)], "the newest, once"
    while worker.take() or worker.runs:
        worker.done(*worker.runs)
        hall.settle()
    hall.passes(3)
    assert [state for _, _, state in asked.events] == ["running", "succeeded"]
    assert told(asked) == [(ALL_BUSY, 2)], "and no more of it once it runs"
    assert hall.jobs._queue_positions._watchers == {}


def test_an_expected_start_that_slips_is_told_again(hall: Hall, worker: FakeWorker) -> None:
    submit(hall, 3)
    asked = hall.ask(messages.JOB_WATCH, job_id(3))
    hall.passes(12)
    starts = [message["place"]["starts_at"] - WALL for message in asked.progress if "place" in message]
    assert len(starts) == 2
    assert all(5 < later - earlier < 7 for earlier, later in zip([15.0, starts[0]], starts, strict=True))


def test_a_job_that_has_to_wait_again_is_told_its_place_again(hall: Hall, worker: FakeWorker) -> None:
    submit(hall, 1, retries=1, retry_delays=[20])
    asked = hall.ask(messages.JOB_WATCH, job_id(1))
    hall.passes(2)
    assert told(asked) == []
    worker.failed(*worker.take())
    hall.passes(2)
    assert told(asked) == [("Attempt 1 failed; it is tried again when its delay is over", None)]
    worker.lost()
    hall.passes(60)
    assert told(asked)[1:] == [("No worker is attached", 0)]


def test_places_are_sent_to_a_bounded_number_a_second_in_turn(hall: Hall) -> None:
    worker = hall.worker(slots=2)
    submit(hall, 150)
    asked = [hall.ask(messages.JOB_WATCH, job_id(number)) for number in range(51, 151)]
    asked += [hall.ask(messages.JOB_WATCH, job_id(150))]
    worker.done(*worker.take())
    hall.passes(1.1)
    assert sum(len(told(one)) for one in asked) == 50
    hall.passes(0.25)
    assert [len(told(one)) for one in asked] == [1] * 101, "a job that two watch is one"


def test_who_went_away_is_not_asked_about(hall: Hall, worker: FakeWorker) -> None:
    submit(hall, 4)
    first, second = hall.ask(messages.JOB_WATCH, job_id(3)), hall.ask(messages.JOB_WATCH, job_id(4))
    first.gone()
    second.call.open = False  # its session ended a moment ago
    hall.passes(2)
    assert hall.jobs._queue_positions._watchers == {}
    assert not hall.jobs._queue_positions._ticks


def test_a_store_that_cannot_be_read_is_asked_again_later(
    hall: Hall, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(hall, 4)
    asked = hall.ask(messages.JOB_WATCH, job_id(4))
    rows = hall.jobs._reader.rows

    def broken(seqs: Any) -> Any:
        raise StoreUnavailable("the disk is gone")

    monkeypatch.setattr(hall.jobs._reader, "rows", broken)
    worker.done(*worker.take()[:1])
    hall.passes(2)
    assert told(asked) == []
    monkeypatch.setattr(hall.jobs._reader, "rows", rows)
    hall.passes(2)
    assert told(asked) == [(ALL_BUSY, 0)]
    hall.check()
