"""Pages of schedules: those in a state, or with words in what they say, and what became of their newest due times."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidRequest, InvalidSchedule, did_you_mean
from taskbahn_router.core.firings import FIRED
from taskbahn_router.core.kept import is_over, pause_of
from taskbahn_router.dispatcher.schedule_specs import following, spec_of
from taskbahn_router.queries.job_lists import is_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from taskbahn_router.core.firings import FiredRow, ScheduleRow
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.stores.contract import Reader

MOST = 500  # schedules in one answer
MOST_OUTCOMES = 100  # of each
MOST_TIMES = 100  # of each
MAX_TEXT = 200  # characters
SCANNED = 500  # schedules that one question to the store looks at
SECONDS = 0.1  # seconds for which a page looks for more that match; then it says where to go on
STATES = ("active", "paused", "orphaned", "trouble", "code", "run_time", "changed")
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_.:- */#@")  # characters that JSON text has as they are, in either case


class Wanted:
    """Which schedules a call asks for, and how much of each; raises InvalidRequest."""

    def __init__(self, call: PendingCall) -> None:
        words = call.kwargs
        self.after, self.limit = words.get("after", ""), words.get("limit", 100)
        if not isinstance(self.after, str) or not is_number(self.limit) or not 0 < self.limit <= MOST:
            raise InvalidRequest(f"after is the id behind which the page begins, limit is 1 to {MOST}")
        self.state, text = words.get("state") or "", words.get("text") or ""
        if self.state and self.state not in STATES:
            raise InvalidRequest(
                f"no schedule is {self.state!r:.100}{did_you_mean(str(self.state), STATES)}; {', '.join(STATES)}"
            )
        if not isinstance(text, str) or len(text) > MAX_TEXT:
            raise InvalidRequest(f"text has words that a schedule must have, at most {MAX_TEXT} characters")
        self.words = text.lower().split()
        self.outcomes = _count(words, "outcomes", MOST_OUTCOMES)
        self.times = _count(words, "times", MOST_TIMES)

    def has(self, row: ScheduleRow, now: float) -> bool:
        """Return whether a schedule is one of those."""
        if self.state and not _is(self.state, row, now):
            return False
        if not self.words:
            return True
        spec = spec_of(row)
        said = "\n".join([row.id, spec.note, *_texts(spec.when), *_texts(spec.call)]).lower()
        return all(word in said for word in self.words)

    def page(self, reader: Reader, now: float) -> tuple[list[ScheduleRow], str | None]:
        """Return the schedules of the page, and the id behind which the next one begins."""
        text = max((word for word in self.words if PLAIN.issuperset(word)), key=len, default="")
        found: list[ScheduleRow] = []
        after, end = self.after, time.monotonic() + SECONDS
        while True:
            is_all = not self.state and not self.words
            rows = reader.schedules(after, self.limit if is_all else SCANNED, text)
            for row in rows:
                after = row.id
                if self.has(row, now):
                    found.append(row)
                    if len(found) == self.limit:
                        return found, after
            if len(rows) < (self.limit if is_all else SCANNED):
                return found, None
            if time.monotonic() > end:
                return found, after


def _count(words: dict[str, Any], name: str, most: int) -> int:
    value = words.get(name, 0)
    if not is_number(value) or not 0 <= value <= most:
        raise InvalidRequest(f"{name} is how many of each schedule the answer has, 0 to {most}")
    return int(value)


def _is(state: str, row: ScheduleRow, now: float) -> bool:
    pause = pause_of(row)
    is_paused = pause is not None and not is_over(pause, now)
    match state:
        case "active":
            return not is_paused and row.next_at is not None
        case "paused":
            return is_paused
        case "orphaned":
            return pause is not None and pause.orphaned
        case "trouble":
            return row.trouble is not None or row.late_at is not None
        case "code":
            return row.declared is not None
        case "run_time":
            return row.declared is None
        case _:
            return row.declared is not None and row.changed is not None


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in what travels, without the names of fields."""
    parts: list[Any] = [value]
    for part in parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict):
            parts += part.values()
        elif isinstance(part, list):
            parts += part


def outcomes(history: Iterable[tuple[FiredRow, str | None]]) -> list[str]:
    """Return what became of due times, a word for each: the state of its job, or its outcome."""
    return [state if entry.outcome == FIRED and state is not None else entry.outcome for entry, state in history]


def next_times(row: ScheduleRow, now: float, count: int) -> list[float]:
    """Return the next due times: of a schedule that is paused until a time those after it, else from now on."""
    if count == 0:
        return []
    spec, pause = spec_of(row), pause_of(row)
    left = count if spec.times is None else min(count, spec.times - row.fired)
    found: list[float] = []
    moment = max(now, pause.until) if pause is not None and pause.until is not None else now
    with suppress(InvalidSchedule):  # a search that found no more
        while len(found) < left and (then := following(spec, row.id, moment)) is not None:
            moment = then.due
            found.append(moment)
    return found
