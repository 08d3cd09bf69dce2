"""Offered procedures: their progress is reported at a bounded pace, and does not gather while nothing can be recorded."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

import pytest
from support.dispatching import Asked, Hall, job_id
from twisted.internet.defer import Deferred

from taskbahn.protocol import messages
from taskbahn_router.workers.offer_uris import offer_of, problem_of, taken
from taskbahn_router.workers.offers import GONE_SECONDS, TELL_SECONDS, OfferFailed, Offers

URI = messages.OFFER_PREFIX + "shop.offered"


def offers(hall: Hall) -> Offers:
    return Offers(hall.dispatcher, hall.registry, cast("Any", hall))


@pytest.fixture
def hall() -> Hall:
    """A hall in which one job runs on an offered procedure."""
    hall = Hall()
    offers(hall).created({"id": 1, "uri": URI})
    hall.settle()
    hall.submit(task="shop.offered")
    hall.settle()
    return hall


def fractions(watching: Asked) -> list[Any]:
    """Return the progress that a watcher was told."""
    return [data["fraction"] for _, kind, data in watching.events if kind == "progress"]


def test_of_much_progress_the_first_and_the_newest_are_told(hall: Hall) -> None:
    say, ends = hall.heard[URI]
    watching = hall.ask(messages.JOB_WATCH, job_id(1))
    hall.settle()
    for number in range(1000):
        say(number / 1000)
    hall.settle()
    assert fractions(watching) == [0.0]
    hall.passes(TELL_SECONDS)
    assert fractions(watching) == [0.0, 0.999]
    say(1.0)
    ends.callback("done")  # what was said before the end is told before the end
    hall.settle()
    assert fractions(watching) == [0.0, 0.999, 1.0]
    assert watching.answer["result"] == "done"
    hall.check()


def test_while_the_store_takes_nothing_progress_does_not_gather(hall: Hall) -> None:
    say, ends = hall.heard[URI]
    hall.store.refuses = "the disk is full"
    say(0.0)
    hall.passes(1)
    for number in range(1000):
        say(number / 1000)
        hall.passes(TELL_SECONDS)
    assert len(hall.dispatcher.turn_input.reports) <= 1
    hall.store.refuses = ""
    watching = hall.ask(messages.JOB_WATCH, job_id(1))
    hall.passes(30)
    assert fractions(watching) == [0.0, 0.999]
    ends.callback("done")
    hall.settle()
    assert watching.answer["result"] == "done"
    hall.check()


def test_a_session_that_goes_costs_one_attempt() -> None:
    hall = Hall()
    made = offers(hall)
    made.created({"id": 1, "uri": URI})
    hall.submit(task="shop.offered")
    hall.settle()
    _, ends = hall.heard[URI]
    ends.errback(OfferFailed("wamp.error.canceled", "callee disconnected from in-flight request", lost=True))
    hall.passes(GONE_SECONDS / 2)
    made.deleted(1)  # Crossbar says so a moment after it has ended the call
    hall.settle()
    assert (hall.state(1), hall.row(1).attempt) == ("ready", 1)
    made.created({"id": 2, "uri": URI})
    hall.passes(1)
    assert (hall.state(1), hall.row(1).attempt) == ("running", 2)
    hall.check()


def test_a_lost_call_whose_registration_stays_is_a_lost_attempt(hall: Hall) -> None:
    hall.heard[URI][1].errback(OfferFailed("wamp.error.canceled", "callee disconnected from in-flight request", lost=True))
    hall.passes(GONE_SECONDS * 2)  # several sessions may share a registration
    assert (hall.state(1), hall.row(1).attempt) == ("running", 2)
    hall.check()


def test_who_wants_to_know_its_job_is_told_before_the_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    hall, called = Hall(), []
    calls = hall.call_offer

    def call_offer(uri: str, args: list[Any], kwargs: dict[str, Any], on_progress: Callable[..., None]) -> Deferred[Any]:
        called.append((uri, args, kwargs))
        return calls(uri, args, kwargs, on_progress)

    monkeypatch.setattr(hall, "call_offer", call_offer)
    offers(hall).created({"id": 1, "uri": messages.OFFER_JOB_PREFIX + "shop.offered"})
    hall.submit(7, task="shop.offered")
    hall.settle()
    assert called == [(messages.OFFER_JOB_PREFIX + "shop.offered", [{"job": job_id(1), "attempt": 1}, 7], {})]
    hall.check()


NAMED = messages.OFFER_AS_PREFIX + "{}.shop.offered"


def test_named_offers_share_a_tasks_jobs_and_take_over_lost_ones() -> None:
    hall = Hall()
    made = offers(hall)
    one, other = NAMED.format("tab-1"), NAMED.format("tab-2")
    made.created({"id": 1, "uri": one})
    made.created({"id": 2, "uri": other})
    for _ in range(2):
        hall.submit(task="shop.offered")
    hall.settle()
    assert set(hall.heard) == {one, other}
    assert {hall.row(number).worker for number in (1, 2)} == {"offer-tab-1.shop.offered", "offer-tab-2.shop.offered"}
    hall.heard[one][1].errback(OfferFailed("wamp.error.canceled", "callee disconnected from in-flight request", lost=True))
    made.deleted(1)
    hall.heard[other][1].callback("first")
    hall.settle()
    hall.heard[other][1].callback("second")
    hall.settle()
    assert (hall.state(1), hall.state(2)) == ("succeeded", "succeeded")
    hall.check()


def test_one_name_may_offer_several_tasks_with_and_without_its_job() -> None:
    hall = Hall()
    made = offers(hall)
    uris = [NAMED.format("a"), messages.OFFER_JOB_AS_PREFIX + "a.shop.offered", messages.OFFER_AS_PREFIX + "a.b"]
    for number, uri in enumerate(uris):
        made.created({"id": number, "uri": uri})
    attached = [worker for worker in hall.dispatcher.board.workers.values() if worker.orders is not None]
    assert [worker.hello.tasks[0].name for worker in attached] == ["shop.offered", "shop.offered", "b"]
    made.deleted(0)
    assert len(hall.dispatcher.board.workers) == 2
    hall.check()


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
    hall = Hall()
    assert problem_of(uri)
    offers(hall).created({"id": 1, "uri": uri})
    assert not hall.dispatcher.board.workers


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
