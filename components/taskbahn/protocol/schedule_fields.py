"""What a worker says of the schedules of its code."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

Id = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.:-]{1,200}$")]


class DeclaredSchedule(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A schedule that a worker's code declares."""

    id: Id
    spec: dict[str, Any]  # fields of `scheduling.ScheduleSpec`
