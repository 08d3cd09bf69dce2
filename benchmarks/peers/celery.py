"""Celery with Redis as broker and result backend.

Set up after "Optimizing" in its user guide: many short tasks want a large prefetch; what the workers say to
each other (gossip, mingle, heartbeat, events) is off; jobs are acknowledged early, as by default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery import Celery, chain, chord, group
from celery.result import ResultSet

from benchmarks.contract import ANSWER, PROCESSES, THREADS
from benchmarks.peers.base import Peer, program, redis_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.contract import Mode

app = Celery("bench", broker=redis_url(), backend=redis_url())
app.conf.update(
    worker_prefetch_multiplier=128,
    worker_disable_rate_limits=True,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    task_send_sent_event=False,
    task_store_errors_even_if_ignored=False,
    broker_connection_retry_on_startup=True,
)


@app.task
def noop() -> int:
    """Do nothing."""
    return ANSWER


@app.task
def pass_on(value: int) -> int:
    """Do nothing, as a link of a chain."""
    return value


@app.task
def right(values: list[int]) -> int:
    """Return how many are right, as the body of a chord."""
    return values.count(ANSWER)


class CeleryPeer(Peer):
    """Celery; the bulk API is a group."""

    packages = ("celery", "kombu", "redis", "hiredis")

    def configuration(self, mode: Mode) -> str:
        """See `System.configuration`."""
        pool = f"--pool threads, {THREADS} threads" if mode == "threads" else f"--pool prefork, {PROCESSES} processes"
        quiet = "no gossip, mingle, heartbeat, events or rate limits"
        return f"{pool}; prefetch multiplier 128; {quiet}; early acknowledgement"

    def worker_command(self, mode: Mode) -> list[str]:
        """See `Peer.worker_command`."""
        pool = ["--pool", "threads", "--concurrency", str(THREADS)]
        if mode == "processes":
            pool = ["--pool", "prefork", "--concurrency", str(PROCESSES)]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"]
        return [program("celery"), "-A", "benchmarks.peers.celery", "worker", *pool, *quiet]

    def submit(self, count: int) -> Sequence[Any]:
        """Send a group."""
        result = group(noop.s() for _ in range(count)).apply_async()
        return list(result.results)

    def fetch(self, handles: Sequence[Any], timeout: float) -> int:
        """Join with the way that is native to the Redis backend."""
        return sum(value == ANSWER for value in ResultSet(list(handles)).join_native(timeout=timeout))

    def call(self, timeout: float) -> Any:
        """Delay and get."""
        return noop.delay().get(timeout=timeout)

    def chord(self, count: int, timeout: float) -> Any:
        """Start a chord and get the result of its body."""
        return chord(noop.s() for _ in range(count))(right.s()).get(timeout=timeout)

    def chain(self, count: int, timeout: float) -> Any:
        """Start a chain and get the result of its last link."""
        return chain(noop.s(), *(pass_on.s() for _ in range(count - 1)))().get(timeout=timeout)


def system(_name: str) -> CeleryPeer:
    """Return Celery."""
    return CeleryPeer()
