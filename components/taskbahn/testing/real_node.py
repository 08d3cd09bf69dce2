"""A real node and a real worker for tests, as processes."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from taskbahn.errors import RouterUnavailable, TaskbahnError
from taskbahn.protocol import messages
from taskbahn.tasks.options import as_dict
from taskbahn.testing.borrowed_node import borrowed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn.app import Taskbahn

VARIABLE = "TASKBAHN_NODE"  # of the environment: a command or an address
CHOICES = (
    f"for the command of another environment, in which a node is installed, set {VARIABLE}=/path/to/environment/bin/taskbahn; "
    f"for a node that runs already, its address: {VARIABLE}=ws://127.0.0.1:8080/ws"
)
OWN_COMMAND = [sys.executable, "-m", "taskbahn"]
READY_SECONDS = 60.0
CHECK_SECONDS = 3.0  # for a node that runs already to answer
END_SECONDS = 20.0
LAST_LINES = 30  # that an error shows


@dataclass(frozen=True)
class RealNode:
    """A running node.   url: for `Taskbahn(url)`.   page: of its dashboard; "" if it was started elsewhere.   folder: of this test run."""

    url: str
    page: str
    folder: Path


class Process:
    """A command that runs while the tests do, and the lines that it writes."""

    def __init__(self, command: list[str], folder: Path, advice: str = "", **environment: str) -> None:
        self._command = shlex.join(command)
        self._advice = advice
        self._lines: list[str] = []
        self._fresh: SimpleQueue[str | None] = SimpleQueue()
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",
        )
        self._listener = threading.Thread(target=self._listen, name="taskbahn-testing", daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        for line in self._process.stdout:
            self._lines.append(line)
            self._fresh.put(line)
        self._fresh.put(None)

    def wait_for(self, text: str) -> str:
        """Wait for a line with *text* in it, and return it.  Raises RouterUnavailable with what the command has said instead."""
        while True:
            try:
                line = self._fresh.get(timeout=READY_SECONDS)
            except Empty:
                line = None
            if line is None:
                said = "".join(self._lines[-LAST_LINES:]).strip() or "nothing"
                advice = f"\n{self._advice}" if self._advice else ""
                raise RouterUnavailable(f"`{self._command}` did not get ready; it said: {said}{advice}")
            if text in line:
                return line

    def end(self) -> None:
        """End it politely, then by force."""
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join(END_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()


@contextlib.contextmanager
def real_node(folder: Path, given: str = "") -> Iterator[RealNode]:
    """Run a node on a free port, with its data in *folder*.

    given: the address of one that runs already, or the command to start it with, as in the variable TASKBAHN_NODE.
    Raises RouterUnavailable, which names the variable, if there is none.
    """
    if "://" in given:
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(borrowed(given, CHECK_SECONDS))
            except TaskbahnError as error:
                raise RouterUnavailable(f"{VARIABLE}={given}: no node answers there: {error}") from None
            yield RealNode(given, "", folder)
        return
    process = _started(given, folder)
    try:
        ready = json.loads(process.wait_for('"websocket"'))
        yield RealNode(ready["websocket"], ready["page"], folder)
    finally:
        process.end()


def _started(given: str, folder: Path) -> Process:
    try:
        command = shlex.split(given) if given else OWN_COMMAND
        advice = "" if given else CHOICES
        return Process([*command, "up", "--port", "0", "--data", str(folder / "data"), "--json"], folder, advice)
    except (OSError, ValueError) as error:
        raise RouterUnavailable(f"{VARIABLE}={given}: this command cannot be started: {error}; {CHOICES}") from None


@contextlib.contextmanager
def running_app(target: str, node: RealNode) -> Iterator[Taskbahn]:
    """Give the application of MODULE:APP, connected to *node*, while a worker runs its tasks."""
    from taskbahn.worker.loading import load_app  # late: it imports the application's code

    app = load_app(target)
    path = os.pathsep.join(entry for entry in sys.path if entry)  # as pytest has it, `rootdir` and `pythonpath` too
    queues = ",".join(
        sorted({messages.DEFAULT_QUEUE, *(as_dict(task.defaults).get("queue", "") for task in app.tasks.values())} - {""})
    )
    command = [*OWN_COMMAND, "worker", target, "--url", node.url, "--queues", queues]
    process = Process(command, Path.cwd(), "", TASKBAHN_URL=node.url, PYTHONPATH=path)
    try:
        process.wait_for("ready")
        app.close()
        app.url, before = node.url, app.url
        try:
            yield app
        finally:
            app.close()
            app.url = before
    finally:
        process.end()
