"""The command line as a person or a script uses it: a command, what it printed, and the code it ended with."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
from typing import Any, NamedTuple

from support.programs import COMMAND

SECONDS = 60.0
CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # colours and moves of a terminal


class Said(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """Runs commands against one address."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.environment = {**os.environ, "TASKBAHN_URL": url}

    def __call__(self, *arguments: str, given: str = "", **environment: str) -> Said:
        """Run a command; *given*: what it reads from the standard input."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            env={**self.environment, **environment},
            input=given,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    def in_a_terminal(self, *arguments: str, says: str = "") -> tuple[str, int]:
        """Run a command in a terminal, type *says* when it asks; return what the terminal shows and the exit code."""
        main, end = pty.openpty()
        environment = {**self.environment, "TERM": "xterm-256color", "COLUMNS": "100"}
        process = subprocess.Popen([*COMMAND, *arguments], env=environment, stdin=end, stdout=end, stderr=end, close_fds=True)
        os.close(end)
        screen = b""
        try:
            while select.select([main], [], [], SECONDS)[0]:
                try:
                    screen += os.read(main, 65536)
                except OSError:  # the other end is closed
                    break
                if says and b"[y/N]" in screen:
                    os.write(main, says.encode())
                    says = ""
        finally:
            process.wait(SECONDS)
            os.close(main)
        return CONTROLS.sub("", screen.decode()), process.returncode
