"""What a task declares with `unique=`, as it travels."""

from __future__ import annotations

import msgspec


class DeclaredUnique(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which jobs of a task are the same one, by the rules of `protocol.unique`."""

    key: str | None = None  # a template; None: all arguments
    during: str | float = "active"  # how long a job holds its key: active, queued, kept, or seconds
    on_conflict: str = "join"  # what becomes of another one meanwhile: join, refuse, replace
