"""The audit over a real router: where calls come from, what the log says, and that a killed node keeps changes and entries alike."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from support.processes import first_child, only_child, wait_until_gone
from support.programs import Node, Program, running

from taskbahn import Taskbahn, TaskbahnError
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
TASKS = """
from taskbahn import Taskbahn
app = Taskbahn()

@app.task(name="audited.one")
def one(number: int) -> int:
    return number
"""
KILLED_AFTER = 60  # cancels


def jobs_of(app: Taskbahn, count: int) -> list[str]:
    calls = [{"task": "audited.one", "args": [number], "options": {"delay": 3600}} for number in range(count)]
    ids: list[str] = app.client.ask(messages.SUBMIT, calls).get(20)
    return ids


def declared(folder: Path, node: Node) -> None:
    """Have the task declared by a worker that leaves again."""
    (folder / "audited.py").write_text(TASKS)
    with running(Program("worker", "audited:app", cwd=folder, TASKBAHN_URL=node.websocket), " ready"):
        pass


def test_entries_say_where_from_and_the_log_has_them(tmp_path: Path) -> None:
    node = Node(tmp_path, None)
    with running(node, "Taskbahn is ready"):
        declared(tmp_path, node)
        for url, transport in ((node.websocket, "websocket"), (node.rawsocket, "rawsocket")):
            with Taskbahn(url) as app:
                [job] = jobs_of(app, 1)
                app.job(job).cancel("wrong")
                [entry] = app.view.audit(job=job)
                assert (entry.address, entry.transport, entry.role) == ("127.0.0.1", transport, "anonymous")
                assert (entry.verb, entry.object, entry.reason, entry.effect) == ("cancel", job, "wrong", "cancelled")
                assert isinstance(entry.session, int)
        found = subprocess.run(
            [sys.executable, "-m", "taskbahn", "audit", "--json", "--verb", "cancel", "--since", "1h", "--url", node.websocket],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        entries = json.loads(found.stdout)
        assert [one["id"] for one in entries] == [2, 1]
        node.wait_for('"id":2')
        lines = re.findall(r"taskbahn\.audit (\{.*\})", node.output)
        assert [json.loads(line) for line in lines] == entries[::-1]


def test_after_a_kill_each_change_has_its_entry(tmp_path: Path) -> None:
    node = Node(tmp_path, None)
    node.wait_for("Taskbahn is ready")
    declared(tmp_path, node)
    router = first_child(only_child(node.process.pid))
    answered: list[str] = []
    with Taskbahn(node.websocket, timeout=1.0) as app:
        jobs = jobs_of(app, 2000)
        enough = threading.Event()

        def cancel() -> None:
            with contextlib.suppress(TaskbahnError):
                for job in jobs:
                    app.client.ask(messages.JOB_CANCEL, [job]).get(5)
                    answered.append(job)
                    if len(answered) == KILLED_AFTER:
                        enough.set()

        canceller = threading.Thread(target=cancel)
        canceller.start()
        assert enough.wait(60)
        os.kill(router, signal.SIGKILL)
        canceller.join(60)
    wait_until_gone([router], 30)
    node.close()
    again = Node(tmp_path, None)
    with running(again, "Taskbahn is ready"), Taskbahn(again.websocket) as app:
        audited = {entry.object for entry in app.view.audit(verb="cancel") if entry.changed}
        cancelled = {job.id for job in app.view.jobs(state="cancelled")}
        assert set(answered) <= cancelled
        assert audited == cancelled
