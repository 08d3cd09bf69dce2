"""What a worker takes of its machine: memory and processor, with its pool processes, and how busy the machine is.

From the standard library, /proc on Linux and `ps` elsewhere, so that a user's environment needs no psutil, which brings a C extension.
"""

from __future__ import annotations

import os
import resource
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from taskbahn.protocol.vitals import Vitals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PROC = Path("/proc")
CORES = os.cpu_count() or 1


class Usage(NamedTuple):
    """What processes take: bytes of memory that they have resident, and seconds of processor time since they began."""

    memory: int
    seconds: float


class UsageProbe(Protocol):
    """A way to learn what processes take."""

    def __call__(self, pids: Iterable[int]) -> dict[int, Usage] | None:
        """Return the usage of those processes that live; None if it is not known yet."""

    def close(self) -> None:
        """Release what the probe holds."""


class Proc:
    """Reads /proc, in some 20 microseconds a process."""

    def __init__(self) -> None:
        self._page = os.sysconf("SC_PAGE_SIZE")
        self._ticks = os.sysconf("SC_CLK_TCK")

    def __call__(self, pids: Iterable[int]) -> dict[int, Usage] | None:
        """Return the usage of those processes that live."""
        found = {}
        for pid in pids:
            try:
                text = (PROC / str(pid) / "stat").read_bytes()
            except OSError:  # the process has ended
                continue
            fields = text[text.rindex(b")") + 2 :].split()  # a process's name may hold anything. Source: proc_pid_stat(5)
            ticks = sum(map(int, fields[11:15]))  # the processor time of the process, and of its children that have ended
            found[pid] = Usage(int(fields[21]) * self._page, ticks / self._ticks)
        return found

    def close(self) -> None:
        """Do nothing: the probe keeps nothing open."""


class Ps:
    """Asks `ps`, which takes milliseconds: the next look takes its answer, without waiting."""

    def __init__(self) -> None:
        self._asked: subprocess.Popen[str] | None = None

    def __call__(self, pids: Iterable[int]) -> dict[int, Usage] | None:
        """Return the answer to the last question, and ask again."""
        answer = None
        if self._asked is not None:
            if self._asked.poll() is None:
                return None
            asked, self._asked = self._asked, None
            answer = dict(map(read_row, asked.communicate()[0].splitlines()))
        command = ["ps", "-o", "pid=", "-o", "rss=", "-o", "time=", "-p", ",".join(map(str, pids))]
        plain = {**os.environ, "LC_ALL": "C"}  # so that `ps` writes a point in its numbers
        try:
            self._asked = subprocess.Popen(command, env=plain, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        except OSError:  # this system has no `ps`
            self._asked = None
        return answer

    def close(self) -> None:
        """Wait for the last answer and drop it; the program only looks at a table."""
        if self._asked is not None:
            self._asked.communicate()
            self._asked = None


def read_row(row: str) -> tuple[int, Usage]:
    """Read `pid kibibytes [[days-]hours:]minutes:seconds[.hundredths]`."""
    pid, kibibytes, elapsed = row.split()
    days, _, rest = elapsed.rpartition("-")
    seconds = 0.0
    for part in rest.split(":"):
        seconds = seconds * 60 + float(part)
    return int(pid), Usage(int(kibibytes) * 1024, seconds + int(days or 0) * 86400)


class Measure:
    """Measures this process and its pool processes; pids: those of the latter, now.  clock: monotonic."""

    def __init__(
        self,
        pids: Callable[[], list[int]],
        *,
        look: UsageProbe | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pids = pids
        self._look: UsageProbe = look or (Proc() if (PROC / "self" / "stat").exists() else Ps())
        self._clock = clock
        self._at = clock()
        self._seconds = own_seconds()

    def __call__(self) -> Vitals:
        """Return the vitals of now; processor time is that since the last time."""
        try:
            found = self._look([os.getpid(), *self._pids()])
        except (ValueError, IndexError):  # an answer that cannot be read must not keep a worker from reporting
            found = None
        now = self._clock()
        memory = cores = None
        if found:
            memory = sum(taken.memory for taken in found.values())
            seconds = own_seconds() + sum(taken.seconds for pid, taken in found.items() if pid != os.getpid())
            if now > self._at:
                cores = round(min(max(0.0, seconds - self._seconds) / (now - self._at), CORES), 3)
            self._at, self._seconds = now, seconds
        return Vitals(memory=memory, cpu=cores, load=load())

    def close(self) -> None:
        """Stop measuring."""
        self._look.close()


def own_seconds() -> float:
    """Return the processor time of this process, and of its children that have ended."""
    kinds = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in kinds)


def load() -> float | None:
    """Return how many processes wanted to run on each core of the machine, on average over the last minute."""
    try:
        return round(os.getloadavg()[0] / CORES, 3)
    except OSError:  # not every system reports its load
        return None
