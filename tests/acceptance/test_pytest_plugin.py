"""The plugin of pytest as the tests of a project of its own have it: in a folder of their own, and with a real node."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from benchmarks.ports import free_port
from support.programs import running_node

from taskbahn import Taskbahn

if TYPE_CHECKING:
    from pathlib import Path

    from support.programs import Node

APP = """
from taskbahn import Taskbahn

app = Taskbahn({url})


@app.task
def add(a: int, b: int) -> int:
    return a + b


@app.task(queue="slow lane")
async def double(n: int) -> int:
    return 2 * n
"""
REAL = """
import asyncio
from shop import add, double


def test_a_real_node(taskbahn_app, taskbahn_node):
    assert add.call(1, 2) == 3
    assert asyncio.run(double.call_async(4)) == 8
    assert taskbahn_app.url == taskbahn_node.url
    assert taskbahn_app.view.status().workers == 1
"""
ALONE = """
from taskbahn import Taskbahn


def test_a_node_alone(taskbahn_node):
    app = Taskbahn(taskbahn_node.url)
    assert app.view.status().workers == 0
    assert taskbahn_node.page.startswith("http://127.0.0.1:")
    assert taskbahn_node.folder.is_dir()
"""
FORGETS = """
from shop import add
from taskbahn.testing import eager


def test_forgets():
    assert add.app.view.status().now > 0


def test_does_not(request):
    with eager(add.app):
        assert add.call(1, 2) == 3
"""


def run(
    folder: Path, test: str, config: str = "", url: str = "", app: str = APP, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a project's tests as it would."""
    (folder / "shop.py").write_text(app.format(url=url), encoding="utf-8")
    (folder / "test_shop.py").write_text(test, encoding="utf-8")
    (folder / "pytest.ini").write_text(f"[pytest]\npythonpath = .\n{config}", encoding="utf-8")
    named = {name: value for name, value in os.environ.items() if not name.startswith(("TASKBAHN_", "PYTEST_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        env={**named, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_a_test_that_forgets_reaches_no_node(node: Node, tmp_path: Path) -> None:
    done = run(tmp_path, FORGETS, TASKBAHN_URL=node.websocket)
    assert "1 failed, 1 passed" in done.stdout, done.stdout
    assert f"this test would connect to {node.websocket}" in done.stdout
    assert "eager(app)" in done.stdout


def test_a_project_may_allow_any_node(node: Node, tmp_path: Path) -> None:
    done = run(tmp_path, FORGETS, "taskbahn_nodes = allow", TASKBAHN_URL=node.websocket)
    assert "2 passed" in done.stdout, done.stdout
    wrong = run(tmp_path, FORGETS, "taskbahn_nodes = perhaps")
    assert "taskbahn_nodes = perhaps: it is one of refuse, allow" in wrong.stderr


@pytest.mark.parametrize("url", ["", "'ws://127.0.0.1:1/ws'"])
def test_the_fixtures_give_a_node_and_a_worker(tmp_path: Path, url: str) -> None:
    done = run(tmp_path, REAL, "taskbahn_app = shop:app", url)
    assert "1 passed" in done.stdout, done.stdout


def test_the_node_may_run_already_or_live_elsewhere(node: Node, tmp_path: Path) -> None:
    given = REAL.replace("    assert taskbahn_app.view.status().workers == 1\n", "")
    done = run(tmp_path, given, "taskbahn_app = shop:app", TASKBAHN_NODE=node.websocket)
    assert "1 passed" in done.stdout, done.stdout
    done = run(tmp_path, given, "taskbahn_app = shop:app", TASKBAHN_NODE=f"{sys.executable} -m taskbahn")
    assert "1 passed" in done.stdout, done.stdout


DECLARES = (
    APP
    + """

@app.schedule("0 3 * * *", id="tests.often")
@app.on("tests.happened", id="tests.heard")
@app.task
def often() -> None:
    pass
"""
)
KEEPS = """
from shop import add, app


def test_it_fires(taskbahn_app):
    app.schedules.create("tests.made", "0 4 * * *", add.s(1, 2))
    assert not [one.id for one in app.schedules if one.view().pause is not None and one.id.startswith("tests.")]
"""


def test_what_tests_declare_on_a_running_node_ends_with_them(tmp_path: Path) -> None:
    (tmp_path / "node").mkdir()
    with running_node(tmp_path / "node") as own:
        other = Taskbahn(own.websocket)
        for _ in range(2):
            done = run(tmp_path, KEEPS, "taskbahn_app = shop:app", TASKBAHN_NODE=own.websocket, app=DECLARES)
            assert "1 passed" in done.stdout, done.stdout
            left = {one.id: one.view().pause for one in [*other.schedules, *other.triggers]}
            assert left.pop("mine", None) is None
            assert "tests.made" not in left
            assert all(pause is not None for pause in left.values()), left
            other.schedules.create("mine", "0 5 * * *", other.get("shop.add").s(1, 2))  # its task is known now
        other.close()


def test_what_does_not_start_says_why(tmp_path: Path) -> None:
    done = run(tmp_path, REAL, "taskbahn_app = shop:app", TASKBAHN_NODE=f"{sys.executable} -c 'print(\"no node\")'")
    assert "did not get ready; it said: no node" in done.stdout, done.stdout
    done = run(tmp_path, REAL, TASKBAHN_NODE=f"ws://127.0.0.1:{free_port()}/ws")
    assert "write taskbahn_app = MODULE:APP" in done.stdout, done.stdout


def test_the_fixture_of_a_node_alone_gives_its_addresses(tmp_path: Path) -> None:
    done = run(tmp_path, ALONE)
    assert "1 passed" in done.stdout, done.stdout


@pytest.mark.parametrize(
    "given, words",
    [
        ("/nope/taskbahn", "cannot be started: [Errno 2] No such file or directory: '/nope/taskbahn'; for the command"),
        ("taskbahn '", "cannot be started: No closing quotation; for the command"),
        ("ws://127.0.0.1:9/ws", "no node answers there: no router answers at"),
        ("nonsense://a", "no node answers there: "),
    ],
)
def test_what_is_wrong_with_the_variable_is_said_soon(tmp_path: Path, given: str, words: str) -> None:
    begun = time.monotonic()
    done = run(tmp_path, ALONE, TASKBAHN_NODE=given)
    assert f"RouterUnavailable: TASKBAHN_NODE={given}: {'this command ' if 'cannot' in words else ''}{words}" in done.stdout, (
        done.stdout
    )
    assert time.monotonic() - begun < 40


def test_without_a_node_to_start_the_variable_is_named(tmp_path: Path) -> None:
    (tmp_path / "crossbar.py").write_text("raise ModuleNotFoundError(name='crossbar')", encoding="utf-8")
    done = run(tmp_path, ALONE, PYTHONPATH=str(tmp_path))
    assert "set TASKBAHN_NODE=/path/to/environment/bin/taskbahn" in done.stdout, done.stdout
