"""Tasks that ask people and get messages, over a real node, in every pool: from Python, the command line, over a restart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from autobahn.wamp.types import PublishOptions
from support.plain import session_to
from support.programs import Node, worker_of
from twisted.internet.threads import deferToThread

from taskbahn import Job, JobFailed, NoQuestion, Taskbahn, WrongAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn.protocol.questions import QuestionView

pytestmark = pytest.mark.slow
POOLS = ("process", "thread", "loop")
MODULE = """
    from dataclasses import dataclass
    from taskbahn import Taskbahn, current

    app = Taskbahn()

    @dataclass
    class Approval:
        yes: bool
        note: str = ""

    def publish(what: str) -> str:
        answer = current.ask(f"Publish {what}?", Approval, to="role:editor", within="1d", name="publish")
        return f"{type(answer).__name__} {answer.yes} {answer.note}"

    def impatient(default: bool) -> str:
        words = {"default": "unknown"} if default else {}
        return str(current.ask("Now?", bool, within=0.3, **words))

    def chat(count: int) -> list[int]:
        inbox = current.inbox.of(int)
        return [inbox.get() for _ in range(count)]

    def await_paid(order: int, within: float) -> int:
        return current.wait_for_event("shop.paid", Paid, where={"order": order}, within=within).sum

    @dataclass
    class Paid:
        order: int
        sum: int

    for pool in ("process", "thread"):
        for function in (publish, impatient, chat, await_paid):
            app.task(name=f"ask.{function.__name__}_{pool}", pool=pool)(function)

    @app.task(name="ask.publish_loop")
    async def apublish(what: str) -> str:
        answer = await current.ask_async(f"Publish {what}?", Approval, to="role:editor", within="1d", name="publish", remind=1)
        return f"{type(answer).__name__} {answer.yes} {answer.note}"

    @app.task(name="ask.impatient_loop")
    async def aimpatient(default: bool) -> str:
        words = {"default": "unknown"} if default else {}
        return str(await current.ask_async("Now?", bool, within=0.3, **words))

    @app.task(name="ask.await_paid_loop")
    async def aawait_paid(order: int, within: float) -> int:
        return (await current.wait_for_event_async("shop.paid", Paid, where={"order": order}, within=within)).sum

    @app.task(name="ask.chat_loop")
    async def achat(count: int) -> list[int]:
        found = []
        async for message in current.inbox.of(int):
            found.append(message)
            if len(found) == count:
                break
        return found
"""


@pytest.fixture(scope="module")
def app(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taskbahn]:
    with worker_of(MODULE, tmp_path_factory.mktemp("asking"), node, 2), Taskbahn(node.websocket) as app:
        yield app


def question_of(app: Taskbahn, job: Job[Any]) -> QuestionView:
    """Wait until a job asks."""
    until = time.monotonic() + 20
    while not (found := app.view.questions(job.id)):
        assert time.monotonic() < until
        time.sleep(0.01)
    return found[0]


@pytest.mark.parametrize("pool", POOLS)
def test_a_task_asks_and_gets_the_first_answer_that_fits(app: Taskbahn, pool: str) -> None:
    job: Job[str] = app.get(f"ask.publish_{pool}").start("it")
    asked = question_of(app, job)
    assert (asked.name, asked.question, asked.to) == ("publish", "Publish it?", "role:editor")
    with pytest.raises(WrongAnswer, match="yes"):
        job.answer("publish", {"yes": "maybe"})
    job.answer("publish", {"yes": True, "note": "go"})
    assert job.result(20) == "Approval True go"
    with pytest.raises(NoQuestion):
        job.answer("publish", {"yes": False})


@pytest.mark.parametrize("pool", POOLS)
def test_more_tasks_ask_than_there_are_slots(app: Taskbahn, pool: str) -> None:
    jobs: list[Job[str]] = [app.get(f"ask.publish_{pool}").start(str(number)) for number in range(6)]
    for job in reversed(jobs):
        question_of(app, job)
        job.answer("publish", {"yes": False})
    assert [job.result(30) for job in jobs] == ["Approval False "] * 6


@pytest.mark.parametrize("pool", POOLS)
def test_without_an_answer_in_time_the_default_counts(app: Taskbahn, pool: str) -> None:
    task = app.get(f"ask.impatient_{pool}")
    assert task.start(default=True).result(20) == "unknown"
    job = task.start(default=False)
    with pytest.raises(JobFailed, match="NotAnswered"):
        job.result(20)
    assert app.view.questions(job.id) == []


@pytest.mark.parametrize("pool", POOLS)
def test_messages_come_in_their_order(app: Taskbahn, pool: str) -> None:
    job: Job[list[int]] = app.get(f"ask.chat_{pool}").start(5)
    assert [job.send(number) for number in range(5)] == [1, 2, 3, 4, 5]
    assert job.result(20) == [0, 1, 2, 3, 4]


def test_a_reminder_is_in_the_log(app: Taskbahn) -> None:
    job: Job[str] = app.get("ask.publish_loop").start("it")
    for event in job.events():
        if event.kind == "log":
            assert event.data["message"] == "still waits for an answer (role:editor): Publish it?"
            job.cancel()
    assert app.view.questions(job.id) == []


def test_the_command_line_lists_answers_and_sends(app: Taskbahn, node: Node) -> None:
    def taskbahn(*words: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "taskbahn", *words, "--url", node.websocket, "--json"],
            capture_output=True, text=True, check=True, env=os.environ,
        )  # fmt: skip
        return json.loads(done.stdout)

    job: Job[str] = app.get("ask.publish_thread").start("it")
    question_of(app, job)
    assert [one["name"] for one in taskbahn("questions", "--job", job.id)] == ["publish"]
    taskbahn("answer", job.id, '{"yes": true, "note": "cli"}')
    assert job.result(20) == "Approval True cli"
    chat: Job[list[int]] = app.get("ask.chat_thread").start(1)
    assert taskbahn("send", chat.id, "7") == {"job": chat.id, "number": 1}
    assert chat.result(20) == [7]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("pool", POOLS)
async def test_an_event_of_the_router_wakes_a_task(app: Taskbahn, node: Node, pool: str) -> None:
    job = await deferToThread(app.get(f"ask.await_paid_{pool}").start, 7, 60)
    async with session_to(node.websocket) as session:
        while await deferToThread(job.state) == "running":
            for amount in (1, 2):
                await session.publish(
                    "shop.paid", {"order": 6 + amount // 2, "sum": amount}, options=PublishOptions(acknowledge=True)
                )
                await session.publish("shop.paid", order=6, sum=3, options=PublishOptions(acknowledge=True))
    assert await deferToThread(job.result, 30) == 2


def test_an_event_that_does_not_come_in_time(app: Taskbahn) -> None:
    with pytest.raises(JobFailed, match="NotAnswered"):
        app.get("ask.await_paid_thread").start(9, 0.3).result(20)
