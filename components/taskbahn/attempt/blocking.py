"""Where a blocking call may wait: anywhere but on the thread that has to bring what it waits for.

On a running event loop of a worker, and on the client's own reactor thread, it is refused at once, with what to write instead. A
program of the user's own may block its loop for a moment if it likes: the client's reactor is on another thread.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from taskbahn.attempt.context import ACTIVE
from taskbahn.errors import WouldBlock

if TYPE_CHECKING:
    from taskbahn.attempt.context import AttemptContext


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
    context = ACTIVE.get()
    if _thread.is_reactor or ((_is_worker or context is not None) and _would_block(context)):
        raise WouldBlock(what, instead)


def _would_block(context: AttemptContext | None) -> bool:
    if not is_in_loop():
        return False
    if context is None or not context.is_scripted:
        return True
    import asyncio  # late: there is a loop

    return (
        asyncio.current_task() is not None
    )  # waits of a test take no time, but a coroutine that blocks is a mistake all the same


def is_in_loop() -> bool:
    """Return whether this thread runs an event loop of asyncio."""
    events = sys.modules.get("asyncio.events")  # not imported here: a program without loops does not pay for it
    return events is not None and events._get_running_loop() is not None  # noqa: SLF001 - documented, and quicker than an exception
