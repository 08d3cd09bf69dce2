"""Offered procedures: their progress is reported at a bounded pace, and does not gather while nothing can be recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from support.dispatching import Asked, Hall, job_id
from twisted.internet.defer import Deferred

from taskbahn import wire
from taskbahn_router.offers import GONE_SECONDS, TELL_SECONDS, OfferFailed, Offers

URI = wire.OFFER_PREFIX + "shop.offered"


def offers(hall: Hall) -> Offers:
    return Offers(hall.dispatcher, hall.roster, cast("Any", hall))


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
    watching = hall.ask(wire.JOB_WATCH, job_id(1))
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
    assert len(hall.dispatcher.gathered.reports) <= 1
    hall.store.refuses = ""
    watching = hall.ask(wire.JOB_WATCH, job_id(1))
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


def test_a_call_that_is_lost_while_its_registration_stays_is_a_lost_attempt(hall: Hall) -> None:
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
    offers(hall).created({"id": 1, "uri": wire.OFFER_JOB_PREFIX + "shop.offered"})
    hall.submit(7, task="shop.offered")
    hall.settle()
    assert called == [(wire.OFFER_JOB_PREFIX + "shop.offered", [{"job": job_id(1), "attempt": 1}, 7], {})]
    hall.check()
