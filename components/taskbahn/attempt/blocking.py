"""Where a blocking call may wait: anywhere but on the thread that has to bring what it waits for.

On a running event loop of a worker, and on the client's own reactor thread, it is refused at once, with what to write instead. A
program of the user's own may block its loop for a moment if it likes: the client's reactor is on another thread.
"""

from __future__ import annotations

import sys
import threading

from taskbahn.attempt.context import ACTIVE
from taskbahn.errors import WouldBlock


class _Thread(threading.local):
    """What Taskbahn knows of one thread."""

    is_reactor = False  # the thread runs a client's reactor


_thread = _Thread()
_is_worker = False


def in_worker() -> None:
    """Note that this process is a worker, or a process of its pool."""
    global _is_worker  # noqa: PLW0603 - one process has one role
    _is_worker = True


def on_reactor() -> None:
    """Note that this thread runs a client's reactor from now on."""
    _thread.is_reactor = True


def check_may_block(what: str, instead: str) -> None:
    """Raise WouldBlock if *what*, a call, must not wait on this thread; instead: what to write there."""
    if _thread.is_reactor or ((_is_worker or ACTIVE.get() is not None) and is_in_loop()):
        raise WouldBlock(what, instead)


def is_in_loop() -> bool:
    """Return whether this thread runs an event loop of asyncio."""
    events = sys.modules.get("asyncio.events")  # not imported here: a program without loops does not pay for it
    return events is not None and events._get_running_loop() is not None  # noqa: SLF001 - documented, and quicker than an exception
