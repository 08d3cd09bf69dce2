"""Process ids that are safe to kill: known with the time of their start, so that a number used again is never hit. Linux only."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.processes import descendants, read_stat

if TYPE_CHECKING:
    from collections.abc import Iterable

STATE, PARENT, STARTED = 0, 1, 19  # places in what `read_stat` returns
END_SECONDS = 10.0
LOOK = 0.01


class Pid(NamedTuple):
    """A process: its number, and when it started (clock ticks since boot)."""

    number: int
    started: str

    @classmethod
    def of(cls, number: int) -> Pid | None:
        """Return the process that has this number now; None if there is none."""
        fields = read_stat(number)
        return None if fields is None else cls(number, fields[STARTED])

    @property
    def is_alive(self) -> bool:
        """Whether it runs; one that ended and was not waited for does not. If it is ours to wait for, it is."""
        fields = read_stat(self.number)
        if fields is None or fields[STARTED] != self.started:
            return False
        if fields[STATE] not in ("Z", "X"):
            return True
        if int(fields[PARENT]) == os.getpid():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.number, os.WNOHANG)
        return False

    def send(self, number: signal.Signals) -> bool:
        """Send a signal; False if it has ended."""
        if not self.is_alive:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.number, number)
            return True
        return False


def family(root: int) -> list[Pid]:
    """Return a process and all below it, parents first."""
    found = [Pid.of(number) for number in (root, *descendants(root))]
    return [pid for pid in found if pid is not None]


def command(pid: Pid) -> str:
    """Return the words of its command line; empty if it has ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid.number}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def end_all(pids: Iterable[Pid]) -> None:
    """Kill these, and see them gone.  Raises TimeoutError."""
    pids = list(pids)
    for pid in pids:
        pid.send(signal.SIGKILL)
    deadline = time.monotonic() + END_SECONDS
    while left := [pid for pid in pids if pid.is_alive]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"these processes cannot be killed: {', '.join(str(pid.number) for pid in left)}")
        time.sleep(LOOK)
