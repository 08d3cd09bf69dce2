"""What the peers share: one worker command for each mode, and Redis as the place where jobs wait."""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis

from benchmarks.redis_server import DURABILITY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.contract import Mode
    from benchmarks.processes import Place

WORKER = "worker"
REPOSITORY = Path(__file__).resolve().parents[2]


def redis_url() -> str:
    """Return the address of the Redis that the bench has started; the workers inherit it."""
    return os.environ["BENCH_REDIS_URL"]


def program(name: str) -> str:
    """Return the command *name* of the environment that runs this."""
    return str(Path(sys.executable).parent / name)


class Peer(ABC):
    """A peer whose worker is one command; fulfils `benchmarks.contract.System`."""

    packages: Sequence[str] = ()
    mode: Mode

    def start(self, mode: Mode, place: Place) -> None:
        """Start the worker for *mode*."""
        self.mode = mode
        self._place = place
        self._start_worker()

    def _start_worker(self) -> None:
        self._place.spawn(WORKER, self.worker_command(self.mode), env=self.worker_environment(self.mode), directory=REPOSITORY)

    def stop_worker(self) -> None:
        """Stop the worker: its own clean end first."""
        self._place.stop(WORKER)

    def durability(self) -> str:
        """Say what the bench's Redis keeps."""
        return DURABILITY[os.environ.get("BENCH_REDIS", "memory")]

    def drop(self) -> None:
        """Empty Redis: waiting jobs and results."""
        with redis.Redis.from_url(redis_url()) as client:
            client.flushall()

    def group(self, count: int, timeout: float) -> int:
        """Submit and fetch in bulk: a group of a peer is no more."""
        return self.fetch(self.submit(count), timeout)

    def stop(self) -> None:  # noqa: B027 - most have nothing to close
        """Close connections; most peers have none that need it."""

    def worker_environment(self, _mode: Mode) -> dict[str, str]:
        """Return what the worker's environment has for *mode* besides the address of Redis."""
        return {}

    @abstractmethod
    def worker_command(self, mode: Mode) -> list[str]:
        """Return the command that starts the worker for *mode*."""

    @abstractmethod
    def configuration(self, mode: Mode) -> str:
        """See `System.configuration`."""

    @abstractmethod
    def submit(self, count: int) -> Sequence[Any]:
        """See `System.submit`."""

    @abstractmethod
    def fetch(self, handles: Sequence[Any], timeout: float) -> int:
        """See `System.fetch`."""

    @abstractmethod
    def call(self, timeout: float) -> Any:
        """See `System.call`."""
