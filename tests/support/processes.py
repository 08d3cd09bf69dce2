"""The processes behind a program: who started whom, and who still lives. With `ps`, which Linux and macOS have."""

from __future__ import annotations

import subprocess
import time


def table() -> dict[int, tuple[int, str]]:
    """Return parent and state of every process, by id."""
    lines = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout.splitlines()
    return {int(pid): (int(parent), state) for pid, parent, state in (line.split(None, 2) for line in lines)}


def children(pid: int) -> list[int]:
    """Return the processes that *pid* started and that live."""
    return [child for child, (parent, state) in table().items() if parent == pid and not state.startswith("Z")]


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
        alive = [pid for pid in pids if pid in now and not now[pid][1].startswith("Z")]
        if not alive:
            return
        assert time.monotonic() < until, f"after {seconds} s these still live: {alive}"
        time.sleep(0.02)


def memory(pid: int) -> float:
    """Return how many MiB of real memory a process has."""
    return int(subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True).stdout) / 1024
