"""The plugin of pytest: tests reach no node by accident, and get one of their own with the fixtures `taskbahn_node` and `taskbahn_app`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from taskbahn.app import Taskbahn
    from taskbahn.testing.real_node import RealNode

MODES = ("refuse", "allow")
BEFORE = pytest.StashKey[str]()  # from what this process was kept before


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what a project may say in its configuration."""
    parser.addini("taskbahn_nodes", "whether tests may connect to any node: refuse (the default) or allow", default="refuse")
    parser.addini("taskbahn_app", "MODULE:APP, the application of the fixture taskbahn_app", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse or allow connections from now on."""
    mode = config.getini("taskbahn_nodes")
    if mode not in MODES:
        raise pytest.UsageError(f"taskbahn_nodes = {mode}: it is one of {', '.join(MODES)}")
    from taskbahn.client.guard import GUARD, keep_children_away, let_children  # late: the options are read first

    GUARD.is_closed = mode == "refuse"
    config.stash[BEFORE] = keep_children_away()
    if not GUARD.is_closed:
        let_children("")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say nothing about them any more."""
    from taskbahn.client.guard import GUARD, let_children  # late, as above

    GUARD.is_closed = None
    if (before := config.stash.get(BEFORE, None)) is not None:
        let_children(before)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """End what the test has left open, so that the next one begins as it should."""
    yield
    if (left := sys.modules.get("taskbahn.testing.left_open")) is not None:
        left.end_left(item.nodeid)


@pytest.fixture(scope="session")
def taskbahn_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealNode]:
    """Give a real node on a free port, for all tests: `url`, `page`, `folder`.

    TASKBAHN_NODE in the environment: the address of one that runs already, or the `taskbahn` command of another environment, in which
    Crossbar is installed.
    """
    from taskbahn.client.guard import allowing  # late, as above
    from taskbahn.testing.real_node import real_node

    with (
        real_node(tmp_path_factory.mktemp("taskbahn"), os.environ.get("TASKBAHN_NODE", "")) as node,
        allowing(node.url),
    ):
        yield node


@pytest.fixture(scope="session")
def taskbahn_app(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Iterator[Taskbahn]:
    """Give the application of `taskbahn_app = MODULE:APP`, connected to `taskbahn_node`, with a worker that runs its tasks."""
    from taskbahn.testing.real_node import running_app  # late, as above

    target: Any = pytestconfig.getini("taskbahn_app")
    if not target:
        raise pytest.UsageError(
            "the fixture taskbahn_app needs to know the application: write taskbahn_app = MODULE:APP in pytest's configuration"
        )
    with running_app(target, request.getfixturevalue("taskbahn_node")) as app:
        yield app
