"""The whole as it is now: tasks, jobs, queues, workers, and all in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from taskbahn import wire, wire_views

if TYPE_CHECKING:
    from taskbahn.app import Taskbahn
    from taskbahn.promise import Promise

T = TypeVar("T")


class JobPage(NamedTuple):
    """Some jobs, newest first, and where the next page begins (None at the end)."""

    jobs: list[wire_views.JobView]
    next: Any


class Views:
    """Questions that change nothing. Each raises RouterUnavailable if there is no router."""

    def __init__(self, app: Taskbahn) -> None:
        self._app = app

    def status(self) -> wire_views.Status:
        """Return the counts of jobs by state, and what the workers have."""
        return self._ask(wire_views.Status, wire.VIEW_STATUS)

    def tasks(self) -> list[wire_views.TaskView]:
        """Return all tasks that were ever declared."""
        return self._ask(list[wire_views.TaskView], wire.VIEW_TASKS)

    def queues(self) -> list[wire_views.QueueView]:
        """Return all queues."""
        return self._ask(list[wire_views.QueueView], wire.VIEW_QUEUES)

    def workers(self) -> list[wire_views.WorkerView]:
        """Return the workers that are attached now."""
        return self._ask(list[wire_views.WorkerView], wire.VIEW_WORKERS)

    def jobs(
        self,
        *,
        state: str | None = None,
        task: str | None = None,
        queue: str | None = None,
        tag: str | None = None,
        before: Any = None,
        limit: int = 50,
    ) -> JobPage:
        """Return jobs without their payloads, newest first; *before*: the `next` of the page before."""
        wanted = {"state": state, "task": task, "queue": queue, "tag": tag, "before": before, "limit": limit}
        given = {name: value for name, value in wanted.items() if value is not None}
        answer = self._promise(wire.VIEW_JOBS, **given).get()
        return JobPage(msgspec.convert(answer["jobs"], list[wire_views.JobView]), answer["next"])

    def _ask(self, kind: type[T], procedure: str) -> T:
        return msgspec.convert(self._promise(procedure).get(), kind)

    def _promise(self, procedure: str, **given: Any) -> Promise[Any]:
        return self._app.client.ask(procedure, **given)
