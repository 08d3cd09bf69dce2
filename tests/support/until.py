"""Asking until there is an answer, where a program says nothing when it has come so far."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
SECONDS = 60.0
PAUSE_SECONDS = 0.02


def until(condition: Callable[[], T | None]) -> T:
    """Return what is true of what *condition* returns, as soon as it does."""
    deadline = time.monotonic() + SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, f"it did not come within {SECONDS:.0f} s"
        time.sleep(PAUSE_SECONDS)
    return found
