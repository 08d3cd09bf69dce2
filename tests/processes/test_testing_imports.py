"""What `taskbahn.testing` imports: nothing of the router before a simulation needs it, and never Crossbar."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "program, forbidden",
    [
        ("import taskbahn.testing", "taskbahn_router"),
        ("import taskbahn.testing", "crossbar"),
        ("from taskbahn import Taskbahn; from taskbahn.testing import simulated; simulated(Taskbahn()).__enter__()", "crossbar"),
    ],
)
def test_helpers_for_tests_import_no_more_than_they_need(program: str, forbidden: str) -> None:
    subprocess.run([sys.executable, "-c", f"{program}\nimport sys; sys.exit({forbidden!r} in sys.modules)"], check=True)
