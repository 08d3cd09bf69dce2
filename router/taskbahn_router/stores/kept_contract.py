"""What a store answers about schedules and triggers: a part of `contract.Reader`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from taskbahn_router.core.firings import FiredRow, ScheduleRow
    from taskbahn_router.core.triggers import TriggerRow


class KeptReader(Protocol):
    """Questions about what code declares and people change."""

    def schedules(self, after: str, limit: int, text: str = "") -> list[ScheduleRow]:
        """Return the schedules with ids behind *after*, by id.  text: lower case; those without it in id and fields may be left out."""

    def schedule_count(self) -> int:
        """Return how many schedules there are."""

    def schedule(self, id: str) -> ScheduleRow | None:
        """Return a schedule; None: there is none of this id."""

    def due_schedules(self, now: float, limit: int) -> list[tuple[ScheduleRow, str | None]]:
        """Return the schedules that fire by *now*, the first first, each with the state of its last job (None: it has none)."""

    def next_firing(self, after: float) -> float | None:
        """Return when the next schedule fires, later than *after*."""

    def buffered_schedules(self, after: str, limit: int) -> list[ScheduleRow]:
        """Return those schedules with ids behind *after* of which due times wait for the end of a job, by id."""

    def troubled_schedules(self, limit: int) -> list[ScheduleRow]:
        """Return schedules whose newest firing was refused, by id."""

    def due_alarms(self, now: float, limit: int) -> list[ScheduleRow]:
        """Return the schedules whose alarm comes by *now*, the first first; those that are late already are not among them."""

    def next_alarm(self) -> float | None:
        """Return when the next alarm comes."""

    def late_schedules(self, after: str, limit: int) -> list[ScheduleRow]:
        """Return those schedules with ids behind *after* that are late, by id."""

    def newest_success(self, schedule: str, since: float, until: float) -> float | None:
        """Return the newest due time of a period, its ends included, whose job has succeeded, or that was skipped while that ran."""

    def firings(self, schedule: str, before: int, limit: int) -> list[tuple[FiredRow, str | None]]:
        """Return the history of a schedule below a number, newest first, each entry with the state of its job."""

    def triggers(self, after: str, limit: int) -> list[TriggerRow]:
        """Return the triggers with ids behind *after*, by id."""

    def trigger(self, id: str) -> TriggerRow | None:
        """Return a trigger; None: there is none of this id."""

    def troubled_triggers(self, limit: int) -> list[TriggerRow]:
        """Return triggers whose newest event started no job, by id."""
