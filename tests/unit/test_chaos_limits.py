"""What chaos says of limits: each test breaks one in otherwise good books, or has an attempt whose permits were free already."""

from __future__ import annotations

from typing import Any

import pytest
from chaos import crowd as crowds
from chaos.limits import measure, too_many
from chaos.reading import Standing
from chaos.tasks import BURST, GATED, RATE, RATED

Attempt = tuple[int, float, float | None, str]


class Books:
    """Attempts as journals have them, and jobs as the store has them."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.last: dict[str, Standing] = {}

    def run(self, id: str, key: str, start: float, end: float | None, *recorded: Attempt, attempt: int = 1) -> None:
        self.entries.append({"event": "started", "at": start, "id": id, "attempt": attempt, "task": GATED[0], "key": key})
        if end is not None:
            self.entries.append({"event": "ended", "at": end, "id": id, "attempt": attempt, "how": "returned", "token": id})
        attempts = recorded or ((attempt, start, end, "succeeded"),)
        self.last[id] = Standing(id, GATED[0], "succeeded", attempt, 3, 99.0, attempts=attempts)

    def broken(self) -> tuple[str, ...]:
        return measure(sorted(self.entries, key=lambda entry: entry["at"]), self.last).broken


@pytest.fixture
def books() -> Books:
    made = Books()
    for index, key in enumerate(("ada", "grace", "edsger")):
        made.run(f"job-{key}", key, 1.0 + index / 10, 2.0)
    return made


def test_as_many_as_the_limits_allow_are_good(books: Books) -> None:
    books.run("next", "ada", 2.0, 3.0)  # as another one ends
    assert books.broken() == ()
    measured = measure(books.entries, books.last)
    assert (measured.runs, measured.at_once, measured.of_each) == (4, 3, 1)


def test_one_too_many_is_found(books: Books) -> None:
    books.run("more", "barbara", 1.5, 1.6)
    assert books.broken() == ("4 attempts ran at the same time under a limit of 3",)


def test_two_of_one_key_are_found() -> None:
    books = Books()
    books.run("one", "ada", 1.0, 2.0)
    books.run("two", "ada", 1.9, 2.5)
    assert books.broken() == ("2 attempts of one key ran at the same time under a limit of 1",)


@pytest.mark.parametrize(
    "recorded, count",
    [
        ((1, 1.0, 1.5, "lost"), 0),  # its worker was given up, and had it run on
        ((1, 1.0, 1.5, "cancelled"), 1),  # it has its permits until it has ended
        ((1, 1.0, None, ""), 1),
    ],
)
def test_an_attempt_counts_as_long_as_it_has_its_permits(recorded: Attempt, count: int) -> None:
    books = Books()
    books.run("one", "ada", 1.0, 2.0, recorded)
    books.run("two", "ada", 1.7, 2.5)
    assert len(books.broken()) == count


def test_an_attempt_that_was_killed_is_not_counted(books: Books) -> None:
    books.run("killed", "ada", 1.5, None)
    assert books.broken() == ()


@pytest.mark.parametrize("pause, count", [(1 / RATE, 0), (1 / (2 * RATE), 1)])
def test_starts_that_come_too_early_are_found(pause: float, count: int) -> None:
    books = Books()
    for index in range(30):
        at = 5.0 + index * pause
        books.last[str(index)] = Standing(str(index), RATED, "succeeded", 1, 3, 99.0, attempts=((1, at, at, "succeeded"),))
    assert len(books.broken()) == count


def crowd(*runs: tuple[str, str, float, float | None]) -> crowds.Measured:
    """Return what is measured of attempts: task, key, begin and end."""
    entries: list[dict[str, Any]] = []
    for number, (task, key, begin, end) in enumerate(runs):
        one = {"id": str(number), "attempt": 1}
        entries.append({"event": "started", "at": begin, "clock": begin, "task": task, "key": key, **one})
        if end is not None:
            entries.append({"event": "ended", "at": end, "clock": end, "how": "stopped", **one})
    return crowds.measure(sorted(entries, key=lambda entry: entry["at"]))


def test_one_too_many_in_a_crowd_is_found() -> None:
    eight = [("crowd.two", "ada", 1.0, 2.0)] * 8
    assert crowd(*eight, ("crowd.two", "ada", 2.0, 3.0), ("crowd.one", "ada", 1.5, 1.6)).exceeded == []
    found = crowd(*eight, ("crowd.two", "ada", 1.5, 1.6))
    assert (found.exceeded, found.most["crowd.some"], found.most["crowd.all"]) == (["crowd.some"], 9, 9)


def test_each_key_of_a_crowd_is_counted_by_itself() -> None:
    two = [("crowd.key", "ada", 1.0, 2.0)] * 2
    assert crowd(*two, ("crowd.key", "grace", 1.0, 2.0)).exceeded == []
    assert crowd(*two, ("crowd.three", "ada", 1.9, 2.1)).exceeded == ["crowd.each"]


def test_an_attempt_of_a_crowd_without_an_end_is_counted() -> None:
    assert crowd(("crowd.one", "ada", 1.0, None), ("crowd.one", "ada", 1.0, 1.5)).endless == 1


def test_an_attempt_that_was_stopped_before_it_began_has_no_end() -> None:
    ended = {"event": "ended", "at": 1.0, "clock": 1.0, "how": "stopped", "id": "x", "attempt": 1}
    found = crowds.measure([ended])
    assert (found.attempts, found.endless) == (0, 0)


def test_the_worst_window_counts() -> None:
    assert too_many([], RATE, BURST) == 0
    assert too_many([1.0] * BURST, RATE, BURST) == 0
    assert too_many([1.0] * (BURST + 4), RATE, BURST) == 4
    assert too_many([1.0, *(9.0 for _ in range(BURST + 1)), 20.0], RATE, BURST) == 1
