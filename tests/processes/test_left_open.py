"""What a test of another project leaves open ends with that test, under each runner."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SHOP = """
from taskbahn import Taskbahn

app = Taskbahn()


@app.task
def add(a: int, b: int) -> int:
    return a + b
"""
AS_METHODS = """
from unittest import TestCase
from shop import app, add
from taskbahn.testing import eager, recorded, simulated

left = []


class Leaves(TestCase):
    def leave(self, helper):
        left.append(helper)
        helper.__enter__()

    def begin(self):
        with simulated(app) as node:
            node.advance("1d")
            assert add.call(1, 2) == 3

    def test_1(self):
        self.leave(eager(app))

    def test_2(self):
        self.begin()

    def test_3(self):
        self.leave(recorded(app))

    def test_4(self):
        self.begin()

    def test_5(self):
        self.leave(simulated(app))

    def test_6(self):
        self.begin()
"""
AS_FUNCTIONS = """
import pytest
from shop import app, add
from taskbahn.testing import eager, recorded, simulated

left = []


@pytest.fixture(scope="module")
def node():
    with simulated(app) as node:
        yield node


@pytest.mark.parametrize("helper", [eager, recorded, simulated])
def test_a_leaves(helper):
    left.append(helper(app))
    left[-1].__enter__()


def test_b_begins_as_ever():
    with eager(app):
        assert add.call(1, 2) == 3


def test_c_begins_a_fixture(node):
    assert add.call(1, 2) == 3


def test_d_has_the_same_fixture(node):
    assert add.call(1, 2) == 3
"""
HANGS = """
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase
from shop import app, add
from taskbahn.testing import simulated


class Hangs(TestCase):
    async def test_a_hangs(self):
        with simulated(app):
            assert await (await add.start_async(1, 2)).deferred() == 3
            await Deferred()

    test_a_hangs.timeout = 0.5

    async def test_b_begins_as_ever(self):
        with simulated(app):
            assert await add.call_async(1, 2) == 3
"""
HELPERS = ["eager", "recorded", "simulated"]


def run(folder: Path, test: str, *command: str) -> str:
    """Run a project's tests, and return what the runner says."""
    (folder / "shop.py").write_text(SHOP, encoding="utf-8")
    (folder / "test_shop.py").write_text(test, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\n", encoding="utf-8")
    named = {name: value for name, value in os.environ.items() if not name.startswith(("TASKBAHN_", "PYTEST"))}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=named, capture_output=True, text=True, timeout=100, check=False
    )
    return done.stdout + done.stderr


def test_pytest_ends_what_a_test_leaves(tmp_path: Path) -> None:
    said = run(tmp_path, AS_FUNCTIONS, "pytest", "-q", "-p", "no:cacheprovider")
    assert "6 passed" in said, said
    for name in HELPERS:
        assert f"test_a_leaves[{name}] did not leave its `with` block of `{name}(app)`" in said


def test_unittest_ends_what_a_test_leaves(tmp_path: Path) -> None:
    said = run(tmp_path, AS_METHODS, "unittest", "test_shop")
    assert "Ran 6 tests" in said, said
    assert "OK" in said, said
    for name in HELPERS:
        assert f"did not leave its `with` block of `{name}(app)`" in said


def test_trial_ends_the_simulation_of_a_test_that_hangs(tmp_path: Path) -> None:
    said = run(tmp_path, HANGS, "twisted.trial", "test_shop")
    assert "errors=1, successes=1" in said, said
    assert "still running at 0.5 secs" in said
