"""What a cron line says: each term of it checked where it is, and the line rewritten for the library that computes its times.

CronSim has no `FRI-MON`, `FRIL`, `15W` and `@daily`; they become what it has, and the days nearest to which a weekday is wanted.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from taskbahn.errors import InvalidSchedule
from taskbahn.protocol.limit_kinds import short

SHORTHANDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
MONTHS = dict(
    zip(("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), range(1, 13), strict=True)
)
DAYS = dict(zip(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), range(7), strict=True))


class Field(NamedTuple):
    """A field of a line; *special* is what else it takes than numbers, ranges and steps."""

    name: str
    first: int
    last: int
    names: dict[str, int] = {}  # noqa: RUF012 - never changed
    special: str = ""


FIELDS = (
    Field("second", 0, 59),
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of month", 1, 31, special=", L (the last day), LW (the last weekday), 15W (the weekday nearest the 15th)"),
    Field("month", 1, 12, MONTHS),
    Field("day of week", 0, 7, DAYS, special=", FRI#2 (the second Friday), FRIL (the last Friday)"),
)
DAY, WEEKDAY = 3, 5
STEPPED = re.compile(r"(?P<range>\*|(?P<start>\w+)(?:-(?P<end>\w+))?)(?:/(?P<step>[0-9]{1,2}))?", re.ASCII)
NEAREST = re.compile(r"([0-9]{1,2})W", re.ASCII)
NTH = re.compile(r"(\w+)#([1-5])", re.ASCII)
LAST = re.compile(r"(\w+?)L", re.ASCII)


class CronLine(NamedTuple):
    """text: as it was written.   expression: six fields as CronSim has them.   has_fixed_hour: there is neither `*` nor a step.

    nearest: days of the month, to each of which the nearest weekday is meant.   only_nearest: no other day is; the field has an `L` then.
    """

    text: str
    expression: str
    nearest: frozenset[int]
    only_nearest: bool
    has_fixed_hour: bool


def read_line(line: str) -> CronLine:
    """Read a line; raises InvalidSchedule with the position of what is wrong."""
    words = [(_upper(word[0]), word.start()) for word in re.finditer(r"\S+", line)]
    if words and words[0][0].startswith("@"):
        return _shorthand(line, words)
    if len(words) not in (5, 6):
        raise InvalidSchedule(
            f"cron line {short(line)} has {len(words)} fields; write five (minute, hour, day of month, month, day of week), with the second "
            "before them if it matters, or @daily and the like"
        )
    fields, nearest = [["0"]] if len(words) == len(FIELDS) - 1 else [], set[int]()
    for field, (word, at) in zip(FIELDS[-len(words) :], words, strict=True):
        terms, begin = [], at
        for term in word.split(","):
            terms += _term(line, field, term, begin, nearest)
            begin += len(term) + 1
        fields.append(terms)
    expression = " ".join(",".join(terms) or "L" for terms in fields)
    is_fixed = not {"*", "/"} & set(words[-4][0])
    return CronLine(line, expression, frozenset(nearest), not fields[DAY], is_fixed)


def _shorthand(line: str, words: list[tuple[str, int]]) -> CronLine:
    word, at = words[0]
    if len(words) != 1 or word.lower() not in SHORTHANDS:
        raise _wrong(line, at, f"{short(line[at:].strip())} is none of {', '.join(SHORTHANDS)}")
    return read_line(SHORTHANDS[word.lower()])


def _term(line: str, field: Field, term: str, at: int, nearest: set[int]) -> list[str]:
    """Return a term as CronSim takes it, nothing if it goes into *nearest*."""
    if field is FIELDS[DAY]:
        if term in {"L", "LW"}:
            return [term]
        if day := NEAREST.fullmatch(term):
            nearest.add(_number(line, field, day[1], at))
            return []
    if field is FIELDS[WEEKDAY]:
        if nth := NTH.fullmatch(term):
            return [f"{_number(line, field, nth[1], at)}#{nth[2]}"]
        if (last := LAST.fullmatch(term)) and term not in DAYS:
            return [f"{_number(line, field, last[1], at)}L"]
    found = STEPPED.fullmatch(term)
    if found is None:
        raise _no_such(line, field, term, at)
    if found["step"] is not None and int(found["step"]) == 0:
        raise _wrong(line, at + found.start("step"), "a step is 1 or more")
    if found["range"] == "*":
        return [term]
    return _range(line, field, found, at)


def _range(line: str, field: Field, found: re.Match[str], at: int) -> list[str]:
    start = _number(line, field, found["start"], at)
    step = "" if found["step"] is None else f"/{found['step']}"
    if found["end"] is None:
        return [f"{start}{step}"]
    end = _number(line, field, found["end"], at + found.start("end"))
    is_week = field is FIELDS[WEEKDAY]
    if is_week and start > end:
        start %= 7  # 7 is Sunday, as 0 is
    if start == end:
        return [str(start)]  # CronSim takes 5-5/10 as 5/10
    if start <= end:
        return [f"{start}-{end}{step}"]
    values = [*range(start, field.last + 1 - is_week), *range(field.first, end + 1)]
    return [str(value) for value in values[:: int(found["step"] or 1)]]


def _number(line: str, field: Field, word: str, at: int) -> int:
    value = field.names.get(word)
    if value is None and re.fullmatch(r"[0-9]{1,2}", word):
        value = int(word)
    if value is None or not field.first <= value <= field.last:
        raise _no_such(line, field, word, at)
    return value


def _upper(word: str) -> str:
    return word.upper() if word.isascii() else word  # of the same length, so that positions stay


def _no_such(line: str, field: Field, word: str, at: int) -> InvalidSchedule:
    names = [*field.names]
    expected = f"{field.first} to {field.last}" + (f", {names[0]} to {names[-1]}" if names else "") + ", * (each)" + field.special
    return _wrong(line, at, f"{short(line[at : at + len(word)])} is no {field.name}; it is {expected}")


def _wrong(line: str, at: int, why: str) -> InvalidSchedule:
    return InvalidSchedule(f"cron line {short(line)}, position {at + 1}: {why}", position=at + 1)
