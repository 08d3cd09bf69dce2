"""What one job was promised: its task's options, its call's options and the defaults of the table, made into one policy.

Does not know time: delays stay durations here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from taskbahn import wire
from taskbahn.protocol.options import WIRE


def _default(name: str) -> Any:
    return WIRE[name].default


DEFAULT_KEEP: float = _default("keep")


@dataclass(frozen=True, slots=True)
class Policy:
    """All options of one job with their defaults filled in; durations in seconds."""

    queue: str = _default("queue")
    priority: int = _default("priority")
    delay: float = _default("delay")
    eta: float | None = _default("eta")
    start_within: float | None = _default("start_within")
    run_within: float | None = _default("run_within")
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
    own: str = ""  # JSON text of the call's own options, as stored


def resolve(task: wire.Options, call: wire.Options, own: str) -> Policy:
    """Fill the call's options up with the task's, and these with the defaults; *own* is the call's JSON text."""

    def pick(name: str) -> Any:
        value = getattr(call, name)
        if value is None:
            value = getattr(task, name)
        return _default(name) if value is None else value

    delays = tuple(pick("retry_delays") or ())
    retries = call.retries if call.retries is not None else task.retries
    return Policy(
        queue=pick("queue"),
        priority=pick("priority"),
        delay=pick("delay"),
        eta=pick("eta"),
        start_within=pick("start_within"),
        run_within=pick("run_within"),
        retries=len(delays) if retries is None else retries,
        retry_delays=delays,
        retry_backoff=pick("retry_backoff"),
        retry_backoff_max=pick("retry_backoff_max"),
        retry_jitter=pick("retry_jitter"),
        crash_attempts=pick("crash_attempts"),
        keep=pick("keep"),
        at_most_once=pick("delivery") == "at_most_once",
        cancel_on_caller_lost=pick("on_caller_lost") == "cancel",
        tags=tuple(pick("tags") or ()),
        own=own,
    )


@lru_cache(maxsize=1024)
def policy_of(task: str, call: str) -> Policy:
    """Return the policy for two JSON texts of options that were checked when they came in."""
    decode = msgspec.json.Decoder(wire.Options).decode
    return resolve(decode(task or "{}"), decode(call or "{}"), call)
