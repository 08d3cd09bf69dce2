"""What becomes of the due times of schedules: decided within a commit, from the row of the schedule and the state of its last job.

A firing is a compare-and-set: it holds only if the schedule is still as it was when its next time was computed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.named_ids import OWN, named_id

CALLER = "schedule:"  # who has submitted the job of a schedule, with the id after it
HISTORY = 100  # firings that the store keeps of each schedule
MOST_BUFFERED = 100  # due times that wait for the end of a job

FIRED, SKIPPED, BUFFERED, MISSED, REFUSED = "fired", "skipped", "buffered", "missed", "refused"
STALE = "stale"  # the schedule has changed since, or the due time was fired before: nothing happened


class Alarm(NamedTuple):
    """When a schedule is late.

    expected_at: its oldest due time without a success; None: it expects none.   alarm_at: when that is too late, late_at: since when
    it is; at most one of them is there.
    """

    expected_at: float | None = None
    alarm_at: float | None = None
    late_at: float | None = None


class ScheduleRow(NamedTuple):
    """A schedule as it is stored.  Times are seconds since the epoch.

    declared, changed: what code declares and what was set at run time, each as JSON; None: nothing.   version: counts their changes.
    due_at: its next due time; None: it has none, or is paused.   next_at: when it fires for that, which jitter makes later.
    pause: `{"reason", "until", "by", "at", "orphaned"}` as JSON.   buffered: due times that wait for the end of the last job, as JSON.
    expected_at, alarm_at, late_at: its `Alarm`.
    """

    id: str
    declared: str | None
    changed: str | None
    declared_at: float | None
    version: int
    due_at: float | None
    next_at: float | None
    pause: str | None
    changed_by: str | None
    changed_at: float
    fired: int = 0  # firings that started a job
    number: int = 0  # of the newest entry of its history
    last_due: float | None = None
    last_job: bytes | None = None
    last_success: float | None = None  # due time of the newest job that is known to have succeeded
    buffered: str | None = None
    trouble: str | None = None  # why the newest firing was refused, as JSON
    expected_at: float | None = None
    alarm_at: float | None = None
    late_at: float | None = None

    @property
    def alarm(self) -> Alarm:
        """When it is late."""
        return Alarm(self.expected_at, self.alarm_at, self.late_at)


class ScheduleChange(NamedTuple):
    """A schedule to store, if its version is still *version*; 0: it must not exist.  What firings write stays.

    alarm: None: it stays.   is_right: what its newest firing was refused for is mended.
    """

    id: str
    declared: str | None
    changed: str | None
    declared_at: float | None
    version: int
    due_at: float | None
    next_at: float | None
    pause: str | None
    changed_by: str | None
    changed_at: float
    alarm: Alarm | None = None
    is_right: bool = False

    def row(self, before: ScheduleRow | None) -> ScheduleRow:
        """Return the row that it makes of the one before."""
        said: dict[str, Any] = self._asdict() | {"version": self.version + 1}
        alarm, is_right = said.pop("alarm"), said.pop("is_right")
        if alarm is not None:
            said |= alarm._asdict()
        if before is None:
            return ScheduleRow(**said)
        waiting = before.buffered if self.due_at is not None else None
        return before._replace(**said, buffered=waiting, trouble=None if is_right else before.trouble)


class Firing(NamedTuple):
    """A due time whose time has come, of a schedule as it was read.

    jobs: seqs of the jobs that it submits, together in one entry of the batch; none if it is missed or refused.
    id: of the first of them.   then_due, then_at: the due time that follows.   is_buffered: it was due before, and waited.
    missed, until: how many due times were missed, and the last of them.   error: why it was refused, as JSON.   stopped: why no due time
    follows although there may be one, as JSON.
    """

    schedule: str
    version: int
    due_at: float
    then_due: float | None
    then_at: float | None
    now: float
    jobs: tuple[int, ...] = ()
    id: bytes | None = None
    overlap: str = "skip"
    times: int | None = None
    is_buffered: bool = False
    missed: int = 0
    until: float | None = None
    error: str | None = None
    last_success: float | None = None
    stopped: str | None = None


class FiredRow(NamedTuple):
    """An entry of the history of a schedule.   job: the one that it started, or because of which it did not.

    until, missed: of due times that were missed, the last, and how many they are.
    """

    schedule: str
    number: int
    due_at: float
    fired_at: float
    outcome: str
    job: bytes | None = None
    until: float | None = None
    missed: int = 0
    error: str | None = None


class Fired(NamedTuple):
    """What became of a firing: the row of the schedule and the entry of its history, if they change, and a job to cancel."""

    outcome: str
    row: ScheduleRow | None = None
    entry: FiredRow | None = None
    cancels: bytes | None = None


def job_of(schedule: str, due_at: float) -> bytes:
    """Return the id of the job that a schedule starts for a due time, always the same."""
    return named_id(f"{schedule}\n{_micros(due_at)}")


def extra_job_of(schedule: str, key: str, due_at: float | None) -> bytes:
    """Return the id of a job besides the due times of a schedule, always the same for a key.

    due_at: that of a past period; None: the job of a run by hand.
    """
    return named_id(f"{schedule}\n{'' if due_at is None else _micros(due_at)}\n{key}", OWN)


def is_extra(job: bytes) -> bool:
    """Return whether the id of a job that a schedule has started is of one besides its due times."""
    return job[6] >> 4 == OWN >> 4


def _micros(moment: float) -> int:
    return round(moment * 1_000_000)


def buffered(row: ScheduleRow) -> list[float]:
    """Return the due times that wait for the end of the last job of a schedule."""
    return messages.from_json(row.buffered) if row.buffered else []


def decide(row: ScheduleRow | None, firing: Firing, last_state: str | None, *, is_known: bool) -> Fired:
    """Return what becomes of a firing.

    last_state: of the last job of the schedule; None: it has none, or that is deleted.
    is_known: whether there is a job of the firing's id, or the history has one for that due time.
    """
    if row is None or row.version != firing.version:
        return Fired(STALE)
    waiting = buffered(row)
    is_busy = last_state is not None and not State(last_state).is_final
    moved: dict[str, Any] = {}  # what changes of the row besides its history; it is replaced once
    if firing.is_buffered:
        if is_busy or not waiting or waiting[0] != firing.due_at:
            return Fired(STALE)
        moved["buffered"] = _packed(waiting[1:])
        waiting = []
    elif row.due_at != firing.due_at:
        return Fired(STALE)
    else:
        moved["due_at"], moved["next_at"] = firing.then_due, firing.then_at
        moved["trouble"] = firing.stopped or row.trouble
    if is_known:
        return Fired(STALE, row._replace(**moved))
    if not firing.jobs:
        return _unsubmitted(row, firing, moved)
    if not (is_busy or waiting) or firing.overlap in ("allow", "cancel_other"):
        return _fired(row, firing, moved, is_busy=is_busy)
    room = {"buffer_one": 1, "buffer_all": MOST_BUFFERED}.get(firing.overlap, 0)
    if len(waiting) < room:
        moved["buffered"] = _packed([*waiting, firing.due_at])
        return _noted(row, firing, BUFFERED, row.last_job, moved)
    return _noted(row, firing, SKIPPED, row.last_job, moved)


def _fired(row: ScheduleRow, firing: Firing, moved: dict[str, Any], *, is_busy: bool) -> Fired:
    cancels = row.last_job if is_busy and firing.overlap == "cancel_other" else None
    fired = row.fired + 1
    moved |= {"fired": fired, "last_due": firing.due_at, "last_job": firing.id, "trouble": firing.stopped}
    if firing.last_success is not None:
        moved["last_success"] = firing.last_success
    if firing.times is not None and fired >= firing.times:
        moved |= {"due_at": None, "next_at": None, "buffered": None, "trouble": None}
    return _noted(row, firing, FIRED, firing.id, moved, cancels)


def refused(row: ScheduleRow, firing: Firing, error: str) -> Fired:
    """Return what becomes of a firing whose jobs were refused.  row: as it was before the firing."""
    moved: dict[str, Any] = {"due_at": firing.then_due, "next_at": firing.then_at}
    if firing.is_buffered:
        moved = {"buffered": _packed(buffered(row)[1:])}
    return _unsubmitted(row, firing._replace(error=error), moved)


def _unsubmitted(row: ScheduleRow, firing: Firing, moved: dict[str, Any]) -> Fired:
    if firing.error is None:
        return _noted(row, firing, MISSED, None, moved)
    return _noted(row, firing, REFUSED, None, {**moved, "trouble": firing.stopped or firing.error})


def _noted(
    row: ScheduleRow, firing: Firing, outcome: str, job: bytes | None, moved: dict[str, Any], cancels: bytes | None = None
) -> Fired:  # fmt: skip
    row = row._replace(number=row.number + 1, **moved)
    entry = FiredRow(
        firing.schedule, row.number, firing.due_at, firing.now, outcome, job, firing.until, firing.missed, firing.error
    )
    return Fired(outcome, row, entry, cancels)


def _packed(due: list[float]) -> str | None:
    return messages.to_json(due) if due else None
