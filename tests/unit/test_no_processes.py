"""A unit test cannot start a process: `no_processes` of conftest.py refuses each way."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

NOTHING = [sys.executable, "-c", ""]
WAYS: dict[str, Callable[[], object]] = {
    "subprocess": lambda: subprocess.run(NOTHING, check=False),
    "multiprocessing": lambda: multiprocessing.get_context("fork").Process(target=print).start(),
    "os.fork": lambda: os.fork(),  # noqa: PLW0108 - looked up when the test runs
    "os.posix_spawn": lambda: os.posix_spawn(sys.executable, NOTHING, {}),
    "os.system": lambda: os.system("true"),  # noqa: S605 - it is refused
}


@pytest.mark.parametrize("way", WAYS)
def test_a_unit_test_that_starts_a_process_is_sent_elsewhere(way: str) -> None:
    with pytest.raises(AssertionError, match=f"by {way}: move the test to tests/processes"):
        WAYS[way]()
