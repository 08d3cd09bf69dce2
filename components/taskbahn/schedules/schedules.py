"""What an application asks about schedules."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.attempt.blocking import check_may_block
from taskbahn.protocol import messages
from taskbahn.schedules.when import form_of

if TYPE_CHECKING:
    from taskbahn.client.client import HasClient
    from taskbahn.future import Future
    from taskbahn.schedules.when import When


class SchedulePreview(NamedTuple):
    """When a schedule fires.  words: in English.   zone: in which *times* are shown.   times: the next ones, each with its offset."""

    words: str
    zone: str
    times: list[datetime]


class Schedules:
    """Schedules, as the router knows them. Each question raises RouterUnavailable if there is no router."""

    def __init__(self, app: HasClient) -> None:
        self._app = app

    def __repr__(self) -> str:
        return f"<schedules of {self._app!r}>"

    def preview(
        self, when: When | str, /, *, zone: str | None = None, count: int = 10, after: datetime | None = None
    ) -> SchedulePreview:
        """Return what a schedule means, in words, and its next times; it is not stored.

        when: a cron line, in *zone*, or a `When`, whose times are shown in *zone*.   zone: UTC, or that of the `When`, if it is left out.
        count: 1 to 100; there are fewer if the schedule ends.   after: the times are later, than now if it is left out.
        Raises InvalidSchedule, also for one that never fires.
        """
        check_may_block("app.schedules.preview()", "await app.schedules.preview_async(...)")
        return _preview(self._ask(when, zone, count, after).get())

    async def preview_async(
        self, when: When | str, /, *, zone: str | None = None, count: int = 10, after: datetime | None = None
    ) -> SchedulePreview:
        """As `preview`."""
        return _preview(await self._ask(when, zone, count, after))

    def _ask(self, when: When | str, zone: str | None, count: int, after: datetime | None) -> Future[Any]:
        words: dict[str, Any] = {} if after is None else {"after": after.timestamp()}
        form = messages.plain(form_of(when, zone))
        return self._app.client.ask(messages.VIEW_SCHEDULE_TIMES, form, zone=zone, count=count, **words)


def _preview(answer: dict[str, Any]) -> SchedulePreview:
    return SchedulePreview(answer["words"], answer["zone"], [datetime.fromisoformat(text) for text in answer["local"]])
