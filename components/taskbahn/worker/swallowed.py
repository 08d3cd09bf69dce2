"""A `Stop` that the worker throws into a thread may arrive where Python swallows it: in a finalizer, in a callback of a weak
reference or of the garbage collector. The attempt would run on as if nothing had happened.

Python hands what it swallows to `sys.unraisablehook`, in the same thread. The hook finds the attempt there, and the worker throws again.
"""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING, Any

from taskbahn.attempt.ownership import owner
from taskbahn.attempt.stops import Stop

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from taskbahn.attempt.context import AttemptContext


class Swallowed:
    """Puts the hook in place with `start` and takes it away with `stop`; both may be called twice.

    again: called with the attempt, in its own thread and within the hook, where nothing may be raised.
    """

    def __init__(self, again: Callable[[AttemptContext], None]) -> None:
        self._again = again
        self._original: Callable[[Any], Any] | None = None

    def start(self) -> None:
        """Begin to look at what Python swallows."""
        if self._original is None:
            self._original, sys.unraisablehook = sys.unraisablehook, self._take

    def stop(self) -> None:
        """Put back what was there, unless another hook has been put on top."""
        if self._original is not None and sys.unraisablehook == self._take:
            sys.unraisablehook, self._original = self._original, None

    def _take(self, unraisable: Any) -> None:
        if not issubclass(unraisable.exc_type, Stop):
            (self._original or sys.__unraisablehook__)(unraisable)
            return
        context = owner()
        # False for what `current.check()` raised; the worker's own exception comes beside it
        thrown = getattr(unraisable.exc_value, "is_thrown", True)
        if thrown and context is not None and context.stop is not None and not context.ended:
            self._again(context)


def is_in_hook(frame: FrameType | None) -> bool:
    """Return whether *frame*, or what has called it, is in the hook, where an exception would be lost without a word."""
    while frame is not None:
        if frame.f_code is HOOK:
            return True
        frame = frame.f_back
    return False


def pause_before_again() -> float:
    """Return the seconds until the worker throws again: the hook has returned by then.

    The pause is another one each time, or the exception could meet the same finalizer in each round of a loop.
    """
    return random.uniform(0.001, 0.02)  # noqa: S311 - no secret


HOOK = Swallowed._take.__code__  # noqa: SLF001 - our own
