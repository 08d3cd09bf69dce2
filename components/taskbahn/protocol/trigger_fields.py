"""What a worker says of the triggers of its code."""

from __future__ import annotations

from typing import Any

import msgspec

from taskbahn.protocol.schedule_fields import Id


class DeclaredTrigger(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A trigger that a worker's code declares."""

    id: Id
    spec: dict[str, Any]  # fields of a `triggers.TriggerSpec`, with its kind
