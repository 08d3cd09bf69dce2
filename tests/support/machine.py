"""What else the machine does while a test measures time."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Self

import psutil


class Others:
    """How many processors programs outside of this test take while this is entered."""

    def __init__(self) -> None:
        self.processors = 0.0

    def __enter__(self) -> Self:
        self._began, self._before = time.monotonic(), self._so_far()
        return self

    def __exit__(self, *_: object) -> None:
        self.processors = (self._so_far() - self._before) / (time.monotonic() - self._began)

    def slowdown(self) -> float:
        """Return how many times as long as on an idle machine this test's work may have taken."""
        processors = os.cpu_count() or 1
        return processors / max(0.25, processors - self.processors)

    def _so_far(self) -> float:
        times = psutil.cpu_times()
        ours = 0.0
        this = psutil.Process()
        for process in (this, *this.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                ours += sum(process.cpu_times()[:2])
        return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - times.guest - ours)
