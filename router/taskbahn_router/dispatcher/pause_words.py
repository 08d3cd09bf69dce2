"""The words of a pause, whatever is paused: why, by whom, and until when."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidOption
from taskbahn.protocol.limit_kinds import short
from taskbahn_router.submission.submission import check_text

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_REASON = 500  # characters
MAX_WHO = 200  # characters of who pauses
LONGEST_SECONDS = 100 * 365.25 * 86400.0


def text_in(words: Mapping[str, Any], name: str, most: int) -> str:
    """Return a text of a call, cut to its bound; "" if it is left out."""
    value = words.get(name) or ""
    if not isinstance(value, str):
        raise InvalidOption(f"{name} = {short(value)}: it is a text", option=name)
    check_text(name, value)
    return value[:most]


def until_in(words: Mapping[str, Any], now: float) -> float | None:
    """Return when a pause ends: seconds since the epoch, None without an end."""
    within, until = words.get("within"), words.get("until")
    if within is not None and until is not None:
        raise InvalidOption("give within (seconds from now) or until (seconds since the epoch), not both", option="until")
    for name, value in (("within", within), ("until", until)):
        if value is None:
            continue
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        ends = (now + value if name == "within" else value) if is_number else 0.0
        if not now < ends <= now + LONGEST_SECONDS:
            what = "seconds, more than 0" if name == "within" else "a time to come, in seconds since the epoch"
            raise InvalidOption(f"{name} = {short(value)}: it is {what}, and at most a hundred years away", option=name)
        return float(ends)
    return None
