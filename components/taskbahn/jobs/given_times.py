"""Times that callers give to questions: seconds since the epoch, datetimes, and texts as in a query."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from taskbahn.errors import InvalidRequest
from taskbahn.jobs.query_language import moment_of
from taskbahn.protocol.past_times import seconds_at


def time_given(asked: str, name: str, value: Any, now: float) -> float:
    """Return the seconds since the epoch of a time; a local date and a local time are as in a query.

    asked: what is asked, for errors.   name: of the argument.  Raises InvalidRequest.
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        value = value.isoformat()
    if isinstance(value, str):
        found = moment_of(value.lower(), now, whole_days=1 if name == "until" else 0)
        if found is not None:
            return found
    try:
        return seconds_at(value, now)
    except ValueError as error:
        raise InvalidRequest(f"{asked}: {name} = {value!r:.100}: {error}") from None
