"""After a commit: memory follows what the store now holds, and what happened is let out, in the order in which it happened."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol

from taskbahn.states import State
from taskbahn_router.core.lifecycle import Event
from taskbahn_router.dispatcher.group_commit import FEW
from taskbahn_router.dispatcher.outcomes import vacate
from taskbahn_router.model.state import Board, Job, Worker, id_text

if TYPE_CHECKING:
    from taskbahn_router.dispatcher.assignment import Placing
    from taskbahn_router.metrics.recorder import History
    from taskbahn_router.model.ports import Clock
    from taskbahn_router.model.turn import Effects, Ended, Gathered
    from taskbahn_router.publishing.followers import Following
    from taskbahn_router.publishing.publisher import Seen
    from taskbahn_router.stores.contract import CommitResult
    from taskbahn_router.stores.rows import Moved

SWEEP_LIMIT = 1000


class Next(Protocol):
    """What comes up for a later turn; the dispatcher."""

    gathered: Gathered
    clock: Clock

    def sweep_at(self, when: float | None) -> None:
        """Have the store swept at a time of the wall clock."""

    def prune_from(self, after: int | None) -> None:
        """Go on pruning after a seq; None: the end was reached."""


class Aftermath:
    """Shows the effects of one committed batch after the other."""

    def __init__(self, board: Board, seen: Seen, following: Following, placing: Placing, history: History, later: Next) -> None:
        self._board = board
        self._seen = seen
        self._following = following
        self._placing = placing
        self._history = history
        self._later = later

    def show(self, effects: Effects, result: CommitResult, now: float) -> None:
        """Let the effects be seen."""
        self._new(effects, result, now)
        self._seen.noticed(effects.noticed)
        if effects.ended:
            self._end(effects.ended)
        for requeued in effects.requeued:
            self._requeued(requeued.job, requeued.state, now)
            self._seen.requeued(requeued, now)
        self._moved(effects, result, now)
        if effects.batch.sweep is not None:
            self._later.sweep_at(result.next_sweep)
        if effects.batch.prune is not None:
            self._later.prune_from(result.prune_after)
        for worker, claim, claimed in zip(effects.claims, effects.batch.claims, result.claimed, strict=True):
            self._claimed(effects, worker, claimed, now)
            if len(claimed) == claim.limit and self._placing.was_bounded(claim):
                self._later.gathered.claim = True
        self._handed_out(effects, now)
        self._following.flush()
        self._seen.flush()
        if effects.batch.rows() <= FEW:
            self._seen.push()
        if effects.answers:  # a turn later: the outcomes leave before the router works for the reporter again
            self._later.clock.callLater(0, self._acknowledge, effects)
        if effects.batch.minutes:
            self._history.stored_minutes()
        self._history.count(effects, result, now)

    def _new(self, effects: Effects, result: CommitResult, now: float) -> None:
        if result.duplicates:
            self._forget_duplicates(effects, result.duplicates)
        board, overtaking = self._board, {job for job, _, _ in effects.overtaking}  # may have ended since
        board.counts[State.RUNNING] += len(overtaking)
        new = [job for job in effects.gathered.new if job not in overtaking] if overtaking else effects.gathered.new
        for state, count in Counter(job.state for job in new).items():
            board.counts[state] += count
        for line, count in Counter(job.line for job in new if job.state is State.READY).items():
            board.ready(line, count)
        for job in new:
            if job.state is State.WAITING:
                self._later.sweep_at(job.due_at)
            if job.policy.start_within is not None:
                self._later.sweep_at(max(job.created_at, job.due_at or 0.0) + job.policy.start_within)
            if job.state is not State.RUNNING and board.jobs.get(job.id) is job:
                del board.jobs[job.id]
        self._seen.accepted(effects.gathered.new)
        self._seen.started(effects.overtaking, now)
        for submission in effects.gathered.submissions:
            submission.accepted()

    def _forget_duplicates(self, effects: Effects, duplicates: set[int]) -> None:
        """Those ids were accepted before: these records never were."""
        for job, worker in effects.started:
            if job.seq in duplicates:
                vacate(worker, job.id)
        effects.started = [(job, worker) for job, worker in effects.started if job.seq not in duplicates]
        for job in effects.gathered.new:
            if job.seq in duplicates:
                if self._board.jobs.get(job.id) is job:
                    del self._board.jobs[job.id]
                self._seen.look_up(job.id)
        effects.gathered.new = [job for job in effects.gathered.new if job.seq not in duplicates]

    def _end(self, endings: list[Ended]) -> None:
        jobs = self._board.jobs
        for ended in endings:
            if jobs.get(ended.job.id) is ended.job:
                del jobs[ended.job.id]
        for state, count in Counter(ended.state for ended in endings).items():
            self._board.moved(State.RUNNING, state, count)
        self._seen.ended(endings)

    def _requeued(self, job: Job, state: str, now: float) -> None:
        self._board.jobs.pop(job.id, None)
        self._board.moved(State.RUNNING, state)
        if state == State.READY:
            self._board.ready(job.line, 1)
            if job.policy.start_within is not None:  # its time to start may be over
                self._later.sweep_at(now)
        else:
            self._later.sweep_at(job.due_at)

    def _moved(self, effects: Effects, result: CommitResult, now: float) -> None:
        """Follow what the store moved by itself, and answer those who asked for it."""
        gathered = effects.gathered
        reasons = {id: reason for id, reason, _ in reversed(gathered.cancels)}  # of a job's cancels the first one moved it
        for moved in result.moved:
            self._count(moved)
            error = None
            if moved.event is Event.CANCEL:
                error = {"message": reasons[moved.id] or "cancelled"}
                self._cancelled(moved, reasons[moved.id])
            elif moved.event is Event.EXPIRE:
                error = {"message": "it did not start within its start_within"}
            self._seen.moved(moved, error, now)
        asked = (*(answer for _, _, answer in gathered.cancels), *(answer for _, answer in gathered.retries))
        for answer, found in zip(asked, result.answers, strict=True):
            answer(found)

    def _count(self, moved: Moved) -> None:
        line, after = self._board.by_id[moved.line], moved.after
        self._board.moved(moved.before, after)
        if moved.before is State.READY:
            self._board.ready(line, -1)
        if after is State.READY:
            self._board.ready(line, 1)
            self._later.gathered.place = True

    def _cancelled(self, moved: Moved, reason: str) -> None:
        id = id_text(moved.id)
        job = self._board.jobs.pop(id, None)
        if job is not None:
            job.advance(Event.CANCEL)
            if job.worker is not None:
                job.worker.order_cancel(id, job.attempt, reason)
                self._seen.touched.add(job.worker.id)

    def _claimed(self, effects: Effects, worker: Worker, claimed: list[Any], now: float) -> None:
        board = self._board
        for line, count in Counter(row.line for row in claimed).items():
            board.ready(board.by_id[line], -count)
        board.moved(State.READY, State.RUNNING, len(claimed))
        jobs = board.jobs_of(claimed)
        board.jobs.update((job.id, job) for job in jobs)
        self._placing.occupy(worker, jobs, now)
        effects.started += [(job, worker) for job in jobs]

    def _acknowledge(self, effects: Effects) -> None:
        """Tell workers that their reports are recorded."""
        for acknowledge, refused in effects.answers:
            acknowledge(refused)
        self._seen.flush()

    def _handed_out(self, effects: Effects, now: float) -> None:
        for job, worker in effects.started:
            if job.state is not State.RUNNING:  # it was cancelled in the turn in which it was accepted
                self._never_handed_out(job, worker)
                continue
            if worker.orders is None:  # it was lost during the commit
                self._later.gathered.returns.append(job)
                continue
            worker.order_run(job)
            self._seen.touched.add(worker.id)
        self._seen.started(((job, worker, job.number) for job, worker in effects.started if job.state is State.RUNNING), now)

    def _never_handed_out(self, job: Job, worker: Worker) -> None:
        vacate(worker, job.id)
        orders = [order for order in worker.outbox.pop("cancel", ()) if order[:2] != [job.id, job.attempt]]
        if orders:
            worker.outbox["cancel"] = orders
        self._later.gathered.place = True
