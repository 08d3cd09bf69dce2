"""Jobs that are the same one, by their id, their caller's key or their task's, at a real node: joined live, refused, replaced."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from support.plain import patiently, session_to
from support.programs import Node, worker_of
from support.shell import Shell

from taskbahn import Duplicate, InvalidFlow, InvalidOption, Job, JobCancelled, JobFailed, Taskbahn, Unique, chain, group
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 60.0
app = Taskbahn()


def held(report: str, gate: str = "", note: str = "") -> str:
    """Say how far it is, wait for the gate, and end."""
    from taskbahn import current

    with current.stage(f"Building {report}", total=2) as stage:
        stage.advance()
        current.chunk("half")
        while gate and not Path(gate).exists():
            time.sleep(0.02)
    current.chunk("whole")
    return f"{report} {note}".strip()


joining = app.task(name="unique.joining", pool="thread", unique=Unique(key="{report}"))(held)
refusing = app.task(name="unique.refusing", pool="thread", unique=Unique(key="{report}", on_conflict="refuse"))(held)
replacing = app.task(name="unique.replacing", pool="thread", unique=Unique(key="{report}", on_conflict="replace"))(held)
plain = app.task(name="unique.plain", pool="thread")(held)


@app.task(name="unique.parent", pool="thread")
def parent(report: str, gate: str) -> list[str]:
    """Start a flow, and a job, of which others may have the keys."""
    from taskbahn import group

    flow = group(joining.s(report, gate), joining.s(report, gate))
    return [*flow.call(), joining.call(report)]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, node: Node) -> Iterator[str]:
    source = Path(__file__).read_text(encoding="utf-8")
    begin, end = source.index("def held"), source.index("@pytest.fixture")
    module = (
        f"import time\nfrom pathlib import Path\nfrom taskbahn import Taskbahn, Unique\napp = Taskbahn()\n\n\n{source[begin:end]}"
    )
    with ExitStack() as stack:
        stack.enter_context(worker_of(module, tmp_path_factory.mktemp("unique"), node, 8))
        app._url = node.websocket
        stack.callback(app.close)
        yield node.websocket


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[str]:
    """A file for which jobs wait."""
    gate = tmp_path / "gate"
    yield str(gate)
    gate.touch()


def is_half(job: Job[Any]) -> None:
    """Wait until a job has sent its first chunk."""
    assert next(iter(job.chunks(str))) == "half"


@pytest.mark.usefixtures("url")
def test_a_second_caller_joins_the_job_with_its_progress(gate: str) -> None:
    first = joining.start("q3", gate)
    is_half(first)
    second = joining.start("q3", gate, "other arguments")
    assert second == first
    chunks = iter(second.chunks(str))
    assert next(chunks) == "half"
    Path(gate).touch()
    assert list(chunks) == ["whole"]
    assert first.result(SECONDS) == second.result(SECONDS) == "q3"
    assert joining.start("q3").id != first.id, "the key is free when its job has ended"


@pytest.mark.usefixtures("url")
def test_those_who_wait_for_a_joined_job_get_its_result(gate: str) -> None:
    first = joining.start("q4", gate)
    is_half(first)
    calls: list[Any] = [("q4", gate), ("q4", gate), ("q5",)]
    batch = joining.start_many(calls)
    assert batch.ids[:2] == [first.id, first.id]
    assert batch.ids[2] != first.id

    async def both() -> list[str]:
        call = asyncio.ensure_future(joining.call_async("q4", gate))
        joined = await joining.start_async("q4", gate)
        await asyncio.to_thread(Path(gate).touch)
        return [await call, await joined]

    with ThreadPoolExecutor(1) as thread:  # a loop runs in this one
        assert thread.submit(lambda: asyncio.run(both())).result(SECONDS) == ["q4", "q4"]
    assert batch.results(SECONDS) == ["q4", "q4", "q5"]
    assert sorted(job.result(SECONDS) for job in batch.as_completed(SECONDS)) == ["q4", "q4", "q5"]


@pytest.mark.usefixtures("url")
def test_a_second_job_is_refused_with_the_id_of_the_first(gate: str) -> None:
    first = refusing.start("q3", gate)
    with pytest.raises(Duplicate, match=rf'job {first.id} has the unique key unique\.refusing\["q3"\]') as caught:
        refusing.start("q3", gate)
    assert caught.value.job == first.id
    assert refusing.start("q4").result(SECONDS) == "q4"


@pytest.mark.usefixtures("url")
def test_a_newer_job_takes_the_place_of_the_older_one(gate: str) -> None:
    older = replacing.start("q3", gate)
    is_half(older)
    newer = replacing.start("q3", note="newer")
    with pytest.raises(JobCancelled, match=f"job {newer.id} took its place"):
        older.result(SECONDS)
    assert newer.result(SECONDS) == "q3 newer"
    assert newer.view().unique == 'unique.replacing["q3"]'
    assert older.view().unique is None


@pytest.mark.usefixtures("url")
def test_the_same_id_twice_is_one_job() -> None:
    id = Job.new_id()
    task = plain.options(id=id, priority=3)
    assert task.start("q3").id == task.start("q3").id == id
    assert task.call("q3") == "q3"
    with pytest.raises(InvalidOption, match="start_many starts many"):
        task.start_many(["q3"])


@pytest.mark.usefixtures("url")
def test_the_same_key_twice_is_one_job_while_it_is_kept() -> None:
    task = plain.options(key="order-17")
    first = task.start("q3", note="x")
    assert first.result(SECONDS) == "q3 x"
    assert plain.options(key="order-17").start(note="x", report="q3", gate="") == first
    with pytest.raises(Duplicate, match=r'with the key unique\.plain="order-17" and other arguments') as caught:
        task.start("q4")
    assert caught.value.job == first.id
    with pytest.raises(InvalidOption, match="says itself which of its jobs are one"):
        joining.options(key="order-17").start("q3")


def test_the_command_line_takes_an_id_and_prints_what_it_joined(url: str, gate: str) -> None:
    shell, id = Shell(url), Job.new_id()

    def submit(*words: str) -> str:
        return shell("submit", *words).out.strip()

    for _ in range(2):
        assert submit("unique.plain", "q3", "--id", id) == id
    first = submit("unique.joining", "q6", gate)
    assert submit("unique.joining", "q6", "--id", Job.new_id()) == first
    assert submit("unique.plain", "q3", "-o", "key=17") == submit("unique.plain", "q3", "-o", "key=17")


@pytest.mark.usefixtures("url")
def test_equal_members_and_children_of_a_task_run_once(gate: str) -> None:
    first = joining.start("m1", gate)
    is_half(first)
    flow = group(joining.s("m1", gate), joining.s("m1", note="other"), joining.s("m2")).start()
    child = parent.start("m1", gate)
    Path(gate).touch()
    assert flow.result(SECONDS) == ["m1", "m1", "m2"]
    assert child.result(SECONDS) == ["m1"] * 3
    joined = [member.id for member in flow.members() if app.job(member.id).view().joined == first.id]
    assert len(joined) == 2


def test_the_command_line_says_which_job_a_member_joined(url: str, gate: str) -> None:
    shell, first = Shell(url), joining.start("m3", gate)
    is_half(first)
    flow = chain(joining.s("m3"), plain.s()).start()
    (member,) = (member for member in flow.members() if member.task == "unique.joining")
    assert f"joined     {first.id}" in shell("job", member.id).out
    assert f"It has joined the job {first.id} (unique.joining)" in shell("explain", member.id).out
    assert first.id in shell("explain", flow.id).out
    Path(gate).touch()
    assert flow.result(SECONDS) == "m3"


@pytest.mark.usefixtures("url")
def test_a_member_that_is_refused_fails_its_flow(gate: str) -> None:
    first = refusing.start("m4", gate)
    flow = chain(plain.s("x"), refusing.si("m4")).start()
    with pytest.raises(JobFailed, match=rf'job {first.id} has the unique key unique\.refusing\["m4"\]') as caught:
        flow.result(SECONDS)
    assert caught.value.detail["type"] == "Duplicate"


@pytest.mark.usefixtures("url")
def test_a_flow_with_a_key_is_one_flow_while_it_is_kept() -> None:
    flow = chain(plain.si("q1"), plain.si("q2")).options(key="order-18")

    async def start() -> list[str]:
        return [(await flow.start_async()).id, await flow.call_async()]

    first = flow.start()
    assert first.result(SECONDS) == "q2"
    with ThreadPoolExecutor(1) as thread:  # a loop runs in this one
        assert thread.submit(lambda: asyncio.run(start())).result(SECONDS) == [first.id, "q2"]
    with pytest.raises(Duplicate, match=r'with the key taskbahn\.chain="order-18"') as caught:
        chain(plain.si("q3"), plain.si("q2")).options(key="order-18").start()
    assert caught.value.job == first.id
    with pytest.raises(InvalidFlow, match="group"):
        group(chain(plain.s("q1")).options(key="x")).start()


@pytest_twisted.ensureDeferred
async def test_a_flow_of_a_plain_client_takes_keys(url: str) -> None:
    flow = {"chain": [{"task": "unique.plain", "args": ["w1"]}, {"task": "unique.joining", "args": ["w2"], "immutable": True}]}
    async with session_to(url) as session:
        entry = {"flow": flow, "options": {"key": "w"}}
        (first,) = await patiently(session.call(messages.SUBMIT, [entry]))
        (second,) = await patiently(session.call(messages.SUBMIT, [entry]))
        assert first == second
        ended = await patiently(session.call(messages.JOB_WAIT, [first]))
        assert ended["outcomes"][0][1] == "succeeded"
        bad = {"flow": {"chain": [{"task": "unique.joining", "args": ["w2"], "options": {"key": "w"}}]}}
        (refused,) = await patiently(session.call(messages.SUBMIT, [bad]))
    assert (refused["error"], refused["detail"]["place"]) == ("taskbahn.error.invalid_option", "chain[0]")


@pytest_twisted.ensureDeferred
async def test_a_plain_call_that_joins_gets_what_came_before_it(url: str, gate: str) -> None:
    first = joining.start("q7", gate)
    is_half(first)
    seen: list[Any] = []
    async with session_to(url) as session:
        from autobahn.wamp.types import CallOptions

        def heard(message: Any) -> None:
            seen.append(message)
            if any(event["kind"] == "chunk" for event in message["events"]):
                Path(gate).touch()

        result = await patiently(session.call("unique.joining", "q7", options=CallOptions(on_progress=heard)))
    assert result == "q7"
    assert {message["job"] for message in seen} == {first.id}
    events = [event for message in seen for event in message["events"]]
    assert [event["data"] for event in events if event["kind"] == "chunk"] == ["half", "whole"]
    assert any(event["kind"] == "progress" for event in events)
