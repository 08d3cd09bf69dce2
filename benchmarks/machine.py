"""What the numbers were measured on, without names or paths of the machine."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import SCRATCH


@dataclass(frozen=True)
class Machine:
    """The machine and the software that all systems share."""

    processor: str
    cores: int
    memory_gib: float
    filesystem: str
    """Of the directory in which Redis and SQLite write."""
    fsync_ms: float
    """One appended 4 KiB block and its fsync there, median: what one durable commit costs at least."""
    system: str
    python: str
    redis: str
    sqlite: str
    load: float
    """Processes that wanted a core in the minute before the bench: well above 0 means that others disturbed it."""


def describe() -> Machine:
    """Return the machine that runs this."""
    return Machine(
        processor=processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        filesystem=filesystem(SCRATCH),
        fsync_ms=round(fsync_milliseconds(), 3),
        system=f"{os_name()}, Linux {platform.release().partition('-')[0]}",
        python=platform.python_version(),
        redis=redis_version(),
        sqlite=sqlite3.sqlite_version,
        load=round(os.getloadavg()[0], 2),
    )


def processor() -> str:
    """Return the model of the processor."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.machine()


def os_name() -> str:
    """Return the name of the distribution."""
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return "unknown system"


def filesystem(directory: Path) -> str:
    """Return the type of the file system that *directory* is on."""
    best, kind = "", "unknown"
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _, mount, found, *_ = line.split()
        if directory.resolve().is_relative_to(mount) and len(mount) >= len(best):
            best, kind = mount, found
    return kind


def fsync_milliseconds(samples: int = 101) -> float:
    """Return the median time of an appended block with fsync where Redis and SQLite write."""
    times = []
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryFile(dir=SCRATCH) as file:
        for _ in range(samples):
            started = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def redis_version() -> str:
    """Return the version of the machine's `redis-server`, or `none`."""
    program = shutil.which("redis-server")
    if program is None:
        return "none"
    text = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"v=(\S+)", text)
    return found[1] if found else "unknown"
