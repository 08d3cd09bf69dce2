"""Huey with Redis and with SQLite.

With Redis twice: as it comes, its client asking for results, which is the quicker for many jobs; and with `notify_result`, which its notes on
version 3.0.0 recommend for results with little delay, and which costs the worker another trip to Redis for each job.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from huey import RedisHuey, SqliteHuey, chord

from benchmarks.contract import ANSWER, PROCESSES, THREADS
from benchmarks.peers.base import Peer, program, redis_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.contract import Mode

USES_SQLITE = os.environ["BENCH_SYSTEM"] == "huey-sqlite"
NOTIFIES = os.environ["BENCH_SYSTEM"] == "huey-notify"

if USES_SQLITE:
    huey = SqliteHuey("bench", filename=str(Path(os.environ["BENCH_DIRECTORY"]) / "huey.db"), fsync=True)
else:
    huey = RedisHuey("bench", url=redis_url(), notify_result=NOTIFIES)


@huey.task()
def noop() -> int:
    """Do nothing."""
    return ANSWER


@huey.task()
def pass_on(value: int) -> int:
    """Do nothing, as a link of a pipeline."""
    return value


@huey.task()
def right(values: list[int]) -> int:
    """Return how many are right, as the callback of a chord."""
    return values.count(ANSWER)


class HueyPeer(Peer):
    """Huey; the bulk API is `map`."""

    packages = ("huey",) if USES_SQLITE else ("huey", "redis", "hiredis")

    def configuration(self, mode: Mode) -> str:
        """See `System.configuration`."""
        kind, workers = self._pool(mode)
        store = "worker polls every 5 to 50 ms" if USES_SQLITE else "worker blocks on Redis"
        client = "client blocks on Redis (notify_result)" if NOTIFIES else "client polls every 1 ms"
        return f"huey_consumer -k {kind} -w {workers}, no periodic tasks; {store}; {client}"

    def durability(self) -> str:
        """See `System.durability`."""
        if USES_SQLITE:
            return "SQLite, WAL, synchronous=FULL (fsync=True): what was accepted survives a power cut"
        return super().durability()

    def _pool(self, mode: Mode) -> tuple[str, int]:
        return ("process", PROCESSES) if mode == "processes" else ("thread", THREADS)

    def worker_command(self, mode: Mode) -> list[str]:
        """See `Peer.worker_command`."""
        kind, workers = self._pool(mode)
        polling = ["-d", "0.005", "-m", "0.05"] if USES_SQLITE else []
        fixed = ["-n", "-q", "-C", "-g", "TERM"]
        return [
            program("huey_consumer"),
            "benchmarks.peers.huey.huey",
            "-k",
            kind,
            "-w",
            str(workers),
            *fixed,
            *polling,
        ]

    def submit(self, count: int) -> Sequence[Any]:
        """Map over nothing."""
        return list(noop.map([()] * count))

    def fetch(self, handles: Sequence[Any], timeout: float) -> int:
        """Wait for each result in the order of submission."""
        deadline = time.monotonic() + timeout
        return sum(
            handle.get(blocking=True, timeout=max(1, int(deadline - time.monotonic())), max_delay=0.001) == ANSWER
            for handle in handles
        )

    def call(self, timeout: float) -> Any:
        """Enqueue and block for the result."""
        return noop()(blocking=True, timeout=timeout, max_delay=0.001)

    def chord(self, count: int, timeout: float) -> Any:
        """Enqueue a chord and block for its callback's result."""
        result = huey.enqueue(chord([noop.s() for _ in range(count)], right.s()))
        return result.get(blocking=True, timeout=timeout, max_delay=0.001)

    def chain(self, count: int, timeout: float) -> Any:
        """Enqueue a pipeline and block for the result of its last task."""
        pipeline = (pass_on if count > 1 else noop).s()
        for left in range(count - 2, -1, -1):  # from the end: `then` calls itself for each task that it goes past
            pipeline = (pass_on if left else noop).s().then(pipeline)
        *_, last = huey.enqueue(pipeline)
        return last.get(blocking=True, timeout=timeout, max_delay=0.001)

    def drop(self) -> None:
        """Empty the store."""
        huey.storage.flush_all()


def system(_name: str) -> HueyPeer:
    """Return Huey; the store was chosen by the name of the system."""
    return HueyPeer()
