"""Taskbahn's place in the bench: what is measured of it, and where.

`SYSTEMS` lists Taskbahn with the contract of the peers (a, b, c, f), once for each transport. `EXTRAS` lists by letter what
only Taskbahn has. Nothing of Taskbahn is imported here: this module is imported in the peers' environment, too.

    tasks.py        the tasks that the workers run
    node.py         `taskbahn up` and `taskbahn worker` as a user starts them, on a free port and a directory on disk
    system.py       a, b, c, f
    echo.py         b: a plain RPC through the same Crossbar over the same transport (raw_session.py makes it)
    progress.py     d
    backlog.py      e
    startup.py      g
    floods.py       h (flooder.py makes them)
    limited.py      i
    waiting.py      k
    due.py          l
    login.py        m (pages.py makes the sessions)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from benchmarks.contract import MODES, Entry, Extra

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.contract import Figure, Plan
    from benchmarks.processes import Place


def late(module: str) -> Callable[[Plan, Place], Sequence[Figure]]:
    """Return the `run` of a module of this package, which is imported when it runs."""

    def run(plan: Plan, place: Place) -> Sequence[Figure]:
        figures: Sequence[Figure] = importlib.import_module(f"{__name__}.{module}").run(plan, place)
        return figures

    return run


SYSTEMS: tuple[Entry, ...] = (
    Entry("taskbahn", "benchmarks.ours.system", MODES, is_peer=False, needs_redis=False),
    Entry("taskbahn-rawsocket", "benchmarks.ours.system", MODES, is_peer=False, needs_redis=False),
)
EXTRAS: Mapping[str, Extra] = {
    "b": Extra("one job beside a plain RPC through the same Crossbar", late("echo")),
    "d": Extra("events from tasks to one watcher", late("progress")),
    "e": Extra("a long line of waiting jobs", late("backlog")),
    "g": Extra("from the start of the node to ready", late("startup")),
    "h": Extra("a quiet client beside floods", late("floods")),
    "i": Extra("jobs a second under limits", late("limited")),
    "k": Extra("steps and children of a task, beside single jobs", late("waiting")),
    "l": Extra("schedules: idle, due at once, and late", late("due")),
    "m": Extra("what a login costs, and many browsers with tokens", late("login")),
}
