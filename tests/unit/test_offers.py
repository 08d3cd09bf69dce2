"""Offered procedures: their progress is reported at a bounded pace, and does not gather while nothing can be recorded."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

import pytest
from support.dispatcher_harness import DispatcherHarness, job_id
from support.recorded_call import RecordedCall
from twisted.internet.defer import Deferred

from taskbahn.protocol import messages
from taskbahn_router.workers.offer_uris import offer_of, problem_of, taken
from taskbahn_router.workers.offers import GONE_SECONDS, TELL_SECONDS, OfferFailed, Offers

URI = messages.OFFER_PREFIX + "shop.offered"


def offers(harness: DispatcherHarness) -> Offers:
    return Offers(harness.dispatcher, harness.registry, cast("Any", harness))


@pytest.fixture
def harness() -> DispatcherHarness:
    """A harness in which one job runs on an offered procedure."""
    harness = DispatcherHarness()
    offers(harness).created({"id": 1, "uri": URI})
    harness.settle()
    harness.submit(task="shop.offered")
    harness.settle()
    return harness


def fractions(watching: RecordedCall) -> list[Any]:
    """Return the progress that a watcher got."""
    return [data["fraction"] for _, kind, data in watching.events if kind == "progress"]


def test_of_much_progress_the_first_and_the_newest_are_published(harness: DispatcherHarness) -> None:
    say, ends = harness.heard[URI]
    watching = harness.ask(messages.JOB_WATCH, job_id(1))
    harness.settle()
    for number in range(1000):
        say(number / 1000)
    harness.settle()
    assert fractions(watching) == [0.0]
    harness.passes(TELL_SECONDS)
    assert fractions(watching) == [0.0, 0.999]
    say(1.0)
    ends.callback("done")  # what the task said before its end reaches the watcher before the end
    harness.settle()
    assert fractions(watching) == [0.0, 0.999, 1.0]
    assert watching.answer["result"] == "done"
    harness.check()


def test_while_the_store_takes_nothing_progress_does_not_gather(harness: DispatcherHarness) -> None:
    say, ends = harness.heard[URI]
    harness.store.refuses = "the disk is full"
    say(0.0)
    harness.passes(1)
    for number in range(1000):
        say(number / 1000)
        harness.passes(TELL_SECONDS)
    assert len(harness.dispatcher.turn_input.reports) <= 1
    harness.store.refuses = ""
    watching = harness.ask(messages.JOB_WATCH, job_id(1))
    harness.passes(30)
    assert fractions(watching) == [0.0, 0.999]
    ends.callback("done")
    harness.settle()
    assert watching.answer["result"] == "done"
    harness.check()


def test_a_session_that_goes_costs_one_attempt() -> None:
    harness = DispatcherHarness()
    made = offers(harness)
    made.created({"id": 1, "uri": URI})
    harness.submit(task="shop.offered")
    harness.settle()
    _, ends = harness.heard[URI]
    ends.errback(OfferFailed("wamp.error.canceled", "callee disconnected from in-flight request", lost=True))
    harness.passes(GONE_SECONDS / 2)
    made.deleted(1)  # Crossbar says so a moment after it has ended the call
    harness.settle()
    assert (harness.state(1), harness.row(1).attempt) == ("ready", 1)
    made.created({"id": 2, "uri": URI})
    harness.passes(1)
    assert (harness.state(1), harness.row(1).attempt) == ("running", 2)
    harness.check()


def test_a_lost_call_whose_registration_stays_is_a_lost_attempt(harness: DispatcherHarness) -> None:
    harness.heard[URI][1].errback(OfferFailed("wamp.error.canceled", "callee disconnected from in-flight request", lost=True))
    harness.passes(GONE_SECONDS * 2)  # several sessions may share a registration
    assert (harness.state(1), harness.row(1).attempt) == ("running", 2)
    harness.check()


def test_an_offer_that_wants_its_job_gets_it_before_the_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    harness, called = DispatcherHarness(), []
    calls = harness.call_offer

    def call_offer(uri: str, args: list[Any], kwargs: dict[str, Any], on_progress: Callable[..., None]) -> Deferred[Any]:
        called.append((uri, args, kwargs))
        return calls(uri, args, kwargs, on_progress)

    monkeypatch.setattr(harness, "call_offer", call_offer)
    offers(harness).created({"id": 1, "uri": messages.OFFER_JOB_PREFIX + "shop.offered"})
    harness.submit(7, task="shop.offered")
    harness.settle()
    assert called == [(messages.OFFER_JOB_PREFIX + "shop.offered", [{"job": job_id(1), "attempt": 1}, 7], {})]
    harness.check()


NAMED = messages.OFFER_AS_PREFIX + "{}.shop.offered"


def test_named_offers_share_a_tasks_jobs_and_take_over_lost_ones() -> None:
    harness = DispatcherHarness()
    made = offers(harness)
    one, other = NAMED.format("tab-1"), NAMED.format("tab-2")
    made.created({"id": 1, "uri": one})
    made.created({"id": 2, "uri": other})
    for _ in range(2):
        harness.submit(task="shop.offered")
    harness.settle()
    assert set(harness.heard) == {one, other}
    assert {harness.row(number).worker for number in (1, 2)} == {"offer-tab-1.shop.offered", "offer-tab-2.shop.offered"}
    harness.heard[one][1].errback(OfferFailed("wamp.error.canceled", "callee disconnected from in-flight request", lost=True))
    made.deleted(1)
    harness.heard[other][1].callback("first")
    harness.settle()
    harness.heard[other][1].callback("second")
    harness.settle()
    assert (harness.state(1), harness.state(2)) == ("succeeded", "succeeded")
    harness.check()


def test_one_name_may_offer_several_tasks_with_and_without_its_job() -> None:
    harness = DispatcherHarness()
    made = offers(harness)
    uris = [NAMED.format("a"), messages.OFFER_JOB_AS_PREFIX + "a.shop.offered", messages.OFFER_AS_PREFIX + "a.b"]
    for number, uri in enumerate(uris):
        made.created({"id": number, "uri": uri})
    attached = [worker for worker in harness.dispatcher.state.workers.values() if worker.orders is not None]
    assert [worker.hello.tasks[0].name for worker in attached] == ["shop.offered", "shop.offered", "b"]
    made.deleted(0)
    assert len(harness.dispatcher.state.workers) == 2
    harness.check()


@pytest.mark.parametrize("prefix", [messages.OFFER_AS_PREFIX, messages.OFFER_JOB_AS_PREFIX])
def test_the_name_ends_at_the_first_dot(prefix: str) -> None:
    offer = offer_of(f"{prefix}a.b.c")
    assert offer is not None
    assert (offer.name, offer.task, offer.knows_job) == ("a", "b.c", prefix == messages.OFFER_JOB_AS_PREFIX)


@pytest.mark.parametrize(
    "uri",
    [
        "taskbahn.offer.Upper", "taskbahn.offer.", "taskbahn.offer.taskbahn.x", "taskbahn.offer_job.a..b", "taskbahn.offer." + "x" * 201,
        "taskbahn.offer_as.", "taskbahn.offer_as.name", "taskbahn.offer_as.name.", "taskbahn.offer_as..x", "taskbahn.offer_as.a b.x",
        "taskbahn.offer_as.é.x", "taskbahn.offer_as." + "n" * 65 + ".x", "taskbahn.offer_as.n.Task", "taskbahn.offer_job_as.n.wamp.x",
        "taskbahn.offer_as.n\n.x", "taskbahn.offer.x\n",
    ],
)  # fmt: skip
def test_odd_names_are_refused_with_a_sentence_and_make_no_worker(uri: str) -> None:
    harness = DispatcherHarness()
    assert problem_of(uri)
    offers(harness).created({"id": 1, "uri": uri})
    assert not harness.dispatcher.state.workers


@pytest.mark.parametrize(
    "uri", ["taskbahn.offer.x", "taskbahn.offer_as.A-1_b.images.thumbnail", "some.procedure", "taskbahn.offerings"]
)
def test_good_offers_and_other_procedures_are_not_refused(uri: str) -> None:
    assert problem_of(uri) == ""


@pytest.mark.parametrize("prefix", [messages.OFFER_AS_PREFIX, messages.OFFER_JOB_AS_PREFIX])
@pytest.mark.parametrize("name", ["", "a", "a.b", "A-1", "é", " ", "n" * 64, "n" * 65, "a\n", "..", "_"])
@pytest.mark.parametrize("task", ["", "x", "x.y", "X", ".x", "x.", "taskbahn.x", "wamp", "x\n", "x" * 200, "x" * 201])
def test_an_accepted_offer_has_a_task_and_a_one_component_name(prefix: str, name: str, task: str) -> None:
    uri = f"{prefix}{name}.{task}"
    offer = offer_of(uri)
    assert offer is not None
    assert f"{prefix}{offer.name}.{offer.task}" == uri
    if not problem_of(uri):
        assert re.fullmatch(messages.OFFER_NAME, offer.name)
        assert re.fullmatch(messages.TASK_NAME, offer.task)


def test_an_offer_is_no_pattern() -> None:
    assert "match 'exact'" in problem_of("taskbahn.offer.", "prefix")
    assert problem_of("some.procedure.", "prefix") == ""


def test_what_is_taken_names_the_way_out() -> None:
    assert "register taskbahn.offer_as.<name>.a.task" in taken("taskbahn.offer.a.task")
    assert "register taskbahn.offer_job_as.<name>.a.task" in taken("taskbahn.offer_job.a.task")
    assert "under another name" in taken("taskbahn.offer_as.n.a.task")
    assert taken("some.procedure") == ""


def test_an_offered_procedure_is_called_for_each_item_of_a_chunk() -> None:
    harness = DispatcherHarness()
    offers(harness).created({"id": 1, "uri": URI})
    harness.settle()
    flow = {"map": {"task": "shop.offered"}, "calls": ["[[1],{}]", "[[2],{}]"], "size": 2}
    harness.ask(messages.SUBMIT, [{"flow": flow, "id": job_id(7)}])
    harness.settle()
    first = harness.heard[URI][1]
    first.callback("one")
    second = harness.heard[URI][1]
    assert second is not first
    second.callback("two")
    harness.settle()
    assert harness.row(7).result == '[["one","two"]]'
    harness.check()
