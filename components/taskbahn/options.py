"""The options of a task and of one call of it, from what a user writes to `wire.Options`."""

from __future__ import annotations

import operator
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from taskbahn import wire
from taskbahn.errors import InvalidOption, did_you_mean

KNOWN = tuple(wire.Options.__struct_fields__)
SECONDS = ("delay", "start_within", "run_within", "retry_backoff", "retry_backoff_max", "keep")
NUMBERS = ("priority", "eta", "retries", "retry_jitter", "crash_attempts")
PLAIN_NUMBERS = (int, float, bool)
PRIORITIES = range(-1000, 1001)
MAX_TAGS = 20
MAX_NAME = 200  # characters of a tag or a queue


def make_options(given: dict[str, Any], also: tuple[str, ...] = ()) -> wire.Options:
    """Check what a user wrote; raises InvalidOption. *also*: other words that are allowed here, for the suggestion.

    Beyond the wire's types: durations as timedelta, `eta` as datetime (naive ones are local time), `retries` as a list of delays.
    """
    options = {name: value for name, value in given.items() if value is not None}
    for name in options:
        if name not in KNOWN:
            raise InvalidOption(
                f"there is no option {name!r}{did_you_mean(name, (*KNOWN, *also))}; there are {', '.join(sorted((*KNOWN, *also)))}",
                option=name,
            )
    for name in options.keys() & {*SECONDS, *NUMBERS}:
        options[name] = _seconds(options[name])
    if isinstance(options.get("eta"), datetime):
        options["eta"] = options["eta"].timestamp()
    retries = options.get("retries")
    if isinstance(retries, list | tuple):
        options["retries"], options["retry_delays"] = len(retries), [_seconds(delay) for delay in retries]
    if isinstance(options.get("tags"), tuple | set | frozenset):
        options["tags"] = list(options["tags"])
    return _checked(options)


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
    except (TypeError, ValueError, OverflowError):  # an array, for example: refused with the others
        return value


def _checked(options: dict[str, Any]) -> wire.Options:
    for name, value in options.items():
        try:
            msgspec.convert({name: value}, wire.Options)
        except msgspec.ValidationError as error:
            reason = str(error).replace("`", "").replace(" | null", "").partition(" - at ")[0]
            raise InvalidOption(f"option {name} = {value!r}: {reason[:1].lower()}{reason[1:]}", option=name) from error
        reason = _out_of_range(name, value)
        if reason:
            raise InvalidOption(f"option {name} = {value!r}: {reason}", option=name)
    if "delay" in options and "eta" in options:
        raise InvalidOption("options delay and eta exclude each other: give one of them", option="eta")
    return msgspec.convert(options, wire.Options)


def _out_of_range(name: str, value: Any) -> str:  # noqa: C901 - one line for each rule
    if name == "priority" and value not in PRIORITIES:
        return f"it must be in {PRIORITIES.start} .. {PRIORITIES.stop - 1}, higher first"
    if name in SECONDS and not 0 <= value < float("inf"):
        return "it is in seconds, 0 or more"
    if isinstance(value, str) and not value.isascii() and _is_broken(value):
        return "it has half of a character (a lone surrogate)"
    if name in ("start_within", "run_within") and value == 0:
        return "it is in seconds, more than 0"
    if name == "retries" and value < 0:
        return "it must be 0 or more"
    if name == "crash_attempts" and value < 1:
        return "it must be 1 or more"
    if name == "retry_jitter" and not 0 <= value <= 1:
        return "it is a share, 0 .. 1"
    if name == "retry_delays" and any(not 0 <= delay < float("inf") for delay in value):
        return "each delay is in seconds, 0 or more"
    if name == "queue" and not 0 < len(value) <= MAX_NAME:
        return f"a queue's name has 1 to {MAX_NAME} characters"
    if name == "tags" and (len(value) > MAX_TAGS or any(not 0 < len(tag) <= MAX_NAME or _is_broken(tag) for tag in value)):
        return f"at most {MAX_TAGS} tags of 1 to {MAX_NAME} characters"
    if name == "eta" and not 0 <= value < time.time() + 100 * 366 * 86400:
        return "it is a datetime, or seconds since 1970 (UTC)"
    return ""


def _is_broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def as_dict(options: wire.Options) -> dict[str, Any]:
    """Return the options that are given, as they travel."""
    result: dict[str, Any] = msgspec.to_builtins(options)
    return result


def to_datetime(seconds: float) -> datetime:
    """Return a wire time as an aware datetime."""
    return datetime.fromtimestamp(seconds, UTC)
