"""What an application says of its schedules, as it travels."""

from __future__ import annotations

import inspect
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict

import msgspec

from taskbahn.errors import InvalidArguments, InvalidSchedule
from taskbahn.protocol import messages
from taskbahn.protocol.durations import parse_duration
from taskbahn.protocol.schedule_fields import DeclaredSchedule
from taskbahn.schedules.when import form_of
from taskbahn.tasks.encrypting import encrypted_schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from taskbahn.client.client import Client
    from taskbahn.encryption.keyring import KeyRing
    from taskbahn.schedules.when import When

ID = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
MOMENTS = ("start", "end")
DURATIONS = ("jitter", "catch_up", "alarm_after")
OF_CALLS = ("task", "args", "kwargs", "packed", "options")


class Declares(Protocol):
    """An application, with the schedules of its code."""

    tasks: dict[str, Any]
    declared_schedules: dict[str, DeclaredSchedule]

    @property
    def client(self) -> Client:
        """The connection to the router."""

    @property
    def keys(self) -> KeyRing | None:
        """By which it encrypts and decrypts; None: it has no keys."""


class ScheduleOptions(TypedDict, total=False):
    """How a schedule fires.

    start, end: no due time is before or after.   times: firings in all.   jitter: each is later by up to that.
    overlap: what becomes of a due time while the last job has not ended.   catch_up: missed due times that are not older fire late.
    alarm_after: it is a problem if no job has succeeded so long after a due time.
    """

    start: datetime | None
    end: datetime | None
    times: int | None
    jitter: float | timedelta | str
    overlap: Literal["skip", "buffer_one", "buffer_all", "cancel_other", "allow"]
    catch_up: float | timedelta | str
    alarm_after: float | timedelta | str | None
    note: str


def check_id(id: Any) -> str:
    """Return an id that a schedule may have; raises InvalidSchedule."""
    if not isinstance(id, str) or not ID.fullmatch(id):
        raise InvalidSchedule(f"the id of a schedule has 1 to 200 letters, digits, '_', '.', ':' and '-', not {id!r:.100}")
    return id


def fields_of(when: When | str | None, zone: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a schedule as they travel; raises InvalidSchedule."""
    fields: dict[str, Any] = {} if when is None else {"when": messages.plain(form_of(when, zone))}
    for name, value in options.items():
        if name not in ScheduleOptions.__annotations__:
            known = ", ".join(ScheduleOptions.__annotations__)
            raise InvalidSchedule(f"{name} is no option of a schedule; it has {known}", option=name)
        fields[name] = _moment(name, value) if name in MOMENTS else _seconds(name, value) if name in DURATIONS else value
    return fields


def _moment(name: str, value: Any) -> float | None:
    if value is None:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise InvalidSchedule(f"{name} is a datetime with a time zone, as datetime.now(UTC) is, not {value!r:.100}", option=name)
    return value.timestamp()


def _seconds(name: str, value: Any) -> float | None:
    if value is None and name == "alarm_after":
        return None
    if isinstance(value, timedelta):
        return value.total_seconds()
    try:
        return parse_duration(value) if isinstance(value, str) else float(value)
    except (TypeError, ValueError) as error:
        raise InvalidSchedule(f"{name} = {value!r:.100}: {error}", option=name) from None


def call_of_task(
    name: str, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], where: str = "its schedule"
) -> dict[str, Any]:
    """Return the call of a task with these arguments; raises InvalidArguments if it does not take them."""
    try:
        inspect.signature(function).bind(*args, **kwargs)
        call: dict[str, Any] = msgspec.json.decode(
            msgspec.json.encode({"task": name, "args": list(args), "kwargs": dict(kwargs)})
        )
    except TypeError as error:
        raise InvalidArguments(name, {"": f"{error}, in {where}"}) from None
    return call


def call_of_flow(data: dict[str, Any]) -> dict[str, Any]:
    """Return what starts a flow, of which *data* is the form."""
    if "task" in data and data.keys() <= {*OF_CALLS, "immutable", "checked"}:
        return {name: value for name, value in data.items() if name in OF_CALLS}
    options = data.get("options", {}) if "task" not in data else {}
    return {"flow": data if "task" in data else {name: value for name, value in data.items() if name != "options"}} | (
        {"options": options} if options else {}
    )


def declare(
    app: Declares,
    task: Any,
    when: When | str,
    zone: str | None,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    id: str | None,
    options: Mapping[str, Any],
) -> Any:
    """Let an application declare a schedule of a task; return the task."""
    known: Any = app.tasks.get(getattr(task, "name", ""))
    if known is None or known is not task:
        raise InvalidSchedule("@app.schedule goes on top of @app.task, of the same application")
    call = call_of_task(known.name, known.function, args, kwargs)
    if known.encrypts:
        call = encrypted_schedule(app, known.name, call)
    one = declared(id or known.name, fields_of(when, zone, options), call)
    if app.declared_schedules.setdefault(one.id, one) != one:
        raise InvalidSchedule(f"two schedules of this application have the id {one.id!r}: give one of them another id=")
    return task


def declared(id: str, fields: dict[str, Any], call: dict[str, Any]) -> DeclaredSchedule:
    """Return a schedule as a worker declares it."""
    return DeclaredSchedule(id=check_id(id), spec={**fields, "call": call})
