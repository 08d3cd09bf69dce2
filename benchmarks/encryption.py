"""What `encrypt=True` costs: the same calls with and without, in turns, over one node with one worker.

With `taskbahn up` and `taskbahn worker benchmarks.encryption:app`, `python -m benchmarks.encryption` prints the
median of single calls and the jobs a second of bulks, for small and large arguments, and the ratio of both.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

from taskbahn import KeyRing, Taskbahn

if TYPE_CHECKING:
    from collections.abc import Callable

app = Taskbahn(keys=KeyRing(k1=bytes(range(32))))  # a key of this program alone, of no use elsewhere
ROUNDS, CALLS, JOBS = 5, 100, 1000
SIZES = (10, 10_000)  # characters of the argument


@app.task(name="bench.plain", pool="thread")
def plain(text: str) -> str:
    return text


@app.task(name="bench.encrypted", pool="thread", encrypt=True)
def encrypted(text: str) -> str:
    return text


def single(task: Any, text: str) -> float:
    """Return the median of one call in microseconds."""
    taken = []
    for _ in range(CALLS):
        began = time.perf_counter()
        task.call(text)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1e6


def bulk(task: Any, text: str) -> float:
    """Return microseconds for each of many jobs."""
    began = time.perf_counter()
    task.start_many([(text,)] * JOBS).results()
    return (time.perf_counter() - began) / JOBS * 1e6


def compare(what: str, measure: Callable[[Any, str], float], size: int) -> None:
    """Measure both in turns, and print their medians and the median of the ratios."""
    pairs = [(measure(plain, "x" * size), measure(encrypted, "x" * size)) for _ in range(ROUNDS)]
    without, with_keys = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(one[1] / one[0] for one in pairs)
    print(f"{what:8} {size:7,} characters: {without:8.0f} µs plain, {with_keys:8.0f} µs encrypted, ratio {ratio:.2f}")


def main() -> None:
    """Print all figures."""
    for measure in (single, bulk):
        for task in (plain, encrypted):
            measure(task, "warm")
        for size in SIZES:
            compare(measure.__name__, measure, size)


if __name__ == "__main__":
    main()
