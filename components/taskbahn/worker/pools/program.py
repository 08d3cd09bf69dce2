"""How a child process is started: where and with what the worker was, whatever a task in a thread of it has changed since."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys


class ChildProgram:
    """Starts children that import *target*, in the directory and with the environment variables that this process has now."""

    def __init__(self, target: str) -> None:
        self.target = target
        self._environment = dict(os.environ)
        self._directory: str | None = None
        with contextlib.suppress(OSError):  # the directory was removed; then a child says what it cannot import
            self._directory = os.getcwd()  # noqa: PTH109 - as text

    def start(self, connection: int, mark: int) -> subprocess.Popen[bytes]:
        """Start a child that inherits these two descriptors of the worker."""
        directory = self._directory
        return subprocess.Popen(
            [sys.executable, "-m", "taskbahn.worker.child", str(connection), str(mark), self.target],
            pass_fds=(connection, mark),
            stdin=subprocess.DEVNULL,
            process_group=0,  # a Ctrl-C in the terminal is for the worker
            env=self._environment,
            cwd=directory if directory is not None and os.path.isdir(directory) else None,  # noqa: PTH112 - as text
        )
