"""Our own commands as real processes: started, listened to, stopped; nothing of them stays."""

from __future__ import annotations

import contextlib
import os
import queue
import shlex
import signal
import subprocess
import sys
import textwrap
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from typing import TYPE_CHECKING

from benchmarks.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from taskbahn import Taskbahn

COMMAND = [sys.executable, "-c", "import sys; from taskbahn.cli import main; sys.exit(main())"]
PATIENCE = 60.0  # seconds; a node starts in four on an idle machine

LEFT: set[Program] = set()  # those that still run: a fixture that fails half-way may leave some
STARTED: deque[Program] = deque(maxlen=100)  # the last ones, whether they have ended or not


class Program:
    """One `taskbahn ...` process and the lines that it writes to either stream."""

    def __init__(self, *arguments: str, cwd: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=cwd,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",  # a task may print any bytes
            start_new_session=True,
        )
        self.name = f"{arguments[0]}-{self.process.pid}"
        self.lines: list[str] = []
        self.ended_at: float | None = None  # monotonic
        self._command = f"taskbahn {shlex.join(arguments)}"
        self._fresh: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        LEFT.add(self)
        STARTED.append(self)

    def wait_for(self, text: str) -> str:
        """Wait for a line with *text* in it; return the line."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                line = self._fresh.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f"it did not say {text!r}, but:\n{self.output}")
            if text in line:
                return line

    @property
    def output(self) -> str:
        """All that it has said."""
        return "".join(self.lines)

    def write_output(self, path: Path) -> None:
        """Write down what it was, what it has said, and whether it lives."""
        code = self.process.poll()
        end = "it still runs" if code is None else f"it ended with {code}"
        path.write_text(f"$ {self._command}\n{self.output}[{end}]\n", encoding="utf-8", errors="backslashreplace")

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait for it to end; return the exit code."""
        code = self.process.wait(PATIENCE)
        self._hang_up()
        return code

    def close(self) -> None:
        """End it, and everything that it started."""
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._hang_up()

    def _hang_up(self) -> None:
        LEFT.discard(self)
        self.ended_at = time.monotonic()
        self._listener.join(PATIENCE)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            self._fresh.put(line)
        self._fresh.put(None)


class Node(Program):
    """A real node: Crossbar, dispatcher and page on a free port."""

    def __init__(self, folder: Path, port: int | None = None, **environment: str) -> None:
        self.port = port or free_port()
        self.data = folder / "data"
        self.websocket = f"ws://127.0.0.1:{self.port}/ws"
        self.rawsocket = f"rs://127.0.0.1:{self.port}"
        super().__init__("up", "--port", str(self.port), "--data", str(self.data), cwd=folder, **environment)

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body of a page."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@contextlib.contextmanager
def running(program: Program, ready: str) -> Iterator[Program]:
    """Wait until a program is ready, and end it afterwards."""
    try:
        program.wait_for(ready)
        yield program
    finally:
        program.close()


@contextlib.contextmanager
def running_node(folder: Path, **environment: str) -> Iterator[Node]:
    """Run a node with its data in *folder*, on a free port, until the block ends."""
    node = Node(folder, None, **environment)
    with running(node, "Taskbahn is ready"):
        yield node


def worker_of(
    source: str, directory: Path, node: Node, slots: int, *more: str, **environment: str
) -> contextlib.AbstractContextManager[Program]:
    """Write *source*, which makes an `app`, into *directory*, and run a worker of it, with *more* words on its command line."""
    (directory / "made.py").write_text(textwrap.dedent(source))
    return running(
        Program("worker", "made:app", "--url", node.websocket, "--slots", str(slots), *more, cwd=directory, **environment),
        "ready",
    )


@contextlib.contextmanager
def two_workers_of(source: str, folders: pytest.TempPathFactory, node: Node, slots: int) -> Iterator[Taskbahn]:
    """Run two workers of *source*; yield a client of their node."""
    from taskbahn import Taskbahn

    with contextlib.ExitStack() as stack:
        for name in ("one", "two"):
            stack.enter_context(worker_of(source, folders.mktemp(name), node, slots))
        yield stack.enter_context(Taskbahn(node.websocket))
