"""How fast the processor is now, for tests that bound how long a piece of work takes of it.

The same machine may be half as fast a minute later: others share it, and its frequency changes.
"""

from __future__ import annotations

import contextlib
import gc
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SAMPLE_SECONDS = 0.0065  # that `_sample` takes on a machine for which such bounds hold as they are
TRIES = 8


def slowness() -> float:
    """Return how many times longer this processor takes for Python than one for which the bounds are, at least 1."""
    with without_collector():
        return max(1.0, min(of_thread(_sample) for _ in range(3)) / SAMPLE_SECONDS)


def fewest_seconds(work: Callable[[], float], enough: float, tries: int = TRIES) -> float:
    """Return the fewest seconds that some work took, divided by how slow the processor was.

    work: does it and returns how many seconds of the processor it took; repeated until it takes less than *enough*.
    """
    fewest, before = float("inf"), slowness()
    for _ in range(tries):
        with without_collector():
            seconds = work()
        after = slowness()
        fewest = min(fewest, seconds / max(before, after))
        if fewest < enough:
            break
        before = after
    return fewest


def of_thread(work: Callable[[], object]) -> float:
    """Return how many seconds of the processor some work takes on this thread."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


@contextlib.contextmanager
def without_collector() -> Iterator[None]:
    """Have no garbage collected; the router does that more seldom than Python by itself."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Row:
    def __init__(self, link: int) -> None:
        self.state = "ready"
        self.links = [link]


def _sample() -> int:
    """Make rows, sort them and look them up: what the dispatcher does, without its code."""
    rows = {f"row {number}": _Row(number * 7 % 3000) for number in range(3000)}
    found = 0
    for key, row in sorted(rows.items(), key=lambda each: -each[1].links[0]):
        if row.state == "ready" and rows.get(f"row {row.links[0]}") is not None:
            found += len(key)
    return found
