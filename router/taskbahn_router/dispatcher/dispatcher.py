"""The dispatcher: gathers what is asked, decides it, commits it, and only then lets it be seen.

It knows neither Crossbar nor a socket: calls come in as `pending_call.Call`, orders to workers and events go out through what it is
handed. Its parts: `submission`, `outcomes` (reports), `assignment` (hand-outs), `registry` (workers), `followers` (who waits
for what), `jobs` (questions).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from taskbahn.errors import NotReady, StoreUnavailable, TaskbahnError, TooLarge, UnknownJob, WrongState
from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.policy import DEFAULT_KEEP
from taskbahn_router.dispatcher.assignment import Assignment
from taskbahn_router.dispatcher.early_dispatch import EarlyDispatch
from taskbahn_router.dispatcher.group_commit import GroupCommit
from taskbahn_router.dispatcher.maintenance import Maintenance
from taskbahn_router.dispatcher.outcomes import Outcomes, snapshots
from taskbahn_router.dispatcher.pipelining import Pipelining
from taskbahn_router.dispatcher.post_commit import SWEEP_LIMIT, PostCommit
from taskbahn_router.metrics.recorder import Recorder
from taskbahn_router.model.ports import Clock, RouterPort, Runner
from taskbahn_router.model.state import AttachedWorker, DispatcherState, LiveJob, id_bytes, id_text
from taskbahn_router.model.turn import LostAttempt, Submission, TurnEffects, TurnInput
from taskbahn_router.publishing.followers import CallFollower, Follower, JobFollowers, Waiter
from taskbahn_router.publishing.publisher import Publisher
from taskbahn_router.stores.contract import CommitBatch, CommitResult, Store
from taskbahn_router.stores.minutes import DropMinutes
from taskbahn_router.stores.rows import Answer, AttemptRow, CancelJob, Prune, RetryJob, Sweep
from taskbahn_router.submission.backpressure import check_backpressure, check_partitions
from taskbahn_router.submission.fair_queue import FairQueue
from taskbahn_router.submission.slices import Slices
from taskbahn_router.submission.submission import Draft, Submissions, check_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.turn import Acknowledge

PRUNE_LIMIT = 1000
PRUNE_SECONDS = 60.0  # from the end of the table to its beginning
PRUNE_PAUSE_SECONDS = 0.5  # between two windows of it
MAX_SWEEP_SECONDS = 3600.0  # the wall clock may be set meanwhile
PROGRESS_SECONDS = 1.0
VACATED_LIMIT = 1000  # partitions in one commit
KEEP_MINUTES = 7 * 86400.0  # seconds that the minutes of charts are kept
DROP_LIMIT = 5000  # rows of them in one commit


class Dispatcher:
    """Accepts, orders, hands out and records.

    clock: an IReactorTime (monotonic, timers); wall: UTC seconds since the epoch; uniform: random numbers, 0 <= x < 1.
    """

    log = Logger("taskbahn.dispatcher")

    def __init__(
        self,
        store: Store,
        runner: Runner,
        *,
        clock: Clock,
        wall: Callable[[], float],
        uniform: Callable[[], float],
        port: RouterPort,
    ) -> None:
        self.state = DispatcherState()
        self.followers = JobFollowers()
        self.clock = clock
        self.wall = wall
        self.started_at = wall()
        self.intake = Submissions(self.state, wall)
        self.publisher = Publisher(self.state, self.followers, port)
        self._outcomes = Outcomes(self.state, uniform)
        self.assignment = Assignment(self.state)
        self.history = Recorder(self.state, wall)
        self._post_commit = PostCommit(self.state, self.publisher, self.followers, self.assignment, self.history, self)
        self.loop = GroupCommit(store, self, runner, clock)
        self.turn_input = TurnInput()
        self.fair_queue = FairQueue()
        self.slices = Slices(clock)
        self._early_dispatch = EarlyDispatch(self.state, self.publisher, store)
        self._pipelining = Pipelining(self.state)
        self._next_sweep: float | None = None
        self.maintenance = Maintenance(clock)
        self.maintenance.add("progress", self._store_progress, interval=PROGRESS_SECONDS)
        self._sweeps = self.maintenance.add("sweep", self._sweep)
        self._prunes = self.maintenance.add("prune", self._prune, first=1.0)
        self._prune_after = 0
        self.accepting = True

    # what is asked

    def submit(self, call: PendingCall) -> None:
        """`taskbahn.submit`."""
        self.slices.in_order(call, self._submit)

    def _submit(self, call: PendingCall) -> Iterator[None]:
        self._check_accepting()
        draft = yield from self.intake.read(call.args[0] if call.args else None, call.authid)
        size = self._take_in(draft)
        answers, jobs = draft.answers, draft.jobs
        if not jobs:
            call.answer(answers)
        elif call.kwargs.get("follow"):
            waiter = Waiter(call, [job.id for job in jobs], answers)
            self.followers.wait(waiter)
            call.on_gone = lambda _: self.followers.unfollow(list(waiter.left), waiter)
            for job in jobs:
                job.has_waiter = True
            self._accept(
                call,
                jobs,
                size,
                lambda: self._followed(waiter),
                lambda error: self._turned_away(call, waiter, waiter.left, error),
            )
        else:
            self._accept(call, jobs, size, lambda: call.answer(answers), call.fail)

    def _followed(self, waiter: Waiter) -> None:
        waiter.accepted = True
        self.followers.touch(waiter)

    def call_task(self, call: PendingCall) -> None:
        """A task's own name, called as a remote procedure."""
        self.slices.in_order(call, self._call_task)

    def _call_task(self, call: PendingCall) -> None:
        self._check_accepting()
        draft = self.intake.plain(call.procedure, call.args, call.kwargs, call.authid)
        size, job = self._take_in(draft), draft.jobs[0]
        job.has_waiter = True
        caller = CallFollower(call)
        self.followers.follow(job.id, caller)

        def gone(cancelled: bool) -> None:  # noqa: FBT001 - Call.on_gone has one argument
            self.followers.unfollow([job.id], caller)
            if cancelled or job.policy.cancel_on_caller_lost:
                self.cancel(job.raw, "cancelled by its caller" if cancelled else "its caller went away", lambda _: None)

        call.on_gone = gone
        self._accept(call, [job], size, lambda: None, lambda error: self._turned_away(call, caller, [job.id], error))

    def _turned_away(self, call: PendingCall, follower: Follower, jobs: Iterable[str], error: StoreUnavailable) -> None:
        self.followers.unfollow(list(jobs), follower)
        call.fail(error)

    def cancel_jobs(self, call: PendingCall) -> None:
        """`taskbahn.job.cancel`."""
        self._check_accepting()
        reason = str(call.kwargs.get("reason", call.args[1] if len(call.args) > 1 else ""))[:500]
        check_text("the reason", reason)
        self._each(call, lambda raw, answer: self.cancel(raw, reason, answer), None)

    def retry_jobs(self, call: PendingCall) -> None:
        """`taskbahn.job.retry`."""
        self._check_accepting()
        self._each(call, self._retry, "only a job that failed, expired or was cancelled can be retried")

    def cancel(self, raw: bytes, reason: str, answer: Callable[[Answer | None], None]) -> None:
        """Cancel a job in whatever state it is; *answer* gets what became of it after the commit."""
        self.turn_input.add_cancel(raw, reason, answer)
        self.loop.schedule_turn()

    def report(self, acknowledge: Acknowledge | None, worker: AttachedWorker, report: messages.Report) -> None:
        """A worker's report; acknowledged, with the attempts that are not the worker's any more, when it is recorded."""
        self.turn_input.add_report(acknowledge, worker, report)
        delayed = self.loop.delayed
        if report.done and delayed is not None and len(delayed.dispatched_early) == 1:  # what it waits for, most likely
            self.loop.run_turn_now()
        else:
            self.loop.schedule_turn()

    def lost(self, loss: LostAttempt) -> None:
        """An attempt ended without its worker's word."""
        self.turn_input.add_loss(loss)
        self.loop.schedule_turn()

    def room_changed(self) -> None:
        """A worker came, or something else made room: look for work."""
        self.turn_input.ask_place()
        self.loop.schedule_turn()

    # the clock

    def start(self, running: list[LiveJob], next_sweep: float | None) -> None:
        """Begin with the maintenance; *running* are the jobs that the store has as running."""
        self.state.running_at_start = running
        self.maintenance.start()
        self.sweep_at(next_sweep)

    def _store_progress(self) -> None:
        if any(not job.progress_stored for job in self.state.jobs.values()):
            self.room_changed()

    def prune_from(self, after: int | None) -> None:
        """Go on pruning after a seq; None: the end was reached, begin again in a while."""
        is_over = after is None and not self.state.vacant
        self._prune_after = after or 0
        self._prunes.run_in(PRUNE_SECONDS if is_over else PRUNE_PAUSE_SECONDS)

    def _prune(self) -> None:
        self.turn_input.ask_prune(self._prune_after)
        self.loop.schedule_turn()

    def store_minutes(self, *, all_of_them: bool = False) -> None:
        """Write down the minutes of the charts that are over; all of them: the one that goes on as well."""
        self.turn_input.add_minutes(self.history.take_minutes(all_of_them=all_of_them))
        self.loop.schedule_turn()

    def sweep_at(self, when: float | None) -> None:
        """Have the store swept at a time of the wall clock."""
        if when is None or (self._next_sweep is not None and self._next_sweep <= when):
            return
        self._next_sweep = when
        self._sweeps.run_in(min(MAX_SWEEP_SECONDS, max(0.0, when - self.wall())))

    def _sweep(self) -> None:
        self._next_sweep = None
        self.turn_input.ask_sweep()
        self.loop.schedule_turn()

    # a turn

    def decide(self, delayed: TurnEffects | None = None) -> TurnEffects | None:
        """Make a turn of the input, and of the one whose commit was delayed; None when there is nothing."""
        turn_input = self.turn_input
        turn_input.add_submissions(self.fair_queue.take())
        if not turn_input:
            return delayed
        self.turn_input = TurnInput()
        now = self.wall()
        batch = CommitBatch()
        effects = TurnEffects(batch, turn_input)
        if turn_input.reports or turn_input.losses or turn_input.returns:
            self._outcomes.apply(effects, now)
        self.assignment.place(effects, now)
        batch.partitions, self.state.new_partitions = self.state.new_partitions, []
        batch.tasks = [(task.name, task.packed, now) for task in turn_input.tasks]
        # a job's number must be in its row when the store counts on from there
        batch.snapshots = snapshots(list(self.state.jobs.values())) if turn_input.place or turn_input.cancels else []
        if turn_input.cancels:
            self._cancels(batch, turn_input, now)
        batch.retries = [RetryJob(raw) for raw, _ in turn_input.retries]
        batch.sweep = Sweep(now, SWEEP_LIMIT, DEFAULT_KEEP) if turn_input.sweep else None
        if turn_input.prune_after is not None:
            batch.prune = Prune(now, turn_input.prune_after, PRUNE_LIMIT)
            batch.vacated = self.state.take_vacant(VACATED_LIMIT)
        if turn_input.minutes:
            batch.minutes, batch.drop_minutes = turn_input.minutes, DropMinutes(int(now - KEEP_MINUTES), DROP_LIMIT)
        if delayed is not None:
            effects.follows(delayed)
        return effects

    def _cancels(self, batch: CommitBatch, turn_input: TurnInput, now: float) -> None:
        early = {raw for raw, _, _ in turn_input.cancels if self._is_waiting(raw)}
        if early:
            for cancel in turn_input.take_cancels_of(early):
                self.turn_input.add_cancel(*cancel)
        batch.cancels = [
            CancelJob(raw, now, now + DEFAULT_KEEP, messages.to_json({"message": reason or "cancelled"}))
            for raw, reason, _ in turn_input.cancels
        ]
        batch.attempts += [
            AttemptRow(job.seq, job.attempt, job.worker_id, job.started_at or now, now, "cancelled", None)
            for job in (self.state.jobs.get(id_text(raw)) for raw, _, _ in turn_input.cancels)
            if job is not None and job.state is State.RUNNING
        ]

    def _is_waiting(self, raw: bytes) -> bool:
        """Return whether a job is not even on its way to the store."""
        job = self.state.jobs.get(id_text(raw))
        return job is not None and not job.seq

    def dispatch_early(self, turn: TurnEffects) -> float | None:
        """Hand out what may go before the commit of a turn; return how long that may wait.  None: not at all."""
        return self._early_dispatch.hand_out(turn)

    def pipeline_next_turn(self, done: TurnEffects, result: CommitResult) -> TurnEffects | None:
        """Decide the next turn before the effects of the one just committed are seen; None: it must wait for them."""
        if not (self.turn_input or self.fair_queue) or not self._pipelining.may(done, result, self.turn_input):
            return None
        with self._pipelining.counted(done, result):
            return self.decide()

    def committed(self, turn: TurnEffects, result: CommitResult) -> None:
        """Publish the effects, in the order in which they happened."""
        self._post_commit.show(turn, result, self.wall())

    def refused(self, turn: TurnEffects, error: StoreUnavailable) -> None:
        """Turn new jobs away; all else in the batch is tried again."""
        self._early_dispatch.take_back(turn, str(error))
        turn.forget(set(turn.turn_input.new))
        for submission in [*turn.turn_input.take_submissions(), *self.fair_queue.take(math.inf)]:
            for job in submission.jobs:
                self.state.keep(job.partition, -1)
                if self.state.jobs.get(job.id) is job:
                    del self.state.jobs[job.id]
            submission.refused(error)
            for job in submission.jobs:  # others may wait for what never came to be
                self.publisher.resend_outcome(job.id)

    def retried(self, turn: TurnEffects) -> None:
        """The store gets a batch again: what happens with the commit happens now."""
        turn.retried(self.wall())

    # helpers

    def _take_in(self, draft: Draft) -> int:
        """Return the bytes of a submission for which there is room, its partitions taken in.  Raises what turns it away unchanged."""
        self._check_accepting()  # it may have been read in many turns
        size = check_backpressure(self.fair_queue, draft.jobs, self.state.counts)
        check_partitions(self.state, draft.named)
        others = self.state.take_in(draft.named)
        if others:
            for job in draft.jobs:
                job.partition = others.get(job.partition, job.partition)
        return size

    def _accept(
        self,
        call: PendingCall,
        jobs: list[LiveJob],
        size: int,
        accepted: Callable[[], None],
        refused: Callable[[StoreUnavailable], None],
    ) -> None:
        for job in jobs:
            job.partition.jobs += 1
            if job.id not in self.state.jobs:
                self.state.jobs[job.id] = job
        self.fair_queue.put(Submission(call.caller, jobs, size, accepted, refused))
        if len(self.state.jobs) == len(self.followers) == 1:  # a single job, whose client waits for it: no other comes soon
            self.loop.run_turn_now()
        else:
            self.loop.schedule_turn()

    def _check_accepting(self) -> None:
        if not self.accepting:
            raise NotReady("the router is stopping; send it again in a few seconds")
        if self.loop.error is not None:
            raise StoreUnavailable(str(self.loop.error))

    def _retry(self, raw: bytes, answer: Callable[[Answer | None], None]) -> None:
        self.turn_input.add_retry(raw, answer)
        self.loop.schedule_turn()

    def _each(
        self, call: PendingCall, act: Callable[[bytes, Callable[[Answer | None], None]], None], unmoved: str | None
    ) -> None:
        """Do something to each job of a list and answer with the states after it."""
        ids = call.args[0] if call.args else None
        if not isinstance(ids, list):
            ids = [ids]
        if len(ids) > messages.MAX_CALLS:
            raise TooLarge("job ids in one call", len(ids), messages.MAX_CALLS, "send several calls")
        answers: list[Any] = [None] * len(ids)
        left = len(ids)

        def done(index: int, answer: Any) -> None:
            nonlocal left
            answers[index] = answer
            left -= 1
            if not left:
                call.answer(answers)

        if not ids:
            call.answer([])
        for index, id in enumerate(ids):
            try:
                raw = id_bytes(id)
            except TaskbahnError as error:
                done(index, error.info())
            else:
                act(raw, lambda found, index=index, id=id: done(index, self._verdict(id, found, unmoved)))  # type: ignore[misc]

    @staticmethod
    def _verdict(id: str, found: Answer | None, unmoved: str | None) -> Any:
        if found is None:
            return UnknownJob(id).info()
        if not found.is_moved and unmoved is not None:
            return WrongState(f"job {id} is {found.state}: {unmoved}", job=id, state=str(found.state)).info()
        return str(found.state)
