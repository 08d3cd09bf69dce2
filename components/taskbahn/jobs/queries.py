"""The whole as it is now: tasks, jobs, queues, workers, and all in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from taskbahn.attempt.blocking import check_may_block
from taskbahn.encryption.reading import opened_question
from taskbahn.jobs.audit_stream import AuditStream
from taskbahn.jobs.job_stream import JobStream
from taskbahn.protocol import access, messages, views
from taskbahn.protocol.access import RoleView
from taskbahn.protocol.questions import QuestionView

if TYPE_CHECKING:
    from datetime import date

    from taskbahn.client.client import HasClient
    from taskbahn.future import Future
    from taskbahn.protocol.past_times import PastTime

T = TypeVar("T")


class Views:
    """Questions that change nothing. Each raises RouterUnavailable if there is no router."""

    def __init__(self, app: HasClient) -> None:
        self._app = app

    def __repr__(self) -> str:
        return f"<Views of {self._app!r}>"

    def status(self) -> views.Status:
        """Return the counts of jobs by state, and what the workers have."""
        return self._ask(views.Status, messages.VIEW_STATUS)

    async def status_async(self) -> views.Status:
        """As `status`, for asyncio and Twisted."""
        return msgspec.convert(await self._future(messages.VIEW_STATUS), views.Status)

    def tasks(self) -> list[views.TaskView]:
        """Return all tasks that were ever declared."""
        return self._ask(list[views.TaskView], messages.VIEW_TASKS)

    async def tasks_async(self) -> list[views.TaskView]:
        """As `tasks`, for asyncio and Twisted."""
        return msgspec.convert(await self._future(messages.VIEW_TASKS), list[views.TaskView])

    def queues(self) -> list[views.QueueView]:
        """Return all queues."""
        return self._ask(list[views.QueueView], messages.VIEW_QUEUES)

    async def queues_async(self) -> list[views.QueueView]:
        """As `queues`, for asyncio and Twisted."""
        return msgspec.convert(await self._future(messages.VIEW_QUEUES), list[views.QueueView])

    def workers(self) -> list[views.WorkerView]:
        """Return the workers that are attached now."""
        return self._ask(list[views.WorkerView], messages.VIEW_WORKERS)

    async def workers_async(self) -> list[views.WorkerView]:
        """As `workers`, for asyncio and Twisted."""
        return msgspec.convert(await self._future(messages.VIEW_WORKERS), list[views.WorkerView])

    def roles(self) -> list[RoleView]:
        """Return the roles of the node, and what sessions with them may do."""
        return self._ask(list[RoleView], access.VIEW_ROLES)

    async def roles_async(self) -> list[RoleView]:
        """As `roles`, for asyncio and Twisted."""
        return msgspec.convert(await self._future(access.VIEW_ROLES), list[RoleView])

    def limits(self, name: str | None = None) -> views.Limits:
        """Return the limits, or the one of a name if it exists, and which of their keys are in use or have jobs waiting."""
        return self._ask(views.Limits, messages.VIEW_LIMITS, name=name)

    async def limits_async(self, name: str | None = None) -> views.Limits:
        """As `limits`, for asyncio and Twisted."""
        return msgspec.convert(await self._future(messages.VIEW_LIMITS, name=name), views.Limits)

    def questions(self, job: str | None = None) -> list[QuestionView]:
        """Return the questions that jobs have asked, or one job, and that have no answer yet."""
        check_may_block("app.view.questions()", "await app.view.questions_async()")
        found: list[QuestionView] = []
        after: Any = 0
        while after is not None:
            page = self._future(messages.VIEW_QUESTIONS, job=job, after=after).get()
            found += self._opened(page["questions"])
            after = page["next"]
        return found

    async def questions_async(self, job: str | None = None) -> list[QuestionView]:
        """As `questions`, for asyncio and Twisted."""
        found: list[QuestionView] = []
        after: Any = 0
        while after is not None:
            page = await self._future(messages.VIEW_QUESTIONS, job=job, after=after)
            found += self._opened(page["questions"])
            after = page["next"]
        return found

    def _opened(self, found: list[Any]) -> list[QuestionView]:
        return [opened_question(one, self._app.keys, one.job) for one in msgspec.convert(found, list[QuestionView])]

    def settings(self) -> list[views.Setting]:
        """Return the effective configuration of the node, and where each value comes from."""
        return self._ask(list[views.Setting], messages.VIEW_SETTINGS)

    async def settings_async(self) -> list[views.Setting]:
        """As `settings`, for asyncio and Twisted."""
        return msgspec.convert(await self._future(messages.VIEW_SETTINGS), list[views.Setting])

    def history(self, seconds: float = 3600.0, *, task: str | None = None) -> views.History:
        """Return numbers over the last *seconds* (60 to 604,800), of all jobs or of one task."""
        return self._ask(views.History, messages.VIEW_HISTORY, seconds=seconds, task=task)

    async def history_async(self, seconds: float = 3600.0, *, task: str | None = None) -> views.History:
        """As `history`, for asyncio and Twisted."""
        return msgspec.convert(await self._future(messages.VIEW_HISTORY, seconds=seconds, task=task), views.History)

    def errors(self, task: str | None = None) -> views.Errors:
        """Return failed jobs by fingerprint, of all tasks or of one."""
        return self._ask(views.Errors, messages.VIEW_ERRORS, task=task)

    async def errors_async(self, task: str | None = None) -> views.Errors:
        """As `errors`, for asyncio and Twisted."""
        return msgspec.convert(await self._future(messages.VIEW_ERRORS, task=task), views.Errors)

    def jobs(
        self,
        query: str = "",
        /,
        *,
        state: str | list[str] | None = None,
        task: str | None = None,
        queue: str | None = None,
        tag: str | None = None,
        worker: str | None = None,
        caller: str | None = None,
        since: PastTime | date | None = None,
        until: PastTime | date | None = None,
        error: str | None = None,
        parent: str | None = None,
        root: str | None = None,
        id_part: str | None = None,
        before: Any = None,
        limit: int | None = None,
    ) -> JobStream:
        """Return the jobs of a query without their payloads, newest first: `for job in app.view.jobs("state:failed since:1h")`.

        query: as in the query bar of the dashboard, see docs/cli.md. What follows says the same by name. task, queue, tag, worker,
        caller: names, in which `*` matches any run of characters, and `[*]` a star; caller: who asked for them, `schedule:ID` and
        `trigger:ID` too; since, until: when they were accepted: `"1h"` or a timedelta ago, a datetime with its zone,
        a local date, or seconds since the epoch; error: a fingerprint, from `errors`; parent, root: the id of the job to which they
        belong, or of the root of their tree; id_part: how their ids begin or end, 4 hexadecimal digits or more.  limit: jobs at most.
        A page, `app.view.jobs(...).jobs`, looks at a bounded number of jobs, so it may be short, even empty, and yet have a `next`, which is
        *before* of the next one.  Raises WrongQuery at once, InvalidRequest when it asks.
        """
        words: dict[str, Any] = {"state": state, "task": task, "queue": queue, "tag": tag, "worker": worker, "caller": caller}
        words |= {"since": since, "until": until, "error": error, "parent": parent, "root": root, "id_part": id_part}
        return JobStream(self._app, query, words, before, limit)

    def audit(
        self,
        text: str = "",
        *,
        who: str | None = None,
        verb: str | None = None,
        kind: str | None = None,
        object: str | None = None,  # noqa: A002 - as entries name it
        job: str | None = None,
        since: PastTime | date | None = None,
        until: PastTime | date | None = None,
        before: int | None = None,
        limit: int | None = None,
    ) -> AuditStream:
        """Return who did what, newest first: `for entry in app.view.audit(verb="cancel", since="1d")`.

        text: in what an entry says, in any case.  who: a user or the name that a person gave; `*` matches any run of characters.
        verb: `cancel`, `retry`, `pause` and the like.  kind, object: what it was done to, and its id or name.  job: the id of a job
        to which it was done, alone or among others.  since, until: as in `jobs`.  before: only entries with smaller ids.
        limit: entries at most.  It is for operators.  Raises InvalidRequest.
        """
        words: dict[str, Any] = {"text": text, "who": who, "verb": verb, "kind": kind, "object": object, "job": job}
        return AuditStream(self._app, words | {"since": since, "until": until}, before, limit)

    def _ask(self, kind: type[T], procedure: str, **given: Any) -> T:
        name = procedure.rpartition(".")[2]
        check_may_block(f"app.view.{name}()", f"await app.view.{name}_async()")
        return msgspec.convert(self._future(procedure, **given).get(), kind)

    def _future(self, procedure: str, **given: Any) -> Future[Any]:
        return self._app.client.ask(procedure, **{name: value for name, value in given.items() if value is not None})
