"""What one job was promised: its task's options, its call's options and the defaults of the table, made into one policy.

Does not know time: delays stay durations here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from taskbahn.protocol import messages
from taskbahn.protocol.options import WIRE


def _default(name: str) -> Any:
    return WIRE[name].default


DEFAULT_KEEP: float = _default("keep")
ADMISSION = "key"  # an option that is over when its job is accepted
DEFAULTS = tuple((name, option.default) for name, option in WIRE.items() if name != ADMISSION)
DECODE = msgspec.json.Decoder(messages.Options).decode


@dataclass(frozen=True, slots=True)
class Policy:
    """All options of one job with their defaults filled in; durations in seconds."""

    queue: str = _default("queue")
    priority: int = _default("priority")
    delay: float = _default("delay")
    eta: float | None = _default("eta")
    start_within: float | None = _default("start_within")
    run_within: float | None = _default("run_within")
    finish_within: float | None = _default("finish_within")
    finish_by: float | None = _default("finish_by")
    retries: int = _default("retries")
    retry_delays: tuple[float, ...] = ()
    retry_backoff: float = _default("retry_backoff")
    retry_backoff_max: float = _default("retry_backoff_max")
    retry_jitter: float = _default("retry_jitter")
    crash_attempts: int = _default("crash_attempts")
    keep: float = _default("keep")
    at_most_once: bool = False
    cancel_on_caller_lost: bool = False
    tags: tuple[str, ...] = ()
    detached: bool = False
    title: str | None = None
    weight: float = _default("weight")
    own: str = ""  # JSON text of the call's own options, as stored


def resolve(task: messages.Options, call: messages.Options, own: str) -> Policy:
    """Fill the call's options up with the task's, and these with the defaults; *own* is the call's JSON text."""
    values: dict[str, Any] = {}
    for name, default in DEFAULTS:
        value = getattr(call, name)
        if value is None:
            value = getattr(task, name)
        values[name] = default if value is None else value
    if call.finish_by is not None:
        values["finish_within"] = None  # of the task; a call cannot say both
    delays = values["retry_delays"] = tuple(values["retry_delays"] or ())
    if call.retries is None and task.retries is None:
        values["retries"] = len(delays)
    if call.retry_backoff_max is None and task.retry_backoff_max is None:
        values["retry_backoff_max"] = max(values["retry_backoff_max"], values["retry_backoff"])
    values["tags"] = tuple(values["tags"] or ())
    at_most_once = values.pop("delivery") == "at_most_once"
    return Policy(at_most_once=at_most_once, cancel_on_caller_lost=values.pop("on_caller_lost") == "cancel", own=own, **values)


@lru_cache(maxsize=1024)
def _options_of(text: str) -> messages.Options:
    return DECODE(text or "{}")


@lru_cache(maxsize=1024)
def policy_of(task: str, call: str) -> Policy:
    """Return the policy for two JSON texts of options that were checked when they came in."""
    return resolve(_options_of(task), DECODE(call or "{}"), call)


def weight_of(options: str | None) -> float:
    """Return the weight of a job by its own options, as stored."""
    weight = DECODE(options).weight if options is not None and '"weight"' in options else None
    return 1.0 if weight is None else weight
