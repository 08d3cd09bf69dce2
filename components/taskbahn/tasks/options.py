"""The options of a task and of one call of it, from what a user writes to `messages.Options`."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypedDict
from uuid import UUID

import msgspec

from taskbahn.errors import InvalidOption
from taskbahn.protocol import messages
from taskbahn.protocol.durations import Duration
from taskbahn.protocol.options import OPTIONS, WIRE, Where, check, refuse_value, with_seconds

if TYPE_CHECKING:
    from taskbahn.jobs.job import Job
    from taskbahn.tasks.flow import Flow
    from taskbahn.tasks.limits import Limit
    from taskbahn.tasks.unique import Unique

Pool = Literal["process", "thread", "loop"]
Exceptions = type[BaseException] | Sequence[type[BaseException]] | AbstractSet[type[BaseException]]
Tags = list[str] | tuple[str, ...] | AbstractSet[str]
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
MOMENTS = {"eta": "delay", "finish_by": "finish_within"}  # options that are a time, and which one says it as a duration
PLAIN_NUMBERS = (int, float, bool)
NUMBERS = frozenset(name for name, option in WIRE.items() if option.type in (int, float) and option.most is None)


class JobOptions(TypedDict, total=False):
    """What a task may say for all its jobs and a call for its own; `taskbahn.protocol.options` has the meaning and the defaults."""

    queue: str
    priority: int
    start_within: Duration
    run_within: Duration
    finish_within: Duration
    retries: int | Sequence[Duration]
    retry_backoff: Duration
    retry_backoff_max: Duration
    retry_jitter: float
    crash_attempts: int
    keep: float | timedelta
    delivery: Literal["at_least_once", "at_most_once"]
    on_caller_lost: Literal["continue", "cancel"]
    tags: Tags
    weight: float
    encrypt: bool
    on_success: Flow[Any, Any] | Iterable[Flow[Any, Any]]
    on_failure: Flow[str, Any] | Iterable[Flow[str, Any]]
    on_end: Flow[str, Any] | Iterable[Flow[str, Any]]


class CallOptions(JobOptions, total=False):
    """What `task.options(...)` takes."""

    delay: Duration
    eta: float | datetime
    finish_by: float | datetime
    after: Iterable[Job[Any] | Flow[Any, Any] | str | UUID]
    id: str | UUID
    key: str
    detached: bool
    title: str


class TaskOptions(JobOptions, total=False):
    """What `@app.task(...)` takes."""

    name: str
    pool: Pool
    retry_on: Exceptions
    give_up_on: Exceptions
    limits: Sequence[Limit]
    fair_key: str
    redact: Sequence[str]
    unique: Unique


def make_options(given: dict[str, Any], where: Where) -> messages.Options:
    """Check what a user wrote in a task or in a call of it; raises InvalidOption.

    Beyond the wire's types: durations as timedelta, moments as datetime (naive ones are local time),
    `retries` as a list of delays.
    """
    if given.get("retries", 0) is None:
        refuse_value("retries", None)
    options = {name: value for name, value in given.items() if value is not None}
    for name in options.keys() & NUMBERS:
        options[name] = _moment(name, options[name]) if name in MOMENTS else _seconds(options[name])
    retries = options.get("retries")
    if isinstance(retries, list | tuple):
        options["retries"], options["retry_delays"] = len(retries), [_seconds(delay) for delay in retries]
    if isinstance(options.get("tags"), tuple | set | frozenset):
        options["tags"] = list(options["tags"])
    try:
        return check(with_seconds(options), where)
    except InvalidOption as error:
        if "retry_delays" in given or error.detail.get("option") != "retry_delays":
            raise
        said = error.message.replace("retry_delays", "retries", 1)  # what the user wrote
        raise InvalidOption(said, option="retries") from None


def _moment(name: str, value: Any) -> Any:
    if isinstance(value, timedelta):
        raise InvalidOption(f"option {name} = {value!r}: {OPTIONS[name].rule}; a duration is {MOMENTS[name]}", option=name)
    if not isinstance(value, datetime):
        return _seconds(value)
    try:
        return value.timestamp()
    except (ValueError, OverflowError, OSError):  # a year that the system's clock does not have
        raise InvalidOption(f"option {name} = {value!r}: {OPTIONS[name].rule}", option=name) from None


def _seconds(value: Any) -> Any:
    """Return a timedelta as seconds, and any other number (of NumPy, a Decimal, a Fraction) as a plain one."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if type(value) in PLAIN_NUMBERS or isinstance(value, str | bytes):
        return value
    try:
        if hasattr(value, "__index__"):
            return operator.index(value)
        return float(value) if hasattr(value, "__float__") else value
    except (TypeError, ValueError, OverflowError):  # an array, for example: the checks refuse it later
        return value


def id_of(given: Any) -> str:
    """Return what a user wrote as `id=`, a UUID or its text, as it travels; raises InvalidOption."""
    text = str(given).lower()
    if not ID.fullmatch(text):
        raise InvalidOption(f"option id = {given!r:.100}: {OPTIONS['id'].rule}", option="id")
    return text


def as_dict(options: messages.Options) -> dict[str, Any]:
    """Return the options that are given, as they travel."""
    result: dict[str, Any] = msgspec.to_builtins(options)
    return result
