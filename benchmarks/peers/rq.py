"""RQ: with `SimpleWorker`, which its notes on performance recommend for extremely short jobs, and as it comes.

RQ has no threads: its "threads" is one worker process that does one job after the other, and "processes" a
pool of two of them. `rq-fork` is the default worker, which forks a process for every job.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import redis
from rq import Queue

from benchmarks.contract import ANSWER, PROCESSES
from benchmarks.peers.base import Peer, program, redis_url
from benchmarks.peers.rq_tasks import noop, pass_on, right

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.contract import Mode

BATCH = 1000


class RqPeer(Peer):
    """RQ; the bulk API is `enqueue_many` in a pipeline."""

    packages = ("rq", "redis", "hiredis")

    def __init__(self, worker_class: str) -> None:
        self._worker_class = worker_class
        self._connection = redis.Redis.from_url(redis_url(), socket_timeout=None)  # a result may be long in coming
        self._queue = Queue(connection=self._connection)

    def configuration(self, mode: Mode) -> str:
        """See `System.configuration`."""
        command = "rq worker" if mode == "threads" else f"rq worker-pool --num-workers {PROCESSES}"
        return f"{command} --worker-class {self._worker_class}; enqueue_many, {BATCH} jobs a pipeline"

    def worker_command(self, mode: Mode) -> list[str]:
        """See `Peer.worker_command`."""
        options = ["--url", redis_url(), "--worker-class", self._worker_class, "--quiet", "--path", "."]
        if mode == "threads":
            return [program("rq"), "worker", *options]
        return [program("rq"), "worker-pool", "--num-workers", str(PROCESSES), *options]

    def submit(self, count: int) -> Sequence[Any]:
        """Enqueue in pipelines."""
        data = [Queue.prepare_data(noop) for _ in range(min(count, BATCH))]
        jobs: list[Any] = []
        for start in range(0, count, BATCH):
            jobs += self._queue.enqueue_many(data[: count - start])
        return jobs

    def fetch(self, handles: Sequence[Any], timeout: float) -> int:
        """Wait for each result in the order of submission."""
        deadline = time.monotonic() + timeout
        good = 0
        for job in handles:
            result = job.latest_result(timeout=max(1, int(deadline - time.monotonic())))
            good += result is not None and result.return_value == ANSWER
        return good

    def call(self, timeout: float) -> Any:
        """Enqueue and block for the result."""
        return self._value(self._queue.enqueue(noop), timeout)

    def chord(self, count: int, timeout: float) -> Any:
        """Enqueue in pipelines, and a job that depends on all of them."""
        return self._value(self._queue.enqueue(right, depends_on=list(self.submit(count))), timeout)

    def chain(self, count: int, timeout: float) -> Any:
        """Enqueue jobs each of which depends on the one before it."""
        job = self._queue.enqueue(noop)
        for _ in range(count - 1):
            job = self._queue.enqueue(pass_on, depends_on=job)
        return self._value(job, timeout)

    def _value(self, job: Any, timeout: float) -> Any:
        result = job.latest_result(timeout=max(1, int(timeout)))
        return result and result.return_value

    def stop(self) -> None:
        """Close the connection."""
        self._connection.close()


def system(name: str) -> RqPeer:
    """Return RQ for the name *rq* or *rq-fork*."""
    return RqPeer("rq.Worker" if name == "rq-fork" else "rq.SimpleWorker")
