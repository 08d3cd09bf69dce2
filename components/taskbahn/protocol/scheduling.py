"""What a schedule says besides its times: what it starts, and what becomes of due times that overlap or are missed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from taskbahn.errors import InvalidSchedule
from taskbahn.protocol.schedules import CronForm, Zone, read_form
from taskbahn.protocol.view_data import View

Overlap = Literal["skip", "buffer_one", "buffer_all", "cancel_other", "allow"]
CATCH_UP = 60.0  # seconds
LONGEST = 366 * 86400.0  # seconds of a jitter, and of a time within which missed due times fire
MAX_NOTE = 500  # characters
MAX_SCHEDULES = 1_000  # that one worker declares
MAX_BACKFILL = 10_000  # jobs
ALARMS_TOPIC = "taskbahn.view.alarms"  # ScheduleAlarm: a schedule is late, or late no more

Seconds = Annotated[float, msgspec.Meta(ge=0, le=LONGEST)]


class ScheduleSpec(msgspec.Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A schedule as code declares it, or as it is set at run time.

    when: a `schedules.WhenForm`, or the text of a cron line on the clocks of *zone*.   call: an entry of `taskbahn.submit`: a `Call`
    or a flow, without an id.   start, end: seconds since the epoch.   times: firings in all.   jitter: seconds, the longest.
    catch_up: seconds; due times that were missed, and are not older, fire late.   alarm_after: seconds; without the success of a job
    so long after a due time, it is late.
    """

    when: Any
    call: dict[str, Any]
    zone: Zone = "UTC"
    start: float | None = None
    end: float | None = None
    times: Annotated[int, msgspec.Meta(ge=1)] | None = None
    jitter: Seconds = 0.0
    overlap: Overlap = "skip"
    catch_up: Seconds = CATCH_UP
    alarm_after: Annotated[float, msgspec.Meta(gt=0, le=LONGEST)] | None = None
    note: Annotated[str, msgspec.Meta(max_length=MAX_NOTE)] = ""


class SchedulePause(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Why a schedule does not fire.   until: seconds since the epoch; None: until it is resumed.   orphaned: no code declares it."""

    reason: str = ""
    until: float | None = None
    by: str | None = None
    at: float = 0.0
    orphaned: bool = False


class ScheduleFiring(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What became of a due time: "fired", "skipped", "buffered", "missed" or "refused".

    job: the one that it started, or for which it was skipped or buffered; state: of that job, None if it is deleted.
    missed, until: of due times that were missed how many they were, and the last.
    """

    due_at: float
    fired_at: float
    outcome: str
    job: str | None = None
    state: str | None = None
    missed: int = 0
    until: float | None = None
    error: dict[str, Any] | None = None


class ScheduleView(View, msgspec.Struct, kw_only=True, omit_defaults=True):
    """A schedule as it is now.

    spec: what holds.   declared: what code says, None if no code does.   changed: what was set at run time instead, or besides.
    fired: firings that started jobs.   waiting: due times that wait for the end of its last job.   trouble: why its newest
    firing was refused.   next_at: when it fires for `due_at`, later by its jitter; None: it does not.   expected_at: with
    `alarm_after`, its oldest due time after which no job has succeeded; alarm_at: when it is late for that; late_at: since when it is.
    last: the newest entry of its history.   outcomes: what became of its newest due times, newest first: the state of the job of each,
    or the outcome of one without a job.   times: the next due times; of one that is paused, those after its pause, or from now on.
    """

    id: str
    words: str
    zone: str
    spec: dict[str, Any]
    declared: dict[str, Any] | None = None
    changed: dict[str, Any] = {}
    pause: SchedulePause | None = None
    due_at: float | None = None
    next_at: float | None = None
    fired: int = 0
    last_due: float | None = None
    last_job: str | None = None
    last_success: float | None = None
    waiting: list[float] = []
    trouble: dict[str, Any] | None = None
    expected_at: float | None = None
    alarm_at: float | None = None
    late_at: float | None = None
    changed_by: str | None = None
    changed_at: float = 0.0
    last: ScheduleFiring | None = None
    outcomes: list[str] = []
    times: list[float] = []


class DueAt(msgspec.Struct, frozen=True):
    """A due time of a schedule."""

    id: str
    at: float


class DueSlot(msgspec.Struct, kw_only=True):
    """The due times from *at* on, for the length of a slot: how many, and the first of them."""

    at: float
    count: int
    first: list[DueAt]


class DueBand(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A schedule that is due so often that its slots are given in place of its times.

    spans: first and last of neighbouring slots, by number.   is_cut: there may be more, which would take too long to find.
    """

    id: str
    words: str
    spans: list[tuple[int, int]]
    is_cut: bool = False


class DueTimes(msgspec.Struct, kw_only=True, omit_defaults=True):
    """When schedules are due in a period.

    Of all: slots, those with due times; bands; next: the id behind which the rest begins.  Of one: count, first, last; is_cut: there
    are more, as after `MAX_BACKFILL`.
    """

    slots: list[DueSlot] = []
    bands: list[DueBand] = []
    next: str | None = None
    count: int = 0
    first: float | None = None
    last: float | None = None
    is_cut: bool = False


class ScheduleAlarm(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A schedule has become late, or is so no more.

    expected_at: the due time after which no job succeeded.   since: when it became late.   at: when that was seen.
    """

    schedule: str
    is_late: bool
    expected_at: float | None = None
    since: float | None = None
    at: float = 0.0
    sentence: str = ""


def read_spec(plain: Any) -> ScheduleSpec:
    """Return what travelled as *plain*, its times as a form; raises InvalidSchedule."""
    try:
        spec = msgspec.convert(plain, ScheduleSpec)
    except (msgspec.ValidationError, RecursionError) as error:
        raise InvalidSchedule(f"a schedule is malformed: {error}") from None
    form = CronForm(line=spec.when, zone=spec.zone) if isinstance(spec.when, str) and spec.when else read_form(spec.when)
    spec.when, spec.zone = msgspec.to_builtins(form), "UTC"
    if spec.start is not None and spec.end is not None and spec.end < spec.start:
        raise InvalidSchedule("end is before start, so it never fires")
    if "id" in spec.call or ("task" in spec.call) is ("flow" in spec.call) or "parent" in spec.call or "calls" in spec.call:
        raise InvalidSchedule("call is one task, {'task': ..., 'args': [...]}, or one flow, {'flow': ...}, without an id")
    return spec
