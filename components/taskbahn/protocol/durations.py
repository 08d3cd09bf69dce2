"""Durations: seconds, a timedelta, or text such as `"90s"`, `"15m"`, `"2h"` and `"3d"`, in options, calls and on the command line."""

from __future__ import annotations

import re
from datetime import timedelta
from types import MappingProxyType

Duration = float | timedelta | str

UNITS = MappingProxyType({"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0})  # in seconds
PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
FORM = "a duration is seconds, or numbers with a unit (ms, s, m, h or d), as in '90s' or '1h30m'"


def parse_duration(text: str) -> float:
    """Return the seconds that a text says; raises ValueError."""
    seconds, at = 0.0, 0
    while at < len(text):
        part = PART.match(text, at)
        if part is None:
            raise ValueError(f"{text[at]!r} at position {at + 1} begins no number with a unit; {FORM}")
        seconds += float(part[1]) * UNITS[part[2]]
        at = part.end()
    if not text:
        raise ValueError(FORM)
    return seconds
