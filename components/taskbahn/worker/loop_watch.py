"""Sees when the event loop of tasks is blocked, and by what: the task, and the line of its code that the loop's thread executes.

The worker's own thread asks the loop for an answer now and then. What it does not answer is measured in the time for which the worker
itself was awake, so that a suspended machine or process blames no attempt.
"""

from __future__ import annotations

import asyncio
import sys
import sysconfig
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from taskbahn.attempt.context import ACTIVE
from taskbahn.worker.failure import OWN_FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from taskbahn.attempt.context import AttemptContext
    from taskbahn.worker.loop_thread import LoopThread

SUSPECT_AFTER = 0.1  # seconds without an answer after which a look is taken at what the loop does
BLOCKED_AFTER = 1.0  # seconds after which the worker reports it
MAX_LOOK_SECONDS = 0.25  # seconds that count between two looks: in a longer time the worker itself was not awake
LIBRARY = (*map(sysconfig.get_path, ("stdlib", "platstdlib")), "<frozen")
PACKAGES = ("site-packages", "dist-packages")
MAX_PLACE = 300  # characters


class Blockade(NamedTuple):
    """The loop does not answer: since when (monotonic), at which line, by which attempt if that is known.

    is_long: it is no hiccup any more; the worker reports it.
    """

    since: float
    place: str
    context: AttemptContext | None
    is_long: bool


class LoopWatch:
    """Looks after one loop thread; all on the worker's own thread but for the loop's answer."""

    def __init__(self, thread: LoopThread, clock: Callable[[], float] = time.monotonic) -> None:
        self._thread = thread
        self._clock = clock
        self._asked_at: float | None = None  # when the open question was asked; None: the loop has answered
        self._looked_at = clock()
        self._unanswered = 0.0

    def look(self) -> Blockade | None:
        """Return what blocks the loop now, None if it answers; to be called a few times a second, and more often does no harm."""
        now = self._clock()
        passed, self._looked_at = now - self._looked_at, now
        if self._asked_at is None:
            self._unanswered = 0.0
            self._asked_at = now
            self._thread.call(self._answer)
            return None
        self._unanswered += min(passed, MAX_LOOK_SECONDS)
        if self._unanswered >= SUSPECT_AFTER:
            place, context = busy_with(self._thread.ident)
            asked_at = self._asked_at
            if asked_at is not None:  # the loop has not answered in this moment
                return Blockade(asked_at, place, context, self._unanswered >= BLOCKED_AFTER)
        return None

    def _answer(self) -> None:
        """Answer the question; runs on the loop."""
        self._asked_at = None


def busy_with(thread: int) -> tuple[str, AttemptContext | None]:
    """Return the line of the user's code that a loop's thread executes, and the attempt to which it belongs."""
    frames = list(_frames(sys._current_frames().get(thread)))  # noqa: SLF001 - there is no other way to see another thread
    return _place(frames), _context(frames)


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _place(frames: list[FrameType]) -> str:
    """Return `file:line (function)` of the innermost frame of the user's own code, else of a package, else of what there is."""
    foreign = [frame for frame in frames if not frame.f_code.co_filename.startswith((OWN_FOLDER, *LIBRARY))]
    packages = [frame for frame in frames if _is_package(frame)]
    own = [frame for frame in foreign if not _is_package(frame)]
    found = own or packages or frames
    if not found:
        return "a place that cannot be seen"
    frame = found[0]
    return f"{_short(frame.f_code.co_filename)}:{frame.f_lineno} ({frame.f_code.co_name})"[:MAX_PLACE]


def _is_package(frame: FrameType) -> bool:
    name = frame.f_code.co_filename
    return any(part in name for part in PACKAGES) and not name.startswith(OWN_FOLDER)


def _short(name: str) -> str:
    """Return a path from the current folder, where the worker was started, if the file is below it."""
    path = Path(name)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else name


def _context(frames: list[FrameType]) -> AttemptContext | None:
    """Return the attempt in whose context the loop's callback runs: its coroutine, a helper task of it, or what it had called later."""
    for frame in frames:
        if frame.f_code is asyncio.Handle._run.__code__:  # noqa: SLF001
            context = getattr(frame.f_locals.get("self"), "_context", None)
            return None if context is None else context.get(ACTIVE)
    return None
