"""The schedules of the router, and those that an application declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import msgspec

from taskbahn.attempt.blocking import check_may_block
from taskbahn.errors import InvalidSchedule
from taskbahn.jobs.admin import user_name
from taskbahn.jobs.all_pages import all_of, all_of_async
from taskbahn.protocol import messages
from taskbahn.protocol.scheduling import ScheduleView
from taskbahn.schedules.schedules import Schedules
from taskbahn.tasks.declaring_schedules import Declares, ScheduleOptions, call_of_flow, check_id, declared, fields_of
from taskbahn.tasks.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from taskbahn.future import Future
    from taskbahn.schedules.when import When
    from taskbahn.tasks.flow import Flow


class KeptSchedules(Schedules):
    """The schedules that the router keeps, by id; iterating gives a `Schedule` for each.

    `add` declares one in code, `create` stores one now.
    """

    def __init__(self, app: Declares) -> None:
        super().__init__(app)
        self._home = app

    def add(
        self,
        id: str,
        when: When | str,
        flow: Flow[object, Any],
        /,
        *,
        zone: str | None = None,
        **options: Unpack[ScheduleOptions],
    ) -> Schedule:
        """Declare a schedule of a flow: workers of this application bring it to the router.

        when: a cron line, in *zone*, or a `When`.  Raises InvalidSchedule; what the line says is checked when a worker comes.
        """
        one = declared(id, fields_of(when, zone, options), call_of_flow(flow.data()))
        known = self._home.declared_schedules.setdefault(id, one)
        if known != one:
            raise InvalidSchedule(f"two schedules of this application have the id {id!r}: give one of them another")
        return Schedule(self._app, id)

    def create(
        self,
        id: str,
        when: When | str,
        flow: Flow[object, Any],
        /,
        *,
        zone: str | None = None,
        **options: Unpack[ScheduleOptions],
    ) -> ScheduleView:
        """Store a schedule now, or all that holds of one that was created before; return it.

        Raises InvalidSchedule for times that cannot be or that never come, and what a submission of the flow would raise.
        """
        check_may_block("app.schedules.create()", "await app.schedules.create_async(...)")
        return msgspec.convert(self._create(id, when, flow, zone, options).get(), ScheduleView)

    async def create_async(
        self,
        id: str,
        when: When | str,
        flow: Flow[object, Any],
        /,
        *,
        zone: str | None = None,
        **options: Unpack[ScheduleOptions],
    ) -> ScheduleView:
        """As `create`."""
        return msgspec.convert(await self._create(id, when, flow, zone, options), ScheduleView)

    def check(
        self,
        id: str,
        when: When | str,
        flow: Flow[object, Any],
        /,
        *,
        zone: str | None = None,
        **options: Unpack[ScheduleOptions],
    ) -> ScheduleView:
        """Return what `create` would make, or raise what it would raise; nothing is stored."""
        check_may_block("app.schedules.check()", "await app.schedules.check_async(...)")
        return msgspec.convert(self._create(id, when, flow, zone, options, check=True).get(), ScheduleView)

    async def check_async(
        self,
        id: str,
        when: When | str,
        flow: Flow[object, Any],
        /,
        *,
        zone: str | None = None,
        **options: Unpack[ScheduleOptions],
    ) -> ScheduleView:
        """As `check`."""
        return msgspec.convert(await self._create(id, when, flow, zone, options, check=True), ScheduleView)

    def _create(self, id: str, when: When | str, flow: Any, zone: str | None, options: Any, **words: Any) -> Future[Any]:
        spec = fields_of(when, zone, options) | {"call": call_of_flow(flow.data())}
        return self._app.client.ask(messages.SCHEDULE_ADD, check_id(id), spec, who=user_name(), **words)

    def __getitem__(self, id: str) -> Schedule:
        """Return a schedule; whether there is one is found out when it is asked for something."""
        return Schedule(self._app, id)

    def __iter__(self) -> Iterator[Schedule]:
        """Return all schedules, by id."""
        return iter([Schedule(self._app, view.id) for view in self.views()])

    def views(self) -> list[ScheduleView]:
        """Return all schedules as they are now, by id."""
        check_may_block("app.schedules.views()", "await app.schedules.views_async()")
        return all_of(self._app, messages.VIEW_SCHEDULES, "schedules", ScheduleView)

    async def views_async(self) -> list[ScheduleView]:
        """As `views`, for asyncio and Twisted."""
        return await all_of_async(self._app, messages.VIEW_SCHEDULES, "schedules", ScheduleView)

    async def __aiter__(self) -> AsyncIterator[Schedule]:
        for view in await self.views_async():
            yield Schedule(self._app, view.id)
