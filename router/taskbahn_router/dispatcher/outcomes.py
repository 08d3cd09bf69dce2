"""What workers report, made into moves: successes, failures, hand-backs and notices, each checked against the job's attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.errors import InvalidArguments, InvalidRequest, TimeLimitExceeded, WorkerLost
from taskbahn.jobs.progress import completed
from taskbahn.protocol import messages
from taskbahn.protocol.last_failures import last_error
from taskbahn.protocol.options import LONGEST_SECONDS
from taskbahn.protocol.questions import AwaitedEvent
from taskbahn.protocol.states import State
from taskbahn_router.core.error_fingerprint import fingerprint
from taskbahn_router.core.lifecycle import Event
from taskbahn_router.core.placement import LOOK_AHEAD_SECONDS, learn, look_ahead
from taskbahn_router.core.reactions import HAS_NOTES
from taskbahn_router.core.retry import Ending, FailPermanently, RequeueNow, RetryLater, decide
from taskbahn_router.core.suspensions import Asked, Note, Suspension
from taskbahn_router.dispatcher.quiet import quiet, quiet_notice
from taskbahn_router.model.state import MAX_ATTEMPT, id_bytes
from taskbahn_router.model.turn import Ended, JobEvent, Requeued, TurnEffects
from taskbahn_router.stores.rows import AttemptRow, EventRow, Finish, Requeue, Snapshot
from taskbahn_router.submission.slices import each, parts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taskbahn.protocol.suspended import Suspended
    from taskbahn_router.model.state import AttachedWorker, DispatcherState, LiveJob
    from taskbahn_router.model.turn import LostAttempt

MAX_EVENTS_KEPT = 120_000  # events of one job: all lines and chunks that one attempt may send, and the job's states
HALTED = {
    "error": WorkerLost.uri,
    "type": "WorkerLost",
    "message": "its worker was ordered to end, and stopped it",
    "reason": "the task must never start twice (delivery is at_most_once)",
}
OTHER_CODE = "this worker has other code of the task, and the job waits for one that takes its arguments"
OTHER_CODE_SECONDS = 86_400.0  # seconds after its start for which a job waits for such a worker
MIN_OTHER_CODE_DELAY, MAX_OTHER_CODE_DELAY = 1.0, 30.0  # seconds between two attempts meanwhile
ERROR_URIS = {"time_limit": TimeLimitExceeded.uri, "crash": WorkerLost.uri, "worker_lost": WorkerLost.uri}


class Outcomes:
    """Turns the reports of one turn into moves; uniform is a source of random numbers, 0 <= x < 1."""

    def __init__(self, state: DispatcherState, uniform: Callable[[], float]) -> None:
        self._state = state
        self._uniform = uniform

    def apply(self, effects: TurnEffects, now: float) -> Iterator[None]:
        """Write the moves of all gathered reports and losses into the batch."""
        for acknowledge, worker, report in effects.turn_input.reports:
            refused: list[list[Any]] = []
            yield from self._report(effects, worker, report, refused, now)
            if acknowledge is not None:
                effects.answers.append((acknowledge, refused))
        for job in effects.turn_input.returns:  # before losses: an attempt that was not handed out does not count
            if self._is_running(job):
                self._requeue(effects, job, Event.HAND_BACK, None, None)
        if effects.turn_input.losses:
            yield from each(effects.turn_input.losses, lambda loss: self._lost(effects, loss, now))

    def _report(
        self, effects: TurnEffects, worker: AttachedWorker, report: messages.Report, refused: list[list[Any]], now: float
    ) -> Iterator[None]:
        if report.notices:
            yield from each(report.notices, lambda notice: self._heard(effects, worker, notice, refused, now))
        for part in parts_of(report.done):
            for done in part:
                if (job := self._end(effects, worker, done.id, done.attempt, refused)) is not None:
                    self._done(effects, worker, job, done, now)
            yield
        if report.failed:
            yield from each(report.failed, lambda failed: self._heard_failed(effects, worker, failed, refused, now))
        if report.parked or report.suspended:
            self._waits(effects, worker, report, refused)
        if report.back:
            yield from each(
                report.back, lambda back: self._back(effects, self._end(effects, worker, *back, refused), report, now)
            )
        if report.draining:
            worker.draining = True
            worker.room.open = False
            self._state.other_code.settle()

    def _heard_failed(
        self, effects: TurnEffects, worker: AttachedWorker, failed: messages.Failed, refused: list[list[Any]], now: float
    ) -> None:
        job = self._end(effects, worker, failed.id, failed.attempt, refused)
        if job is None:
            return
        if failed.unfit and now - job.created_at < OTHER_CODE_SECONDS:
            self._state.other_code.note(worker, job.partition.task)
            self._not_taken(effects, job, failed.error, now)
        else:
            worker.failed += 1
            ending: Ending = "error" if failed.kind == "cancelled" else failed.kind
            self._failed(
                effects, job, ending, failed.error, retryable=failed.retry, delay=failed.delay, now=now, asked=failed.asked
            )

    def _not_taken(self, effects: TurnEffects, job: LiveJob, error: dict[str, Any], now: float) -> None:
        """Let a job wait for another worker, since this one has other code of its task and did not begin: that is no failure of the job."""
        error = quiet(job.packed, error)
        info = {"error": InvalidArguments.uri, **error, "message": f"{OTHER_CODE}: {error.get('message', '')}"}
        effects.batch.attempts.append(
            AttemptRow(job.seq, job.attempt, job.worker_id, job.started_at or now, now, "error", messages.to_json(info))
        )
        delay = min(MAX_OTHER_CODE_DELAY, max(MIN_OTHER_CODE_DELAY, (now - job.created_at) / 4))
        self._requeue(effects, job, Event.RETRY, now + delay, info)
        task = self._state.tasks.get(job.partition.task)
        if task is not None:
            task.not_taken_at = now

    def _back(self, effects: TurnEffects, job: LiveJob | None, report: messages.Report, now: float) -> None:
        if job is None:
            return
        self._was_not_short(job, draining=report.draining)
        if job.policy.at_most_once and (job.id, job.attempt) in report.begun:
            self._fail_permanently(effects, job, HALTED, now)
        else:
            self._requeue(effects, job, Event.HAND_BACK, None, None)

    def _was_not_short(self, job: LiveJob, *, draining: bool) -> None:
        """The job came back unstarted, behind a long one: its task gets no look-ahead until it proves short again."""
        task = self._state.tasks.get(job.partition.task)
        if task is not None and not draining:
            task.seconds_each = max(LOOK_AHEAD_SECONDS, task.seconds_each or 0.0)

    def _current(self, worker: AttachedWorker, id: str, attempt: int) -> LiveJob | None:
        job = self._state.jobs.get(id)
        if job is None or job.attempt != attempt or job.worker is not worker or job.state is not State.RUNNING:
            return None
        return job

    def _is_running(self, job: LiveJob) -> bool:
        return job.state is State.RUNNING and self._state.jobs.get(job.id) is job

    def _end(
        self, effects: TurnEffects, worker: AttachedWorker, id: str, attempt: int, refused: list[list[Any]]
    ) -> LiveJob | None:
        """Free the attempt's slot; return its job if the attempt is the current one."""
        occupied = worker.attempts.get(id) == attempt
        if occupied:
            release_slot(worker, id)
        job = self._current(worker, id, attempt)
        if job is None:
            if (ended := stored_attempt(id, attempt)) is not None:
                effects.batch.ended.append(ended)
            if not occupied:
                refused.append([id, attempt])
        return job

    def _done(self, effects: TurnEffects, worker: AttachedWorker, job: LiveJob, done: messages.Done, now: float) -> None:
        worker.finished += 1
        task = self._state.tasks.get(job.partition.task)
        seconds = done.ended_at - done.started_at
        if task is not None and seconds >= 0:  # negative if the worker's clock was set back meanwhile
            task.seconds_each = learn(task.seconds_each, seconds)
        result = done.result
        if task is not None and task.checker is not None and task.checker.secrets.result is not None:
            result = task.checker.secrets.sealed_result(result, job.packed)
        self._finish(effects, job, Event.SUCCEED, result, None, now)

    def _lost(self, effects: TurnEffects, loss: LostAttempt, now: float) -> None:
        job = loss.job
        if self._is_running(job):
            if job.worker is not None:
                release_slot(job.worker, job.id)
            self._failed(effects, job, loss.ending, loss.error, retryable=True, delay=None, now=now)
            if loss.decided is not None:
                loss.decided(job.state)
        else:
            effects.batch.ended.append((job.raw, job.attempt))

    def _failed(
        self,
        effects: TurnEffects,
        job: LiveJob,
        ending: Ending,
        error: dict[str, Any],
        *,
        retryable: bool,
        delay: float | None,
        now: float,
        asked: bool = False,
    ) -> None:
        if ending in ("crash", "worker_lost"):
            job.crashes += 1
        else:
            job.failures += 1
        verdict = decide(
            job.policy,
            ending,
            failures=job.failures,
            crashes=job.crashes,
            retryable=retryable,
            delay=None
            if delay is None or not 0 <= delay <= LONGEST_SECONDS
            else delay,  # also for NaN, which an older worker may send
            uniform=self._uniform,
            asked=asked,
        )
        info = {"error": ERROR_URIS.get(ending, "taskbahn.error.job_failed"), **quiet(job.packed, error)}
        effects.batch.attempts.append(
            AttemptRow(job.seq, job.attempt, job.worker_id, job.started_at or now, now, ending, messages.to_json(info))
        )
        match verdict:
            case RetryLater(seconds):
                self._requeue(effects, job, Event.RETRY, now + seconds, info)
            case RequeueNow():
                self._requeue(effects, job, Event.WORKER_LOST, None, info)
            case FailPermanently(reason):
                self._fail_permanently(effects, job, last_error(info, reason, asked=asked), now)

    def _fail_permanently(self, effects: TurnEffects, job: LiveJob, error: dict[str, Any], now: float) -> None:
        self._finish(effects, job, Event.FAIL, None, error, now)

    @staticmethod
    def _finish(
        effects: TurnEffects, job: LiveJob, event: Event, result: str | None, error: dict[str, Any] | None, now: float
    ) -> None:
        job.number += 1
        job.advance(event)
        state = str(job.state)
        effects.batch.finishes.append(
            Finish(
                state, now, result, None if error is None else messages.to_json(error),
                None if job.progress is None else messages.to_json(job.progress), job.number, job.failures, job.crashes,
                now + job.policy.keep, None if error is None else fingerprint(job.partition.task, error), job.seq, job.attempt,
            )
        )  # fmt: skip
        effects.ended.append(Ended(job, state, result, error, now))

    def _requeue(
        self, effects: TurnEffects, job: LiveJob, event: Event, due_at: float | None, error: dict[str, Any] | None
    ) -> None:
        job.number += 1
        job.advance(event)
        job.due_at = due_at
        # what is done of a job stays done while it waits
        progress = None if job.progress is None or event is not Event.SUSPEND else messages.to_json(job.progress)
        effects.batch.requeues.append(
            Requeue(job.state, due_at, progress, job.number, job.failures, job.crashes, job.seq, job.attempt)
        )
        effects.requeued.append(Requeued(job, job.state, due_at, error))

    def _waits(self, effects: TurnEffects, worker: AttachedWorker, report: messages.Report, refused: list[list[Any]]) -> None:
        for id, attempt, is_parked in report.parked:
            worker.park(id, attempt, is_parked=is_parked)
        for asked in report.suspended:
            if (job := self._end(effects, worker, asked.id, asked.attempt, refused)) is not None:
                self._suspend(effects, job, asked)

    def _suspend(self, effects: TurnEffects, job: LiveJob, asked: Suspended) -> None:
        """Let a job wait without an attempt; the store finds when it goes on."""
        jobs = tuple(dict.fromkeys(id_bytes(id) for id in asked.jobs))
        replaced_by = None if asked.replaced_by is None else id_bytes(asked.replaced_by)
        self._requeue(effects, job, Event.SUSPEND, None, None)
        effects.batch.suspensions.append(
            Suspension(job.seq, job.attempt, jobs, asked.every, tuple(asked.notes), asked.until, replaced_by)
        )

    def _heard(
        self, effects: TurnEffects, worker: AttachedWorker, notice: messages.Notice, refused: list[list[Any]], now: float
    ) -> None:
        job = self._current(worker, notice.id, notice.attempt)
        if job is not None:
            job.heard_at = now
            self._notice(effects, job, quiet_notice(job.packed, notice))
        elif worker.attempts.get(notice.id) != notice.attempt:
            refused.append([notice.id, notice.attempt])
        # else: the job was cancelled; refused, the worker would forget the attempt, and never tell its end, which frees its place

    def _asked(self, effects: TurnEffects, job: LiveJob, notice: messages.Notice) -> None:
        job.flags |= HAS_NOTES
        effects.batch.asked.append(Asked(job.seq, notice.data["name"], messages.to_json(notice.data), notice.at, notice.kind))
        if notice.kind == "event":
            effects.awaits.append((job.raw, msgspec.convert(notice.data, AwaitedEvent)))
            return
        view = notice.data | {"job": job.id, "task": job.partition.task}
        effects.noticed.append(JobEvent(job, job.number, msgspec.structs.replace(notice, data=view)))

    def _notice(self, effects: TurnEffects, job: LiveJob, notice: messages.Notice) -> None:
        if notice.kind == "progress":
            job.progress = completed(notice.data)
            job.progress_stored = False
            notice = msgspec.structs.replace(notice, data=job.progress)
        elif notice.kind in ("question", "event"):
            self._asked(effects, job, notice)
            return
        elif notice.kind == "note":
            job.flags |= HAS_NOTES
            job.last_mark = max(job.last_mark, notice.mark)
            effects.batch.notes.append(Note(job.seq, notice.data["name"], notice.data["value"], notice.at))
            return
        elif notice.kind in ("log", "chunk"):
            if 0 < notice.mark <= job.last_mark:  # the notice was sent again
                return
            if job.number >= MAX_EVENTS_KEPT:
                if job.is_full:
                    return
                job.is_full = True
                notice = no_more(notice)
            job.last_mark = max(job.last_mark, notice.mark)
            job.number += 1
            data = messages.to_json(notice.data)
            effects.batch.events.append(EventRow(job.seq, job.number, notice.at, notice.kind, data, job.attempt, job.last_mark))
            job.progress_stored = False  # the number in the job's row must follow
        else:
            return
        effects.noticed.append(JobEvent(job, job.number, notice))


def no_more(notice: messages.Notice) -> messages.Notice:
    """Return the log line that takes the place of the first notice beyond a job's bound."""
    message = f"the job has {MAX_EVENTS_KEPT:,} log lines and chunks: of those that this attempt sends from here on none are kept"
    return messages.Notice(
        notice.id, notice.attempt, "log", notice.at, {"level": "WARNING", "logger": "taskbahn", "message": message}, notice.mark
    )


def snapshots(jobs: list[LiveJob]) -> list[Snapshot]:
    """Return the rows that bring numbers and progress of running jobs up to date."""
    rows = []
    for job in jobs:
        if not job.progress_stored and job.state is State.RUNNING:
            job.progress_stored = True
            rows.append(Snapshot(job.number, None if job.progress is None else messages.to_json(job.progress), job.seq))
    return rows


def release_slot(worker: AttachedWorker, id: str) -> None:
    """Free the slot that a job's attempt has on a worker."""
    if worker.attempts.pop(id, None) is not None:
        if id in worker.parked:
            worker.parked.discard(id)
        else:
            worker.room.in_flight -= 1
        if id in worker.slow:
            worker.slow.discard(id)
            worker.room.slow = len(worker.slow)


def is_slow(state: DispatcherState, worker: AttachedWorker, task: str) -> bool:
    """Return whether an attempt of *task* may hold a slot of *worker* for long."""
    known = state.tasks.get(task)
    return look_ahead(worker.room.slots, known.seconds_each if known else None) == 0


def stored_attempt(id: str, attempt: int) -> tuple[bytes, int] | None:
    """Return an attempt that a worker names as a store has it; None: what the worker says cannot be one."""
    try:
        raw = id_bytes(id)
    except InvalidRequest:
        return None
    return (raw, attempt) if 0 < attempt <= MAX_ATTEMPT else None
