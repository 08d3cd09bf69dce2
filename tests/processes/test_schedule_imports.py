"""What computes the times of schedules is imported with its first use."""

from __future__ import annotations

import subprocess
import sys


def test_a_start_of_router_or_client_imports_nothing_that_knows_calendars() -> None:
    code = (
        "import sys, taskbahn_router.service, taskbahn_router.procedures, taskbahn.app, taskbahn.cli, taskbahn.worker.service;"
        "from taskbahn import Cron, Sun; Cron('@daily');"
        "print([name for name in ('cronsim', 'astral', 'dateutil.rrule', 'taskbahn_router.schedules.cron') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
