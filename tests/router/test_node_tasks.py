"""The tasks that ship with a node are its own: no session offers them, and who may only look cannot start them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_twisted
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallOptions
from support.plain import patiently, session_to

from taskbahn.protocol import messages
from taskbahn.protocol.outgoing import BUILT_IN, NODE_QUEUE

if TYPE_CHECKING:
    from support.programs import Node

JOB = "0192f0c1-2d3e-7abc-8def-0123456789ab"
STREAM = CallOptions(on_progress=lambda *_: None)
CALL = {"task": "taskbahn.webhook", "args": [JOB, "https://example.org/"]}


@pytest_twisted.ensureDeferred
async def test_no_session_offers_a_task_of_the_node(node: Node) -> None:
    async with session_to(node.websocket) as session:
        for name in BUILT_IN:
            for uri in (f"taskbahn.offer.{name}", f"taskbahn.offer_job.{name}", f"taskbahn.offer_as.mine.{name}"):
                try:
                    await patiently(session.register(lambda *_: "mine", uri))
                except ApplicationError:
                    continue
        workers = await patiently(session.call(messages.VIEW_WORKERS))
        assert [
            worker
            for worker in workers
            if BUILT_IN & {task["name"] if isinstance(task, dict) else task for task in worker["tasks"]}
        ] == []


@pytest_twisted.ensureDeferred
async def test_no_worker_attaches_with_a_task_of_the_node(node: Node) -> None:
    async with session_to(node.websocket) as session:
        for name in BUILT_IN:
            hello = messages.Hello(
                protocol=messages.PROTOCOL,
                worker="thief",
                slots=1,
                tasks=[messages.TaskDeclaration(name=name)],
                queues=[NODE_QUEUE],
            )
            with pytest.raises(ApplicationError, match=name):
                await patiently(session.call(messages.WORKER_ATTACH, messages.plain(hello), options=STREAM))


@pytest_twisted.ensureDeferred
async def test_who_may_only_look_sends_nothing(node: Node) -> None:
    async with session_to(f"{node.websocket}-view") as session:
        for procedure, *args in (
            (messages.SUBMIT, [CALL]),
            ("taskbahn.webhook", *CALL["args"]),
            ("taskbahn.mail", JOB, "a@b.example"),
        ):
            with pytest.raises(ApplicationError, match="not_authorized"):
                await patiently(session.call(procedure, *args))
