"""The processes behind a program: who started whom, and who still lives."""

from __future__ import annotations

import time

import psutil

GONE = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)


def table() -> dict[int, tuple[int, bool]]:
    """Return the parent of every process, by id, and whether it lives: one that has ended stays until its parent has asked."""
    found = (each.info for each in psutil.process_iter(["pid", "ppid", "status"]))
    return {info["pid"]: (info["ppid"], info["status"] not in GONE) for info in found}


def children(pid: int) -> list[int]:
    """Return the processes that *pid* started and that live."""
    return [child for child, (parent, lives) in table().items() if parent == pid and lives]


def only_child(pid: int) -> int:
    (child,) = children(pid)
    return child


def first_child(pid: int) -> int:
    """Wait until *pid* starts a process."""
    until = time.monotonic() + 40
    while not (found := children(pid)):
        assert time.monotonic() < until, f"{pid} starts nothing"
        time.sleep(0.02)
    return found[0]


def wait_until_gone(pids: list[int], seconds: float) -> None:
    """Wait until none of them lives."""
    until = time.monotonic() + seconds
    while True:
        now = table()
        alive = [pid for pid in pids if pid in now and now[pid][1]]
        if not alive:
            return
        assert time.monotonic() < until, f"after {seconds} s these still live: {alive}"
        time.sleep(0.02)


def memory(pid: int) -> float:
    """Return how many MiB of real memory a process has."""
    size: int = psutil.Process(pid).memory_info().rss
    return size / 2**20
