"""`taskbahn up` as an operator meets it: one ready line, health, clean ends, and errors that say what to do."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import time
from typing import TYPE_CHECKING

import pytest
from benchmarks.ports import free_port
from support.programs import Node, Program

from taskbahn.workarounds import FAST_START
from taskbahn_router.host.file_lock import Lock
from taskbahn_router.node.data_dir_lock import ENDING_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
EMPTY = re.compile(r"\S+ \[Controller +\d+\] *\n")  # the end of Crossbar's banner, which a fast start leaves out


def test_one_port_serves_the_page_and_its_health(node: Node) -> None:
    assert node.get("/healthz") == (200, '{"ok": true}\n')
    assert node.get("/readyz") == (200, '{"ok": true}\n')
    status, page = node.get("/")
    assert status == 200
    assert "<html" in page


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_code_0_and_nothing_stays(tmp_path: Path, number: signal.Signals) -> None:
    node = Node(tmp_path)
    try:
        line = node.wait_for("Taskbahn is ready")
        assert f"http://127.0.0.1:{node.port}/" in line
        assert node.websocket in line
        assert node.rawsocket in line
        assert [each for each in node.lines if FAST_START.is_wanted or not EMPTY.fullmatch(each)] == [line]
        assert node.end(number) == 0
        with socket.create_server(("127.0.0.1", node.port)):
            pass  # the port is free again
        assert not (tmp_path / "data" / "node" / "node.pid").exists()
    finally:
        node.close()


def test_a_port_in_use_is_named_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        program = Program("up", "--port", str(port), "--data", "data", cwd=tmp_path)
        assert program.wait() == 1
    assert f"port {port} on 127.0.0.1 cannot be had" in program.output
    assert "--port" in program.output
    assert not (tmp_path / "data").exists()


def test_it_refuses_to_listen_beyond_the_loopback_interface(tmp_path: Path) -> None:
    program = Program("up", "--interface", "0.0.0.0", "--port", str(free_port()), cwd=tmp_path)  # noqa: S104 - refused
    assert program.wait() == 1
    assert "can be reached from other machines" in program.output


def test_a_data_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    program = Program("up", "--port", str(free_port()), "--data", "file/data", cwd=tmp_path)
    assert program.wait() == 1
    assert "cannot be written" in program.output
    assert "--data" in program.output


def test_data_of_a_newer_version_ends_the_node_with_one_clear_line(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with sqlite3.connect(data / "taskbahn.db") as database:
        database.execute("PRAGMA user_version = 999")
    database.close()
    program = Program("up", "--port", str(free_port()), "--data", "data", cwd=tmp_path)
    assert program.wait() == 1
    last = program.lines[-1]
    assert last.startswith("taskbahn: the data in ")
    assert "newer version" in last
    assert "pip install --upgrade" in last


def test_two_nodes_do_not_share_a_data_directory(tmp_path: Path) -> None:
    first = Node(tmp_path)
    try:
        first.wait_for("Taskbahn is ready")
        for port in (free_port(), first.port):
            began = time.monotonic()
            second = Program("up", "--port", str(port), "--data", "data", cwd=tmp_path)
            assert second.wait() == 1
            assert time.monotonic() - began < ENDING_SECONDS, "it has waited"
            (line,) = second.lines
            assert line.startswith(f"taskbahn: a node with process id {first.process.pid} already works on {first.data}: stop it")
        assert first.get("/readyz")[0] == 200
    finally:
        first.close()


def test_a_router_that_crossbar_started_on_the_data_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    lock = Lock(tmp_path / "data" / "taskbahn.lock")  # which its store holds
    lock.take()
    program = Program("up", "--port", str(free_port()), "--data", "data", cwd=tmp_path)
    assert program.wait() == 1
    lock.release()
    (line,) = program.lines
    assert line.startswith(f"taskbahn: a node with process id {os.getpid()} already works on {tmp_path / 'data'}: stop it")


def test_the_ready_line_is_also_json(tmp_path: Path) -> None:
    port = free_port()
    program = Program("up", "--json", "--port", str(port), "--data", "data", cwd=tmp_path)
    try:
        addresses = json.loads(program.wait_for("websocket"))
        assert addresses == {
            "page": f"http://127.0.0.1:{port}/",
            "websocket": f"ws://127.0.0.1:{port}/ws",
            "rawsocket": f"rs://127.0.0.1:{port}",
        }
    finally:
        program.close()
