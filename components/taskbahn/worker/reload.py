"""`--watch`: run the worker in a process of its own and restart that when a source file changes."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

INTERVAL = 0.5  # seconds between two looks at the files
MAX_WATCHED_FILES = 20_000
NOT_SOURCES = {"node_modules", "site-packages", "__pycache__"}
STOP_WITHIN = 60.0  # seconds that the worker may take to drain before it is killed


def source_directory(target: str) -> Path:
    """Return the directory whose `.py` files belong to `MODULE:APP`: the module's, or its top package's."""
    top = target.partition(":")[0].partition(".")[0]
    spec = importlib.util.find_spec(top)
    if spec is None or spec.origin is None:
        return Path.cwd()
    return Path(spec.origin).parent


def snapshot(directory: Path) -> dict[str, int]:
    """Return the time of the last change, in nanoseconds, of each source file below *directory*."""
    found: dict[str, int] = {}
    for path in _sources(directory):
        try:
            found[str(path)] = path.stat().st_mtime_ns
        except OSError:
            continue  # the file was removed just now
        if len(found) >= MAX_WATCHED_FILES:
            break
    return found


def _sources(directory: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(directory):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and name not in NOT_SOURCES and not Path(folder, name, "pyvenv.cfg").exists()
        ]
        yield from (Path(folder, name) for name in files if name.endswith(".py"))


class Reloader:
    """Keeps *command* running until SIGTERM or SIGINT; say gets a sentence at each change."""

    def __init__(self, command: Sequence[str], directory: Path, say: Callable[[str], None]) -> None:
        self._command = command
        self._directory = directory
        self._say = say
        self._stop = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Return the exit code: 0."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        before = snapshot(self._directory)
        self._start()
        while not self._stop.wait(INTERVAL):
            now = snapshot(self._directory)
            if now != before:
                changed = sorted(path for path, _ in set(now.items()) ^ set(before.items()))
                self._say(f"{os.path.relpath(changed[0], self._directory)} has changed: restarting")
                before = now
                self._end()
                self._start()
        self._end()
        return 0

    def _on_signal(self, number: int, _: object) -> None:
        if self._stop.is_set() and self._process is not None:
            self._process.send_signal(number)  # a second signal has the worker end sooner
        self._stop.set()

    def _start(self) -> None:
        if not self._stop.is_set():
            self._process = subprocess.Popen(self._command, process_group=0, stdin=subprocess.DEVNULL)

    def _end(self) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()


def watch(arguments: Sequence[str], target: str, say: Callable[[str], None]) -> int:
    """Run `taskbahn worker` with *arguments* (without --watch) again after every change; returns the exit code."""
    command = [sys.executable, "-c", "from taskbahn.cli import main; main()", "worker", *arguments]
    return Reloader(command, source_directory(target), say).run()
