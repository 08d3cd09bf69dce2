"""After a commit: memory follows what the store now holds, and what happened is published, in the order in which it happened."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol

from taskbahn.protocol.states import State
from taskbahn_router.core.lifecycle import Event
from taskbahn_router.dispatcher.group_commit import SMALL_COMMIT_ROWS
from taskbahn_router.dispatcher.outcomes import release_slot
from taskbahn_router.model.state import AttachedWorker, DispatcherState, LiveJob, id_text

if TYPE_CHECKING:
    from taskbahn_router.dispatcher.assignment import Assignment
    from taskbahn_router.metrics.recorder import Recorder
    from taskbahn_router.model.ports import Clock
    from taskbahn_router.model.turn import Ended, TurnEffects, TurnInput
    from taskbahn_router.publishing.followers import JobFollowers
    from taskbahn_router.publishing.publisher import Publisher
    from taskbahn_router.stores.contract import CommitResult
    from taskbahn_router.stores.rows import Moved

SWEEP_LIMIT = 1000


class NextTurn(Protocol):
    """What comes up for a later turn; the dispatcher."""

    turn_input: TurnInput
    clock: Clock

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

    def show(self, effects: TurnEffects, result: CommitResult, now: float) -> None:
        """Let the effects be seen."""
        self._new(effects, result, now)
        self._publisher.noticed(effects.noticed)
        if effects.ended:
            self._end(effects.ended)
        for requeued in effects.requeued:
            self._requeued(requeued.job, requeued.state, now)
            self._publisher.requeued(requeued, now)
        self._moved(effects, result, now)
        if effects.batch.sweep is not None:
            self._later.sweep_at(result.next_sweep)
        if effects.batch.prune is not None:
            self._pruned(result)
        for worker, claim, claimed in zip(effects.claims, effects.batch.claims, result.claimed, strict=True):
            self._claimed(effects, worker, claimed, now)
            if len(claimed) == claim.limit and self._assignment.was_bounded(claim):
                self._later.turn_input.ask_claim()
        self._handed_out(effects, now)
        self._followers.flush()
        self._publisher.flush()
        if effects.batch.rows() <= SMALL_COMMIT_ROWS:
            self._publisher.flush_sockets()
        if effects.answers:  # a turn later: the outcomes leave before the router works for the reporter again
            self._later.clock.callLater(0, self._acknowledge, effects)
        if effects.batch.minutes:
            self._history.stored_minutes()
        self._history.count(effects, result, now)

    def _new(self, effects: TurnEffects, result: CommitResult, now: float) -> None:
        if result.duplicates:
            self._forget_duplicates(effects, result.duplicates)
        state, dispatched_early = self._state, {job for job, _, _ in effects.dispatched_early}  # may have ended since
        state.counts[State.RUNNING] += len(dispatched_early)
        new = (
            [job for job in effects.turn_input.new if job not in dispatched_early] if dispatched_early else effects.turn_input.new
        )
        for entered, count in Counter(job.state for job in new).items():
            state.counts[entered] += count
        for partition, count in Counter(job.partition for job in new if job.state is State.READY).items():
            state.ready(partition, count)
        for job in new:
            if job.state is State.WAITING:
                self._later.sweep_at(job.due_at)
            if (expires_at := job.expires_at()) is not None:
                self._later.sweep_at(expires_at)
            if job.state is not State.RUNNING and state.jobs.get(job.id) is job:
                del state.jobs[job.id]
        self._publisher.accepted(effects.turn_input.new)
        self._publisher.started(effects.dispatched_early, now)
        for submission in effects.turn_input.submissions:
            submission.accepted()

    def _forget_duplicates(self, effects: TurnEffects, duplicates: set[int]) -> None:
        """Those ids were accepted before: these records never were."""
        for job, worker in effects.started:
            if job.seq in duplicates:
                release_slot(worker, job.id)
        effects.started = [(job, worker) for job, worker in effects.started if job.seq not in duplicates]
        for job in effects.turn_input.forget_duplicates(duplicates):
            self._state.keep(job.partition, -1)
            if self._state.jobs.get(job.id) is job:
                del self._state.jobs[job.id]
            self._publisher.resend_outcome(job.id)

    def _end(self, endings: list[Ended]) -> None:
        jobs = self._state.jobs
        for ended in endings:
            if jobs.get(ended.job.id) is ended.job:
                del jobs[ended.job.id]
        for state, count in Counter(ended.state for ended in endings).items():
            self._state.moved(State.RUNNING, state, count)
        self._publisher.ended(endings)

    def _requeued(self, job: LiveJob, state: str, now: float) -> None:
        self._state.jobs.pop(job.id, None)
        self._state.moved(State.RUNNING, state)
        if state == State.READY:
            self._state.ready(job.partition, 1)
            if job.policy.start_within is not None:  # its time to start may be over
                self._later.sweep_at(now)
        else:
            self._later.sweep_at(job.due_at)

    def _moved(self, effects: TurnEffects, result: CommitResult, now: float) -> None:
        """Follow what the store moved by itself, and answer those who asked for it."""
        turn_input = effects.turn_input
        reasons = {id: reason for id, reason, _ in reversed(turn_input.cancels)}  # of a job's cancels the first one moved it
        for moved in result.moved:
            self._count(moved)
            error = None
            if moved.event is Event.CANCEL:
                error = {"message": reasons[moved.id] or "cancelled"}
                self._cancelled(moved, reasons[moved.id])
            elif moved.event is Event.EXPIRE:
                error = {"message": "it did not start within its start_within"}
            self._publisher.moved(moved, error, now)
        asked = (*(answer for _, _, answer in turn_input.cancels), *(answer for _, answer in turn_input.retries))
        for answer, found in zip(asked, result.answers, strict=True):
            answer(found)

    def _pruned(self, result: CommitResult) -> None:
        for (partition, state), count in result.pruned_of.items():
            self._state.keep(self._state.partitions_by_id[partition], -count)
            self._state.counts[state] -= count
        self._later.prune_from(result.prune_after)

    def _count(self, moved: Moved) -> None:
        partition, after = self._state.partitions_by_id[moved.partition], moved.after
        self._state.moved(moved.before, after)
        if moved.before is State.READY:
            self._state.ready(partition, -1)
        if after is State.READY:
            self._state.ready(partition, 1)
            self._later.turn_input.ask_place()

    def _cancelled(self, moved: Moved, reason: str) -> None:
        id = id_text(moved.id)
        job = self._state.jobs.pop(id, None)
        if job is not None:
            job.advance(Event.CANCEL)
            if job.worker is not None:
                job.worker.order_cancel(id, job.attempt, reason)
                self._publisher.dirty_workers.add(job.worker.id)

    def _claimed(self, effects: TurnEffects, worker: AttachedWorker, claimed: list[Any], now: float) -> None:
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

    def _handed_out(self, effects: TurnEffects, now: float) -> None:
        for job, worker in effects.started:
            if job.state is not State.RUNNING:  # it was cancelled in the turn in which it was accepted
                self._never_handed_out(job, worker)
                continue
            if worker.orders is None:  # it was lost during the commit
                self._later.turn_input.add_return(job)
                continue
            worker.order_run(job)
            self._publisher.dirty_workers.add(worker.id)
        self._publisher.started(((job, worker, job.number) for job, worker in effects.started if job.state is State.RUNNING), now)

    def _never_handed_out(self, job: LiveJob, worker: AttachedWorker) -> None:
        release_slot(worker, job.id)
        orders = [order for order in worker.outbox.pop("cancel", ()) if order[:2] != [job.id, job.attempt]]
        if orders:
            worker.outbox["cancel"] = orders
        self._later.turn_input.ask_place()
