"""Fires schedules: waits for the next due time in the store, and submits what is due as if a client did, page by page.

The store decides about each due time in the commit that has its job, so it is fired once, however often it is tried. What is computed here
goes by the row that was read; if that has changed meanwhile, the commit changes nothing and the schedule is read again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from twisted.logger import Logger

from taskbahn.errors import NotReady, QueueFull, StoreUnavailable, TaskbahnError
from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.firings import BUFFERED, CALLER, FIRED, MISSED, STALE, Firing, ScheduleRow, buffered, job_of
from taskbahn_router.core.ids import id_text
from taskbahn_router.dispatcher.schedule_specs import NextFiring, call_of, following, spec_of
from taskbahn_router.dispatcher.wall_timer import WallTimer
from taskbahn_router.model.submissions import PlannedFiring, Submission
from taskbahn_router.submission.slices import SLICE_SECONDS, STEPS, run_slice

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from taskbahn.protocol.scheduling import ScheduleSpec
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.dispatcher.schedule_alarms import ScheduleAlarms
    from taskbahn_router.model.ports import Runner
    from taskbahn_router.stores.contract import Reader
    from taskbahn_router.submission.submission import Draft

PAGE = 500  # schedules that are read at once
MOST_IN_FLIGHT = 1_000  # firings on their way to their commit, beside which the next page is read
AGAIN_SECONDS = 1.0  # seconds after which it looks again when there was no room, or the store refused
ON_TIME_SECONDS = 10.0  # a firing that is not later is on time, whatever `catch_up` says: a busy dispatcher takes its time
MOST_MISSED = 1_000  # due times that are counted as missed


class Planned(NamedTuple):
    """What is to be done for a due time.   call: an entry of a submission; None: it starts no job.   has_alarm: see `alarms`."""

    firing: Firing
    call: dict[str, Any] | None
    has_alarm: bool = False


class ScheduleFirings:
    """Fires what is due, the next page while the one before is committed.   reader, runner: for questions, on the runner's thread."""

    log = Logger("taskbahn.schedules")

    def __init__(self, dispatcher: Dispatcher, alarms: ScheduleAlarms, reader: Reader, runner: Runner) -> None:
        self._dispatcher = dispatcher
        self._alarms = alarms
        self._reader = reader
        self._runner = runner
        dispatcher.publisher.on_end = self.look_at
        self._timer = WallTimer(dispatcher, "schedules", self._look)
        self._is_reading = False
        self._again = False  # whether something may be due since it began to read
        self._in_flight: set[str] = set()  # schedules whose due time is on its way to its commit
        self._held_until = 0.0  # it does not look before, for there was no room
        self._held_since: float | None = None  # since when due times wait for room: they are not missed

    def begin(self) -> None:
        """Look for what is due, and for what waits for jobs that have ended while the dispatcher was away."""
        self.fire_at(self._dispatcher.wall())
        self._look_at_buffered("")

    def fire_at(self, when: float | None) -> None:
        """Look for due schedules at a time of the wall clock."""
        self._timer.at(when)

    # what is due

    def _look(self) -> None:
        if self._is_reading:
            self._again = True
        elif self._dispatcher.wall() < self._held_until <= self._dispatcher.wall() + AGAIN_SECONDS:
            self.fire_at(self._held_until)
        elif len(self._in_flight) < MOST_IN_FLIGHT:  # else it looks when the first of them are committed
            self._is_reading, self._again = True, False
            skipped = frozenset(self._in_flight)
            self._ask(lambda: self._read(PAGE + len(skipped)), lambda found: self._found(*found, skipped=skipped))

    def _read(self, limit: int) -> tuple[list[tuple[ScheduleRow, str | None]], bool, float | None]:
        """Return what is due, whether there is more, and what is due next."""
        now = self._dispatcher.wall()
        with self._reader.snapshot():
            rows = self._reader.due_schedules(now, limit)
            return rows, len(rows) == limit, self._reader.next_firing(now)

    def _found(
        self, rows: list[tuple[ScheduleRow, str | None]], has_more: bool, next_at: float | None, *, skipped: frozenset[str]  # noqa: FBT001 - as read
    ) -> None:  # fmt: skip
        known = skipped | self._in_flight  # of those that are committed since then the rows are old
        rows = [(row, state) for row, state in rows if row.id not in known]
        if not rows and not self._in_flight:
            self._held_since = None
        self._in_flight.update(row.id for row, _ in rows)
        self._run(self._page(rows, has_more, next_at))

    def _page(
        self, rows: list[tuple[ScheduleRow, str | None]], has_more: bool, next_at: float | None  # noqa: FBT001 - as read
    ) -> Iterator[None]:  # fmt: skip
        plans: list[Planned] = []
        for row, last_state in rows:
            planned = self._plan(row, last_state)
            if planned.call is not None and "flow" in planned.call:
                yield from self._submit([planned])
            else:
                plans.append(planned)
            yield
        if plans:
            yield from self._submit(plans)
        self._is_reading = False
        now = self._dispatcher.wall()
        self.fire_at(now if has_more or self._again else next_at)

    def _plan(self, row: ScheduleRow, last_state: str | None) -> Planned:
        """Return what is to be done for the due time of a schedule."""
        assert row.due_at is not None  # noqa: S101 - the store has it among those that are due
        now = self._dispatcher.wall()
        try:
            spec = spec_of(row)
            oldest = (self._held_since or now) - max(spec.catch_up, ON_TIME_SECONDS)
            if (row.next_at or row.due_at) < oldest:  # jitter does not make it late
                return Planned(_missed(row, spec, oldest, now), None)
        except Exception as error:  # noqa: BLE001 - one schedule must not keep the others from firing
            self.log.failure("schedule {id} cannot be read, and fires no more until it is changed", id=row.id)
            said = _said(error)
            return Planned(Firing(row.id, row.version, row.due_at, None, None, now, error=said, stopped=said), None)
        then, stopped = _following(spec, row.id, row.due_at)
        return self._with_job(Firing(row.id, row.version, row.due_at, *_times(then), now, stopped=stopped), row, spec, last_state)

    def _with_job(self, firing: Firing, row: ScheduleRow, spec: ScheduleSpec, last_state: str | None) -> Planned:
        last_success = row.last_due if last_state == State.SUCCEEDED else row.last_success
        raw = job_of(row.id, firing.due_at)
        try:
            call = {**call_of(spec, firing.due_at, last_success), "id": id_text(raw)}
        except Exception as error:  # noqa: BLE001 - as above
            self.log.failure("the arguments of schedule {id} cannot be made", id=row.id)
            return Planned(firing._replace(error=_said(error)), None)
        planned = firing._replace(id=raw, overlap=spec.overlap, times=spec.times, last_success=last_success)
        return Planned(planned, call, spec.alarm_after is not None)

    def _settled(self, firing: Firing, outcome: str) -> None:
        if firing.is_buffered:
            self._buffered_settled(firing.schedule, outcome)
            return
        self._in_flight.discard(firing.schedule)
        now = self._dispatcher.wall()
        if not outcome:
            self._held_since = self._held_since or now
            self._held_until = now + AGAIN_SECONDS
            self.fire_at(self._held_until)
        elif outcome == STALE or len(self._in_flight) == MOST_IN_FLIGHT - 1:
            self.fire_at(now)
        else:
            self.fire_at(firing.then_at)
        if outcome == BUFFERED:
            self.look_at(firing.schedule)

    # what waits for a job

    def _look_at_buffered(self, after: str) -> None:
        def found(rows: list[ScheduleRow]) -> None:
            for row in rows:
                self.look_at(row.id)
            if len(rows) == PAGE:
                self._look_at_buffered(rows[-1].id)

        self._ask(lambda: self._reader.buffered_schedules(after, PAGE), found)

    def look_at(self, id: str) -> None:
        """Fire the first due time of a schedule that waits for a job, if that has ended; else remember for which one it waits."""

        def read() -> tuple[ScheduleRow, str | None] | None:
            with self._reader.snapshot():
                row = self._reader.schedule(id)
                last = self._reader.job(row.last_job) if row is not None and row.last_job is not None else None
                return None if row is None else (row, last.state if last is not None else None)

        def found(answer: tuple[ScheduleRow, str | None] | None) -> None:
            if answer is None or not (waiting := buffered(answer[0])):
                return
            row, state = answer
            if state is not None and not State(state).is_final:
                if row.last_job is not None:
                    self._dispatcher.publisher.awaited_ends[row.last_job] = id
                    self._ask(read, lambda later: found(later) if later is None or later[1] != state else None)
                return
            firing = Firing(id, row.version, waiting[0], None, None, self._dispatcher.wall(), is_buffered=True)
            self._run(self._submit([self._with_job(firing, row, spec_of(row), state)]))

        self._ask(read, found)

    def _buffered_settled(self, id: str, outcome: str) -> None:
        if outcome:
            self.look_at(id)
        else:
            self._dispatcher.clock.callLater(AGAIN_SECONDS, self.look_at, id)

    # submissions

    def _submit(self, plans: list[Planned]) -> Iterator[None]:
        """Submit the jobs of due times through the checks of all submissions, together if there is room for all."""
        dispatcher = self._dispatcher
        try:
            dispatcher.check_accepting()
            draft = yield from dispatcher.intake.read([planned.call for planned in plans if planned.call is not None], None)
            firings = _answered(plans, draft)
            yield from dispatcher.admission.take_in(draft, follows=False)
        except (QueueFull, NotReady, StoreUnavailable):
            if len(plans) > 1:
                for planned in plans:
                    yield from self._submit([planned])
            else:
                self._settled(plans[0].firing, "")
        except TaskbahnError as error:
            for planned in plans:
                self._put(None, [planned.firing._replace(id=None, error=_said(error))])
        except Exception as error:  # noqa: BLE001 - one schedule must not keep the others from firing
            if len(plans) > 1:
                for planned in plans:
                    yield from self._submit([planned])
            else:
                self.log.failure("schedule {id} cannot submit its job", id=plans[0].firing.schedule)
                self._put(None, [plans[0].firing._replace(id=None, error=_said(error))])
        else:
            self._put(draft, firings, {planned.firing.schedule for planned in plans if planned.has_alarm})

    def _put(self, draft: Draft | None, firings: list[Firing], alarmed: Container[str] = ()) -> None:
        """Have firings committed.   alarmed: schedules that alarm when their jobs do not succeed in time."""
        outcomes = dict.fromkeys(range(len(firings)), "")

        def accepted() -> None:
            if draft is not None and draft.flows and outcomes[0] == FIRED:
                self._dispatcher.large_flows.feed(None, draft, lambda: None, lambda _: None)()
            for number, firing in enumerate(firings):
                if outcomes[number] == FIRED and firing.schedule in alarmed and firing.id is not None:
                    self._alarms.watch_job(firing.schedule, firing.id)
                self._settled(firing, outcomes[number] or MISSED)

        def refused(error: TaskbahnError) -> None:
            for number, firing in enumerate(firings):
                self._settled(firing, "" if isinstance(error, StoreUnavailable) else outcomes[number] or MISSED)

        planned = [
            PlannedFiring(firing, lambda outcome, number=number: outcomes.__setitem__(number, outcome))  # type: ignore[misc]
            for number, firing in enumerate(firings)
        ]
        if draft is None:
            submission = Submission(None, [], 0, accepted, refused, firings=planned)
        else:
            submission = Submission(
                None, draft.jobs, draft.size, accepted, refused, draft.answers, counts=draft.counts, has_links=draft.has_links,
                asks=draft.asks, firings=planned,
            )  # fmt: skip
        self._dispatcher.fair_queue.put(submission)
        self._dispatcher.loop.schedule_turn()

    # helpers

    def _run(self, steps: Iterator[None]) -> None:
        if not run_slice(steps, self._dispatcher.clock, SLICE_SECONDS, STEPS):
            self._dispatcher.clock.callLater(0, self._run, steps)

    def _ask(self, read: Callable[[], Any], found: Callable[[Any], None]) -> None:
        asked = self._runner.run(read)
        asked.addCallback(found)
        asked.addErrback(self._failed)

    def _failed(self, failure: Any) -> None:
        self.log.failure("schedules cannot be read", failure)
        self._is_reading = False
        self.fire_at(self._dispatcher.wall() + AGAIN_SECONDS)


def _following(spec: ScheduleSpec, id: str, moment: float) -> tuple[NextFiring | None, str | None]:
    """Return the next firing, or why it cannot be found, as JSON."""
    try:
        return following(spec, id, moment), None
    except Exception as error:  # noqa: BLE001 - as above
        return None, _said(error)


def _said(error: Exception) -> str:
    return messages.to_json(error.info() if isinstance(error, TaskbahnError) else {"message": f"{type(error).__name__}: {error}"})


def _answered(plans: list[Planned], draft: Draft) -> list[Firing]:
    """Return the firings as the answers to their calls say, and give the draft an entry for each of those without a call."""
    firings: list[Firing] = []
    answers, counts, jobs = iter(draft.answers), iter(draft.counts), iter(draft.jobs)
    draft.answers, draft.counts = [], []
    for planned in plans:
        firing = planned.firing
        answer, count = (next(answers), next(counts)) if planned.call is not None else (None, 0)
        for _ in range(count):
            next(jobs).caller = CALLER + firing.schedule
        if planned.call is not None and not count:
            firing = firing._replace(id=None, error=messages.to_json(answer))
        firings.append(firing)
        draft.answers.append(answer)
        draft.counts.append(count)
    return firings


def _times(then: NextFiring | None) -> tuple[float | None, float | None]:
    return (None, None) if then is None else (then.due, then.at)


def _missed(row: ScheduleRow, spec: ScheduleSpec, oldest: float, now: float) -> Firing:
    """Return the firing for due times that are too old to fire, and what follows them."""
    assert row.due_at is not None  # noqa: S101 - as above
    missed, until = 1, row.due_at
    if row.last_due is not None and until <= row.last_due:  # the clock was set back, and forward again: it has fired before
        then, stopped = _following(spec, row.id, row.last_due)
        return Firing(
            row.id, row.version, until, *_times(then), now, id=job_of(row.id, until), missed=1, until=until, stopped=stopped
        )
    then, stopped = _following(spec, row.id, until)
    while then is not None and then.at < oldest and missed < MOST_MISSED:
        missed, until = missed + 1, then.due
        then, stopped = _following(spec, row.id, until)
    if then is not None and then.at < oldest:
        then, stopped = _following(spec, row.id, max(until, oldest - spec.jitter))
    return Firing(row.id, row.version, row.due_at, *_times(then), now, missed=missed, until=until, stopped=stopped)
