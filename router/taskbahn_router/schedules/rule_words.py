"""A recurrence rule as an English sentence."""

from __future__ import annotations

import calendar
import re
from typing import TYPE_CHECKING

from taskbahn_router.schedules.calendar_rule import Rule, read_rule

if TYPE_CHECKING:
    from collections.abc import Sequence

PERIODS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
WEEKDAYS = dict(zip(("MO", "TU", "WE", "TH", "FR", "SA", "SU"), calendar.day_name, strict=True))
NTH = {-1: "last", 1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth"}
SAID = {"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYHOUR", "BYMINUTE", "BYSECOND", "COUNT", "UNTIL", "WKST"}
MOST_CLOCK_TIMES = 4  # that a sentence names


def series(words: Sequence[str], last: str = "and") -> str:
    """Return words as a series: `a, b and c`."""
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)


def rule_words(text: str) -> str:
    """Return a rule in words, which is known to be right."""
    rule = read_rule(text)
    parts = rule.parts
    period, interval = PERIODS[parts["FREQ"]], int(parts.get("INTERVAL", 1))
    said = [f"every {period}" if interval == 1 else f"every {interval} {period}s"]
    if "BYMONTH" in parts:
        said.append("in " + series([calendar.month_name[int(month)] for month in parts["BYMONTH"].split(",")]))
    if "BYMONTHDAY" in parts:
        said.append("on " + series([_month_day(int(day)) for day in parts["BYMONTHDAY"].split(",")]))
    if "BYDAY" in parts:
        said.append("on " + series([_weekday(day) for day in parts["BYDAY"].split(",")]))
    said += [f"by {name}={value}" for name, value in parts.items() if name not in SAID]
    said.append(_clock_times(rule))
    if rule.start is not None:
        said.append(f"from {rule.start:%Y-%m-%d} on")
    if "UNTIL" in parts:
        said.append(f"until {parts['UNTIL']}")
    if "COUNT" in parts:
        said.append(f"{parts['COUNT']} times")
    return " ".join(said)


def _month_day(day: int) -> str:
    if day > 0:
        return f"day {day}"
    return "the last day" if day == -1 else f"the {NTH.get(-day, f'{-day}th')} to last day"


def _weekday(text: str) -> str:
    found = re.fullmatch(r"([+-]?\d+)?([A-Z]{2})", text)
    if found is None or found[1] is None:
        return WEEKDAYS[text]
    number = int(found[1])
    if number < -1:
        return f"the {NTH.get(-number, f'{-number}th')} to last {WEEKDAYS[found[2]]}"
    return f"the {NTH.get(number, f'{number}th')} {WEEKDAYS[found[2]]}"


def _clock_times(rule: Rule) -> str:
    start = rule.start
    unsaid = {"BYHOUR": start.hour, "BYMINUTE": start.minute, "BYSECOND": start.second} if start else {}
    hours, minutes, seconds = (
        [int(value) for value in rule.parts.get(name, str(unsaid.get(name, 0))).split(",")]
        for name in ("BYHOUR", "BYMINUTE", "BYSECOND")
    )
    times = [(hour, minute, second) for hour in sorted(hours) for minute in sorted(minutes) for second in sorted(seconds)]
    if len(times) > MOST_CLOCK_TIMES:
        return f"at {len(times):,} times of the day"
    return "at " + series([f"{hour:02}:{minute:02}" + (f":{second:02}" if second else "") for hour, minute, second in times])
