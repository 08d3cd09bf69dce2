"""Starting a flow: one entry of a submission, and a job whose result has the types of its tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from taskbahn import Taskbahn, chain, group
from taskbahn.errors import InvalidArguments, InvalidFlow
from taskbahn.transport.future import Future

if TYPE_CHECKING:
    from taskbahn.client.client import OutcomeListener


@dataclass
class Photo:
    path: str
    size: int = 0


class FakeClient:
    """Takes every submission, and gives each followed one this result."""

    def __init__(self, result: str = "null") -> None:
        self.result = result
        self.entries: list[tuple[dict[str, Any], int]] = []

    def submit(self, content: dict[str, Any], jobs: int, size: int, follower: OutcomeListener | None = None) -> Future[Any]:
        self.entries.append((content, jobs))
        accepted: Future[Any] = Future()
        accepted.resolve(content["id"])
        if follower is not None:
            follower.take([content["id"], "succeeded", self.result, None])
        return accepted

    def started(self, job: Any) -> None:
        """Forget it."""


app = Taskbahn()


@app.task(name="t.square")
def square(n: int) -> int:
    return n * n


@app.task(name="t.total")
def total(numbers: list[int]) -> float:
    return float(sum(numbers))


@app.task(name="t.photo")
def photo(path: str, size: int = 0) -> Photo:
    return Photo(path, size)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    client = FakeClient()
    monkeypatch.setattr(Taskbahn, "client", client)
    return client


def test_a_flow_is_one_entry_with_an_id_of_the_client(client: FakeClient) -> None:
    flow = group(square.s(n) for n in range(3)) | total.s()
    job = flow.options(queue="slow", tags=["a"]).start()
    assert client.entries == [({"flow": flow.data(), "id": job.id, "options": {"queue": "slow", "tags": ["a"]}}, 4)]
    assert (job.task, flow.start().id) != (job.task, job.id)


def test_the_result_has_the_types_of_the_last_tasks(client: FakeClient) -> None:
    client.result = '[[{"path":"a","size":1},4],{"path":"b","size":2}]'
    flow = square.s(1) | group(group(photo.si("a"), square.s()), photo.si("b"))
    assert flow.call() == [[Photo("a", 1), 4], Photo("b", 2)]
    client.result = '[{"path":"a","size":1}]'
    assert photo.map(["a"]).call() == [Photo("a", 1)]
    client.result = '{"path":"a","size":1}'
    assert chain(square.si(1), photo.si("a")).call() == Photo("a", 1)
    assert (square.si(1) | app.get("t.other").s()).call() == {"path": "a", "size": 1}


def test_a_partial_flow_is_started_with_its_first_argument(client: FakeClient) -> None:
    (square.s() | photo.si("a")).start(3)
    group(photo.s(5), photo.s()).start("a.jpg")
    flows = [content["flow"] for content, _ in client.entries]
    assert flows[0]["chain"][0]["packed"] == "[[3],{}]"
    assert [member["packed"] for member in flows[1]["group"]] == ['[["a.jpg",5],{}]', '[["a.jpg"],{}]']
    with pytest.raises(InvalidArguments, match="n: expected int, got str"):
        square.s().start("x")  # type: ignore[arg-type]
    with pytest.raises(InvalidArguments, match="n: is missing, because nothing comes before"):
        square.s().start()  # type: ignore[call-arg]


def test_a_flow_without_a_task_has_no_application() -> None:
    with pytest.raises(InvalidFlow, match="no application"):
        chain().start()
