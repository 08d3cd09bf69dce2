"""The books of schedules must find what they are there to find: each test breaks one promise of an otherwise good schedule."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from chaos.journal import Entry
from chaos.reading import Standing
from chaos.schedule_books import count
from chaos.tasks import DUE, THREAD

from taskbahn_router.core.firings import job_of
from taskbahn_router.core.ids import id_text

START, LAST = 1000.0, 1010.0
MADE = {"schedule": "s", "start": START, "end": LAST + 0.5, "interval": 1.0, "overlap": "allow"}


class Books:
    """A schedule of eleven due times, of which each has fired."""

    def __init__(self, **more: Any) -> None:
        self.entries: list[Entry] = []
        self.last: dict[str, Standing] = {}
        self.say("scheduling", 990.0, **MADE | more)
        self.say("scheduled", 991.0, **MADE | more)
        for second in range(11):
            self.fire(START + second)

    def say(self, event: str, at: float, **more: Any) -> None:
        self.entries.append({"event": event, "at": at, "schedule": "s", **more})

    def fire(self, due: float, id: str = "") -> str:
        id = id or job(due)
        self.last[id] = Standing(id, DUE[0], "succeeded", 1, 3, due + 1)
        self.say("started", due, id=id, due=datetime.fromtimestamp(due, UTC).isoformat())
        return id

    def forget(self, event: str) -> None:
        self.entries = [entry for entry in self.entries if entry["event"] != event]

    def found(self) -> str:
        return " | ".join(why for _, why in count(self.entries, self.last).wrong)


def job(due: float) -> str:
    return id_text(job_of("s", due))


@pytest.fixture
def books() -> Books:
    return Books()


def test_nothing_is_wrong_with_a_good_schedule(books: Books) -> None:
    books.last["other"] = Standing("other", THREAD, "succeeded", 1, 3, 9.0)
    found = count(books.entries, books.last)
    assert (found.schedules, found.due, found.fired, found.wrong) == (1, 11, 11, [])


def test_a_due_time_that_did_not_fire_is_found(books: Books) -> None:
    del books.last[job(1005.0)]
    assert "did not fire for 1005.0" in books.found()


def test_a_due_time_before_the_acknowledgement_need_not_fire(books: Books) -> None:
    books.forget("scheduled")
    books.say("scheduled", 1002.5, **MADE)
    del books.last[job(1000.0)]
    assert books.found() == ""


def test_a_hole_in_what_was_never_acknowledged_is_found(books: Books) -> None:
    books.forget("scheduled")
    for due in (1000.0, 1005.0):
        del books.last[job(due)]
    assert "fired before 1005.0 and not for that" in books.found()


def test_a_job_of_no_due_time_is_found(books: Books) -> None:
    books.fire(1003.5)
    books.fire(LAST + 1)
    assert books.found().count("it is of no due time") == 2


def test_a_job_with_the_due_time_of_another_one_is_found(books: Books) -> None:
    books.fire(1003.0, id=job(1004.0))
    assert "which is another job's" in books.found()


def test_a_firing_in_a_pause_is_found(books: Books) -> None:
    for event, at in (("pausing", 1001.8), ("paused", 1002.2), ("resuming", 1004.8), ("resumed", 1005.2)):
        books.say(event, at)
    for due in (1002.0, 1003.0, 1005.0):
        del books.last[job(due)]
    assert books.found() == "the schedule s fired for 1004.0, when it was paused"


def test_a_schedule_that_is_resumed_has_to_fire(books: Books) -> None:
    for event, at in (("pausing", 1001.8), ("paused", 1001.9), ("resuming", 1004.8), ("resumed", 1004.9)):
        books.say(event, at)
    for due in (1002.0, 1003.0, 1004.0, 1006.0):
        del books.last[job(due)]
    assert "did not fire for 1006.0" in books.found()


def test_a_schedule_may_skip_due_times_if_it_says_so() -> None:
    books = Books(overlap="skip")
    del books.last[job(1005.0)]
    assert books.found() == ""
