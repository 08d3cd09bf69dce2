"""The alarm of a schedule: a due time after which no job succeeds in time makes it late.   Values in, values out.

A schedule with `alarm_after` expects a success: of a job for its oldest due time that has none, or for a later one. A due time that
was skipped because the job before it ran counts as that job's. A success moves the alarm on to the due time after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from taskbahn.protocol.states import State
from taskbahn_router.core.deadlines import moment
from taskbahn_router.core.firings import BUFFERED, FIRED, MISSED, REFUSED, Alarm
from taskbahn_router.core.ids import id_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.core.firings import FiredRow, ScheduleRow

    Following = Callable[[float], tuple[float, float] | None]  # the first due time after a time, and when it fires

NOTHING = Alarm()


class AlarmChange(NamedTuple):
    """An alarm to store, if the schedule still has that version, and the alarm is as it was read."""

    schedule: str
    version: int
    before: Alarm
    then: Alarm


def first_alarm(due_at: float | None, next_at: float | None, after: float | None) -> Alarm:
    """Return the alarm of a schedule whose next due time is the first that counts.   after: seconds; None: it has no alarm."""
    if after is None or due_at is None or next_at is None:
        return NOTHING
    return Alarm(due_at, next_at + after, None)


def moved_alarm(alarm: Alarm, before: float, after: float, now: float) -> Alarm:
    """Return an alarm whose `alarm_after` has changed from one number of seconds to another."""
    base = alarm.alarm_at if alarm.alarm_at is not None else alarm.late_at
    if base is None:
        return alarm
    at = base - before + after
    if alarm.late_at is not None and at <= now:
        return Alarm(alarm.expected_at, None, at)
    return Alarm(alarm.expected_at, at, None)


def checked_alarm(row: ScheduleRow, after: float, success: float | None, now: float, following: Following) -> Alarm:
    """Return the alarm of a schedule as it is now.

    success: the newest due time from the expected one on whose job has succeeded.
    """
    alarm = row.alarm
    if alarm.expected_at is None:
        return alarm
    if success is not None:
        then = following(success)
        is_last = row.due_at is None and then is not None and then[0] > (row.last_due or 0.0)
        alarm = NOTHING if then is None or is_last else first_alarm(*then, after)
    if alarm.alarm_at is not None and alarm.alarm_at <= now:
        alarm = alarm._replace(alarm_at=None, late_at=alarm.alarm_at)
    return alarm


class Newest(NamedTuple):
    """The newest entry of the history of a schedule, and the state of its job.   entry: None: there is none.   state: None: no job."""

    entry: FiredRow | None = None
    state: str | None = None


def why_late(row: ScheduleRow, newest: Newest) -> str:
    """Say that a schedule is late, and what became of its newest due time."""
    due = moment(row.expected_at or 0.0)
    return f"The schedule {row.id} is late: no job for its due time {due}, or a later one, has succeeded; {_became(row, newest)}"


def _has_fired(row: ScheduleRow, entry: FiredRow | None) -> bool:
    """Return whether the expected due time, or a later one, is in the history."""
    last = None if entry is None else entry.due_at if entry.until is None else entry.until
    return last is not None and (row.expected_at is None or last >= row.expected_at)


def _became(row: ScheduleRow, newest: Newest) -> str:
    entry, state = newest
    if entry is None or not _has_fired(row, entry):
        return "it did not fire"
    due = f"its newest due time, {moment(entry.due_at)},"
    if entry.outcome == MISSED:
        return f"{due} was missed, for the node was down or asleep"
    if entry.outcome == REFUSED:
        return f"{due} was refused"
    job = f"job {id_text(entry.job)}" if entry.job is not None else "job"
    now = "is deleted" if state is None else f"is {state}" if not State(state).is_final else _ended(state)
    if entry.outcome == FIRED:
        return f"its newest {job} {now}"
    return f"{due} {'waits for' if entry.outcome == BUFFERED else 'was skipped for'} the {job}, which {now}"


def what_to_do(row: ScheduleRow, newest: Newest) -> str:
    """Say how the alarm of a schedule ends."""
    entry, state = newest
    if entry is None or not _has_fired(row, entry) or entry.outcome == MISSED:
        return "See that the node runs at its due times. A backfill starts the jobs that are missing."
    if entry.outcome == REFUSED:
        return "Start a worker that has the task, or change the schedule."
    if state is not None and not State(state).is_final:
        return "`taskbahn explain JOB` says why the job does not go on. The alarm ends when it succeeds."
    return "See the error of the job, mend its cause, and retry the job: the alarm ends when it succeeds."


def _ended(state: str) -> str:
    return "succeeded" if state == State.SUCCEEDED else state if state in (State.FAILED, State.EXPIRED) else f"was {state}"
