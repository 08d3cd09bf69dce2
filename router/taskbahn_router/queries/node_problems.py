"""What is wrong with the node itself, as `problems` lists it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol.outgoing import NODE_QUEUE
from taskbahn.protocol.views import Problem
from taskbahn_router.text import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

LAG_SECONDS, BAD_LAG_SECONDS = 0.25, 1.0


def is_late(lag: float) -> Iterator[Problem]:
    """Find an event loop that is late.  lag: in seconds."""
    if lag >= LAG_SECONDS:
        yield Problem(
            kind="lag",
            level="error" if lag >= BAD_LAG_SECONDS else "warning",
            sentence=f"The router is late by {format_duration(lag)} with everything it does.",
            hint="Its machine or this process is overloaded: see what else runs there, and what sends so much.",
            page="overview",
        )


def worker_ended(why: str) -> Iterator[Problem]:
    """Find a worker of the node's own that does not stay.  why: "" if it does."""
    if why:
        yield Problem(
            kind="node_worker",
            level="error",
            sentence=f"The node's own worker, which sends web hooks and mails, has ended: {why}.",
            hint="It is started again and again; its jobs wait meanwhile. The node's log has what it wrote.",
            page="queues",
            id=NODE_QUEUE,
        )
