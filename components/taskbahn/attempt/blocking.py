"""Where a blocking call may wait: anywhere but on the thread that has to bring what it waits for.

On a running event loop of a worker, and on the client's own reactor thread, it is refused at once, with what to write instead. A
program of the user's own may block its loop for a moment, for the client's reactor is on another thread: it gets a warning.
"""

from __future__ import annotations

import sys
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from taskbahn.attempt.context import ACTIVE
from taskbahn.errors import WouldBlock

if TYPE_CHECKING:
    from taskbahn.attempt.context import AttemptContext

OWN_FOLDER = str(Path(__file__).parents[1]) + "/"


class _Thread(threading.local):
    """What Taskbahn knows of one thread."""

    is_reactor = False  # the thread runs a client's reactor


_thread = _Thread()
_is_worker = False


def in_worker() -> None:
    """Note that this process is a worker, or a process of its pool."""
    global _is_worker  # noqa: PLW0603 - one process has one role
    _is_worker = True


def is_worker() -> bool:
    """Return whether this process is a worker, or a process of its pool."""
    return _is_worker


def on_reactor() -> None:
    """Note that this thread runs a client's reactor from now on."""
    _thread.is_reactor = True


class BlocksLoop(RuntimeWarning):
    """A blocking call on a thread with a running event loop, outside of a worker: nothing else runs there until the answer comes."""


def check_may_block(what: str, instead: str, *, has_warned: bool = False) -> None:
    """Raise WouldBlock if *what*, a call, must not wait on this thread; instead: what to write there.

    Warns where it may, and yet all that the loop of this thread runs has to wait for it.   has_warned: it has done so for this object.
    """
    if _thread.is_reactor:
        raise WouldBlock(what, instead)
    if not is_in_loop():
        return
    context = ACTIVE.get()
    if _is_worker or context is not None:
        if _would_block(context):
            raise WouldBlock(what, instead)
        return
    if "ipykernel" not in sys.modules and not has_warned:  # each cell of a notebook runs on a loop, and there one may wait
        sentence = f"{what} blocks the event loop that it is called on until its answer comes; write `{instead}`"
        warnings.warn(sentence, BlocksLoop, stacklevel=_depth_of_user())


def _depth_of_user() -> int:
    """Return how many frames are between `warnings.warn` in its caller and the first code that is not Taskbahn's."""
    frame, depth = sys._getframe(1), 1  # noqa: SLF001 - quicker than `inspect`, and as public
    while frame.f_back is not None and frame.f_code.co_filename.startswith(OWN_FOLDER):
        frame, depth = frame.f_back, depth + 1
    return depth


def _would_block(context: AttemptContext | None) -> bool:
    """Return whether the code of an attempt, on a thread with a running loop, keeps that loop."""
    if context is None or not context.is_scripted:
        return True
    import asyncio  # late: there is a loop

    # waits of a test take no time, but a coroutine that blocks is a mistake all the same
    return asyncio.current_task() is not None


def is_in_loop() -> bool:
    """Return whether this thread runs an event loop of asyncio."""
    events = sys.modules.get("asyncio.events")  # not imported here: a program without loops does not pay for it
    return events is not None and events._get_running_loop() is not None  # noqa: SLF001 - documented, and quicker than an exception
