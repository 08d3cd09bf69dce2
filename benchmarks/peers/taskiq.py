"""Taskiq with Redis: the broker with acknowledgement (streams) and the Redis result backend."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import uvloop
from taskiq.serializers import ORJSONSerializer
from taskiq_redis import RedisAsyncResultBackend, RedisStreamBroker

from benchmarks.contract import ANSWER, PROCESSES, THREADS
from benchmarks.peers.base import Peer, program, redis_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.contract import Mode

BATCH = 100
CONNECTIONS = 100
CALL_CHECK_SECONDS = 0.001
FETCH_CHECK_SECONDS = 0.1


broker = (
    RedisStreamBroker(redis_url(), max_connection_pool_size=CONNECTIONS)
    .with_result_backend(RedisAsyncResultBackend(redis_url(), max_connection_pool_size=CONNECTIONS, result_ex_time=3600))
    .with_serializer(ORJSONSerializer())
)


@broker.task
def noop() -> int:
    """Do nothing, in a thread or a process."""
    return ANSWER


@broker.task
async def noop_async() -> int:
    """Do nothing on the event loop."""
    return ANSWER


class TaskiqPeer(Peer):
    """Taskiq, which has no bulk API: many coroutines at once take its place."""

    packages = ("taskiq", "taskiq-redis", "redis", "hiredis", "uvloop", "orjson")

    def __init__(self) -> None:
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._runner.run(broker.startup())

    def configuration(self, mode: Mode) -> str:
        """See `System.configuration`."""
        pool = {
            "threads": f"--max-threadpool-threads {THREADS}",
            "processes": f"--use-process-pool --max-process-pool-processes {PROCESSES}",
            "async": "async def tasks",
        }
        speed = "uvloop, orjson, max-prefetch 100"
        return f"--workers 1, {pool[mode]}; RedisStreamBroker, {speed}; {BATCH} coroutines submit and fetch"

    def worker_command(self, mode: Mode) -> list[str]:
        """See `Peer.worker_command`."""
        pool: list[str] = []
        if mode == "threads":
            pool = ["--max-threadpool-threads", str(THREADS)]
        elif mode == "processes":
            pool = ["--use-process-pool", "--max-process-pool-processes", str(PROCESSES)]
        fixed = ["--workers", "1", "--log-level", "WARNING", "--max-prefetch", "100"]
        return [program("taskiq"), "worker", "benchmarks.peers.taskiq:broker", *fixed, *pool]

    def submit(self, count: int) -> Sequence[Any]:
        """Kick many at once."""
        return self._runner.run(self._submit(count))

    async def _submit(self, count: int) -> Sequence[Any]:
        task: Any = noop_async if self.mode == "async" else noop
        handles: list[Any] = []
        for start in range(0, count, BATCH):
            handles += await asyncio.gather(*(task.kiq() for _ in range(min(BATCH, count - start))))
        return handles

    def fetch(self, handles: Sequence[Any], timeout: float) -> int:
        """Wait for many at once."""
        return self._runner.run(self._fetch(handles, timeout))

    async def _fetch(self, handles: Sequence[Any], timeout: float) -> int:
        good = 0
        async with asyncio.timeout(timeout):
            for start in range(0, len(handles), BATCH):
                batch = handles[start : start + BATCH]
                results = await asyncio.gather(*(handle.wait_result(check_interval=FETCH_CHECK_SECONDS) for handle in batch))
                good += sum(result.return_value == ANSWER for result in results)
        return good

    def call(self, timeout: float) -> Any:
        """Kick and wait; Taskiq polls for results."""
        return self._runner.run(self._call(timeout))

    async def _call(self, timeout: float) -> Any:
        task: Any = noop_async if self.mode == "async" else noop
        handle = await task.kiq()
        return (await handle.wait_result(check_interval=CALL_CHECK_SECONDS, timeout=timeout)).return_value

    def stop(self) -> None:
        """Close the connections and the event loop."""
        self._runner.run(broker.shutdown())
        self._runner.close()


def system(_name: str) -> TaskiqPeer:
    """Return Taskiq."""
    return TaskiqPeer()
