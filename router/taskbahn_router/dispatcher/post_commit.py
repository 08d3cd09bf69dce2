"""After a commit: memory follows what the store now holds, and what happened is published, in the order in which it happened."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol

from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.deadlines import NOT_STARTED
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.lifecycle import Event
from taskbahn_router.core.reactions import HAS_NOTES
from taskbahn_router.core.suspensions import closes
from taskbahn_router.dispatcher.admitted import refusal_error, refuse_others, tell_joined
from taskbahn_router.dispatcher.cancels import cancel_error
from taskbahn_router.dispatcher.group_commit import SMALL_COMMIT_ROWS
from taskbahn_router.dispatcher.job_pausing import show_pauses
from taskbahn_router.dispatcher.outcomes import release_slot
from taskbahn_router.model.state import AttachedWorker, DispatcherState, LiveJob
from taskbahn_router.submission.slices import parts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from taskbahn_router.core.rows import Admitted
    from taskbahn_router.core.suspensions import Told
    from taskbahn_router.dispatcher.assignment import Assignment
    from taskbahn_router.dispatcher.auditing import Auditing
    from taskbahn_router.dispatcher.event_waits import EventWaits
    from taskbahn_router.dispatcher.limit_book import LimitBook
    from taskbahn_router.metrics.recorder import Recorder
    from taskbahn_router.model.ports import Clock
    from taskbahn_router.model.turn import Ended, TurnEffects, TurnInput
    from taskbahn_router.publishing.followers import JobFollowers
    from taskbahn_router.publishing.publisher import Publisher
    from taskbahn_router.stores.contract import CommitResult
    from taskbahn_router.stores.rows import Answer, Claimed, KnownJob, Moved
    from taskbahn_router.submission.admission import Admission

SWEEP_LIMIT = 1000


class NextTurn(Protocol):
    """Takes what a later turn has to do; the dispatcher."""

    turn_input: TurnInput
    clock: Clock
    limit_book: LimitBook
    admission: Admission
    event_waits: EventWaits
    auditing: Auditing

    def sweep_at(self, when: float | None) -> None:
        """Have the store swept at a time of the wall clock."""

    def prune_from(self, after: int | None) -> None:
        """Go on pruning after a seq; None: the end was reached."""


class PostCommit:
    """Shows the effects of one committed batch after the other."""

    def __init__(
        self,
        state: DispatcherState,
        publisher: Publisher,
        followers: JobFollowers,
        assignment: Assignment,
        history: Recorder,
        later: NextTurn,
    ) -> None:
        self._state = state
        self._publisher = publisher
        self._followers = followers
        self._assignment = assignment
        self._history = history
        self._later = later

    def show(self, effects: TurnEffects, result: CommitResult, now: float) -> Iterator[None]:
        """Let the effects be seen.

        All of them are durable, so calls that come between two steps find some that are seen and some that are not yet. After each step
        the counts, the jobs in memory and the places on workers agree.
        """
        yield from self._new(effects, result, now)
        for raw, event in effects.awaits:
            self._later.event_waits.asked(raw, event)
        if effects.noticed or effects.ended or effects.requeued:
            yield from self._reported(effects, now)
        if result.moved or result.held or not effects.turn_input.is_plain():
            yield from self._moved(effects, result, now)
        if effects.claims:
            yield from self._all_claimed(effects, result, now)
        self._ruled(effects, result)
        if effects.started:
            yield from self._handed_out(effects, now)
        self._later.auditing.committed(effects.batch, result)
        self._followers.flush()
        for ids in parts_of(self._publisher.take_dirty_workers()):
            self._publisher.flush_workers(ids)
            yield
        if effects.batch.rows() <= SMALL_COMMIT_ROWS:
            self._publisher.flush_sockets()
        if effects.answers:  # one turn later, so that outcomes leave before the router serves the reporting worker again
            self._later.clock.callLater(0, self._acknowledge, effects)
        if effects.batch.minutes:
            self._history.stored_minutes()
        self._history.count(effects, result, now)
        self._say_ends(effects, result)

    def _reported(self, effects: TurnEffects, now: float) -> Iterator[None]:
        self._publisher.noticed(effects.noticed)
        for ended in parts_of(effects.ended):
            self._end(ended)
            yield
        for part in parts_of(effects.requeued):
            for requeued in part:
                self._requeued(requeued.job, requeued.state, now)
                self._publisher.requeued(requeued, now)
            yield

    def _all_claimed(self, effects: TurnEffects, result: CommitResult, now: float) -> Iterator[None]:
        for worker, claim, claimed in zip(effects.claims, effects.batch.claims, result.claimed, strict=True):
            for rows in parts_of(claimed):
                self._claimed(effects, worker, rows, now)
                yield
            if len(claimed) == claim.limit and self._assignment.was_bounded(claim):
                self._later.turn_input.ask_claim()

    def _new(self, effects: TurnEffects, result: CommitResult, now: float) -> Iterator[None]:
        if result.aliases:
            tell_joined(effects.turn_input.submissions, result.aliases, self._followers)
        if result.admitted is not None:
            self._admitted(effects, result.admitted)
        if result.fired:
            self._fired(effects, result)
        if result.others:
            self._refuse_others(effects, result.others)
        if result.duplicates:
            self._forget_duplicates(effects, result.duplicates)
        dispatched_early = {job for job, _, _ in effects.dispatched_early}  # jobs that may have ended since
        self._state.counts[State.RUNNING] += len(dispatched_early)
        new = (
            [job for job in effects.turn_input.new if job not in dispatched_early] if dispatched_early else effects.turn_input.new
        )
        for part in parts_of(new):
            self._entered(part)
            yield
        self._publisher.accepted(effects.turn_input.new)
        self._publisher.started(effects.dispatched_early, now)
        self._later.sweep_at(min((job.deadline for job in effects.turn_input.new if job.deadline is not None), default=None))
        for submission in effects.turn_input.submissions:
            submission.accepted()

    def _entered(self, new: Sequence[LiveJob]) -> None:
        state = self._state
        for entered, count in Counter(job.state for job in new).items():
            state.counts[entered] += count
        for partition, count in Counter(job.partition for job in new if job.state is State.READY).items():
            state.ready(partition, count)
        for job in new:
            if job.state is State.WAITING:
                self._later.sweep_at(job.due_at)
            if (expires_at := job.expires_at()) is not None:
                self._later.sweep_at(expires_at)
            is_stored_only = (
                job.state is not State.RUNNING or job.links is not None
            )  # of those with links only a flow runs already
            if is_stored_only and state.jobs.get(job.id) is job:
                del state.jobs[job.id]

    def _admitted(self, effects: TurnEffects, admitted: Admitted) -> None:
        """Follow what became of submissions: jobs wait for others, or are turned away."""
        if admitted.pending:
            for job in effects.turn_input.new:
                if job.state is State.READY and admitted.pending.get(job.seq):
                    job.accepted_as(State.WAITING)
                    self._state.flow_partitions.add(job.partition.id)
        if admitted.refusals:
            self._refused(effects, admitted)

    def _refused(self, effects: TurnEffects, admitted: Admitted) -> None:
        """Turn away the entries of submissions for which there is no place, or which name jobs that are not there."""
        refusals = {refusal.seq: refusal for refusal in admitted.refusals}
        effects.turn_input.take_out(admitted.refused)
        for submission in effects.turn_input.submissions:
            for number, jobs in submission.entries():
                job = next((job for job in jobs if job.seq in refusals), None)
                if job is not None:
                    error = refusal_error(refusals[job.seq], job.id)
                    self._later.admission.turn_away(submission, number, jobs, error)
                    for refused in jobs:  # followers may wait for a job that was turned away
                        self._publisher.resend_outcome(refused.id)

    def _say_ends(self, effects: TurnEffects, result: CommitResult) -> None:
        """Say which of the jobs have ended for which due times of schedules wait, or alarms."""
        awaited, watched = self._publisher.awaited_ends, self._publisher.alarm_ends
        if awaited or watched:
            ended = {ended.job.raw for ended in effects.ended}.union(moved.id for moved in result.moved if moved.after.is_final)
            for id in ended & awaited.keys():
                self._publisher.on_end(awaited.pop(id))
            for id in ended & watched.keys():
                self._publisher.on_alarm_end(watched.pop(id))

    def _fired(self, effects: TurnEffects, result: CommitResult) -> None:
        """Forget the jobs that schedules did not start after all, and say what became of each firing."""
        self._later.admission.forget(effects.turn_input.take_out(result.unfired))
        planned = [firing for one in effects.turn_input.submissions for firing in one.firings]
        for one, outcome in zip(planned, result.fired, strict=False):  # none is left of a batch that the store refused at first
            one.fired(outcome)

    def _refuse_others(self, effects: TurnEffects, others: Mapping[int, KnownJob]) -> None:
        """Refuse jobs whose ids have jobs of other tasks, or of others than the client; the same task in another queue is the same job."""
        tasks = {seq: self._state.partitions_by_id[other.partition].task for seq, other in others.items()}
        own = {job.seq: job.partition.task for job in effects.turn_input.new if job.seq in tasks}
        foreign = {seq for seq, other in others.items() if not other.is_joined}
        for submission in effects.turn_input.submissions:
            wrong = {seq: task for seq, task in tasks.items() if own.get(seq) != task}
            if submission.is_confined:
                wrong |= {
                    job.seq: ""
                    for job in submission.jobs
                    if job.seq in foreign and _is_other(others[job.seq], job, by_tags=submission.by_tags)
                }
            refuse_others(submission, wrong)

    def _forget_duplicates(self, effects: TurnEffects, duplicates: set[int]) -> None:
        """Drop the records of repeated submissions: the store has their ids already."""
        for job, worker in effects.started:
            if job.seq in duplicates:
                release_slot(worker, job.id)
        effects.started = [(job, worker) for job, worker in effects.started if job.seq not in duplicates]
        for job in effects.turn_input.take_out(duplicates):
            self._state.keep(job.partition, -1)
            if self._state.jobs.get(job.id) is job:
                del self._state.jobs[job.id]
            self._publisher.resend_outcome(job.id)

    def _end(self, endings: Sequence[Ended]) -> None:
        jobs = self._state.jobs
        for ended in endings:
            if jobs.get(ended.job.id) is ended.job:
                del jobs[ended.job.id]
            if ended.job.flags & HAS_NOTES:
                self._later.event_waits.ended(ended.job.raw)
        for state, count in Counter(ended.state for ended in endings).items():
            self._state.moved(State.RUNNING, state, count)
        self._publisher.ended(endings)

    def _requeued(self, job: LiveJob, state: str, now: float) -> None:
        self._state.jobs.pop(job.id, None)
        self._state.moved(State.RUNNING, state)
        if state == State.READY:
            self._state.ready(job.partition, 1)
            if job.policy.start_within is not None:  # the time within which the job had to start may be over
                self._later.sweep_at(now)
        else:
            self._later.sweep_at(job.due_at)

    def _moved(self, effects: TurnEffects, result: CommitResult, now: float) -> Iterator[None]:
        """Follow the jobs that the store moved, and answer the clients that asked for it."""
        turn_input = effects.turn_input
        # the first cancel of a job is the one that moved it
        reasons = {id: (reason, by) for id, reason, _, by, _ in reversed(turn_input.cancels)}
        by_limits = {**(result.admitted.cancelled if result.admitted is not None else {}), **result.replaced}
        full = {seq: (reason, None) for seq, reason in by_limits.items()}
        unstarted = {job for job, _ in effects.started} if reasons or result.errors else set()
        for part in parts_of(result.moved):
            for moved in part:
                self._count(moved)
                reason, error = self._why(moved, result, full.get(moved.seq) or reasons.get(moved.id))
                if moved.event in (Event.CANCEL, Event.OVERDUE):
                    self._stopped(moved, reason, unstarted)
                self._publisher.moved(moved, error, now, result.results.get(moved.seq))
            yield
        others = (answer for _, answer, _ in (*turn_input.retries, *turn_input.skips))
        asked = (*(answer for _, _, answer, _, _ in turn_input.cancels), *others)
        for answer, found in zip(asked, result.answers, strict=True):
            answer(found)
        for (_, changed), holds in zip(turn_input.alarms, result.alarms, strict=True):
            changed(holds)
        kinds = ((turn_input.schedules, result.schedules), (turn_input.triggers, result.triggers))
        for kept, stored in (*kinds, (turn_input.credentials, result.credentials)):
            for changed, holds in zip(kept.answers(), stored, strict=True):
                changed(holds)
        show_pauses(self._state, self._publisher, turn_input, result, now)
        for (told, answer_told, _), outcome in zip(turn_input.told, result.told, strict=True):
            self._told(told, outcome, now)
            answer_told(outcome)
        if effects.batch.prune is not None:
            self._pruned(result)

    @staticmethod
    def _why(moved: Moved, result: CommitResult, words: tuple[str, str | None] | None) -> tuple[str, dict[str, Any] | None]:
        """Return why a job moved, for its worker and as its error.  words: reason and person of its cancel, by a client or a limit."""
        error = messages.from_json(result.errors[moved.seq]) if moved.seq in result.errors else None
        if moved.event is Event.EXPIRE:
            return "", dict(NOT_STARTED)
        if moved.event is Event.CANCEL:
            if error is not None:  # it was cancelled with another job
                return str(error["message"]), error
            reason, by = words or ("", None)
            return reason, cancel_error(reason, by)
        return "" if error is None else str(error["message"]), error

    def _told(self, told: Told, outcome: tuple[Answer, str] | None, now: float) -> None:
        """Pass a note from outside on to the running attempt, and say to watchers that a question is closed."""
        if outcome is None or not outcome[0].is_moved or not told.value:
            return
        id, name = id_text(told.id), outcome[1]
        job = self._state.jobs.get(id)
        if job is not None:
            job.flags |= HAS_NOTES
            if job.worker is not None:
                job.worker.order_note(id, job.attempt, name, told.value)
                self._publisher.dirty_workers.add(job.worker.id)
        closed = closes(name)
        if closed is not None and closed[0] == "question":
            self._publisher.answered(id, closed[1], now)

    def _ruled(self, effects: TurnEffects, result: CommitResult) -> None:
        """Answer the operators who changed limits, and go on with what the commit left, now or when its time comes."""
        for answer in effects.turn_input.limit_changes:
            answer()
        self._later.sweep_at(result.next_sweep)
        if result.more or not result.ruled <= self._state.ruled:
            self._state.ruled |= result.ruled
            self._later.turn_input.ask_continuation()
        if effects.batch.rules is None:
            return
        self._later.limit_book.committed(effects.batch.rules, result.next_wake_us)
        if effects.turn_input.purge:
            self._later.limit_book.purge_from(result.purge_after)

    def _pruned(self, result: CommitResult) -> None:
        for (partition, state), count in result.pruned_of.items():
            self._state.keep(self._state.partitions_by_id[partition], -count)
            self._state.counts[state] -= count
        self._later.prune_from(result.prune_after)

    def _count(self, moved: Moved) -> None:
        partition, after = self._state.partitions_by_id[moved.partition], moved.after
        self._state.moved(moved.before, after)
        if after.is_final:
            self._later.event_waits.ended(moved.id)
        if moved.before is State.READY:
            self._state.ready(partition, -1)
        if after is State.READY:
            self._state.ready(partition, 1)
            if moved.event is Event.DUE:
                self._state.flow_partitions.add(partition.id)
            self._later.turn_input.ask_place()

    def _stopped(self, moved: Moved, reason: str, unstarted: set[LiveJob]) -> None:
        """Order the attempt of a job to end that was running, and has ended."""
        id = id_text(moved.id)
        job = self._state.jobs.pop(id, None)
        if job is not None:
            job.advance(moved.event)
            if job.worker is not None and job not in unstarted:
                job.worker.order_cancel(id, job.attempt, reason)
                self._publisher.dirty_workers.add(job.worker.id)

    def _claimed(self, effects: TurnEffects, worker: AttachedWorker, claimed: Sequence[Claimed], now: float) -> None:
        state = self._state
        for partition, count in Counter(row.partition for row in claimed).items():
            state.ready(state.partitions_by_id[partition], -count)
        state.moved(State.READY, State.RUNNING, len(claimed))
        jobs = state.jobs_of(claimed)
        state.jobs.update((job.id, job) for job in jobs)
        self._assignment.take_slot(worker, jobs, now)
        effects.started += [(job, worker) for job in jobs]

    def _acknowledge(self, effects: TurnEffects) -> None:
        """Tell workers that their reports are recorded."""
        for acknowledge, refused in effects.answers:
            acknowledge(refused)
        self._publisher.flush()

    def _handed_out(self, effects: TurnEffects, now: float) -> Iterator[None]:
        for part in parts_of(effects.started):
            for job, worker in part:
                if job.state is not State.RUNNING:  # a cancel in the same turn ended the job
                    release_slot(worker, job.id)
                    self._later.turn_input.ask_place()
                elif worker.orders is None:  # the worker lost its session during the commit
                    self._later.turn_input.add_return(job)
                else:
                    worker.order_run(job)
                    self._publisher.dirty_workers.add(worker.id)
            self._publisher.started(((job, worker, job.number) for job, worker in part if job.state is State.RUNNING), now)
            yield


def _is_other(known: KnownJob, job: LiveJob, *, by_tags: bool) -> bool:
    """Return whether the job that has the id of a new one already is not of the client that gives the id."""
    tags = messages.to_json(job.policy.tags) if job.policy.tags else None
    return known.caller != job.caller or (by_tags and known.tags != tags)
