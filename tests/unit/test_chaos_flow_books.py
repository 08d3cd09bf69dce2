"""The books of flows must find what they are there to find: each test breaks one promise in an otherwise good flow."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chaos.accounting import may_fail
from chaos.flow_books import Counted, count
from chaos.journal import Entry
from chaos.reading import Standing
from chaos.tasks import FLAKY, LINKS, PROCESS

from taskbahn_router.core.flow_jobs import member_id
from taskbahn_router.core.ids import id_text

ROOT = "0192f0c1-2d3e-7a95-8f5c-4d69ec7372db"
LINK = LINKS[0]
MISHAP = {"type": "chaos.tasks.Mishap"}
FLOW = {
    "chain": [
        {"group": [{"task": PROCESS, "args": [0]}, {"task": FLAKY, "args": [0, 1], "if_fails": "none"}]},
        {"task": LINK, "args": [0], "on_success": [{"task": LINK, "args": [0]}], "on_failure": [{"task": LINK, "args": [0]}]},
    ]
}
WHOLE, GROUP, FIRST, SECOND, BODY, AFTER, INSTEAD = range(7)


def id_of(number: int) -> str:
    return id_text(member_id(bytes.fromhex(ROOT.replace("-", "")), number)) if number else ROOT


class Books:
    """A chord, of which a member failed and gave null; its body succeeded, and so did the callback for that."""

    def __init__(self) -> None:
        self.entries: list[Entry] = [{"event": "flow", "id": ROOT, "data": FLOW}]
        self.last: dict[str, Standing] = {}
        self.cancelled: set[str] = set()
        self.stand(WHOLE, "taskbahn.chain", "succeeded", "body")
        self.stand(GROUP, "taskbahn.group", "succeeded", ["one", None])
        self.stand(FIRST, PROCESS, "succeeded", "one")
        self.stand(SECOND, FLAKY, "failed", error=MISHAP)
        self.stand(BODY, LINK, "succeeded", "body")
        self.stand(AFTER, LINK, "succeeded", "after")
        self.stand(INSTEAD, LINK, "cancelled")
        for number, given in ((FIRST, None), (SECOND, None), (BODY, ["one", None]), (AFTER, "body")):
            self.begin(number, given)

    def stand(self, number: int, task: str, state: str, result: Any = None, error: dict[str, Any] | None = None) -> None:
        text = json.dumps(result) if state == "succeeded" else None
        root = ROOT if number else None
        self.last[id_of(number)] = Standing(id_of(number), task, state, 1, 3, 9.0, text, error, root=root)

    def begin(self, number: int, given: Any) -> None:
        task = self.last[id_of(number)].task
        self.entries.append({"event": "started", "id": id_of(number), "attempt": 1, "task": task, "given": given})

    def count(self) -> Counted:
        return count(self.entries, self.last, self.cancelled, may_fail)

    def found(self) -> list[int]:
        """Return the numbers of the jobs with which something is wrong."""
        numbers = {id_of(number): number for number in range(7)}
        return sorted(numbers[id] for id, _ in self.count().wrong)


@pytest.fixture
def books() -> Books:
    return Books()


def test_nothing_is_wrong_with_a_good_flow(books: Books) -> None:
    assert books.count() == Counted(flows=1, members=6, joins=4, callbacks=1, wrong=[])


def test_a_flow_of_a_client_that_was_killed_may_not_be_there(books: Books) -> None:
    books.last.clear()
    assert books.count().wrong == []


@pytest.mark.parametrize("number", [GROUP, FIRST, BODY, AFTER])
def test_a_member_that_is_not_there_is_found(books: Books, number: int) -> None:
    del books.last[id_of(number)]
    assert books.found() == [number]


def test_a_member_that_is_recorded_twice_is_found(books: Books) -> None:
    books.last["another"] = books.last[id_of(BODY)]._replace(id="another")
    assert books.found() == [WHOLE]


def test_a_member_of_another_task_is_found(books: Books) -> None:
    books.stand(FIRST, FLAKY, "succeeded", "one")
    assert books.found() == [FIRST]


@pytest.mark.parametrize("given", [["one"], [None, "one"], ["one", "two"], "one", None])
def test_a_join_that_got_something_else_is_found(books: Books, given: Any) -> None:
    books.begin(BODY, given)
    assert books.found() == [BODY]


@pytest.mark.parametrize("number, result", [(GROUP, ["one"]), (GROUP, [None, "one"]), (WHOLE, None), (WHOLE, "one")])
def test_a_shape_with_another_result_is_found(books: Books, number: int, result: Any) -> None:
    books.stand(number, books.last[id_of(number)].task, "succeeded", result)
    assert number in books.found()


def test_a_member_that_began_before_its_time_is_found(books: Books) -> None:
    books.stand(FIRST, PROCESS, "failed", error=MISHAP)
    assert GROUP in books.found()


def test_a_callback_that_was_not_needed_and_ran_is_found(books: Books) -> None:
    books.begin(INSTEAD, id_of(BODY))
    assert books.found() == [INSTEAD]


@pytest.mark.parametrize("state", ["cancelled", "failed"])
def test_a_join_that_did_not_run_when_it_had_to_is_found(books: Books, state: str) -> None:
    books.stand(AFTER, LINK, state)
    assert books.found() == [AFTER]


def test_a_flow_that_its_client_cancelled_may_be_cancelled(books: Books) -> None:
    books.stand(WHOLE, "taskbahn.chain", "cancelled")
    assert books.found() == [WHOLE]
    books.cancelled.add(ROOT)
    assert books.found() == []
