"""At a real node, a forgotten task's name is no procedure any more, and becomes one again when a worker declares it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_twisted
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallOptions
from support.plain import Heard, patiently, session_to
from support.programs import Node, running_node

from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from taskbahn.transport.session import Session

pytestmark = pytest.mark.slow
SIGNATURE = {"digest": "d", "parameters": {"type": "object", "properties": {"n": {}}, "required": ["n"]}, "order": ["n"]}
FEW_TASKS = """
from taskbahn_router.model import limits
limits.MAX_TASKS = 2
"""


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """A node that keeps few declared tasks."""
    (tmp_path / "sitecustomize.py").write_text(FEW_TASKS)
    with running_node(tmp_path, PYTHONPATH=str(tmp_path)) as node:
        yield node


async def declare(node: Node, *tasks: str) -> None:
    """Attach a worker with these tasks, and let it leave."""
    async with session_to(node.rawsocket) as worker:
        orders = Heard()
        hello = {
            "protocol": 1,
            "worker": tasks[0],
            "slots": 1,
            "tasks": [{"name": task, "signature": SIGNATURE} for task in tasks],
        }
        worker.call(messages.WORKER_ATTACH, hello, options=CallOptions(on_progress=orders)).addErrback(lambda _: None)
        await orders.first(lambda order: "welcome" in order)


async def refusal(client: Session, task: str) -> str:
    """Call a task without its argument; return the URI of the error."""
    with pytest.raises(ApplicationError) as caught:
        await patiently(client.call(task))
    return str(caught.value.error)


@pytest_twisted.ensureDeferred
async def test_the_name_of_a_forgotten_task_may_be_declared_again(node: Node) -> None:
    async with session_to(node.websocket) as client:
        await declare(node, "a.task", "b.task")
        assert await refusal(client, "a.task") == "taskbahn.error.invalid_arguments"
        await declare(node, "c.task")
        assert await refusal(client, "a.task") == "wamp.error.no_such_procedure"
        await declare(node, "a.task")
        assert await refusal(client, "a.task") == "taskbahn.error.invalid_arguments"
        names = [view["name"] for view in await patiently(client.call(messages.VIEW_TASKS))]
        assert names == ["a.task", "c.task"]
    assert "Traceback" not in node.output
