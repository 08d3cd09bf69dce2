"""What docs/production.md says is so: its service files name options that there are, and its backup of a node that works can be restored."""

from __future__ import annotations

import configparser
import json
import re
import runpy
import shlex
from pathlib import Path

import click
import pytest
from support import documents
from support.programs import Node, Program, running, running_node

from taskbahn import Taskbahn
from taskbahn.cli import cli

PAGE = Path(__file__).parents[2] / "docs" / "production.md"
TESTS = Path(__file__).parents[1]
FILES = documents.files(PAGE)
JOBS = 20_000
MOST_BYTES = 1024  # of a small job; the file has 8 MB from the start


def commands() -> list[list[str]]:
    """Return the commands of the service files and the container file."""
    found = []
    for name in ("taskbahn.service", "shop-worker@.service"):
        unit = configparser.ConfigParser(interpolation=None)
        unit.optionxform = str  # type: ignore[assignment, method-assign]  # as systemd reads it
        unit.read_string(FILES[name])
        assert {"Unit", "Service", "Install"} <= set(unit)
        found.append(shlex.split(unit["Service"]["ExecStart"])[1:])
    match = re.search(r"^CMD (\[.*\])$", FILES["Containerfile"], re.MULTILINE)
    assert match is not None
    found.append(json.loads(match[1])[1:])
    return found


@pytest.mark.parametrize("command", commands(), ids=lambda command: command[0])
def test_the_commands_of_the_files_are_understood(command: list[str]) -> None:
    parent = click.Context(cli, info_name="taskbahn", **cli.context_settings)
    known = cli.get_command(parent, command[0])
    assert known is not None
    known.make_context(command[0], command[1:], parent=parent)  # raises for what the command does not know


def test_a_backup_of_a_working_node_is_a_node(tmp_path: Path) -> None:
    (tmp_path / "backup.py").write_text(FILES["backup.py"], encoding="utf-8")
    copy = tmp_path / "other" / "data"
    copy.mkdir(parents=True)
    (tmp_path / "node").mkdir()
    with running_node(tmp_path / "node") as node:
        worker = Program("worker", "support.sample_app:app", cwd=TESTS, TASKBAHN_URL=node.websocket)
        with running(worker, "ready"), Taskbahn(node.websocket) as app:
            jobs = app.get("shop.add").start_many([(n,) for n in range(JOBS)])
            first = next(iter(jobs.as_completed()))
            runpy.run_path(str(tmp_path / "backup.py"))["backup"](str(node.data / "taskbahn.db"), str(copy / "taskbahn.db"))
            assert sum(jobs.results()) == sum(range(1, JOBS + 1))
        assert (node.data / "taskbahn.db").stat().st_size / JOBS < MOST_BYTES
    other = Node(tmp_path / "other")
    with running(other, "Taskbahn is ready"), Taskbahn(other.websocket) as app:
        assert app.job(first.id).state() == "succeeded"
        assert sum(app.view.status().jobs.values()) == JOBS
