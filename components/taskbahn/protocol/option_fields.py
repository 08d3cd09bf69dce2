"""The options of a job as they travel. `options` has their rules."""

from __future__ import annotations

from typing import Literal

import msgspec


class OptionFields(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The fields of `messages.Options`."""

    queue: str | None = None
    priority: int | None = None
    delay: float | None = None
    eta: float | None = None
    start_within: float | None = None
    run_within: float | None = None
    finish_within: float | None = None
    finish_by: float | None = None
    retries: int | None = None
    retry_delays: list[float] | None = None
    retry_backoff: float | None = None
    retry_backoff_max: float | None = None
    retry_jitter: float | None = None
    crash_attempts: int | None = None
    keep: float | None = None
    delivery: Literal["at_least_once", "at_most_once"] | None = None
    on_caller_lost: Literal["continue", "cancel"] | None = None
    tags: list[str] | None = None
    key: str | None = None
    detached: bool | None = None
    title: str | None = None
    weight: float | None = None
