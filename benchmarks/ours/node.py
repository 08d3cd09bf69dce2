"""Taskbahn as a user starts it: `taskbahn up` on a free port with its data on disk, and `taskbahn worker`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.contract import PROCESSES, THREADS, Mode
from benchmarks.environment import REPOSITORY
from benchmarks.ports import free_port
from benchmarks.processes import descendants, read_stat

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.processes import Place
    from taskbahn import Taskbahn

READY_SECONDS = 60.0
POLL_SECONDS = 0.01
READY = "Taskbahn is ready"
LOOP_SLOTS = 100  # the worker's default for async tasks

APPS: dict[Mode, str] = {"threads": "threads", "processes": "processes", "async": "loop"}
SLOTS: dict[Mode, int] = {"threads": THREADS, "processes": PROCESSES, "async": LOOP_SLOTS}


def program(name: str) -> str:
    """Return the command *name* of the environment that runs this."""
    return str(Path(sys.executable).parent / name)


def until(place: Place, what: str, happens: Callable[[], bool]) -> None:
    """Return when *happens* says so; raises TimeoutError, or `ProcessFailed` when a process ends before that."""
    deadline = time.monotonic() + READY_SECONDS
    while not happens():
        place.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {READY_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)


class Node:
    """A node and its workers in *place*; the place stops them. One at a time may run for each *name*."""

    def __init__(self, place: Place, name: str = "node") -> None:
        self.place = place
        self.name = name
        self.data = place.directory / f"{name}-data"
        self.port = free_port()
        self._starts = 0  # its log goes on over them

    def start(self, *options: str) -> float:
        """Start it; returns when it says that it is ready, with the seconds that took."""
        started = time.perf_counter()
        self.place.spawn(self.name, [program("taskbahn"), "up", "--port", str(self.port), "--data", str(self.data), *options])
        self._starts += 1
        until(self.place, "taskbahn up", lambda: self.place.output(self.name).count(READY) == self._starts)
        return time.perf_counter() - started

    def url(self, transport: str) -> str:
        """Return the address for `websocket` or `rawsocket`."""
        return f"rs://127.0.0.1:{self.port}" if transport == "rawsocket" else f"ws://127.0.0.1:{self.port}/ws"

    def use(self, transport: str) -> None:
        """Have the applications of this process, and the workers to come, connect over *transport*."""
        os.environ["TASKBAHN_URL"] = self.url(transport)

    def start_worker(self, app: str, slots: int) -> None:
        """Start a worker for one of the applications of `tasks.py`."""
        argv = [program("taskbahn"), "worker", f"benchmarks.ours.tasks:{app}", "--slots", str(slots)]
        self.place.spawn("worker", argv, directory=REPOSITORY)

    def wait_for_worker(self, app: Taskbahn) -> None:
        """Return when a worker is attached."""
        until(self.place, "taskbahn worker", lambda: bool(app.view.workers()))

    def stop_worker(self, app: Taskbahn) -> None:
        """Stop the worker: its own clean end first. Returns when the dispatcher knows."""
        self.place.stop("worker")
        until(self.place, "the worker's end", lambda: not app.view.workers())

    def stop(self) -> None:
        """Stop the node."""
        self.place.stop(self.name)

    @property
    def router_pid(self) -> int:
        """The process that routes and dispatches: the last in the line from `taskbahn up` over Crossbar's controller."""
        up = self.place.pid(self.name)
        return max(descendants(up), key=lambda pid: len(ancestors(pid)))

    def bytes_on_disk(self) -> int:
        """Return what the data directory takes, the write-ahead log included."""
        return sum(path.stat().st_blocks * 512 for path in self.data.rglob("*") if path.is_file())


def ancestors(pid: int) -> list[int]:
    """Return the parents of *pid*, nearest first."""
    found: list[int] = []
    while pid > 1 and (fields := read_stat(pid)):
        pid = int(fields[1])
        found.append(pid)
    return found
