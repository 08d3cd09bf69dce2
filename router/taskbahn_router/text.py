"""Numbers, names and durations as sentences have them."""

from __future__ import annotations

import shlex

SHOWN = 3  # names that a sentence shows of many
SECOND, MINUTE, HOUR, DAY = 1, 60, 3600, 86400


def pluralize(number: int, thing: str) -> str:
    """Return a number of things: `1 job`, `1,200 jobs`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def jobs_waiting(number: int) -> str:
    """Return the beginning of a sentence: `1 job waits`, `1,200 jobs wait`."""
    return f"{pluralize(number, 'job')} {'waits' if number == 1 else 'wait'}"


def join_names(names: list[str]) -> str:
    """Return the first names, and how many more there are."""
    shown = names if len(names) <= SHOWN + 1 else names[:SHOWN]
    return ", ".join(shown) + (f" and {len(names) - len(shown):,} more" if len(shown) < len(names) else "")


def shell_word(text: str) -> str:
    """Return a text as a shell takes it: `slow`, `'very slow'`; what cannot be seen is written as its bytes within `$''`."""
    if text.isprintable():
        return shlex.quote(text)
    return f"$'{''.join(map(_escaped, text))}'"


def _escaped(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    return character if character.isprintable() else "".join(map(r"\x{:02x}".format, character.encode()))


def format_duration(seconds: float) -> str:
    """Return a duration as one would say it: `340 ms`, `2.5 s`, `3 min`, `2 h 5 min`, `3 d 4 h`."""
    if seconds < SECOND:
        return f"{seconds * 1000:.0f} ms"
    if seconds < MINUTE:
        return f"{seconds:.2g} s" if seconds < MINUTE / 6 else f"{seconds:.0f} s"
    whole = int(seconds)
    for unit, name, smaller, its_name in ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "min")):
        if whole >= unit:
            rest = whole % unit // smaller
            return f"{whole // unit} {name}" + (f" {rest} {its_name}" if rest else "")
    return f"{whole // MINUTE} min"
