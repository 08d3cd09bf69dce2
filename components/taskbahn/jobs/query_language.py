"""The language of questions about jobs, as in the query bar and on the command line.

    state:failed,expired task:images.* queue:slow tag:user:42 worker:w1 caller:schedule:nightly since:1h until:2026-11-21T10:00
    error:0123456789ab parent:ID root:ID

Words separated by blanks, in any order, all of which must hold. `*` stands for any run of characters; what is in quotes means itself,
as in `tag:'nightly weird'` (`protocol/query_words.py`). since and until are an age (30s, 5m, 1h, 2d) or a local date (a whole day) or
time. A word without a colon is short for `task:*word*`; a job id is a word of its own, and id: has the beginning or the end of one,
as lists show it; parent: finds the jobs that belong to it, root: all of its tree.
"""

from __future__ import annotations

import contextlib
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.errors import InvalidRequest, did_you_mean
from taskbahn.protocol.query_words import split
from taskbahn.protocol.states import State

if TYPE_CHECKING:
    from taskbahn.protocol.query_words import Word

ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
AGE = re.compile(r"([0-9]{1,9})([smhd])")
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:t(\d\d:\d\d(?::\d\d)?))?", re.ASCII)
ID_PART = re.compile(r"(?=(-*[0-9a-f]){4})[0-9a-f-]{4,36}")
FINGERPRINT = re.compile(r"[0-9a-f]{12}")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
STATES = [state.value for state in State]
NAMES = ("task", "queue", "tag", "worker", "caller")  # whose values are patterns


class WrongQuery(InvalidRequest):
    """A query that cannot be understood; `word` is the one that is wrong."""

    uri = InvalidRequest.uri  # the client reads the query: it never travels

    def __init__(self, word: str, why: str) -> None:
        super().__init__(f"{word!r} in the query: {why}", word=word)
        self.word = word


class Query(msgspec.Struct, omit_defaults=True, frozen=True):
    """What is asked for; what is left out may be anything. Times are seconds since the epoch, `until` is the first one that is out."""

    state: list[str] = []
    task: str | None = None
    queue: str | None = None
    tag: str | None = None
    worker: str | None = None
    caller: str | None = None
    since: float | None = None
    until: float | None = None
    error: str | None = None
    parent: str | None = None
    root: str | None = None
    id_part: str | None = None  # how ids begin or end
    id: str | None = None

    def given(self) -> dict[str, Any]:
        """Return only what is asked for, as `taskbahn.view.jobs` takes it (but for `id`)."""
        given: dict[str, Any] = msgspec.to_builtins(self)
        return given


def parse(text: str, now: float) -> Query:
    """Return what *text* asks for; raises `WrongQuery`. *now* is UTC seconds since the epoch, dates are local."""
    found: dict[str, Any] = {}
    words: dict[str, str] = {}
    for word in split(text):
        name, value = _one(word, now)
        if name in found:
            raise WrongQuery(word.text, _twice(name, word.text, words[name]))
        found[name], words[name] = value, word.text
    others = [word for name, word in words.items() if name != "id"]
    if "id" in found and others:
        raise WrongQuery(others[0], "a job id says all: leave the other words out")
    if "since" in found and "until" in found and found["until"] <= found["since"]:
        raise WrongQuery(words["until"], f"it ends before it begins with {words['since']!r}")
    return Query(**found)


def _one(word: Word, now: float) -> tuple[str, Any]:
    """Return name and value of one word."""
    if word.is_open:
        raise WrongQuery(word.text, "its last quote is not closed; a quote within quotes is written twice")
    if ID.fullmatch(word.text.lower()):
        return "id", word.text.lower()
    pattern = "".join(part.pattern for part in word.value)
    if word.name is None:
        pattern = pattern.lower()
        return "task", pattern if any("*" in part.text and not part.is_quoted for part in word.parts) else f"*{pattern}*"
    name = word.name.lower()
    if name not in EXAMPLES:
        raise WrongQuery(word.text, f"there is no {name!r}{did_you_mean(name, EXAMPLES)}; there are {', '.join(EXAMPLES)}")
    if not word.value:
        raise WrongQuery(word.text, f"{name}: what? {EXAMPLES[name]}")
    if name in NAMES:
        return name, pattern.lower() if name == "task" else pattern  # names of tasks are lower-case
    value = "".join(part.text for part in word.value).lower()
    return "id_part" if name == "id" and not ID.fullmatch(value) else name, _value(name, word.text, value, now)


def _value(name: str, word: str, value: str, now: float) -> Any:
    match name:
        case "state":
            return _states(word, value)
        case "since" | "until":
            return _moment(word, value, now, whole_days=1 if name == "until" else 0)
        case "error":
            if not FINGERPRINT.fullmatch(value):
                raise WrongQuery(word, "a fingerprint has 12 hexadecimal digits; `taskbahn errors` shows them")
            return value
        case "id":
            if not ID_PART.fullmatch(value):
                raise WrongQuery(word, f"that is no part of an id; {EXAMPLES['id']}")
            return value
    if not ID.fullmatch(value):
        raise WrongQuery(word, f"that is no id; {EXAMPLES[name]}")
    return value


def _twice(name: str, word: str, first: str) -> str:
    if name == "state":
        return f"{first!r} is there already; several states are written {first},{word.partition(':')[2]}"
    return f"{first!r} is there already, and all words must hold"


def _states(word: str, value: str) -> list[str]:
    states = value.split(",")
    for state in states:
        if state not in STATES:
            raise WrongQuery(word, f"there is no state {state!r}{did_you_mean(state, STATES)}; there are {', '.join(STATES)}")
    return list(dict.fromkeys(states))


def _moment(word: str, value: str, now: float, *, whole_days: int) -> float:
    found = moment_of(value, now, whole_days=whole_days)
    if found is None:
        raise WrongQuery(word, f"that is no time; {EXAMPLES['since']}")
    return found


def moment_of(value: str, now: float, *, whole_days: int) -> float | None:
    """Return a time; a date alone is the beginning of that day, *whole_days* later. None: the text is no time."""
    age, moment = AGE.fullmatch(value), MOMENT.fullmatch(value)
    if age:
        return now - int(age[1]) * SECONDS[age[2]]
    if moment:
        with contextlib.suppress(ValueError, OverflowError):
            at = datetime.fromisoformat("T".join(filter(None, moment.groups())))
            return (at if moment[2] else at + timedelta(days=whole_days)).timestamp()
    return None


EXAMPLES = {  # examples in the order of the documentation
    "state": f"one or more of {', '.join(STATES)}, with commas between them",
    "task": "a task's name, such as images.thumbnail or images.*",
    "queue": "a queue's name, such as slow or slow-*",
    "tag": "a tag, such as user:42, user:* or 'with blanks'",
    "worker": "a worker's name, such as w1 or web-*",
    "caller": "who asked for the job: an authid, schedule:ID or trigger:ID",
    "id": "the beginning or the end of a job's id, 4 letters and digits of it or more",
    "parent": "the whole id of the job to which jobs belong",
    "root": "the whole id of the job at the root of a tree",
    "since": "30s, 5m, 1h or 2d ago, or a local time such as 2026-11-21 or 2026-11-21T10:00",
    "until": "30s, 5m, 1h or 2d ago, or a local time such as 2026-11-21 or 2026-11-21T10:00",
    "error": "a fingerprint, as `taskbahn errors` shows them",
}
