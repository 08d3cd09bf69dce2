"""A node on a Unix socket: everything works through it, no port is open, and only those who may open its file come in."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from support.programs import Program, running

from taskbahn import RouterUnavailable, Taskbahn
from taskbahn_router.node import unix_socket
from taskbahn_router.node.failure import NodeFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

TASKS = """
from taskbahn import Taskbahn, current
app = Taskbahn()

@app.task(name="socket.add")
def add(a: int, b: int) -> int:
    current.progress(0.5)
    return a + b
"""


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A short path: that of a socket has about a hundred bytes."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="s:=") as made:  # signs with a meaning in Twisted's words for endpoints
        yield Path(made)


def node(folder: Path, *more: str) -> Program:
    return Program("up", "--socket", str(folder / "n.sock"), "--data", str(folder / "data"), *more, cwd=folder)


def get(path: Path, page: str) -> bytes:
    with unix_socket.connection(path, 20) as connection:
        connection.sendall(f"GET {page} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        with connection.makefile("rb") as answer:
            return answer.read()


def test_client_worker_command_and_page_work_through_a_socket(folder: Path) -> None:
    (folder / "tasks_of_socket.py").write_text(TASKS)
    path, url = folder / "n.sock", f"unix://{folder / 'n.sock'}"
    with running(node(folder), f"Taskbahn is ready: Unix socket {url}") as program:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        processes = [psutil.Process(program.process.pid), *psutil.Process(program.process.pid).children(recursive=True)]
        ports = [one for process in processes for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN]
        assert ports == []
        with running(Program("worker", "tasks_of_socket:app", cwd=folder, TASKBAHN_URL=url), " ready"), Taskbahn(url) as app:
            assert app.get("socket.add").start(1, 2).result(timeout=30) == 3
            called = [sys.executable, "-m", "taskbahn", "call", "socket.add", "1", "4", "--json", "--url", url]
            assert json.loads(subprocess.run(called, capture_output=True, check=True, timeout=60).stdout)["result"] == 5
            values = {setting.name: setting.value for setting in app.view.settings()}
            assert values["node.socket"] == str(path)
            assert "node.port" not in values
        assert b"200" in get(path, "/readyz").partition(b"\r\n")[0]
        assert b"<title>Taskbahn" in get(path, "/")
    assert not path.exists()


def test_a_killed_node_leaves_a_socket_that_the_next_one_takes(folder: Path) -> None:
    path = folder / "n.sock"
    with running(node(folder), "Taskbahn is ready") as program:
        os.kill(program.process.pid, signal.SIGKILL)
        program.process.wait()
        with running(node(folder), "Taskbahn is ready"):
            assert b"200" in get(path, "/readyz").partition(b"\r\n")[0]


def test_a_node_takes_no_path_that_another_program_has(folder: Path) -> None:
    path = folder / "n.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(NodeFailed, match=r"a program listens on .*choose another path with --socket"):
            unix_socket.check(path)
    unix_socket.check(path)  # what a killed program left
    assert not path.exists()
    path.write_text("mine")
    with pytest.raises(NodeFailed, match=r"this file is no socket"):
        unix_socket.check(path)
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    "path, sentence",
    [("no/n.sock", "there is no directory .*no; make it"), ("n" * 100, "at most 103 bytes"), ("a b", "spaces or characters")],
)
def test_a_path_that_no_socket_can_have_is_refused(folder: Path, path: str, sentence: str) -> None:
    with pytest.raises(NodeFailed, match=sentence):
        unix_socket.check(folder / path)


def test_a_socket_takes_the_place_of_the_port(folder: Path) -> None:
    asked = [sys.executable, "-m", "taskbahn", "up", "--socket", "n.sock", "--port", "8080"]
    refused = subprocess.run(asked, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 2
    assert "--socket takes the place of --port: give one of the two." in refused.stderr


def test_a_client_without_a_node_says_at_which_socket(folder: Path) -> None:
    with Taskbahn(f"unix://{folder}/n.sock", connect_within=0.2) as app, pytest.raises(RouterUnavailable) as caught:
        app.get("socket.add").start(1, 2)
    assert caught.value.message.startswith(f"no router answers at unix://{folder}/n.sock (")
