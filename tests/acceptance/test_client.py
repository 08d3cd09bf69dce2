"""The client against a real node and a real worker: jobs, batches, events, bad input."""

from __future__ import annotations

import datetime as dt
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import sample_app
from support.until import until

from taskbahn import Taskbahn
from taskbahn.errors import (
    InvalidArguments,
    InvalidRequest,
    JobCancelled,
    JobExpired,
    JobFailed,
    NotFinished,
    UnknownJob,
    UnknownTask,
    WrongState,
)
from taskbahn.protocol.states import State

if TYPE_CHECKING:
    pass


pytestmark = pytest.mark.slow
SECONDS = 40.0
UNKNOWN_JOB = "0192f0c1-2d3e-7abc-8def-0123456789ab"


# a job and its result


def test_a_job_is_started_and_gives_its_result(app: Taskbahn) -> None:
    job = sample_app.add.start(1, b=2)
    assert job.result(SECONDS) == 3
    assert job.state() is State.SUCCEEDED
    assert sample_app.add.call(5) == 6


def test_a_task_is_called_by_its_name_without_its_module(web: Taskbahn) -> None:
    assert web.get("shop.add").call(1, b=2) == 3
    with Taskbahn(web.url) as other:
        assert other.get("shop.repeat").start("ab", times=3).result(SECONDS) == "ababab"


def test_rich_types_survive_the_trip(web: Taskbahn) -> None:
    order = sample_app.Order(dt.datetime(2026, 1, 2, tzinfo=dt.UTC), sample_app.Size.LARGE, Path("/a"))
    assert sample_app.deliver.call(order) == sample_app.Order(
        dt.datetime(2026, 1, 2, 1, tzinfo=dt.UTC), sample_app.Size.LARGE, Path("/a")
    )
    with Taskbahn(web.url) as plain:
        result = plain.get("shop.deliver").call({"when": "2026-01-02T00:00:00Z", "size": "small", "path": "p"})
    assert result == {"when": "2026-01-02T01:00:00Z", "size": "small", "path": "p"}


def test_an_error_comes_with_its_structure(web: Taskbahn) -> None:
    job = sample_app.fail.start("no such photograph")
    with pytest.raises(JobFailed, match="ValueError: no such photograph") as caught:
        job.result(SECONDS)
    assert caught.value.detail["type"] == "ValueError"
    assert "raise ValueError(message)" in caught.value.detail["traceback"]
    assert isinstance(job.error(SECONDS), JobFailed)
    assert job.state() is State.FAILED


def test_a_job_is_known_by_its_id_alone(web: Taskbahn) -> None:
    job = sample_app.add.options(tags=["blue"], priority=3).start(20, 22)
    same = web.job(job.id)
    assert same == job
    assert same.result(SECONDS) == 42
    view = same.view()
    assert (view.task, view.state, view.args, view.result, view.tags, view.priority) == (
        "shop.add",
        "succeeded",
        [20, 22],
        42,
        ["blue"],
        3,
    )
    assert same.task == "shop.add"


def test_waiting_may_end_before_the_job_and_says_what_it_does(web: Taskbahn) -> None:
    job = sample_app.nap.start(SECONDS)
    until(lambda: job.state() is State.RUNNING)
    with pytest.raises(NotFinished, match=r"\(shop.nap\) is running \(attempt 1 on .*\) after 0\.05 s"):
        job.result(timeout=0.05)
    with pytest.raises(TimeoutError):
        job.result(timeout=0)
    job.cancel()
    elsewhere = sample_app.add.options(queue="a queue without workers").start(1, 2)
    with pytest.raises(NotFinished, match=r"is ready after 0\.05 s: the worker that offers shop.add does not serve"):
        elsewhere.result(timeout=0.05)
    elsewhere.cancel()


def test_a_job_is_cancelled_while_it_runs_and_while_it_waits(web: Taskbahn) -> None:
    running_job, waiting_job = sample_app.nap.start(SECONDS), sample_app.nap.options(delay=60).start(1)
    until(lambda: running_job.state() is State.RUNNING)
    assert waiting_job.cancel() is State.CANCELLED
    running_job.cancel("enough")
    with pytest.raises(JobCancelled, match="enough"):
        running_job.result(SECONDS)
    with pytest.raises(JobCancelled):
        waiting_job.result(SECONDS)


def test_a_failed_job_is_retried_by_hand(web: Taskbahn, tmp_path: Path) -> None:
    job = sample_app.fail.start("not yet", once=str(tmp_path / "flag"))
    with pytest.raises(JobFailed):
        job.result(SECONDS)
    job.retry()
    assert job.result(SECONDS) == "went well"
    assert [attempt.outcome for attempt in job.view().attempts] == ["error", "succeeded"]
    with pytest.raises(WrongState):
        job.retry()


def test_options_of_one_call_hold(web: Taskbahn, tmp_path: Path) -> None:
    began = time.time()
    assert sample_app.add.options(delay=0.3).start(1).result(SECONDS) == 2
    assert sample_app.add.options(eta=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=0.2)).start(1).result(SECONDS) == 2
    assert time.time() - began > 0.5
    assert sample_app.fail.options(retries=[0.05]).start("not yet", once=str(tmp_path / "flag")).result(SECONDS) == "went well"
    with pytest.raises(JobExpired):
        sample_app.add.options(queue="unserved", start_within=0.2).start(1).result(SECONDS)


# bad input


def test_bad_input_is_refused_with_a_word_on_what_to_do(web: Taskbahn) -> None:
    with pytest.raises(UnknownTask, match=r"named 'shop.ad' \(did you mean 'shop.add'\?\); start a worker"):
        web.get("shop.ad").start()
    with pytest.raises(InvalidArguments, match="a: "):
        web.get("shop.add").start("x")
    with pytest.raises(InvalidArguments, match="expected int, got str"):
        sample_app.add.start("x")  # type: ignore[arg-type]
    for ask in (web.job(UNKNOWN_JOB).result, web.job(UNKNOWN_JOB).view, web.job(UNKNOWN_JOB).cancel, web.job(UNKNOWN_JOB).logs):
        with pytest.raises(UnknownJob, match="there is no job"):
            ask()
    with pytest.raises(UnknownJob):
        list(web.job(UNKNOWN_JOB).events())
    with pytest.raises(InvalidRequest, match="'nonsense' is no job id"):
        web.job("nonsense").view()
    assert sample_app.add.call(1) == 2


# many


def test_a_batch_is_started_and_gives_its_results_in_order(app: Taskbahn) -> None:
    batch = sample_app.add.start_many((n,) for n in range(2500))
    assert (len(batch), len(set(batch.ids))) == (2500, 2500)
    assert batch.results(SECONDS) == list(range(1, 2501))
    assert (batch.progress.done, batch.progress.succeeded) == (2500, 2500)
    assert batch[7].result() == 8


def test_a_batch_with_failures_can_be_taken_apart(web: Taskbahn) -> None:
    batch = sample_app.fail.start_many(["a", "b"])
    assert sorted(job.id for job in batch.as_completed(SECONDS)) == batch.ids
    with pytest.raises(JobFailed, match="ValueError: a"):
        batch.results(SECONDS)
    assert [str(error) for error in batch.results(return_errors=True)] == ["ValueError: a", "ValueError: b"]


def test_a_batch_is_cancelled(web: Taskbahn) -> None:
    batch = sample_app.nap.options(delay=60).start_many([1.0] * 30)
    assert batch.cancel("not needed") == 30
    with pytest.raises(JobCancelled, match="not needed"):
        batch.results(SECONDS)
    assert batch.progress.cancelled == 30


def test_threads_share_one_client(web: Taskbahn) -> None:
    with ThreadPoolExecutor(16) as threads:
        assert sorted(threads.map(sample_app.add.call, range(200))) == list(range(1, 201))
    assert [thread.name for thread in threading.enumerate()].count("taskbahn-client") == 1


# events


def test_events_are_numbered_without_a_gap_and_end_with_the_job(web: Taskbahn, gate: Path) -> None:
    job = sample_app.talk.start(4, held=str(gate))
    with job.events() as stream:
        first = next(stream)
        gate.touch()
        events = list(stream)
    last = events.pop()
    assert (first.kind, first.data, last.kind, last.data) == ("snapshot", stream.snapshot, "outcome", stream.final)
    numbers = [event.number for event in events if event.kind != "progress"]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert [event.data for event in events if event.kind == "chunk"] == [f"chunk {n}" for n in range(4)]
    assert events[-1].data["state"] == "succeeded"
    assert stream.final is not None
    assert stream.final.result == "talked"
    assert [line.message for line in job.logs()] == [f"line {n} [bold]" for n in range(4)]


def test_a_late_reader_gets_all_events_or_begins_in_the_middle(web: Taskbahn) -> None:
    job = sample_app.talk.start(4)
    job.result(SECONDS)
    said = [event for event in job.events() if event.kind in ("log", "chunk")]
    assert len(said) == 8
    assert [event.kind for event in job.events()] == ["snapshot", *[event.kind for event in said], "outcome"]
    middle = said[3].number
    assert [event.number for event in job.events(after=middle) if event.kind in ("log", "chunk")] == [
        event.number for event in said[4:]
    ]


def test_watching_may_stop_before_the_job(web: Taskbahn, gate: Path) -> None:
    job = sample_app.talk.start(50, held=str(gate))
    with job.events() as stream:
        assert next(stream).job == job.id
    gate.touch()
    assert "succeeded" not in [event.data["state"] for event in stream if event.kind == "state"]
    assert stream.final is None
    assert job.result(SECONDS) == "talked"


# what is large


@pytest.mark.parametrize("character, size", [("x", 3_900_000), ('"', 2_000_000), ("\N{ROCKET}", 1_000_000)])
def test_large_results_of_one_batch_all_arrive(app: Taskbahn, character: str, size: int) -> None:
    batch = sample_app.big.start_many((size, character) for _ in range(12))
    assert [len(result) for result in batch.results(SECONDS)] == [size] * 12
    again = [app.job(id) for id in batch.ids]  # they have ended: the store gives them
    assert [len(job.result(SECONDS)) for job in again] == [size] * 12


def test_a_large_result_does_not_spoil_the_wait_for_small_ones(app: Taskbahn) -> None:
    jobs = [sample_app.big.start(size) for size in (3_900_000, 1, 3_900_000, 2, 3_900_000, 3, 3_900_000, 3_900_000, 4, 3_900_000)]
    assert [len(job.result(SECONDS)) for job in jobs] == [
        3_900_000,
        1,
        3_900_000,
        2,
        3_900_000,
        3,
        3_900_000,
        3_900_000,
        4,
        3_900_000,
    ]


def test_large_arguments_arrive_one_by_one_and_together(app: Taskbahn) -> None:
    text = "\N{ROCKET}" * 250_000
    assert sample_app.length.start_many([text] * 24).results(SECONDS) == [250_000] * 24
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(sample_app.length.call, [text] * 16)) == [250_000] * 16
