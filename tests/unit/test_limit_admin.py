"""Operators list limits and change them: what the views say, who did it, and what is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from support.dispatcher_harness import WALL, DispatcherHarness, FakeWorker
from support.recorded_call import RecordedCall
from support.storing import changes

from taskbahn.protocol import messages
from taskbahn.protocol.messages import DeclaredLimit
from taskbahn.protocol.views import LimitKeyView, Limits, LimitView
from taskbahn_router.queries import limits as queries

GPU = DeclaredLimit(kind="concurrency", name="gpu", limit=2, cost=2)
STRIPE = DeclaredLimit(kind="rate", name="stripe", rate="1/s", burst=2, key="{0}")


def limited(harness: DispatcherHarness, *limits: DeclaredLimit, slots: int = 9) -> FakeWorker:
    return harness.worker("w", slots, declaration={"limits": list(limits)})


def change(harness: DispatcherHarness, *args: Any, **kwargs: Any) -> RecordedCall:
    asked = harness.ask(messages.ADMIN_LIMIT, *args, **kwargs)
    harness.settle()
    return asked


def limits(harness: DispatcherHarness) -> dict[str, LimitView]:
    asked = harness.ask(messages.VIEW_LIMITS)
    harness.settle()
    found = msgspec.convert(asked.answer, Limits)
    assert found.count == len(found.limits)
    return {limit.name: limit for limit in found.limits}


def test_a_limit_is_listed_with_its_tasks_and_the_keys_in_use(harness: DispatcherHarness) -> None:
    limited(harness, STRIPE)
    for customer in ("acme", "acme", "acme", "acme", "other"):
        harness.submit(customer)
    harness.settle()
    view = limits(harness)["stripe"]
    assert (view.kind, view.tasks, view.template, view.declared) == ("rate", ["a.task"], "{0}", "1/s burst=2")
    assert (view.override, view.changed_by, view.changed_at, view.key_count) == (None, None, None, 2)
    assert view.keys == [
        LimitKeyView(key='["acme"]', used=2, capacity=2, lanes=1, jobs=2, oldest=WALL, wakes_at=WALL + 1),
        LimitKeyView(key='["other"]', used=1, capacity=2),
    ]


def test_one_limit_is_asked_for_by_its_name(harness: DispatcherHarness) -> None:
    limited(harness, STRIPE, GPU)
    harness.settle()
    for name, found in (("gpu", ["gpu"]), ("unknown", [])):
        asked = harness.ask(messages.VIEW_LIMITS, name=name)
        harness.settle()
        answer = msgspec.convert(asked.answer, Limits)
        assert ([limit.name for limit in answer.limits], answer.count) == (found, len(found))
    for wrong in ((7,), ("gpu", 21), ("gpu", "all")):
        refused = harness.ask(messages.VIEW_LIMITS, *wrong)
        harness.settle()
        assert refused.error == "invalid_request"


def test_a_limit_has_the_sums_of_its_keys_without_them(harness: DispatcherHarness) -> None:
    limited(harness, STRIPE)
    for customer in ("acme", "acme", "acme", "other", "other", "other", "other"):
        harness.submit(customer)
    harness.settle()
    asked = harness.ask(messages.VIEW_LIMITS, keys=1)
    harness.settle()
    (view,) = msgspec.convert(asked.answer, Limits).limits
    assert ([key.jobs for key in view.keys], view.key_count, view.jobs, view.oldest, view.paused_keys) == ([1], 2, 3, WALL, 0)


def test_an_override_is_answered_as_the_view_of_the_limit(harness: DispatcherHarness) -> None:
    worker = limited(harness, GPU)
    harness.submit()
    harness.submit()
    harness.settle()
    view = msgspec.convert(change(harness, "gpu", 4).answer, LimitView)
    assert (view.declared, view.override, view.changed_by, view.changed_at) == (2, 4, "joe", WALL)
    assert view.keys == [LimitKeyView(used=4, capacity=4)]
    assert len(worker.take()) == 2
    again = msgspec.convert(change(harness, "gpu", None, who="ann").answer, LimitView)
    assert (again.override, again.changed_by) == (None, "ann")
    harness.check()


@pytest.mark.parametrize(
    "limit, value, what, position",
    [
        ("stripe", "50/x", "'x' at position 4 is no unit", 4),
        ("stripe", "fast", "'f' at position 1 is no digit", 1),
        ("stripe", "50/s burst=", "after the rate comes nothing", 6),
        ("stripe", "50/s burst=0", "a burst is 1 to 1,000,000,000", 12),
        ("stripe", "0/s", "a rate of 0 would start nothing", 1),
        ("stripe", 50, "a rate takes a text such as '50/s'", None),
        ("gpu", "5/s", "a concurrency takes a whole number", 1),
        ("gpu", -1, "a concurrency takes a whole number", None),
        ("gpu", True, "a concurrency takes a whole number", None),
        ("gpu", 1, "no job of a.task would start: each costs 2", None),
        ("gpo", 5, "there is no limit named 'gpo' (did you mean 'gpu'?)", None),
        ("a.task.fair", 5, "there is no limit named 'a.task.fair'", None),
    ],
)
def test_a_wrong_value_changes_nothing(
    harness: DispatcherHarness, limit: str, value: Any, what: str, position: int | None
) -> None:
    limited(harness, GPU, STRIPE)
    before, commits = limits(harness), changes(harness.store)
    asked = change(harness, limit, value)
    assert asked.error == "invalid_option"
    error = asked.sent[-1][1]
    assert what in error.message
    assert error.detail.get("position") == position
    assert (limits(harness), changes(harness.store)) == (before, commits)


@pytest.mark.parametrize("args", [(), ("gpu",), (5, 5), ("gpu", 5, 5)])
def test_a_call_of_another_shape_is_refused(harness: DispatcherHarness, args: tuple[Any, ...]) -> None:
    limited(harness, GPU)
    assert change(harness, *args).error == "invalid_request"


@pytest.mark.parametrize("value, shown", [("50/s", "50/s"), ("50/s  burst=20", "50/s burst=20")])
def test_a_rate_without_a_burst_keeps_that_of_the_declaration(harness: DispatcherHarness, value: str, shown: str) -> None:
    limited(harness, STRIPE)
    assert change(harness, "stripe", value).answer["override"] == shown
    kept = harness.dispatcher.limit_book.kept.get("stripe")
    assert kept is not None
    assert (kept.effective.rate, kept.effective.burst) == ("50/s", 20 if "burst" in value else 2)


def test_many_keys_and_limits_are_cut_off_and_counted(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    limited(harness, DeclaredLimit(kind="concurrency", name="z", limit=99), STRIPE, slots=99)
    for number in range(queries.MAX_KEYS + 3):
        harness.submit(number)
    harness.settle()
    view = limits(harness)["stripe"]
    assert (len(view.keys), view.key_count) == (queries.MAX_KEYS, queries.MAX_KEYS + 3)
    monkeypatch.setattr(queries, "MAX_LIMITS", 1)
    found = harness.ask(messages.VIEW_LIMITS).answer
    assert ([limit["name"] for limit in found["limits"]], found["count"]) == (["stripe"], 2)
