"""Which systems can be measured: the peers, and what `ours.py` registers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import ours
from benchmarks.contract import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.contract import Extra

PEERS: tuple[Entry, ...] = (
    Entry("celery", "benchmarks.peers.celery", ("threads", "processes")),
    Entry("dramatiq", "benchmarks.peers.dramatiq", ("threads", "processes", "async")),
    Entry("rq", "benchmarks.peers.rq", ("threads", "processes")),
    Entry("rq-fork", "benchmarks.peers.rq", ("processes",)),
    Entry("taskiq", "benchmarks.peers.taskiq", ("threads", "processes", "async")),
    Entry("huey-redis", "benchmarks.peers.huey", ("threads", "processes")),
    Entry("huey-notify", "benchmarks.peers.huey", ("threads", "processes")),
    Entry("huey-sqlite", "benchmarks.peers.huey", ("threads", "processes"), needs_redis=False),
)


def entries() -> tuple[Entry, ...]:
    """Return all systems, ours first."""
    return (*ours.SYSTEMS, *PEERS)


def entry_of(name: str) -> Entry:
    """Return the system called *name*; KeyError when there is none."""
    return {entry.name: entry for entry in entries()}[name]


def extras() -> Mapping[str, Extra]:
    """Return the measures that only Taskbahn has, by letter."""
    return ours.EXTRAS
