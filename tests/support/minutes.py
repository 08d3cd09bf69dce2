"""Minutes of the charts to put into a store."""

from __future__ import annotations

from typing import Any

from taskbahn_router.stores.minutes import MinuteRow

AT = 1_700_000_040
ALWAYS = (0, 2**40)


def minute(number: int, task: str = "", **changes: Any) -> MinuteRow:
    """Return the row of the minute *number* after `AT`, with *changes*."""
    row = MinuteRow(
        at=AT + 60 * number, task=task, accepted=9, succeeded=5, failed=1, cancelled=1, expired=1, retried=2, waits="[3,8]",
        runs="[70,4,90,1]", last_at=AT + 0.123456789, waiting=7, running=2, oldest=1.5,
    )  # fmt: skip
    return row._replace(**changes)
