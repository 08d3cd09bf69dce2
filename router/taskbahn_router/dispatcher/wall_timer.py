"""A timer by the wall clock, which may be set meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.dispatcher.dispatcher import Dispatcher

LONGEST_SLEEP = 60.0  # seconds after which it comes at the latest, for the wall clock may be set meanwhile


class WallTimer:
    """Calls *come* once for all times that it is set to, at the first of them.   name: of it, among the services of maintenance.

    due_at: when it comes, of the wall clock; None: never.
    """

    def __init__(self, dispatcher: Dispatcher, name: str, come: Callable[[], None]) -> None:
        self._dispatcher = dispatcher
        self._come = come
        self._service = dispatcher.maintenance.add(name, self._comes)
        self.due_at: float | None = None

    def at(self, when: float | None) -> None:
        """Come at a time of the wall clock, if not before; None: never."""
        if when is None:
            return
        now = self._dispatcher.wall()
        if self.due_at is not None and self.due_at <= when:
            if self.due_at > now:
                return
            when = self.due_at  # its timer is late if the wall clock was set
        self.due_at = when
        self._service.run_in(min(LONGEST_SLEEP, max(0.0, when - now)))

    def _comes(self) -> None:
        self.due_at = None
        self._come()
