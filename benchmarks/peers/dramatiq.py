"""Dramatiq with Redis as broker and result backend; its defaults are the recommended set-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import GroupCallbacks
from dramatiq.middleware.asyncio import AsyncIO
from dramatiq.rate_limits.backends import RedisBackend as BarrierBackend
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from benchmarks.contract import ANSWER, PROCESSES, THREADS
from benchmarks.peers.base import Peer, program, redis_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.contract import Mode

# The default, twice as many as threads, was measured to be the fastest with 8 threads, and to be slow with one.
PROCESS_PREFETCH = 100

broker = RedisBroker(url=redis_url())
broker.add_middleware(Results(backend=RedisBackend(url=redis_url())))
broker.add_middleware(AsyncIO())
broker.add_middleware(GroupCallbacks(BarrierBackend(url=redis_url())))
dramatiq.set_broker(broker)


@dramatiq.actor(store_results=True)
def noop() -> int:
    """Do nothing."""
    return ANSWER


@dramatiq.actor(store_results=True)
async def noop_async() -> int:
    """Do nothing on the event loop."""
    return ANSWER


@dramatiq.actor(store_results=True)
def pass_on(value: int) -> int:
    """Do nothing, as a link of a pipeline."""
    return value


@dramatiq.actor(store_results=True)
async def pass_on_async(value: int) -> int:
    """Do nothing on the event loop, as a link of a pipeline."""
    return value


class DramatiqPeer(Peer):
    """Dramatiq; the bulk API is a group. A chord is a group with a completion callback, which gets no results: the client fetches them."""

    packages = ("dramatiq", "redis", "hiredis")

    def configuration(self, mode: Mode) -> str:
        """See `System.configuration`."""
        processes, threads = self._size(mode)
        middleware = ", AsyncIO middleware" if mode == "async" else ""
        prefetch = f"queue prefetch {PROCESS_PREFETCH}" if mode == "processes" else f"queue prefetch {2 * THREADS} (default)"
        return f"--processes {processes} --threads {threads}{middleware}; {prefetch}"

    def _size(self, mode: Mode) -> tuple[int, int]:
        return (PROCESSES, 1) if mode == "processes" else (1, THREADS)

    def worker_command(self, mode: Mode) -> list[str]:
        """See `Peer.worker_command`."""
        processes, threads = self._size(mode)
        size = ["--processes", str(processes), "--threads", str(threads)]
        return [program("dramatiq"), "benchmarks.peers.dramatiq", *size, "--path", "."]

    def worker_environment(self, mode: Mode) -> dict[str, str]:
        """See `Peer.worker_environment`."""
        return {"dramatiq_queue_prefetch": str(PROCESS_PREFETCH)} if mode == "processes" else {}

    def _message(self) -> Any:
        return (noop_async if self.mode == "async" else noop).message()

    def submit(self, count: int) -> Sequence[Any]:
        """Run a group."""
        return [dramatiq.group(self._message() for _ in range(count)).run()]

    def fetch(self, handles: Sequence[Any], timeout: float) -> int:
        """Wait for the results of the groups."""
        milliseconds = int(timeout * 1000)
        return sum(value == ANSWER for handle in handles for value in handle.get_results(block=True, timeout=milliseconds))

    def call(self, timeout: float) -> Any:
        """Send and wait for the result."""
        return broker.enqueue(self._message()).get_result(block=True, timeout=int(timeout * 1000))

    def chord(self, count: int, timeout: float) -> int:
        """Run a group, wait for its completion callback, fetch the results."""
        done = self._message()
        members = dramatiq.group(self._message() for _ in range(count))
        members.add_completion_callback(done)
        members.run()
        milliseconds = int(timeout * 1000)
        if done.get_result(block=True, timeout=milliseconds) != ANSWER:
            return 0
        return sum(value == ANSWER for value in members.get_results(block=True, timeout=milliseconds))

    def chain(self, count: int, timeout: float) -> Any:
        """Run a pipeline and get its result."""
        link = pass_on_async if self.mode == "async" else pass_on
        links = dramatiq.pipeline([self._message(), *(link.message() for _ in range(count - 1))])
        return links.run().get_result(block=True, timeout=int(timeout * 1000))


def system(_name: str) -> DramatiqPeer:
    """Return Dramatiq."""
    return DramatiqPeer()
