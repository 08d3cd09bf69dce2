"""Processes of one measurement: started in groups of their own, counted, and stopped without a trace.

The measuring process becomes the *subreaper* of what it starts, so even a daemon that leaves its group
stays its descendant: its CPU time is counted, and it is stopped at the end. Linux only (`/proc`, `prctl`).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
STOP_SECONDS = 10.0
SCRATCH = Path(__file__).parent / "results"
"""Where temporary directories are made: on a disk, unlike the system's own, which may be memory."""
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class ProcessFailed(RuntimeError):
    """A process ended too early; the message has the end of its output."""


def adopt_orphans() -> None:
    """Make this process the parent of descendants whose own parent ends (see prctl(2))."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_with_parent() -> None:
    """Get SIGTERM when the process that started this one dies (see prctl(2))."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def read_stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat after the command's name; None when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def descendants(root: int) -> list[int]:
    """Return the ids of all processes below *root*, parents first."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[1-9]*"):
        if fields := read_stat(int(path.name)):
            children.setdefault(int(fields[1]), []).append(int(path.name))
    found = list(children.get(root, []))
    for pid in found:
        found.extend(children.get(pid, []))
    return found


def cpu_seconds(root: int) -> float:
    """Return user and system time of *root*, its descendants, and those of them that have ended and were waited for."""
    ticks = 0
    for pid in [root, *descendants(root)]:
        if fields := read_stat(pid):
            ticks += sum(int(value) for value in fields[11:15])
    return ticks / TICKS_PER_SECOND


def stop_tree(process: subprocess.Popen[str], *, seconds: float = 3 * STOP_SECONDS) -> None:
    """Ask *process* to end; after *seconds* kill it and all its descendants."""
    if process.poll() is None:
        process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    if process.poll() is None:
        for pid in [*descendants(process.pid), process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


class Place:
    """A temporary directory and the processes that work in it; leaving the context stops and removes all."""

    def __init__(self) -> None:
        SCRATCH.mkdir(exist_ok=True)
        self._temporary = tempfile.TemporaryDirectory(".tmp", "place-", dir=SCRATCH, ignore_cleanup_errors=True)
        self.directory = Path(self._temporary.name)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop all processes, also those that left their group, and remove the directory."""
        for name in reversed(list(self._processes)):
            self.stop(name)
        self._stop_descendants()
        self._temporary.cleanup()

    def spawn(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start *argv* as *name* in a process group of its own; its output goes to `NAME.log` in the directory."""
        with (self.directory / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                cwd=directory,
                start_new_session=True,
            )
        self._processes[name] = process
        return process

    def check(self) -> None:
        """Raise `ProcessFailed` if a process that was started has ended by itself."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                message = f"{name} ended with code {process.returncode}:\n{self.output(name)[-3000:]}"
                raise ProcessFailed(message)

    def pid(self, name: str) -> int:
        """Return the id of the process *name*."""
        return self._processes[name].pid

    def output(self, name: str) -> str:
        """Return what the process *name* has written so far."""
        return (self.directory / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def stop(self, name: str) -> None:
        """End the process *name* and its group; nothing happens when it has been stopped before."""
        process = self._processes.get(name)
        if process is None:
            return
        family = descendants(process.pid)
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        for pid in set(family) & set(descendants(os.getpid())):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        del self._processes[name]

    def _stop_descendants(self) -> None:
        for pid in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + STOP_SECONDS
        with contextlib.suppress(ChildProcessError):
            while time.monotonic() < deadline:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    time.sleep(0.01)
