"""What operators may pause: `""` is the whole system, `queue:mail`, `task:shop.send`, or one key of a limit, `key:stripe["acme"]`."""

from __future__ import annotations

import json
from typing import Any, Literal, NamedTuple

from taskbahn.errors import InvalidOption
from taskbahn.protocol.limit_kinds import short

MAX_SUBJECT = 1_000  # characters
PREFIXES = ("queue", "task", "key")


class Subject(NamedTuple):
    """What is paused; name: of the queue, the task, or the key; "" of the system."""

    kind: Literal["system", "queue", "task", "key"]
    name: str = ""

    @property
    def query(self) -> str:
        """Return it as operators write it."""
        return f"{self.kind}:{self.name}" if self.name else ""


def parse_subject(query: Any) -> Subject:
    """Return what a query names; raises InvalidOption with what may be paused."""
    if query == "":
        return Subject("system")
    kind, colon, name = query.partition(":") if isinstance(query, str) else ("", "", "")
    if not colon or kind not in PREFIXES or not name or len(query) > MAX_SUBJECT:
        raise InvalidOption(
            f"{short(query)} is nothing that can be paused: give '' (all), 'queue:NAME', 'task:NAME' or 'key:LIMIT[VALUES]'",
            option="query",
        )
    return Subject("key", _canonical(name)) if kind == "key" else Subject("queue" if kind == "queue" else "task", name)


def _canonical(key: str) -> str:
    """Return a key as limits have it: the name, and the values as JSON without blanks."""
    name, bracket, _ = key.partition("[")
    if not bracket:
        return key
    try:
        values = json.loads(key[len(name) :], parse_float=_number)
    except ValueError as error:
        raise InvalidOption(
            f'{short(key)} is no key: behind the limit\'s name comes a JSON list of values, as in {name}["acme"]: {error}',
            option="query",
        ) from None
    return name + json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def _number(text: str) -> float | int:
    """Return a number as keys have it: equal numbers make one key."""
    number = float(text)
    return int(number) if number.is_integer() else number
