"""One trigger of the router."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.attempt.blocking import check_may_block
from taskbahn.attempt.plain_data import seconds_of
from taskbahn.errors import InvalidOption
from taskbahn.jobs.admin import user_name
from taskbahn.protocol import messages
from taskbahn.protocol.triggers import TriggerView
from taskbahn.tasks.declaring_triggers import call_of, check_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from taskbahn.client.client import HasClient
    from taskbahn.future import Future


class Trigger:
    """A trigger by its id; whether there is one is found out when it is asked for something.

    Each method raises InvalidOption if there is none, and RouterUnavailable if there is no router. Each has a twin with `_async`.
    """

    def __init__(self, app: HasClient, id: str) -> None:
        self._app = app
        self.id = check_id(id)

    def view(self) -> TriggerView:
        """Return it as it is now."""
        check_may_block("trigger.view()", "await trigger.view_async()")
        return self._one(self._app.client.ask(messages.VIEW_TRIGGERS, id=self.id).get())

    async def view_async(self) -> TriggerView:
        """As `view`."""
        return self._one(await self._app.client.ask(messages.VIEW_TRIGGERS, id=self.id))

    def _one(self, answer: dict[str, Any]) -> TriggerView:
        if not answer["triggers"]:
            raise InvalidOption(f"there is no trigger {self.id!r}; `taskbahn triggers` lists them", option="id")
        return msgspec.convert(answer["triggers"][0], TriggerView)

    def pause(self, reason: str = "", within: float | timedelta | None = None) -> TriggerView:
        """Let events start nothing by it, until it is resumed, or for a time; those in between are not caught up."""
        check_may_block("trigger.pause()", "await trigger.pause_async()")
        return msgspec.convert(self._pause(reason, within).get(), TriggerView)

    async def pause_async(self, reason: str = "", within: float | timedelta | None = None) -> TriggerView:
        """As `pause`."""
        return msgspec.convert(await self._pause(reason, within), TriggerView)

    def _pause(self, reason: str, within: float | timedelta | None) -> Future[Any]:
        words: dict[str, Any] = {} if within is None else {"within": seconds_of(within, "within")}
        return self._ask(messages.TRIGGER_PAUSE, reason=reason, **words)

    def resume(self) -> TriggerView:
        """Let events start what it starts again."""
        check_may_block("trigger.resume()", "await trigger.resume_async()")
        return msgspec.convert(self._ask(messages.TRIGGER_RESUME).get(), TriggerView)

    async def resume_async(self) -> TriggerView:
        """As `resume`."""
        return msgspec.convert(await self._ask(messages.TRIGGER_RESUME), TriggerView)

    def edit(
        self,
        start: Any = None,
        /,
        *,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> TriggerView:
        """Change some of it; the rest stays. What code declares is kept beside the change, which wins.

        start, args, kwargs: as of `app.triggers.create`.   fields: topic, match, where, note.
        """
        check_may_block("trigger.edit()", "await trigger.edit_async()")
        return msgspec.convert(self._edit(start, args, kwargs, fields).get(), TriggerView)

    async def edit_async(
        self,
        start: Any = None,
        /,
        *,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> TriggerView:
        """As `edit`."""
        return msgspec.convert(await self._edit(start, args, kwargs, fields), TriggerView)

    def _edit(
        self, start: Any, args: Sequence[Any] | None, kwargs: Mapping[str, Any] | None, fields: dict[str, Any]
    ) -> Future[Any]:
        if start is not None:
            fields = fields | {"call": call_of(start, args, kwargs)}
        elif args is not None or kwargs is not None:
            raise InvalidOption("args and kwargs come with the task: trigger.edit(task, kwargs={...})", option="kwargs")
        return self._ask(messages.TRIGGER_EDIT, fields)

    def delete(self) -> None:
        """Delete it; jobs that it started stay. One that code declares is refused until it is orphaned."""
        check_may_block("trigger.delete()", "await trigger.delete_async()")
        self._ask(messages.TRIGGER_DELETE).get()

    async def delete_async(self) -> None:
        """As `delete`."""
        await self._ask(messages.TRIGGER_DELETE)

    def _ask(self, uri: str, *args: Any, **words: Any) -> Future[Any]:
        return self._app.client.ask(uri, self.id, *args, who=user_name(), **words)
