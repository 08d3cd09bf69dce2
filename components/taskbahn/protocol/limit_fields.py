"""What the kinds of limits are called on the wire, and the fields that are their own. `limit_kinds` has their rules."""

from __future__ import annotations

from typing import Literal

import msgspec

LimitKindName = Literal[
    "rate",
    "concurrency",
]
WhenFull = Literal["wait", "refuse", "cancel_oldest", "cancel_newest"]
WAIT, REFUSE, CANCEL_OLDEST, CANCEL_NEWEST = WHEN_FULL = ("wait", "refuse", "cancel_oldest", "cancel_newest")
WHEN_FULL_EXPECTED = "it is 'wait', 'refuse', 'cancel_oldest' or 'cancel_newest'"


class LimitFields(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Fields of a declaration that an override may replace; those of other kinds are None. Two kinds may share one."""

    rate: str | None = None  # of a rate: "100/s"
    burst: int | None = None  # of a rate
    limit: int | None = None  # of a concurrency
