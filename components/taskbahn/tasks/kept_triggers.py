"""The triggers of the router, and events that an application publishes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import msgspec

from taskbahn.attempt.blocking import check_may_block
from taskbahn.attempt.plain_data import data_of
from taskbahn.jobs.admin import user_name
from taskbahn.jobs.all_pages import all_of, all_of_async
from taskbahn.jobs.job import Job
from taskbahn.protocol import ids, messages
from taskbahn.protocol.triggers import TriggerView, check_topic
from taskbahn.tasks.declaring_triggers import HookOptions, TopicOptions, check_id, hook_spec, topic_spec
from taskbahn.tasks.trigger import Trigger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from taskbahn.client.client import HasClient
    from taskbahn.future import Future
    from taskbahn.protocol.hooks import Scheme
    from taskbahn.tasks.flow import Flow
    from taskbahn.tasks.task_handle import TaskHandle


class KeptTriggers:
    """The triggers that the router keeps, by id; iterating gives a `Trigger` for each."""

    def __init__(self, app: HasClient) -> None:
        self._app = app

    def __repr__(self) -> str:
        return f"<triggers of {self._app!r}>"

    def create(
        self, id: str, topic: str, start: TaskHandle[..., Any] | Flow[object, Any], /, **options: Unpack[TopicOptions]
    ) -> TriggerView:
        """Store a trigger now, or all that holds of one that was created before; return it.

        topic, options: as of `app.on`.   start: a task, or a flow with templates in its arguments.
        Raises InvalidOption, and UnknownTask for a task that no worker has declared.
        """
        check_may_block("app.triggers.create()", "await app.triggers.create_async(...)")
        return msgspec.convert(self._create(id, topic_spec(start, topic, options)).get(), TriggerView)

    async def create_async(
        self, id: str, topic: str, start: TaskHandle[..., Any] | Flow[object, Any], /, **options: Unpack[TopicOptions]
    ) -> TriggerView:
        """As `create`."""
        return msgspec.convert(await self._create(id, topic_spec(start, topic, options)), TriggerView)

    def create_hook(
        self,
        id: str,
        name: str,
        start: TaskHandle[..., Any] | Flow[object, Any],
        /,
        *,
        scheme: Scheme,
        secret: str,
        **options: Unpack[HookOptions],
    ) -> TriggerView:
        """As `create`, for requests to `/hooks/<name>`; the words are those of `app.hook`."""
        check_may_block("app.triggers.create_hook()", "await app.triggers.create_hook_async(...)")
        return msgspec.convert(self._create(id, hook_spec(start, name, scheme, secret, options)).get(), TriggerView)

    async def create_hook_async(
        self,
        id: str,
        name: str,
        start: TaskHandle[..., Any] | Flow[object, Any],
        /,
        *,
        scheme: Scheme,
        secret: str,
        **options: Unpack[HookOptions],
    ) -> TriggerView:
        """As `create_hook`."""
        return msgspec.convert(await self._create(id, hook_spec(start, name, scheme, secret, options)), TriggerView)

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
        check_may_block("app.triggers.views()", "await app.triggers.views_async()")
        return all_of(self._app, messages.VIEW_TRIGGERS, "triggers", TriggerView)

    async def views_async(self) -> list[TriggerView]:
        """As `views`, for asyncio and Twisted."""
        return await all_of_async(self._app, messages.VIEW_TRIGGERS, "triggers", TriggerView)

    async def __aiter__(self) -> AsyncIterator[Trigger]:
        for view in await self.views_async():
            yield Trigger(self._app, view.id)


def published(app: HasClient, topic: str, args: Sequence[Any], kwargs: Mapping[str, Any], event_id: str | None) -> Future[Any]:
    """Publish an event; the future is for the id of the job of each trigger, or why it starts none.

    It has an id in any case, so a request that is repeated after a lost connection starts nothing twice.
    """
    check_topic(topic)
    data = data_of([list(args), dict(kwargs)], f"an event of {topic}", messages.MAX_ARGUMENTS, "refuse")
    id = ids.new_id() if event_id is None else event_id
    return app.client.ask(messages.EVENT_PUBLISH, topic, *data, id=id)


def jobs_of(app: HasClient, answers: list[str | dict[str, Any]]) -> list[Job[Any]]:
    """Return the jobs that an event has started."""
    return [Job(app, id) for id in answers if isinstance(id, str)]
