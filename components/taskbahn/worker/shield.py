"""Where no `Stop` is thrown into an attempt: from the start of a process until it is noted.

A `Stop` in between would cost the process its name: it runs, the attempt has ended, and nothing knows that the two belong together.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from taskbahn.worker.forked import ROLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.attempt.context import AttemptContext

LOCK = threading.Lock()  # not for the handlers of signals, which may interrupt the thread that holds it


class Shield:
    """Goes around the start of a process, with `enter` in `try` and `leave` in `finally`; from any thread of the attempt.

    again: called with the attempt after the shield if a `Stop` was due meanwhile.
    """

    def __init__(self, context: AttemptContext | None, again: Callable[[AttemptContext], None]) -> None:
        self._context = context
        self._again = again
        self._is_up = False

    def enter(self) -> None:
        """Throw nothing from now on. What was thrown before arrives here, or at the latest before the next call."""
        if self._context is None or ROLE.is_copy:  # the lock may have been held when this copy was forked
            return
        with LOCK:
            self._context.shields += 1
            self._is_up = True

    def leave(self) -> None:
        """Let the attempt be stopped again."""
        context = self._context
        if context is None or ROLE.is_copy or not self._is_up:
            return
        with LOCK:
            context.shields -= 1
            is_due = context.is_stop_due and not context.shields
            if is_due:
                context.is_stop_due = False
        if is_due and not context.ended:
            self._again(context)


def unless_shielded(context: AttemptContext, throw: Callable[[], None]) -> None:
    """Call *throw*, or have the `Stop` thrown after the shield."""
    with LOCK:
        if context.shields:
            context.is_stop_due = True
        else:
            throw()
