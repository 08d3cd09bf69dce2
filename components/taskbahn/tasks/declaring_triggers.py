"""What an application says of its triggers, as it travels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

from taskbahn.errors import InvalidOption, did_you_mean
from taskbahn.protocol.trigger_fields import DeclaredTrigger
from taskbahn.protocol.triggers import read_trigger
from taskbahn.tasks.declaring_schedules import call_of_flow, call_of_task
from taskbahn.tasks.encrypting import check_kept, refused_trigger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from taskbahn.client.client import Client
    from taskbahn.protocol.hooks import Repeats, Scheme
    from taskbahn.protocol.triggers import Match

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


class StartOptions(TypedDict, total=False):
    """What events start a task, and how.

    where: fields that the event has, with these values.   args, kwargs: of the task, with templates; without both it gets the event's.
    """

    where: Mapping[str, Any] | None
    args: Sequence[Any] | None
    kwargs: Mapping[str, Any] | None
    note: str


class TopicOptions(StartOptions, total=False):
    """match: what the topic means, as in a subscription."""

    match: Match


class HookOptions(StartOptions, total=False):
    """header: with the signature, of the scheme hmac.   repeats: by what a repeated request is known.   per_second: requests, at most."""

    header: str
    repeats: Repeats
    per_second: float


def topic_spec(start: Any, topic: str, options: TopicOptions) -> dict[str, Any]:
    """Return a trigger of a topic as it travels; raises InvalidOption."""
    return _spec(start, {"kind": "topic", "topic": topic}, options, TopicOptions.__annotations__)


def hook_spec(start: Any, name: str, scheme: Scheme, secret: str, options: HookOptions) -> dict[str, Any]:
    """Return a trigger of a hook as it travels; raises InvalidOption."""
    fields = {"kind": "hook", "name": name, "scheme": scheme, "secret": secret}
    return _spec(start, fields, options, HookOptions.__annotations__)


def _spec(start: Any, fields: dict[str, Any], options: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    for name in options:
        if name not in known:
            raise InvalidOption(
                f"there is no option {name!r}{did_you_mean(name, known)}; there are {', '.join(known)}", option=name
            )
    given = dict(options)
    args, kwargs, where = given.pop("args", None), given.pop("kwargs", None), given.pop("where", None)
    return {**fields, **given, "where": dict(where or {}), "call": call_of(start, args, kwargs)}


def call_of(task: Any, args: Sequence[Any] | None, kwargs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the call of a task or a flow; without arguments a task gets those of the event."""
    if hasattr(task, "data"):
        if args is not None or kwargs is not None:
            raise InvalidOption(
                "args and kwargs are of a task; a flow has its own, as in report.si('{event.day}')", option="kwargs"
            )
        data = task.data()
        check_kept(data, "a flow with such a task")
        return call_of_flow(data)
    if task.encrypts:
        raise refused_trigger(task.name)
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


def declare_on(app: Declares, task: Any, topic: str, id: str | None, options: TopicOptions) -> Any:
    """Let an application declare that events of a topic start a task; return the task."""
    check_on_top(app, task, "@app.on")
    return declare(app, task, id or f"{task.name}:{topic}", topic_spec(task, topic, options))


def declare_hook(
    app: Declares, task: Any, name: str, scheme: Scheme, secret: str, id: str | None, options: HookOptions
) -> Any:  # fmt: skip
    """Let an application declare that requests to a hook start a task; return the task."""
    check_on_top(app, task, "@app.hook")
    return declare(app, task, id or f"{task.name}:hook:{name}", hook_spec(task, name, scheme, secret, options))


def check_on_top(app: Declares, task: Any, what: str) -> None:
    """Raise InvalidOption for a decorator that is not on top of a task of the application."""
    known: Any = app.tasks.get(getattr(task, "name", ""))
    if known is None or known is not task:
        raise InvalidOption(f"{what} goes on top of @app.task, of the same application", option="task")
