"""Starting a flow: one entry of a submission, and a job whose result has the types of its tasks."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import pytest

from taskbahn import Flow, Job, Taskbahn, chain, group
from taskbahn.client import applications
from taskbahn.errors import InvalidArguments, InvalidFlow, InvalidOption, TooLarge
from taskbahn.future import Future
from taskbahn.protocol import messages

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


def test_a_flow_without_a_task_goes_to_the_only_application(client: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskbahn.tasks.flow.only_application", lambda: app)
    client.result = "[]"
    none: list[Flow[object, int]] = []
    assert group(none).call() == []
    assert client.entries[-1][0]["flow"] == {"group": []}
    monkeypatch.setattr("taskbahn.tasks.flow.only_application", lambda: None)
    with pytest.raises(InvalidFlow, match=r"where there is one Taskbahn\(\) alone"):
        chain().start()


def test_the_only_application_is_known_as_long_as_it_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applications, "_applications", WeakSet())
    assert applications.only_application() is None
    one = Taskbahn()
    assert applications.only_application() is one
    other = Taskbahn()
    assert applications.only_application() is None
    del other
    assert applications.only_application() is one


def test_a_plain_start_waits_for_an_output_and_for_after(client: FakeClient) -> None:
    job = square.start(3)
    photo.options(queue="slow", retries=2).start("a", job.output)
    square.options(after=[job]).start(4)
    chord, single = (content for content, _ in client.entries[1:])
    assert chord["flow"] == photo.options(queue="slow", retries=2).si("a", job.output).data()
    assert f'{{"$output":"{job.id}"}}' in chord["flow"]["packed"].replace(" ", "")
    assert chord["options"] == {"queue": "slow"}
    assert single["flow"]["after"] == [job.id]
    with pytest.raises(InvalidFlow, match=r"start_many\(\) starts jobs by themselves"):
        square.options(after=[job]).start_many([1])


def test_the_id_of_a_flow_is_that_of_its_job(client: FakeClient) -> None:
    id = Job.new_id()
    for flow in (square.si(1), square.options(id=id).s(1), square.s(1) | square.s(), square.options(id=id).map([1, 2])):
        assert flow.options(id=id).start().id == client.entries[-1][0]["id"] == id
    assert square.options(id=id).start(square.si(1).output).id == id
    with pytest.raises(
        InvalidFlow, match=r"chain\[0\]: options\(id=\.\.\.\) is for a flow that is started as a whole; t.square within it"
    ):
        (square.s(1).options(id=id) | square.s()).start()
    with pytest.raises(InvalidFlow, match=r"chain\[0\]: .*; a chain within it gets its id"):
        (chain(square.s(1), square.s()).options(id=id) | square.s()).data()
    with pytest.raises(InvalidOption, match="option id = 'x'"):
        square.s(1).options(id="x")


def test_a_flow_that_is_another_job_takes_its_id(client: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    joined: Future[Any] = Future()
    joined.resolve("the-other")
    monkeypatch.setattr(client, "submit", lambda *_: joined)
    assert square.si(1).start().id == "the-other"


def test_options_of_the_whole_are_those_of_its_job(client: FakeClient) -> None:
    square.s(1).options(queue="slow", retries=3, tags=["a"]).start()
    square.options(retries=2).map([1]).options(queue="fast").start()
    (single, _), (many, _) = client.entries
    assert square.si(1).start().task == "t.square"
    assert square.si(square.si(1).output).start().task == "taskbahn.chain"
    assert single["options"] == {"queue": "slow", "tags": ["a"]}
    assert single["flow"]["options"] == {"queue": "slow", "retries": 3, "tags": ["a"]}
    assert (many["options"], many["flow"]["map"]["options"]) == ({"queue": "fast"}, {"retries": 2})


def test_a_skipped_member_leaves_types_to_lists_of_one_type(client: FakeClient) -> None:
    client.result = '[{"path":"a","size":1}]'
    skipping = photo.si("b").if_fails("skip")
    assert group(photo.si("a"), skipping).call() == [Photo("a", 1)]
    found: list[Any] = [*group(square.si(1), skipping).call()]
    assert found == [{"path": "a", "size": 1}]
    client.result = "[null,5]"
    assert group(photo.si("a").if_fails("none"), square.si(1)).call() == [None, 5]


def test_a_large_flow_is_refused_before_it_is_sent(client: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MAX_MESSAGE", 5000)
    with pytest.raises(TooLarge, match="a flow in bytes"):
        group(photo.si("x" * 100) for _ in range(50)).start()
    assert client.entries == []


def test_async_faces_do_the_same(client: FakeClient) -> None:
    async def main() -> None:
        client.result = "9"
        assert await (square.s(3) | square.s()).call_async() == 9
        assert await square.s().call_async(3) == 9
        job = await square.si(3).start_async()
        assert client.entries[-1][0]["id"] == job.id

    with ThreadPoolExecutor(1) as thread:  # pytest's own thread may have a loop
        thread.submit(asyncio.run, main()).result()


def test_chunks_are_jobs_of_several_calls_with_typed_results(client: FakeClient) -> None:
    flow = photo.chunks([("a", 1), ("b", 2), ("c", 3)], 2)
    assert flow.data()["size"] == 2
    assert [json.loads(call)[0] for call in flow.data()["calls"]] == [["a", 1], ["b", 2], ["c", 3]]
    assert photo.chunks(["a"], 2).data()["calls"] == ['[["a"],{}]']
    client.result = '[[{"path":"a","size":1},{"path":"b","size":1}],[{"path":"c","size":1}]]'
    assert flow.call() == [[Photo("a", 1), Photo("b", 1)], [Photo("c", 1)]]
    assert client.entries[0][1] == 2  # jobs


def test_members_without_a_result_are_none_whatever_their_type(client: FakeClient) -> None:
    client.result = '[null,null,[null,null],{"path":"c","size":1}]'
    inner = group(square.si(1), group(square.si(2)))
    parts = [square.si(1).if_fails("none"), group(square.si(1), photo.si("a", 1)).if_fails("none"), inner, photo.si("c", 1)]
    assert group(parts).call() == [None, None, [None, None], Photo("c", 1)]
    client.result = "null"
    assert (square.si(1) | photo.si("a", 1)).call() is None
    client.result = '{"path":"c","size":1}'
    assert (square.si(1) | photo.si("a", 1)).call() == Photo("c", 1)


def test_chunks_without_a_size_or_with_outputs_are_refused() -> None:
    with pytest.raises(InvalidFlow, match=r"chunks\(items, 0\): the size is a number of items"):
        square.chunks([1], 0)
    with pytest.raises(InvalidFlow, match=r"takes values, no results of other jobs: write t.square.map"):
        square.chunks([square.si(1).output], 5)
    with pytest.raises(InvalidArguments) as refused:
        square.chunks([1, "x"], 5)  # type: ignore[list-item]
    assert str(refused.value).endswith("; in item number 1 (from 0)")


def test_callbacks_of_a_call_make_a_flow_of_it(client: FakeClient) -> None:
    told = app.get("t.tell").s("#ops")
    handle = square.options(on_failure=told, on_success=[square.s(), app.get("t.other").si()])
    handle.start(3)
    handle.options(on_failure=[]).start(4)
    first, second = (content["flow"] for content, _ in client.entries)
    assert (first["packed"], first["on_failure"][0]["task"], len(first["on_success"])) == ("[[3],{}]", "t.tell", 2)
    assert "on_failure" not in second
    assert handle.s(3).on_failure(told).data()["on_failure"] == first["on_failure"] * 2
    assert handle.map([1, 2]).data()["on_failure"] == first["on_failure"]
    assert square.s(1).options(on_failure=told).data()["on_failure"] == first["on_failure"]
    with pytest.raises(InvalidOption, match=r"option on_end = 'x': it is a flow, or a list of flows"):
        square.options(on_end="x")  # type: ignore[arg-type]
    with pytest.raises(InvalidFlow, match="starts jobs by themselves"):
        handle.start_many([1])


def test_callbacks_of_a_task_travel_with_its_declaration() -> None:
    other = Taskbahn()

    @other.task(name="t.tell_all")
    def told(job: str, channel: str = "") -> None:
        print(job, channel)

    @other.task(name="t.work", on_failure=told.s(channel="#ops"), on_end=[told.s() | told.si("x")])
    def work(n: int) -> int:
        return n

    callbacks = work.declaration().callbacks
    assert callbacks["on_failure"][0]["packed"] == '[[],{"channel":"#ops"}]'
    assert list(callbacks) == ["on_failure", "on_end"]
    assert len(callbacks["on_end"][0]["chain"]) == 2
    assert told.declaration().callbacks == {}


@pytest.mark.parametrize("flow", [square.si(square.si(1).output), square.options(after=[Job.new_id()]).si(1), 3, square])
def test_callbacks_of_a_task_that_name_other_jobs_are_refused(flow: Any) -> None:
    with pytest.raises(InvalidOption, match="on_end"):
        app.task(name="t.refused", on_end=flow)(lambda: None)
