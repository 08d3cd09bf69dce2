"""Why a schedule starts no job now, as sentences; and of a job, which schedule has started it.   Values in, values out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from taskbahn.protocol.states import State
from taskbahn.protocol.views import WaitReason
from taskbahn_router.core.deadlines import moment
from taskbahn_router.core.firings import buffered, is_extra
from taskbahn_router.text import format_duration, join_names, pluralize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbahn.protocol.scheduling import SchedulePause, ScheduleSpec
    from taskbahn_router.core.firings import FiredRow, ScheduleRow

LATE_SECONDS = 1.0  # seconds after which a due time that has not fired is late


class Tasks(NamedTuple):
    """The tasks that a schedule starts: those that no worker has ever declared, and those that no attached one offers."""

    unknown: Sequence[str] = ()
    not_offered: Sequence[str] = ()


class LastJob(NamedTuple):
    """The last job of a schedule."""

    id: str
    state: str


def schedule_waits(
    row: ScheduleRow,
    spec: ScheduleSpec,
    pause: SchedulePause | None,
    tasks: Tasks,
    last: LastJob | None,
    trouble: str,
    now: float,
) -> list[WaitReason]:
    """Return all that is between a schedule and its next job, what is closed first.

    pause: one that is not over.   last: None: it has none, or that is deleted.   trouble: why its newest firing was refused, or "".
    """
    reasons = [*_stopped(row, spec, pause, trouble), *_tasks(tasks), *_behind(row, spec, last)]
    if row.next_at is not None:
        is_over = row.next_at <= now - LATE_SECONDS
        late = f"It was due at {moment(row.next_at)}, and fires as soon as the queue has room"
        why = late if is_over else f"It is due at {moment(row.next_at)}"
        reasons.append(WaitReason(rule="time", open=False, why=why, opens_at=None if is_over else row.next_at))
    return reasons


def _stopped(row: ScheduleRow, spec: ScheduleSpec, pause: SchedulePause | None, trouble: str) -> list[WaitReason]:
    if pause is not None and pause.orphaned:
        why = f"It is orphaned since {moment(pause.at)}: {pause.reason}; `taskbahn schedules resume` keeps it without code"
        return [WaitReason(rule="orphaned", open=False, why=why)]
    if pause is not None:
        by = f" by {pause.by}" if pause.by else ""
        why = f"It is paused{by} since {moment(pause.at)}{f': {pause.reason}' if pause.reason else ''}"
        return [WaitReason(rule="pause", open=False, why=why, opens_at=pause.until)]
    if row.due_at is not None:
        return [WaitReason(rule="trouble", open=False, why=f"Its newest due time started no job: {trouble}")] if trouble else []
    if spec.times is not None and row.fired >= spec.times:
        return [WaitReason(rule="times", open=False, why=f"It has fired {pluralize(row.fired, 'time')}, as often as it may")]
    if trouble:
        return [WaitReason(rule="trouble", open=False, why=f"It fires no more until it is changed: {trouble}")]
    ended = f"it ended at {moment(spec.end)}" if spec.end is not None else "it has no later one"
    return [WaitReason(rule="end", open=False, why=f"Its last due time is over: {ended}")]


def _tasks(tasks: Tasks) -> list[WaitReason]:
    if tasks.unknown:
        why = f"No worker has declared {join_names(sorted(tasks.unknown))}: its jobs are refused until one does"
        return [WaitReason(rule="task", open=False, why=why)]
    if tasks.not_offered:
        why = f"No attached worker offers {join_names(sorted(tasks.not_offered))}: its jobs wait for one"
        return [WaitReason(rule="workers", open=False, why=why)]
    return []


def _behind(row: ScheduleRow, spec: ScheduleSpec, last: LastJob | None) -> list[WaitReason]:
    if last is None or State(last.state).is_final or spec.overlap in ("allow", "cancel_other"):
        return []
    waiting = len(buffered(row))
    then = "due times are skipped until it ends"
    if spec.overlap != "skip":
        then = (
            f"{pluralize(waiting, 'due time')} {'waits' if waiting == 1 else 'wait'} for its end"
            if waiting
            else "due times wait for its end"
        )
    return [
        WaitReason(rule=f"job:{last.id}", open=False, why=f"Its last job, {last.id}, is {last.state}: {then}", holders=[last.id])
    ]


def why_scheduled(schedule: str, job: bytes, entry: FiredRow | None) -> str:
    """Say that a schedule has started a job.   entry: of its history, None if that has none of the job."""
    if entry is not None:
        late = entry.fired_at - entry.due_at
        return f"The schedule {schedule} started it for its due time {moment(entry.due_at)}, {format_duration(max(0.0, late))} after that"
    if is_extra(job):
        return f"The schedule {schedule} started it besides its due times: by hand, or by a backfill"
    return f"The schedule {schedule} started it, for a due time that its history has no more"
