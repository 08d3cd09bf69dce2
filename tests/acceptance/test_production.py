"""What docs/production.md says is so: its service files name options that there are, and its backup of a node that works can be restored."""

from __future__ import annotations

import configparser
import contextlib
import json
import re
import shlex
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
from support import documents
from support.programs import COMMAND, Node, Program, running, running_node

from taskbahn import Taskbahn
from taskbahn.cli import cli
from taskbahn.protocol.options import OPTIONS

PAGE = Path(__file__).parents[2] / "docs" / "production.md"
TESTS = Path(__file__).parents[1]
TEXT = PAGE.read_text(encoding="utf-8")
FILES = documents.files(PAGE)
(JOB_BYTES,) = (float(kilobytes) * 1000 for kilobytes in re.findall(r"small job takes about ([\d.]+) KB", TEXT))
JOBS = 20_000


README = (PAGE.parents[1] / "README.md").read_text(encoding="utf-8")
UNITS = ("taskbahn.service", "shop-worker@.service")
IMAGES = ("Containerfile.node", "Containerfile.shop")


def service(name: str) -> configparser.SectionProxy:
    """Return what a unit file says of its service."""
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]  # as systemd reads it
    unit.read_string(FILES[name])
    assert {"Unit", "Service", "Install"} <= set(unit)
    return unit["Service"]


def commands() -> list[list[str]]:
    """Return the commands of the service files and the container files."""
    found = [shlex.split(service(name)["ExecStart"])[1:] for name in UNITS]
    for name in IMAGES:
        match = re.search(r"^CMD (\[.*\])$", FILES[name], re.MULTILINE)
        assert match is not None
        found.append(json.loads(match[1])[1:])
    return found


def installed(script: str) -> list[list[str]]:
    """Return the words of each `pip install` of a script or a container file."""
    return [shlex.split(line[line.index("pip install") :]) for line in script.splitlines() if "pip install" in line]


@pytest.mark.parametrize("command", commands(), ids=lambda command: command[0])
def test_the_commands_of_the_files_are_understood(command: list[str]) -> None:
    parent = click.Context(cli, info_name="taskbahn", **cli.context_settings)
    known = cli.get_command(parent, command[0])
    assert known is not None
    known.make_context(command[0], command[1:], parent=parent)  # raises for what the command does not know


@pytest.mark.parametrize("name", UNITS)
def test_the_page_makes_user_and_environment_of_each_service(name: str) -> None:
    user, program = service(name)["User"], shlex.split(service(name)["ExecStart"])[0]
    lines = FILES["install"].splitlines()
    assert any(line.startswith("useradd ") and line.endswith(f" {user}") for line in lines)
    assert f"python3 -m venv {program.removesuffix('/bin/taskbahn')}" in lines
    assert any(line.startswith(f"{program.removesuffix('taskbahn')}pip install ") for line in lines)


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_makes_the_user_that_it_runs_as(name: str) -> None:
    (user,) = re.findall(r"^USER (\w+)$", FILES[name], re.MULTILINE)
    assert f"useradd --create-home {user}" in FILES[name]


def test_the_page_installs_the_router_for_the_node_alone() -> None:
    assert "pip install '/path/to/taskbahn[router]'" in README
    from_script, from_images = installed(FILES["install"]), [one for name in IMAGES for one in installed(FILES[name])]
    for node, application in (from_script, from_images):
        assert "/opt/taskbahn[router]" in node
        assert {"/opt/taskbahn", "/srv/shop/requirements.txt"} <= set(application)
        assert not any("[router]" in word for word in application)


def test_the_size_on_the_page_follows_from_how_long_jobs_are_kept() -> None:
    keep = OPTIONS["keep"].default
    said = re.search(r"kept for (\d+) days", TEXT)
    assert said is not None
    assert int(said[1]) * 86_400 == keep
    gigabytes = re.search(r"1 million small jobs a day\s+are about ([\d.]+) GB", TEXT)
    assert gigabytes is not None
    assert float(gigabytes[1]) * 1e9 == pytest.approx(1e6 * JOB_BYTES * int(said[1]), rel=0.05)


def test_a_backup_of_a_working_node_is_a_node(tmp_path: Path) -> None:
    copy = tmp_path / "other" / "data" / "taskbahn.db"
    copy.parent.mkdir(parents=True)
    (tmp_path / "node").mkdir()
    with running_node(tmp_path / "node") as node:
        worker = Program("worker", "support.sample_app:app", cwd=TESTS, TASKBAHN_URL=node.websocket)
        with running(worker, "ready"), Taskbahn(node.websocket) as app:
            jobs = app.get("shop.add").start_many([(n,) for n in range(JOBS)])
            first = next(iter(jobs.as_completed()))
            copied = [back_up(node.data, copy) for _ in range(3)]  # while jobs start and end
            assert sum(jobs.results()) == sum(range(1, JOBS + 1))
        assert 0.5 < used_bytes(copy) / JOBS / JOB_BYTES < 1.5
        assert [one["jobs"] for one in copied] == [JOBS] * 3
        assert copied[-1]["bytes"] == copy.stat().st_size
    other = Node(tmp_path / "other")
    with running(other, "Taskbahn is ready"), Taskbahn(other.websocket) as app:
        assert app.job(first.id).state() == "succeeded"
        assert sum(app.view.status().jobs.values()) == JOBS


def used_bytes(copy: Path) -> int:
    """Return what a database has without the room that it has set aside."""
    with contextlib.closing(sqlite3.connect(copy)) as database:
        pages, free, size = (
            database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return int(size * (pages - free))


def back_up(data: Path, copy: Path) -> dict[str, Any]:
    """Run the command of the page for another node; return what it says."""
    command = (
        FILES["backup"]
        .replace("/backup/taskbahn.db", shlex.quote(str(copy)))
        .replace("/var/lib/taskbahn", shlex.quote(str(data)))
    )
    words = shlex.split(command)[1:]
    done = subprocess.run([*COMMAND, *words, "--json"], capture_output=True, text=True, check=True, timeout=60)
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["file"] == str(copy)
    return found
