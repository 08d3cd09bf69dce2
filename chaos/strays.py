"""Programs that tasks left running when all of their attempts have ended: processes below the storm that are none of its cast."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.processes import read_stat

from chaos.processes import Pid, command, family

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

PARENT, SESSION = 1, 3  # places in what `read_stat` returns
CHILD = "taskbahn.worker.child"
TRACKER = "multiprocessing.resource_tracker"  # serves all attempts of a process, and ends with it


class Stray(NamedTuple):
    """A program that no attempt needs any more. session: the worker under which it was started, by its process id."""

    pid: int
    session: int
    command: str


def strays(cast: Iterable[Pid], workers: Collection[int]) -> list[Stray]:
    """Return what runs below this process beside *cast*, the workers and the processes of their pools."""
    known = {pid.number for pid in cast} | set(workers)
    found: list[Stray] = []
    for pid in family(os.getpid())[1:]:
        words, fields = command(pid), read_stat(pid.number)
        if not words or fields is None or pid.number in known or TRACKER in words:  # one that has ended has no words
            continue
        if CHILD in words and int(fields[PARENT]) in workers:
            continue
        found.append(Stray(pid.number, int(fields[SESSION]), words.strip()))
    return found
