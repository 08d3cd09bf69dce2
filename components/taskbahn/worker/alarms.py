"""Clears alarms that an attempt leaves: SIGALRM, SIGVTALRM and SIGPROF would end a later attempt's process.

The two functions that set one are replaced by such as remember it, before the application is imported: asking the system
after each attempt costs as much as a short task.
"""

from __future__ import annotations

import functools
import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)


class Alarms:
    """Clears the alarms that attempts have left, but none that the import has set."""

    def __init__(self) -> None:
        self._is_set = False
        self._kept: set[int] = set()

    def start(self) -> None:
        """Begin to note which alarms are set."""
        for name in ("alarm", "setitimer"):
            setattr(signal, name, self._remembered(getattr(signal, name)))

    def imported(self) -> None:
        """Leave alone from now on what is set already: the application set it for itself."""
        self._kept = {timer for timer in TIMERS if signal.getitimer(timer)[0]}

    def clear(self) -> None:
        """Clear the alarms that an attempt has left."""
        if self._is_set:
            for timer in TIMERS:
                if timer not in self._kept:
                    signal.setitimer(timer, 0)
            self._is_set = False

    def _remembered(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def remembered(*args: Any, **kwargs: Any) -> Any:
            self._is_set = True
            return function(*args, **kwargs)

        return remembered
