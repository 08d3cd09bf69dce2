"""The sample application with a worker on the shared node, and the client of this process to call it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import sample_app
from support.programs import Node, Program, running
from support.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn import Taskbahn

TESTS = Path(__file__).parents[1]


def sample_worker(url: str, slots: int = 8) -> Program:
    return Program("worker", "support.sample_app:app", "--slots", str(slots), cwd=TESTS, TASKBAHN_URL=url)


@pytest.fixture(scope="module")
def sample_node(node: Node) -> Iterator[Node]:
    """The shared node with a worker for the sample application."""
    with running(sample_worker(node.websocket), "ready"):
        yield node


@pytest.fixture(params=["websocket", "rawsocket"])
def app(sample_node: Node, request: pytest.FixtureRequest) -> Iterator[Taskbahn]:
    """The sample application, called over either transport."""
    yield from connected(getattr(sample_node, request.param))


@pytest.fixture
def shell(sample_node: Node) -> Shell:
    """The command line, at the node of the sample application."""
    return Shell(sample_node.websocket)


@pytest.fixture
def web(sample_node: Node) -> Iterator[Taskbahn]:
    """The sample application, called over WebSocket."""
    yield from connected(sample_node.websocket)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """A file for which `shop.talk` waits half way, if its caller passes the path."""
    gate = tmp_path / "gate"
    yield gate
    gate.touch()


def connected(url: str) -> Iterator[Taskbahn]:
    sample_app.app.close()
    sample_app.app._url = url
    yield sample_app.app
    sample_app.app.close()
