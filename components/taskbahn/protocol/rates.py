"""Rates such as `"100/s"`: how many starts a time has."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import NamedTuple

MAX_RATE_DIGITS = 15
UNITS = MappingProxyType({"s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000})  # in microseconds
RATE = re.compile(r"([0-9]+)/([smhd])")
DIGITS = re.compile(r"[0-9]*")


class Pace(NamedTuple):
    """A parsed rate: the starts that a period has, and its length."""

    starts: int
    period_us: int


class WrongRate(ValueError):
    """Text that is no rate; position: of the first character that is wrong, counted from 1."""

    def __init__(self, why: str, position: int | None = None) -> None:
        super().__init__(why)
        self.position = position


def parse_rate(text: str) -> Pace:
    """Return what a rate such as `"100/s"` says; raises WrongRate."""
    found = RATE.fullmatch(text)
    if found is None:
        raise _wrong_rate(text)
    digits, unit = found.groups()
    starts = int(digits) if len(digits) <= MAX_RATE_DIGITS else 10**MAX_RATE_DIGITS
    if starts == 0:
        raise WrongRate("a rate of 0 would start nothing; it is 1 or more", 1)
    if starts > UNITS[unit]:
        raise WrongRate("it is at most 1,000,000 a second", 1)
    return Pace(starts, UNITS[unit])


def _wrong_rate(text: str) -> WrongRate:
    digits = len(_leading_digits(text))
    rest = text[digits:]
    form = "a rate is a whole number, a slash and a unit (s, m, h or d), as in '100/s'"
    if not digits:
        return WrongRate(f"{_at(text, 0)} is no digit; {form}", 1)
    if not rest.startswith("/"):
        return WrongRate(f"{_at(text, digits)} is no slash; {form}", digits + 1)
    if rest[1:2] not in UNITS:
        return WrongRate(f"{_at(text, digits + 1)} is no unit; {form}", digits + 2)
    return WrongRate(f"{_at(text, digits + 2)} is too much; {form}", digits + 3)


def _leading_digits(text: str) -> str:
    found = DIGITS.match(text)
    return found[0] if found else ""


def _at(text: str, index: int) -> str:
    return f"{text[index]!r} at position {index + 1}" if index < len(text) else f"the end at position {index + 1}"
