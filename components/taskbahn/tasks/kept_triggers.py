"""The triggers of the router, and events that an application publishes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.attempt.blocking import check_may_block
from taskbahn.attempt.plain_data import data_of
from taskbahn.jobs.admin import user_name
from taskbahn.jobs.job import Job
from taskbahn.protocol import ids, messages
from taskbahn.protocol.triggers import Match, TriggerView, check_topic
from taskbahn.tasks.declaring_triggers import call_of, check_id, hook_fields, topic_fields
from taskbahn.tasks.trigger import Trigger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from taskbahn.client.client import HasClient
    from taskbahn.future import Future
    from taskbahn.protocol.hooks import Repeats, Scheme
    from taskbahn.tasks.flow import Flow
    from taskbahn.tasks.task_handle import TaskHandle


class KeptTriggers:
    """The triggers that the router keeps, by id; iterating gives a `Trigger` for each."""

    def __init__(self, app: HasClient) -> None:
        self._app = app

    def create(
        self,
        id: str,
        topic: str,
        start: TaskHandle[..., Any] | Flow[object, Any],
        /,
        *,
        match: Match = "exact",
        where: Mapping[str, Any] | None = None,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        note: str = "",
    ) -> TriggerView:
        """Store a trigger now, or all that holds of one that was created before; return it.

        topic, match, where, args, kwargs: as of `app.on`.   start: a task, or a flow with templates in its arguments.
        Raises InvalidOption, and UnknownTask for a task that no worker has declared.
        """
        check_may_block("app.triggers.create()", "await app.triggers.create_async(...)")
        spec = topic_fields(topic, match, where, note) | {"call": call_of(start, args, kwargs)}
        return msgspec.convert(self._create(id, spec).get(), TriggerView)

    async def create_async(
        self,
        id: str,
        topic: str,
        start: TaskHandle[..., Any] | Flow[object, Any],
        /,
        *,
        match: Match = "exact",
        where: Mapping[str, Any] | None = None,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        note: str = "",
    ) -> TriggerView:
        """As `create`."""
        spec = topic_fields(topic, match, where, note) | {"call": call_of(start, args, kwargs)}
        return msgspec.convert(await self._create(id, spec), TriggerView)

    def create_hook(
        self,
        id: str,
        name: str,
        start: TaskHandle[..., Any] | Flow[object, Any],
        /,
        *,
        scheme: Scheme,
        secret: str,
        where: Mapping[str, Any] | None = None,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        header: str = "",
        repeats: Repeats = "id",
        per_second: float = 100.0,
        note: str = "",
    ) -> TriggerView:
        """As `create`, for requests to `/hooks/<name>`; the words are those of `app.hook`."""
        check_may_block("app.triggers.create_hook()", "await app.triggers.create_hook_async(...)")
        words = {"scheme": scheme, "secret": secret, "header": header, "repeats": repeats, "per_second": per_second, "note": note}
        spec = hook_fields(name, where, words) | {"call": call_of(start, args, kwargs)}
        return msgspec.convert(self._create(id, spec).get(), TriggerView)

    async def create_hook_async(
        self,
        id: str,
        name: str,
        start: TaskHandle[..., Any] | Flow[object, Any],
        /,
        *,
        scheme: Scheme,
        secret: str,
        where: Mapping[str, Any] | None = None,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        header: str = "",
        repeats: Repeats = "id",
        per_second: float = 100.0,
        note: str = "",
    ) -> TriggerView:
        """As `create_hook`."""
        words = {"scheme": scheme, "secret": secret, "header": header, "repeats": repeats, "per_second": per_second, "note": note}
        spec = hook_fields(name, where, words) | {"call": call_of(start, args, kwargs)}
        return msgspec.convert(await self._create(id, spec), TriggerView)

    def _create(self, id: str, spec: dict[str, Any]) -> Future[Any]:
        return self._app.client.ask(messages.TRIGGER_ADD, check_id(id), spec, who=user_name())

    def __getitem__(self, id: str) -> Trigger:
        """Return a trigger; whether there is one is found out when it is asked for something."""
        return Trigger(self._app, id)

    def __iter__(self) -> Iterator[Trigger]:
        """Return all triggers, by id."""
        return iter([Trigger(self._app, view.id) for view in self.views()])

    def views(self) -> list[TriggerView]:
        """Return all triggers as they are now, by id."""
        check_may_block("app.triggers.views()", "await asyncio.to_thread(app.triggers.views)")
        found: list[TriggerView] = []
        after: str | None = ""
        while after is not None:
            page = self._app.client.ask(messages.VIEW_TRIGGERS, after=after, limit=500).get()
            found += msgspec.convert(page["triggers"], list[TriggerView])
            after = page["next"]
        return found


def published(app: HasClient, topic: str, args: Sequence[Any], kwargs: Mapping[str, Any], event_id: str | None) -> Future[Any]:
    """Publish an event; the future is for the id of the job of each trigger, or why it starts none.

    It has an id in any case, so a request that is repeated after a lost connection starts nothing twice.
    """
    check_topic(topic)
    data = data_of([list(args), dict(kwargs)], f"an event of {topic}", messages.MAX_ARGUMENTS)
    id = ids.new_id() if event_id is None else event_id
    return app.client.ask(messages.EVENT_PUBLISH, topic, *data, id=id)


def jobs_of(app: HasClient, answers: list[str | dict[str, Any]]) -> list[Job[Any]]:
    """Return the jobs that an event has started."""
    return [Job(app, id) for id in answers if isinstance(id, str)]
