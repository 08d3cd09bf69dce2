"""What an application says of its triggers, as it travels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from taskbahn.errors import InvalidOption
from taskbahn.protocol.trigger_fields import DeclaredTrigger
from taskbahn.protocol.triggers import Match, read_trigger
from taskbahn.tasks.declaring_schedules import call_of_flow, call_of_task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from taskbahn.client.client import Client

ID = re.compile(r"[A-Za-z0-9_.:-]{1,200}")


class Declares(Protocol):
    """An application, with the triggers of its code."""

    tasks: dict[str, Any]
    declared_triggers: dict[str, DeclaredTrigger]

    @property
    def client(self) -> Client:
        """The connection to the router."""


def check_id(id: Any) -> str:
    """Return an id that a trigger may have; raises InvalidOption."""
    if not isinstance(id, str) or not ID.fullmatch(id):
        raise InvalidOption(
            f"the id of a trigger has 1 to 200 letters, digits, '_', '.', ':' and '-', not {id!r:.100}; give it id=", option="id"
        )
    return id


def topic_fields(topic: str, match: Match, where: Mapping[str, Any] | None, note: str) -> dict[str, Any]:
    """Return the fields of a trigger of a topic, without what it starts."""
    return {"kind": "topic", "topic": topic, "match": match, "where": dict(where or {}), "note": note}


def hook_fields(name: str, where: Mapping[str, Any] | None, words: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a trigger of a hook, without what it starts.   words: as they are called there."""
    return {"kind": "hook", "name": name, "where": dict(where or {}), **words}


def call_of(task: Any, args: Sequence[Any] | None, kwargs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the call of a task or a flow; without arguments a task gets those of the event."""
    if hasattr(task, "data"):
        if args is not None or kwargs is not None:
            raise InvalidOption(
                "args and kwargs are of a task; a flow has its own, as in report.si('{event.day}')", option="kwargs"
            )
        return call_of_flow(task.data())
    function = getattr(task, "function", None)
    if args is None and kwargs is None:
        return {"task": task.name}
    if function is None:
        return {"task": task.name, "args": list(args or ()), "kwargs": dict(kwargs or {})}
    return call_of_task(task.name, function, args or (), kwargs or {}, "its trigger")


def declare(app: Declares, task: Any, id: str, fields: dict[str, Any]) -> Any:
    """Let an application declare a trigger of a task; return the task."""
    read_trigger(fields)
    one = DeclaredTrigger(id=check_id(id), spec=fields)
    if app.declared_triggers.setdefault(one.id, one) != one:
        raise InvalidOption(f"two triggers of this application have the id {one.id!r}: give one of them another id=", option="id")
    return task


def declare_on(
    app: Declares,
    task: Any,
    topic: str,
    match: Match,
    where: Mapping[str, Any] | None,
    args: Sequence[Any] | None,
    kwargs: Mapping[str, Any] | None,
    id: str | None,
    note: str,
) -> Any:
    """Let an application declare that events of a topic start a task; return the task."""
    check_on_top(app, task, "@app.on")
    fields = topic_fields(topic, match, where, note) | {"call": call_of(task, args, kwargs)}
    return declare(app, task, id or f"{task.name}:{topic}", fields)


def declare_hook(
    app: Declares,
    task: Any,
    name: str,
    where: Mapping[str, Any] | None,
    args: Sequence[Any] | None,
    kwargs: Mapping[str, Any] | None,
    id: str | None,
    words: Mapping[str, Any],
) -> Any:
    """Let an application declare that requests to a hook start a task; return the task."""
    check_on_top(app, task, "@app.hook")
    fields = hook_fields(name, where, words) | {"call": call_of(task, args, kwargs)}
    return declare(app, task, id or f"{task.name}:hook:{name}", fields)


def check_on_top(app: Declares, task: Any, what: str) -> None:
    """Raise InvalidOption for a decorator that is not on top of a task of the application."""
    known: Any = app.tasks.get(getattr(task, "name", ""))
    if known is None or known is not task:
        raise InvalidOption(f"{what} goes on top of @app.task, of the same application", option="task")
