"""What the dispatcher does by the clock: one list of services, all started, stopped, watched and logged in one way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taskbahn_router.model.ports import Clock

FAILED_SECONDS = 60.0  # seconds after which a failed service without an interval runs again


class MaintenanceService:
    """Runs a function again and again; an error of it is logged and counted, and the next run comes all the same.

    interval: seconds from the end of a run to the next one; None: `run_in` says when.
    first: seconds from the start to the first run; 0: within `start`; None: as `interval`.
    """

    log = Logger("taskbahn.maintenance")

    def __init__(
        self, clock: Clock, name: str, run: Callable[[], object], *, interval: float | None, first: float | None
    ) -> None:
        self._clock = clock
        self.run_now = run
        self._first = interval if first is None else first
        self._timer: Any = None
        self._due_at = 0.0
        self.name = name
        self.interval = interval
        self.is_started = False
        self.runs = 0
        self.failures = 0
        self.late = 0.0  # seconds by which the event loop was late for the last run

    def start(self) -> None:
        """Start the timer; safe twice, and after `stop`."""
        if self.is_started:
            return
        self.is_started = True
        if self._first == 0.0:
            self._due_at = self._clock.seconds()
            self._fire()
        elif self._first is not None:
            self.run_in(self._first)

    def stop(self) -> None:
        """Stop the timer; safe twice, and before `start`."""
        self.is_started = False
        self._cancel()

    def run_in(self, seconds: float) -> None:
        """Have the next run after *seconds*, instead of the one that was planned; does nothing while it is stopped."""
        self._cancel()
        if self.is_started:
            self._due_at = self._clock.seconds() + seconds
            self._timer = self._clock.callLater(seconds, self._fire)

    def _cancel(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _fire(self) -> None:
        self._timer = None
        self.late = max(0.0, self._clock.seconds() - self._due_at)
        self.runs += 1
        pause = self.interval
        try:
            self.run_now()
        except Exception:  # noqa: BLE001 - logged, and tried again
            self.failures += 1
            self.log.failure("the service {name} failed, for the {count}. time", name=self.name, count=self.failures)
            pause = FAILED_SECONDS if pause is None else pause
        if self._timer is None and pause is not None:
            self.run_in(pause)


class Maintenance:
    """The list of services."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._services: dict[str, MaintenanceService] = {}
        self._is_started = False

    def __iter__(self) -> Iterator[MaintenanceService]:
        return iter(list(self._services.values()))

    def __getitem__(self, name: str) -> MaintenanceService:
        return self._services[name]

    def add(
        self, name: str, run: Callable[[], object], *, interval: float | None = None, first: float | None = None
    ) -> MaintenanceService:
        """Put a service on the list; it starts with the others, or at once when they have started."""
        if name in self._services:
            raise ValueError(f"there is a service {name} already")
        service = self._services[name] = MaintenanceService(self._clock, name, run, interval=interval, first=first)
        if self._is_started:
            service.start()
        return service

    def start(self) -> None:
        """Start all; safe twice."""
        self._is_started = True
        for service in self:
            service.start()

    def stop(self) -> None:
        """Stop all; safe twice, and before `start`."""
        self._is_started = False
        for service in self:
            service.stop()
