"""How far an attempt is, as it travels."""

from __future__ import annotations

from typing import Any

import msgspec


class Stage(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A named part of an attempt's work; `parent` is the id of the stage it is nested in."""

    id: int
    name: str
    parent: int | None = None
    total: float | None = None
    done: float = 0.0
    started_at: float = 0.0
    ended_at: float | None = None


class Progress(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How far an attempt is: `fraction` in 0..1 if known, and its stages in the order they began."""

    fraction: float | None = None
    message: str = ""
    stages: list[Stage] = []
    data: Any = None
