"""API tokens and users for tests, made as an operator makes them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def token_for(name: str, role: str, data: Path) -> str:
    """Return the text of a new token of a node that does not run."""
    command = [sys.executable, "-m", "taskbahn", "token", "create", name, "--role", role, "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


def user_for(name: str, role: str, password: str, data: Path) -> None:
    """Make a user of a node that does not run."""
    words = ["user", "add", name, "--role", role, "--data", str(data), "--password-stdin"]
    command = [sys.executable, "-m", "taskbahn", *words]
    subprocess.run(command, input=f"{password}\n", capture_output=True, text=True, timeout=60, check=True)
