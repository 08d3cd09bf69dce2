"""The books of jobs that wait must find what they are there to find: each test breaks one promise in an otherwise good life."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chaos.journal import Entry
from chaos.parents import NO_ANSWER, PARENTS
from chaos.reading import Standing
from chaos.tasks import THREAD
from chaos.wait_books import Counted, count

PARENT, CHILD, CALLED, CHAIN, GROUP, ADDED = "parent", "child", "called", "chain", "group", "added"
PLAN: list[list[Any]] = [
    ["step"],
    ["children", [[THREAD, [0]]]],
    ["sleep", 1.0],
    ["ask", 2.0],
    ["event"],
    ["messages", 2],
    ["calls", [[THREAD, [0]]]],
    ["add", [THREAD, [0]]],
]
VALUES: list[Any] = ["a step", [{"job": CHILD, "gave": "its token"}], 1.0, 7, 8, [9, 10], ["another"], ADDED]


class Books:
    """A parent that was suspended once and then succeeded, in a group to which it added a job."""

    def __init__(self) -> None:
        self.entries: list[Entry] = [{"event": "waits", "id": GROUP, "at": 0.0}]
        self.last: dict[str, Standing] = {}
        for attempt in (1, 2):
            self.say("started", attempt=attempt, plan=PLAN)
            self.say("sleeps", attempt=attempt, place=2, seconds=1.0, at=1.0)
        self.say("stepped", attempt=1, place=0, value="a step")
        self.say("answering", name="ask 3", value=7)
        self.say("answered", name="ask 3", value=7)
        self.say("telling", value=8)
        for number, value in ((1, 9), (2, 10)):
            self.say("sending", value=value)
            self.say("sent", value=value, number=number)
        for place in (0, 1):
            self.point(place, attempt=1)
        self.say("ended", attempt=1, how="suspended", token="x")
        for place in range(len(PLAN)):
            self.point(place)
        self.stand(PARENT, PARENTS[0], {"token": "t", "values": VALUES}, parent=GROUP)
        self.stand(CHILD, THREAD, "its token", parent=PARENT)
        self.stand(CALLED, THREAD, "another", parent=PARENT)
        self.stand(ADDED, THREAD, "added to it", parent=GROUP)
        self.stand(GROUP, "taskbahn.group", [{"token": "t", "values": VALUES}, "added to it"])

    def say(self, event: str, **more: Any) -> None:
        self.entries.append({"event": event, "id": PARENT, "at": 5.0} | more)

    def point(self, place: int, value: Any = None, *, attempt: int = 2) -> None:
        """Write down what a point gave, or change what is there."""
        given: dict[str, Any] = {"event": "point", "place": place, "attempt": attempt}
        for entry in self.entries:
            if given.items() <= entry.items():
                entry["value"] = value
                return
        self.say(**given, kind=PLAN[place][0], value=VALUES[place])

    def stand(self, id: str, task: str, result: Any, state: str = "succeeded", parent: str | None = None) -> None:
        self.last[id] = Standing(id, task, state, 2, 3, 9.0, json.dumps(result), parent=parent)

    def forget(self, event: str) -> None:
        self.entries = [entry for entry in self.entries if entry["event"] != event]

    def count(self) -> Counted:
        return count(sorted(self.entries, key=lambda entry: entry.get("attempt", 0)), self.last)

    def found(self) -> str:
        """Return what is wrong, as text."""
        return " | ".join(why for _, why in self.count().wrong)


@pytest.fixture
def books() -> Books:
    return Books()


def test_nothing_is_wrong_with_a_good_life(books: Books) -> None:
    kinds = {kind: 1 for kind, *_ in PLAN}
    assert books.count() == Counted(parents=1, children=2, points=kinds, replaced=0, suspended=1, parked_or_again=1, wrong=[])


def test_a_step_that_is_done_again_is_found(books: Books) -> None:
    books.say("stepped", attempt=2, place=0, value="a step")
    assert "step 0 was done by attempt 2" in books.found()


def test_a_step_whose_result_was_not_recorded_may_be_done_again(books: Books) -> None:
    books.entries = [entry for entry in books.entries if (entry["event"], entry.get("attempt")) != ("point", 1)]
    books.say("stepped", attempt=2, place=0, value="a step")
    assert books.found() == ""


@pytest.mark.parametrize("place, other", [(0, "other"), (1, [{"job": "new", "gave": "its token"}])])
def test_an_attempt_that_gets_something_else_is_found(books: Books, place: int, other: Any) -> None:
    books.point(place, other, attempt=1)
    assert f"point {place} gave" in books.found()


def test_a_sleep_that_is_over_too_soon_is_found(books: Books) -> None:
    books.say("sleeps", attempt=1, place=2, seconds=1.0, at=4.9)
    assert books.found() == ""
    books.entries = [entry for entry in books.entries if entry["event"] != "sleeps" or entry["at"] == 4.9]
    assert "over too soon" in books.found()


@pytest.mark.parametrize(
    "place, value, why",
    [
        (3, 6, "no client has given"),
        (3, NO_ANSWER, "the router accepted [7]"),
        (4, 6, "no client has published"),
        (5, [9, 9], "came twice"),
        (5, [9, 6], "no client has sent"),
        (5, [10, 9], "clients sent [9]"),
    ],
)
def test_what_people_have_not_said_is_found(books: Books, place: int, value: Any, why: str) -> None:
    books.point(place, value)
    assert why in books.found()


def test_an_answer_that_was_refused_and_counts_is_found(books: Books) -> None:
    books.say("refused", name="ask 3", value=7, error="no_question")
    assert "the router refused 7" in books.found()


def test_a_question_whose_time_is_over_gives_its_default(books: Books) -> None:
    books.forget("answered")
    books.point(3, NO_ANSWER)
    books.stand(PARENT, PARENTS[0], {"token": "t", "values": [*VALUES[:3], NO_ANSWER, *VALUES[4:]]}, parent=GROUP)
    books.stand(GROUP, "taskbahn.group", [json.loads(books.last[PARENT].result or ""), "added to it"])
    assert books.found() == ""


@pytest.mark.parametrize("id", [CHILD, CALLED])
def test_a_child_that_is_not_there_is_found(books: Books, id: str) -> None:
    del books.last[id]
    assert "it has 1 children, and its plan has 2" in books.found()


def test_a_child_that_was_started_twice_is_found(books: Books) -> None:
    books.stand("again", THREAD, "its token", parent=PARENT)
    assert "it has 3 children, and its plan has 2" in books.found()


@pytest.mark.parametrize("id", [CHILD, CALLED])
def test_a_child_that_gave_something_else_is_found(books: Books, id: str) -> None:
    books.stand(id, THREAD, "something else", parent=PARENT)
    assert "and" in books.found()


def test_a_parent_with_another_result_is_found(books: Books) -> None:
    books.stand(PARENT, PARENTS[0], {"token": "t", "values": VALUES[:-1]}, parent=GROUP)
    assert "its attempt got" in books.found()


def test_a_parent_that_leaves_out_a_point_is_found(books: Books) -> None:
    books.entries = [entry for entry in books.entries if entry.get("place") != 4]
    assert "its last attempt has the points" in books.found()


def test_a_group_without_a_member_that_was_added_is_found(books: Books) -> None:
    del books.last[ADDED]
    assert "they are no members" in books.found()
    books.stand(ADDED, THREAD, "added to it", parent=GROUP)
    books.stand("too many", THREAD, "added to it", parent=GROUP)
    assert "none of them has added these" in books.found()


def test_a_group_with_another_result_is_found(books: Books) -> None:
    books.stand(GROUP, "taskbahn.group", ["added to it"])
    assert "its members something else" in books.found()


@pytest.mark.parametrize("result, why", [("of the chain", ""), ("something else", "gave something else than")])
def test_a_job_has_the_result_of_the_flow_in_its_place(books: Books, result: str, why: str) -> None:
    plan = [["step"], ["replace", [[THREAD, [0]]]]]
    books.entries = [entry for entry in books.entries if entry["event"] != "waits" and entry.get("place", 0) == 0]
    for entry in books.entries:
        entry.update({"plan": plan} if "plan" in entry else {})
    books.say("ended", attempt=2, how="replaced", token="x")
    books.last.clear()
    books.stand(PARENT, PARENTS[0], result)
    books.stand(CHAIN, "taskbahn.chain", "of the chain", parent=PARENT)
    assert why in books.found()
    assert bool(books.found()) is bool(why)
    assert books.count().replaced == 1
