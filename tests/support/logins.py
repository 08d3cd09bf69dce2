"""Commands with a login, and what the audit says of those that were refused."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskbahn import Taskbahn

OF_LOGINS = ("TASKBAHN_TOKEN", "TASKBAHN_KEY_FILE", "TASKBAHN_USER", "TASKBAHN_PASSWORD")


def command(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of Taskbahn, without what of a login the environment has."""
    kept = {name: value for name, value in os.environ.items() if name not in OF_LOGINS}
    called = [sys.executable, "-m", "taskbahn", *words]
    return subprocess.run(called, capture_output=True, text=True, timeout=60, env=kept | environment, check=False)


def refusals(admin: Taskbahn, reason: str) -> int:
    """Return how many logins were refused for a reason."""
    return sum(entry.times for entry in admin.view.audit() if entry.verb == "login" and reason in entry.effect)
