"""Offered procedures: their progress is reported at a bounded pace, and does not gather while nothing can be recorded."""

from __future__ import annotations

from typing import Any, cast

import pytest
from support.dispatching import Asked, Hall, job_id

from taskbahn import wire
from taskbahn_router.offers import TELL_SECONDS, Offers

URI = wire.OFFER_PREFIX + "shop.offered"


@pytest.fixture
def hall() -> Hall:
    """A hall in which one job runs on an offered procedure."""
    hall = Hall()
    Offers(hall.dispatcher, hall.roster, cast("Any", hall)).created({"id": 1, "uri": URI})
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
