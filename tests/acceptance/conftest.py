"""The shop: an application with a worker on the shared node, and the client of this process to call it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import shop
from support.programs import Node, Program, running
from support.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn import Taskbahn

TESTS = Path(__file__).parents[1]


def shop_worker(url: str, slots: int = 8) -> Program:
    return Program("worker", "support.shop:app", "--slots", str(slots), cwd=TESTS, TASKBAHN_URL=url)


@pytest.fixture(scope="module")
def open_shop(node: Node) -> Iterator[Node]:
    """The shared node with a worker for the shop."""
    with running(shop_worker(node.websocket), "ready"):
        yield node


@pytest.fixture(params=["websocket", "rawsocket"])
def app(open_shop: Node, request: pytest.FixtureRequest) -> Iterator[Taskbahn]:
    """The shop, called over either transport."""
    yield from connected(getattr(open_shop, request.param))


@pytest.fixture
def shell(open_shop: Node) -> Shell:
    """The command line, at the node of the shop."""
    return Shell(open_shop.websocket)


@pytest.fixture
def web(open_shop: Node) -> Iterator[Taskbahn]:
    """The shop, called over WebSocket."""
    yield from connected(open_shop.websocket)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """A file for which `shop.talk` waits half way, if it is told to."""
    gate = tmp_path / "gate"
    yield gate
    gate.touch()


def connected(url: str) -> Iterator[Taskbahn]:
    shop.app.close()
    shop.app._url = url
    yield shop.app
    shop.app.close()
