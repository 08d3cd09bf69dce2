"""One schedule of the router."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Unpack
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from taskbahn.attempt.blocking import check_may_block
from taskbahn.attempt.plain_data import seconds_of
from taskbahn.client.requests import Request
from taskbahn.errors import InvalidSchedule
from taskbahn.jobs.admin import user_name
from taskbahn.jobs.batch import Batch
from taskbahn.jobs.job import Job
from taskbahn.protocol import messages
from taskbahn.protocol.ids import new_id
from taskbahn.protocol.scheduling import ScheduleFiring, ScheduleView
from taskbahn.protocol.views import WaitReason
from taskbahn.tasks.declaring_schedules import ScheduleOptions, call_of_flow, check_id, fields_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta, tzinfo

    from taskbahn.client.client import HasClient
    from taskbahn.future import Future
    from taskbahn.schedules.when import When


class Schedule:
    """A schedule by its id; whether there is one is found out when it is asked for something.

    Each method raises InvalidSchedule if there is none, and RouterUnavailable if there is no router. Each has a twin with `_async`.
    """

    def __init__(self, app: HasClient, id: str) -> None:
        self._app = app
        self.id = check_id(id)

    def view(self) -> ScheduleView:
        """Return it as it is now."""
        check_may_block("schedule.view()", "await schedule.view_async()")
        return self._one(self._ask(messages.VIEW_SCHEDULES, id=self.id).get())

    async def view_async(self) -> ScheduleView:
        """As `view`."""
        return self._one(await self._ask(messages.VIEW_SCHEDULES, id=self.id))

    def _one(self, answer: dict[str, Any]) -> ScheduleView:
        if not answer["schedules"]:
            raise InvalidSchedule(f"there is no schedule {self.id!r}; `taskbahn schedules` lists them")
        return msgspec.convert(answer["schedules"][0], ScheduleView)

    def next(self, count: int = 10) -> list[datetime]:
        """Return its next due times, at most 100, on the clocks of its zone; of a paused one those after the pause."""
        check_may_block("schedule.next()", "await schedule.next_async()")
        return self._times(self._ask(messages.VIEW_SCHEDULES, id=self.id, times=count).get())

    async def next_async(self, count: int = 10) -> list[datetime]:
        """As `next`."""
        return self._times(await self._ask(messages.VIEW_SCHEDULES, id=self.id, times=count))

    def _times(self, answer: dict[str, Any]) -> list[datetime]:
        view = self._one(answer)
        zone: tzinfo
        try:
            zone = ZoneInfo(view.zone)
        except ZoneInfoNotFoundError:  # the router has it, this machine does not
            zone = UTC
        return [datetime.fromtimestamp(moment, zone) for moment in view.times]

    def history(self) -> list[ScheduleFiring]:
        """Return what became of its newest due times, newest first."""
        check_may_block("schedule.history()", "await schedule.history_async()")
        return msgspec.convert(self._ask(messages.VIEW_FIRINGS, self.id).get(), list[ScheduleFiring])

    async def history_async(self) -> list[ScheduleFiring]:
        """As `history`."""
        return msgspec.convert(await self._ask(messages.VIEW_FIRINGS, self.id), list[ScheduleFiring])

    def explain(self) -> list[WaitReason]:
        """Return all that is between it and its next job, what is closed first."""
        check_may_block("schedule.explain()", "await schedule.explain_async()")
        return msgspec.convert(self._ask(messages.VIEW_SCHEDULE_WAITS, self.id).get(), list[WaitReason])

    async def explain_async(self) -> list[WaitReason]:
        """As `explain`."""
        return msgspec.convert(await self._ask(messages.VIEW_SCHEDULE_WAITS, self.id), list[WaitReason])

    def pause(self, reason: str = "", within: float | timedelta | None = None) -> ScheduleView:
        """Let it fire no more, until it is resumed, or for a time; due times in between are not caught up."""
        check_may_block("schedule.pause()", "await schedule.pause_async()")
        return msgspec.convert(self._pause(reason, within).get(), ScheduleView)

    async def pause_async(self, reason: str = "", within: float | timedelta | None = None) -> ScheduleView:
        """As `pause`."""
        return msgspec.convert(await self._pause(reason, within), ScheduleView)

    def _pause(self, reason: str, within: float | timedelta | None) -> Future[Any]:
        words: dict[str, Any] = {} if within is None else {"within": seconds_of(within, "within")}
        return self._ask(messages.SCHEDULE_PAUSE, self.id, reason=reason, who=user_name(), **words)

    def resume(self) -> ScheduleView:
        """Let it fire again, from the next due time on."""
        check_may_block("schedule.resume()", "await schedule.resume_async()")
        return msgspec.convert(self._ask(messages.SCHEDULE_RESUME, self.id, who=user_name()).get(), ScheduleView)

    async def resume_async(self) -> ScheduleView:
        """As `resume`."""
        return msgspec.convert(await self._ask(messages.SCHEDULE_RESUME, self.id, who=user_name()), ScheduleView)

    def run_now(self) -> Job[Any]:
        """Start its job now, besides its due times."""
        check_may_block("schedule.run_now()", "await schedule.run_now_async()")
        return Job(self._app, self._run().get())

    async def run_now_async(self) -> Job[Any]:
        """As `run_now`."""
        return Job(self._app, await self._run())

    def _run(self) -> Future[Any]:
        return self._ask(messages.SCHEDULE_RUN, self.id, key=new_id(), who=user_name())

    def backfill(
        self, since: datetime, until: datetime, *, key: str | None = None, on_progress: Callable[[int, int], object] | None = None
    ) -> Batch[Any]:
        """Start a job for each due time of a past period, its ends included, at most 10,000; return them.

        key: one that comes again for the schedule starts only what it did not start before; without one, all start, also once more.
        on_progress: called on the client's thread with how many are started, and of how many.
        Raises what a submission would raise; a queue that fills up meanwhile is waited for.
        """
        check_may_block("schedule.backfill()", "await schedule.backfill_async(...)")
        return self._batch(self._backfill(since, until, key, on_progress).get())

    async def backfill_async(
        self, since: datetime, until: datetime, *, key: str | None = None, on_progress: Callable[[int, int], object] | None = None
    ) -> Batch[Any]:
        """As `backfill`."""
        return self._batch(await self._backfill(since, until, key, on_progress))

    def _backfill(
        self, since: datetime, until: datetime, key: str | None, on_progress: Callable[[int, int], object] | None
    ) -> Future[Any]:
        if since.tzinfo is None or until.tzinfo is None:
            raise InvalidSchedule("since and until are datetimes with a time zone, as datetime.now(UTC) is")

        def said(page: dict[str, Any]) -> None:
            if on_progress is not None:
                on_progress(page["started"], page["of"])

        words = {"who": user_name(), "key": key or new_id()}
        request = Request(
            messages.SCHEDULE_BACKFILL, [self.id, since.timestamp(), until.timestamp()], words,
            on_progress=said if on_progress is not None else None,
        )  # fmt: skip
        return self._app.client.link.send(request)

    def _batch(self, answers: list[Any]) -> Batch[Any]:
        batch: Batch[Any] = Batch(self._app, self.id, None)
        batch.add([one for one in answers if isinstance(one, str)], {})
        batch.refused += [one for one in answers if not isinstance(one, str)]
        return batch

    def edit(
        self, when: When | str | None = None, flow: Any = None, *, zone: str | None = None, **options: Unpack[ScheduleOptions]
    ) -> ScheduleView:
        """Change some of it; the rest stays. What code declares is kept beside the change, which wins."""
        check_may_block("schedule.edit()", "await schedule.edit_async()")
        return msgspec.convert(self._edit(when, flow, zone, options).get(), ScheduleView)

    async def edit_async(
        self, when: When | str | None = None, flow: Any = None, *, zone: str | None = None, **options: Unpack[ScheduleOptions]
    ) -> ScheduleView:
        """As `edit`."""
        return msgspec.convert(await self._edit(when, flow, zone, options), ScheduleView)

    def _edit(self, when: When | str | None, flow: Any, zone: str | None, options: Any) -> Future[Any]:
        if zone is not None and when is None:
            raise InvalidSchedule("zone is that of a cron line: give the line too", option="zone")
        fields = fields_of(when, zone, options) | ({} if flow is None else {"call": call_of_flow(flow.data())})
        return self._ask(messages.SCHEDULE_EDIT, self.id, fields, who=user_name())

    def reset(self, *names: str) -> ScheduleView:
        """Let options with these names be as code declares them again, or all of it: `reset("when", "overlap")`, `reset()`.

        Raises InvalidSchedule if no code declares the schedule.
        """
        check_may_block("schedule.reset()", "await schedule.reset_async()")
        return msgspec.convert(self._reset(names).get(), ScheduleView)

    async def reset_async(self, *names: str) -> ScheduleView:
        """As `reset`."""
        return msgspec.convert(await self._reset(names), ScheduleView)

    def _reset(self, names: tuple[str, ...]) -> Future[Any]:
        return self._ask(messages.SCHEDULE_EDIT, self.id, {}, reset=list(names) or True, who=user_name())

    def delete(self) -> None:
        """Delete it, with its history; jobs that it started stay. One that code declares is refused until it is orphaned."""
        check_may_block("schedule.delete()", "await schedule.delete_async()")
        self._ask(messages.SCHEDULE_DELETE, self.id, who=user_name()).get()

    async def delete_async(self) -> None:
        """As `delete`."""
        await self._ask(messages.SCHEDULE_DELETE, self.id, who=user_name())

    def _ask(self, uri: str, *args: Any, **words: Any) -> Future[Any]:
        return self._app.client.ask(uri, *args, **words)
