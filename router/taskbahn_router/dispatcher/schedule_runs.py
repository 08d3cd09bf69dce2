"""Starts the jobs of schedules besides their due times: one by hand, or those of a past period, in slices.

The ids of these jobs are made from the key of the call. So a call that comes again starts nothing twice, and goes on where it ended.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidOption, QueueFull, TaskbahnError, TooLarge, from_info
from taskbahn.protocol.scheduling import MAX_BACKFILL
from taskbahn_router.core.firings import CALLER, extra_job_of
from taskbahn_router.core.ids import id_text
from taskbahn_router.dispatcher.schedule_specs import call_of, following, spec_of
from taskbahn_router.model.submissions import Submission
from taskbahn_router.submission.backpressure import check_backpressure
from taskbahn_router.submission.slices import SLICE_SECONDS, STEPS, run_slice
from taskbahn_router.submission.submission import check_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn_router.core.firings import ScheduleRow
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.submission.submission import Draft

SLICE_JOBS = 500  # of a backfill that go into a commit together
AGAIN_SECONDS = 1.0  # seconds after which a backfill that has begun tries again, if the queue is full
LAST_TIME = 9_000_000_000.0  # seconds since the epoch
MAX_KEY = 200  # characters


class ExtraRun:
    """Starts jobs of one schedule for a call, slice by slice.   due: their due times."""

    def __init__(self, dispatcher: Dispatcher, call: PendingCall, row: ScheduleRow, key: str, *, is_one: bool) -> None:
        self._dispatcher = dispatcher
        self._call = call
        self._row = row
        self._key = key
        self._is_one = is_one
        self._due: list[float] = []
        self._answers: list[Any] = []  # id | ErrorInfo of each
        self._is_cancelled = False
        call.on_gone = self._gone

    def start_now(self, now: float) -> None:
        """Start one job."""
        self._due = [now]
        self._go_on()

    def start_past(self, since: float, until: float) -> None:
        """Start a job for each due time of a period, its ends included; none if they are too many, or if the first are refused."""
        self._run(self._find(since, until))

    def _gone(self, cancelled: bool) -> None:  # noqa: FBT001 - PendingCall.on_gone has one argument
        self._is_cancelled = cancelled

    def _find(self, since: float, until: float) -> Iterator[None]:
        spec, row = spec_of(self._row), self._row
        found = following(spec, row.id, since - 0.000_001)
        while found is not None and found.due <= until:
            if len(self._due) == MAX_BACKFILL:
                raise TooLarge(
                    "due times of a backfill", MAX_BACKFILL + 1, MAX_BACKFILL, "take a shorter period, and then the next one"
                )
            self._due.append(found.due)
            yield
            found = following(spec, row.id, found.due)
        later = max(0, len(self._due) - SLICE_JOBS)
        dispatcher = self._dispatcher
        check_backpressure(dispatcher.fair_queue, len(self._due) - later, 0, dispatcher.state.counts, later)
        self._go_on()

    def _go_on(self) -> None:
        begin = len(self._answers)
        if self._answers and not self._is_one:
            self._call.progress({"started": begin, "of": len(self._due)})
        if begin == len(self._due):
            self._call.answer(self._answers[0] if self._is_one else self._answers)
        elif not self._is_cancelled:
            self._run(self._submit(self._due[begin : begin + SLICE_JOBS]))

    def _submit(self, due: list[float]) -> Iterator[None]:
        spec, row, dispatcher = spec_of(self._row), self._row, self._dispatcher
        entries = []
        for moment in due:
            raw = extra_job_of(row.id, self._key, None if self._is_one else moment)
            entries.append({**call_of(spec, moment, row.last_success), "id": id_text(raw)})
            yield
        draft = yield from dispatcher.intake.read(entries, self._call.authid)
        self._check(draft)
        for job in draft.jobs:
            job.caller = CALLER + row.id
        yield from dispatcher.admission.take_in(draft, follows=False)
        self._put(draft)

    def _check(self, draft: Draft) -> None:
        """Raise for the first refusal, if nothing is accepted yet."""
        refused = next((answer for answer in draft.answers if isinstance(answer, dict)), None)
        if refused is not None and (self._is_one or not self._answers):
            raise from_info(refused)

    def _put(self, draft: Draft) -> None:
        def stored() -> None:
            if self._is_one and isinstance(draft.answers[0], dict):  # a rule of the task has refused it
                self._call.fail(from_info(draft.answers[0]))
                return
            self._answers += draft.answers
            self._dispatcher.clock.callLater(0, self._go_on)

        dispatcher, fail = self._dispatcher, self._call.fail
        accepted = dispatcher.large_flows.feed(None, draft, stored, fail) if draft.flows else stored
        dispatcher.fair_queue.put(
            Submission(
                self._call.caller, draft.jobs, draft.size, accepted, fail, draft.answers, counts=draft.counts,
                has_links=draft.has_links, asks=draft.asks, act=self._call.act,
            )
        )  # fmt: skip
        dispatcher.loop.schedule_turn()

    def _run(self, steps: Iterator[None]) -> None:
        try:
            if not run_slice(steps, self._dispatcher.clock, SLICE_SECONDS, STEPS):
                self._dispatcher.clock.callLater(0, self._run, steps)
        except QueueFull as error:
            if self._answers:
                self._dispatcher.clock.callLater(AGAIN_SECONDS, self._go_on)
            else:
                self._call.fail(error)
        except TaskbahnError as error:
            self._call.fail(error)


def key_of(call: PendingCall) -> str:
    """Return the key of a call, a new one if it has none."""
    key = call.kwargs.get("key", "")
    if not isinstance(key, str) or len(key) > MAX_KEY:
        raise InvalidOption(f"key = {key!r:.100}: it is a text of up to {MAX_KEY} characters", option="key")
    check_text("the key", key)
    return key or os.urandom(16).hex()


def period_of(call: PendingCall, now: float) -> tuple[float, float]:
    """Return since when and until when a backfill is."""
    arguments = dict(zip(("id", "since", "until"), call.args, strict=False)) | call.kwargs
    period = []
    for name in ("since", "until"):
        value = arguments.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < LAST_TIME:
            raise InvalidOption(f"{name} = {value!r:.100}: it is a time in seconds since 1970", option=name)
        period.append(float(value))
    since, until = period
    if not since < until <= now:
        raise InvalidOption("a backfill is of the past: since is before until, and until is not in the future", option="until")
    return since, until
