"""The command line as a person or a script uses it: a command, what it printed, and the code it ended with."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any, NamedTuple

from support.programs import COMMAND

SECONDS = 60.0


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

    def __call__(self, *arguments: str, **environment: str) -> Said:
        done = subprocess.run(
            [*COMMAND, *arguments],
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Said(done.returncode, done.stdout, done.stderr)
