"""Tests under unittest and trial reach no node by accident; an application that only imports them does."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """
import threading
from taskbahn import Taskbahn
from taskbahn.errors import InvalidRequest, RouterUnavailable
from taskbahn.testing import allow_nodes, eager

app = Taskbahn("ws://127.0.0.1:9/ws", connect_within=0.1)


@app.task
def add(a: int, b: int) -> int:
    return a + b


def start():
    '''Say whether a start would reach a node.'''
    try:
        add.start(1, 2)
    except InvalidRequest as error:
        assert "allow_nodes()" in str(error), error
        return "refused"
    except RouterUnavailable:
        return "tried"


def start_in_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(start()))
    thread.start()
    thread.join()
    return found[0]
"""
UNITTEST = """
import unittest

at_import = "refused" if __name__ == "__main__" else start()
in_module = []


def setUpModule():
    in_module.append(start())


class Plain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        in_module.append(start())

    def test_it(self):
        assert start() == start_in_thread() == "refused"
        assert [at_import, *in_module] == ["refused"] * 3
        with eager(app):
            assert add.call(1, 2) == 3


class Async(unittest.IsolatedAsyncioTestCase):
    async def test_it(self):
        try:
            await add.start_async(1, 2)
        except InvalidRequest:
            return
        raise AssertionError("it was not refused")


class TheLast(unittest.TestCase):
    def test_it(self):
        allow_nodes("ws://127.0.0.1:9/another")
        assert start() == "refused"
        allow_nodes("ws://127.0.0.1:9/ws")
        assert start() == start_in_thread() == "tried"


if __name__ == "__main__":
    unittest.main()
"""
TRIAL = """
from twisted.internet import defer, reactor, task
from twisted.trial import unittest


class Sync(unittest.SynchronousTestCase):
    def test_it(self):
        assert start() == "refused"


class Async(unittest.TestCase):
    async def test_coroutine(self):
        await task.deferLater(reactor, 0, lambda: None)  # its frame is not below that of the test
        try:
            await add.start_async(1, 2)
        except InvalidRequest:
            return
        raise AssertionError("it was not refused")

    @defer.inlineCallbacks
    def test_generator(self):
        yield task.deferLater(reactor, 0, lambda: None)
        assert (yield defer.maybeDeferred(start_in_thread)) == "refused"
"""
FORBIDDEN = "ws://127.0.0.1:9/ws"
CHILDREN = '''
import multiprocessing, os, subprocess, sys
from taskbahn.testing import without_nodes

STARTS = "from test_shop import start; print(start())"


def child(*command, **environment):
    """Return what a child process says in the end."""
    done = subprocess.run(
        [sys.executable, *command], env={**os.environ, **environment}, capture_output=True, text=True, timeout=60
    )
    return (done.stdout + done.stderr).strip()


def kind(said):
    return "refused" if "this test would connect to" in said else "tried" if "no router answers" in said else said


def of_all(**environment):
    """Return how each kind of child process fares."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        spawned = pool.apply(start)
    return {
        child("-c", STARTS, **environment),
        spawned,
        kind(child("-m", "taskbahn", "submit", "warehouse.double", "4", **environment)),
    }


def command(url):
    return kind(child("-m", "taskbahn", "submit", "warehouse.double", "4", "--url", url))
'''
CHILDREN_OF_PYTEST = (
    CHILDREN
    + """

def test_children_keep_away():
    assert of_all() == {"refused"}
    assert command("rs://localhost:9") == "refused"  # another way to the same node
    worker = child("-m", "taskbahn", "worker", "test_shop:app", "--burst")
    assert kind(worker) == "refused", worker


def test_children_reach_what_the_test_gives():
    assert command("ws://127.0.0.1:7/ws") == "tried"
    assert kind(child("-m", "taskbahn", "submit", "a.b", TASKBAHN_URL="ws://127.0.0.1:7/ws")) == "tried"


def test_another_node_changes_nothing():
    allow_nodes("ws://127.0.0.1:7/ws")
    assert child("-c", STARTS) == "refused"


def test_the_last_allows():
    allow_nodes("rs://localhost:9")
    assert of_all() == {"tried"}
"""
)
CHILDREN_OF_A_BLOCK = (
    CHILDREN
    + """
if __name__ == "__main__":
    with without_nodes():
        assert child("-c", STARTS) == "refused"
    assert child("-c", STARTS) == "tried"
    assert "TASKBAHN_NOT_FOR_TESTS" not in os.environ
    print("OK")
"""
)
IMPORTS = """
import unittest, unittest.mock, doctest
import twisted.trial.unittest

case = unittest.TestCase()
with case.assertRaises(ValueError):
    assert start() == start_in_thread() == "tried"
    raise ValueError
case.assertRaises(ZeroDivisionError, lambda: 1 / (start() == "refused"))
with unittest.mock.patch("os.getcwd"):
    assert start() == "tried"
print("OK")
"""
PYTEST = """
import unittest


class Plain(unittest.TestCase):
    def test_it(self):
        assert start() == "{expected}"
"""


def run(folder: Path, source: str, *command: str) -> str:
    """Run a file of tests, and return what the runner says."""
    (folder / "test_shop.py").write_text(HEAD + source, encoding="utf-8")
    named = {name: value for name, value in os.environ.items() if not name.startswith(("TASKBAHN_", "PYTEST"))}
    named["TASKBAHN_URL"] = FORBIDDEN
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=named, capture_output=True, text=True, timeout=100, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("command", [["-m", "unittest", "test_shop"], ["-m", "unittest"], ["test_shop.py"]])
def test_unittest_reaches_no_node(tmp_path: Path, command: list[str]) -> None:
    said = run(tmp_path, UNITTEST, *command)
    assert "Ran 3 tests" in said, said
    assert "\nOK" in said, said


def test_trial_reaches_no_node(tmp_path: Path) -> None:
    said = run(tmp_path, TRIAL, "-m", "twisted.trial", "test_shop")
    assert "PASSED (successes=3)" in said, said


def test_what_only_imports_runners_of_tests_is_not_refused(tmp_path: Path) -> None:
    assert run(tmp_path, IMPORTS, "test_shop.py") == "OK\n"


@pytest.mark.parametrize("mode, expected", [("refuse", "refused"), ("allow", "tried")])
def test_configuration_of_pytest_goes_before(tmp_path: Path, mode: str, expected: str) -> None:
    (tmp_path / "pytest.ini").write_text(f"[pytest]\ntaskbahn_nodes = {mode}\n", encoding="utf-8")
    said = run(tmp_path, PYTEST.format(expected=expected), "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert "1 passed" in said, said


def test_children_of_tests_reach_no_node(tmp_path: Path) -> None:
    said = run(tmp_path, CHILDREN_OF_PYTEST, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert "4 passed" in said, said


def test_children_of_a_block_without_nodes_reach_none(tmp_path: Path) -> None:
    assert run(tmp_path, CHILDREN_OF_A_BLOCK, "test_shop.py") == "OK\n"


@pytest.mark.parametrize("mode, expected", [("refuse", "refused"), ("allow", "tried")])
def test_configuration_of_pytest_is_for_children_too(tmp_path: Path, mode: str, expected: str) -> None:
    (tmp_path / "pytest.ini").write_text(f"[pytest]\ntaskbahn_nodes = {mode}\n", encoding="utf-8")
    source = CHILDREN + f"\n\ndef test_it():\n    assert child('-c', STARTS) == {expected!r}\n"
    said = run(tmp_path, source, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert "1 passed" in said, said
