"""Whatever the sizes of single items, what carries many of them is never above the transport's bound, and nothing gets lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.dispatcher_harness import TASK, DispatcherHarness, FakeWorker, job_id

from taskbahn.protocol import messages
from taskbahn.protocol.message_pages import PAGE_BYTES, outcome_bytes, pages, text_bytes, value_bytes
from taskbahn.worker.report_batch import ReportBatch
from taskbahn_router.publishing.publisher import parts_of

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST = '"' + "x" * (messages.MAX_RESULT - 2) + '"'
QUOTES = json.dumps('"' * ((messages.MAX_RESULT - 2) // 2))  # each character is two here, and four in a JSON message
FAR = json.dumps("😀" * ((messages.MAX_RESULT - 2) // 4), ensure_ascii=False)
MANY = 8  # of each kind below: more than one message holds
SIZES = st.lists(st.sampled_from(["1", '"' + "y" * 70_000 + '"', LARGEST, QUOTES, FAR]), min_size=1, max_size=6)


def on_the_wire(value: Any) -> int:
    """Return what a message with *value* takes, over the serializer that needs more."""
    as_json = len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())
    return max(as_json, len(msgpack.packb(value))) + 200


def assert_all_fit(asked: Any) -> None:
    for kind, *values in asked.sent:
        assert kind != "fail"
        assert on_the_wire(values) <= messages.MAX_MESSAGE


def results(asked: Any) -> dict[str, Any]:
    return {outcome[0]: outcome[2] for value in asked.progress for outcome in value["outcomes"]}


@given(
    st.recursive(
        st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        st.lists,
        max_leaves=20,
    )
)
def test_a_size_is_a_bound_from_above_for_both_serializers(value: Any) -> None:
    text = messages.to_json(value)
    assert on_the_wire(value) - 200 <= value_bytes(value) + 1
    assert on_the_wire(text) - 200 <= text_bytes(text) + 5


@given(st.lists(st.integers(0, 200)), st.integers(1, 100))
def test_pages_hold_all_items_in_order_and_oversized_ones_alone(sizes: list[int], most: int) -> None:
    made = list(pages(sizes, lambda size: size, most))
    assert [size for page in made for size in page] == sizes
    assert all(sum(page) <= most or len(page) == 1 for page in made)


def running(count: int) -> tuple[DispatcherHarness, FakeWorker, list[str]]:
    """Return a dispatcher, and a worker that runs *count* jobs."""
    harness = DispatcherHarness()
    worker = harness.worker(slots=count)
    for _ in range(count):
        harness.submit()
    harness.settle()
    return harness, worker, [job_id(number) for number in range(1, count + 1)]


@settings(max_examples=5, deadline=None)
@given(SIZES)
def test_a_wait_for_jobs_that_have_ended_comes_in_pages(texts: list[str]) -> None:
    harness, worker, ids = running(len(texts))
    for run, text in zip(worker.take(), texts, strict=True):
        worker.done(run, result=text)
        harness.settle()
    asked = harness.ask(messages.JOB_WAIT, [*ids, job_id(99)])
    harness.passes(5)
    assert_all_fit(asked)
    assert results(asked) == {**dict(zip(ids, texts, strict=True)), job_id(99): None}
    assert asked.answer is None
    harness.check()


@settings(max_examples=5, deadline=None)
@given(SIZES)
def test_outcomes_of_one_turn_come_in_pages(texts: list[str]) -> None:
    harness, worker, ids = running(len(texts))
    asked = harness.ask(messages.JOB_WAIT, ids)
    for run, text in zip(worker.take(), texts, strict=True):
        worker.done(run, result=text)
    harness.passes(5)
    assert_all_fit(asked)
    assert results(asked) == dict(zip(ids, texts, strict=True))
    harness.check()


def test_the_next_page_waits_until_most_of_the_last_is_read(harness: DispatcherHarness) -> None:
    worker = harness.worker(slots=8)
    ids = [job_id(number) for number in range(1, 9)]
    for _ in ids:
        harness.submit()
    harness.settle()
    worker.done(*worker.take(), result=LARGEST)
    harness.settle()
    harness.unread[1] = 10 * PAGE_BYTES
    asked = harness.ask(messages.JOB_WAIT, ids)
    harness.passes(5)
    assert len(results(asked)) == 1
    harness.unread[1] = 0
    harness.passes(5)
    assert len(results(asked)) == 8
    assert asked.answer is None


def test_a_single_answer_says_what_is_not_in_it(harness: DispatcherHarness) -> None:
    worker = harness.worker(slots=3)
    ids = [job_id(number) for number in (1, 2, 3)]
    for _ in ids:
        harness.submit()
    harness.settle()
    worker.done(*worker.take(), result=LARGEST)
    harness.settle()
    asked = harness.ask(messages.JOB_WAIT, ids, progress=False)
    harness.passes(1)
    assert_all_fit(asked)
    (outcome,) = asked.answer["outcomes"]
    assert sorted([outcome[0], *asked.answer["more"]]) == ids


def test_one_who_takes_a_single_answer_gets_what_ended_early_too(harness: DispatcherHarness) -> None:
    worker = harness.worker(slots=2)
    for _ in range(2):
        harness.submit()
    harness.settle()
    first, second = worker.take()
    asked = harness.ask(messages.JOB_WAIT, [job_id(1), job_id(2)], progress=False)
    for run in (first, second):
        worker.done(run)
        harness.settle()
    assert sorted(outcome[0] for outcome in asked.answer["outcomes"]) == [job_id(1), job_id(2)]


def test_attempts_with_large_arguments_go_to_a_worker_in_several_orders(harness: DispatcherHarness) -> None:
    worker = harness.worker(slots=40)
    for _ in range(40):
        harness.submit('"' * (messages.MAX_ARGUMENTS // 2 - 10))
    harness.settle()
    assert len(worker.take()) == 40
    assert_all_fit(worker.asked)
    harness.check()


@given(st.lists(st.tuples(st.integers(0, 999), st.sampled_from(["", "é" * 500]))), st.lists(st.sampled_from([10, 999_999])))
@settings(deadline=None)
def test_an_order_is_cut_without_losing_anything(cancels: list[Any], runs: list[int]) -> None:
    order = {
        "run": [["id", 1, TASK, "x" * size, None] for size in runs],
        "cancel": [["id", *cancel] for cancel in cancels],
        "recorded": 3,
    }
    parts = list(parts_of(order))
    for name in ("run", "cancel"):
        assert [one for part in parts for one in part.get(name, [])] == order[name]
    assert [part["recorded"] for part in parts if "recorded" in part] == [3]
    assert all(on_the_wire(part) <= messages.MAX_MESSAGE for part in parts)


def test_chunks_of_one_turn_reach_watchers_callers_and_topics_in_pages(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    call = harness.ask(TASK)
    harness.settle()
    (run,) = worker.take()
    watcher = harness.ask(messages.JOB_WATCH, run[0])
    harness.watched.add(messages.JOB_TOPIC + run[0])
    harness.settle()
    chunk = [0.5] * (messages.MAX_ARGUMENTS // 4 - 10)
    for _ in range(MANY):
        worker.notices(run, "chunk", chunk)
    harness.settle()
    for asked in (call, watcher):
        assert_all_fit(asked)
        assert [event[2] for event in asked.events if event[1] == "chunk"] == [chunk] * MANY
    assert all(on_the_wire(value) <= messages.MAX_MESSAGE for _, value in harness.published)
    assert sum(len(value) for _, value in harness.published) == MANY


@pytest.mark.parametrize(
    "make",
    [
        lambda: ReportBatch(done=[["id", 1, QUOTES, 0.0, 0.0]] * MANY),
        lambda: ReportBatch(failed=[{"id": "id", "attempt": 1, "error": {"message": "é" * 400_000}}] * MANY),
        lambda: ReportBatch(notices=[["id", 1, "chunk", 0.0, [0.5] * 200_000, 1]] * MANY),
    ],
)
def test_a_report_is_split_by_size(make: Callable[[], ReportBatch]) -> None:
    batch, count = make(), 0
    while batch:
        now, batch = batch.split()
        assert on_the_wire(now.plain()) <= messages.MAX_MESSAGE
        count += len(now.done) + len(now.failed) + len(now.notices)
    assert count == MANY


def test_an_outcome_with_the_largest_result_fits_alone() -> None:
    for text in (LARGEST, QUOTES, FAR):
        assert outcome_bytes(["id", "succeeded", text, None]) < messages.MAX_MESSAGE
