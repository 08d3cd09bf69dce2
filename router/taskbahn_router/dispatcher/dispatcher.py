"""The dispatcher: gathers requests, decides them, commits them, and only then publishes the effects.

It knows neither Crossbar nor a socket: calls come in as `model.pending_call.PendingCall`; orders to workers and
events go out through its `RouterPort`. Its parts: `submission`, `outcomes` (reports), `assignment` (hand-outs), `maintenance` (the
clock), `followers` (who waits for what). Beside it, over the same state: `workers.registry` (workers), `queries.jobs` (questions).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from twisted.logger import Logger

from taskbahn.errors import NotReady, StoreUnavailable, TaskbahnError
from taskbahn.protocol import messages
from taskbahn_router.core.policy import DEFAULT_KEEP
from taskbahn_router.dispatcher.assignment import Assignment
from taskbahn_router.dispatcher.auditing import Auditing, give_acts
from taskbahn_router.dispatcher.cancels import decide_cancels
from taskbahn_router.dispatcher.early_dispatch import EarlyDispatch
from taskbahn_router.dispatcher.event_waits import EventWaits
from taskbahn_router.dispatcher.group_commit import GroupCommit
from taskbahn_router.dispatcher.job_pausing import decide_pauses
from taskbahn_router.dispatcher.joins import Joins
from taskbahn_router.dispatcher.large_flows import LargeFlows
from taskbahn_router.dispatcher.limit_book import PURGE_SECONDS, LimitBook
from taskbahn_router.dispatcher.maintenance import Maintenance
from taskbahn_router.dispatcher.outcomes import Outcomes, snapshots
from taskbahn_router.dispatcher.pipelining import Pipelining
from taskbahn_router.dispatcher.post_commit import SWEEP_LIMIT, PostCommit
from taskbahn_router.dispatcher.topics import Topics
from taskbahn_router.metrics.recorder import Recorder
from taskbahn_router.model.ports import Clock, RouterPort, Runner
from taskbahn_router.model.state import AttachedWorker, DispatcherState, LiveJob
from taskbahn_router.model.submissions import Submission
from taskbahn_router.model.turn import LostAttempt, TurnEffects, TurnInput
from taskbahn_router.promises.reactions import Reactions
from taskbahn_router.publishing.followers import CallFollower, Follower, JobFollowers, Waiter
from taskbahn_router.publishing.publisher import Publisher
from taskbahn_router.stores.contract import CommitBatch, CommitResult, StartState, Store
from taskbahn_router.stores.minutes import DropMinutes
from taskbahn_router.stores.rows import Answer, PartitionRow, Prune, RetryJob, SkipJob, Sweep
from taskbahn_router.submission.admission import Admission
from taskbahn_router.submission.fair_queue import FairQueue
from taskbahn_router.submission.memory_budget import MemoryBudget, Share
from taskbahn_router.submission.slices import Rest, Slices, parts_of
from taskbahn_router.submission.submission import Draft, Submissions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from taskbahn_router.core.audit import Act
    from taskbahn_router.core.suspensions import Told
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.turn import Acknowledge

MAX_PIPELINED_JOBS = 2000  # in a submission: the next turn is decided in one piece then, and clients send no more in one
PRUNE_LIMIT = 1000
PRUNE_SECONDS = 60.0  # seconds between the end of one walk through the table and the next walk
PRUNE_PAUSE_SECONDS = 0.5  # seconds between two windows of a walk
MAX_SWEEP_SECONDS = 3600.0  # seconds after which a sweep comes at the latest, for the wall clock may be set meanwhile
PROGRESS_SECONDS = 1.0
VACATED_LIMIT = 1000  # vacant partitions that one commit deletes
KEEP_MINUTES = 7 * 86400.0  # seconds that the minutes of charts are kept
DROP_LIMIT = 5000  # rows of minutes that one commit deletes


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
        self.clock, self.wall, self.started_at = clock, wall, wall()
        self.intake = Submissions(self.state, wall)
        self.publisher = Publisher(self.state, self.followers, port)
        self.joins = Joins(self.followers, self.publisher)
        self._outcomes = Outcomes(self.state, uniform)
        self.limit_book = LimitBook(self.state, wall)
        self.assignment = Assignment(self.state, self.limit_book)
        self.history = Recorder(self.state, wall)
        self.topics = Topics(port)
        self.event_waits = EventWaits(self.topics, self.tell, wall)
        self.auditing = Auditing(self, port)
        self._post_commit = PostCommit(self.state, self.publisher, self.followers, self.assignment, self.history, self)
        self.loop = GroupCommit(store, self, runner, clock)
        self.turn_input, self.fair_queue = TurnInput(), FairQueue()
        self.admission = Admission(self.state, self.fair_queue, self.check_accepting)
        self.slices, self._pipelining = Slices(clock), Pipelining(self.state)
        self.memory_budget = MemoryBudget(self.slices)
        self._early_dispatch = EarlyDispatch(self.state, self.publisher, store)
        self._next_sweep: float | None = None
        self.maintenance: Maintenance = Maintenance(clock)
        self.large_flows = LargeFlows(self)
        self.maintenance.add("progress", self._store_progress, interval=PROGRESS_SECONDS)
        self._sweeps = self.maintenance.add("sweep", self._sweep)
        self.limit_book.wakes = self.maintenance.add("wake", self.room_changed)
        self.limit_book.pause_ends = self.maintenance.add("pauses", self._end_pauses)
        self._prune_after = 0
        self._prunes = self.maintenance.add("prune", lambda: self._ask(lambda turn: turn.ask_prune(self._prune_after)), first=1.0)
        self.auditing.start()
        self.limit_book.purges = self.maintenance.add("purge", self._purge, interval=PURGE_SECONDS)
        self.accepting = True

    # what is asked

    def submit(self, call: PendingCall) -> None:
        """`taskbahn.submit`."""
        self.slices.in_order(call, self._submit)

    def _submit(self, call: PendingCall) -> Iterator[Rest | None]:
        share = yield from self.memory_budget.share(call)
        if share is not None:
            with share:
                yield from self._read(call, share)

    def _read(self, call: PendingCall, share: Share) -> Iterator[None]:
        self.check_accepting()
        entries, by_tags = call.args[0] if call.args else None, call.scope is not None
        reading = self.intake.read(entries, call.authid, is_confined=call.is_confined, by_tags=by_tags, own=call.rules)
        call.args = entries = []  # a large message is in memory no longer than it is read
        draft = yield from share.reading(reading)
        if draft.flows:
            self.memory_budget.keep(share, len(draft.jobs) + sum(map(len, draft.flows)))
        answers, jobs = draft.answers, draft.jobs
        follows = bool(call.kwargs.get("follow"))
        yield from self.admission.take_in(draft, call, follows=follows)
        if not jobs:
            call.answer(answers)
        elif follows:
            waiter = Waiter(call, [job.id for job in jobs if job.links is None or job.links.is_child], answers)  # no members
            self.followers.wait(waiter)
            call.on_gone = lambda _: self.followers.unfollow(list(waiter.left), waiter)
            self._accept(
                call,
                draft,
                lambda: self._followed(waiter),
                lambda error: self._turned_away(call, waiter, waiter.left, error),
                lambda jobs: self.followers.leave_out([job.id for job in jobs], waiter),
                lambda job, means: self.joins.join_waiter(waiter, job, means),
                share,
            )
        else:
            self._accept(call, draft, lambda: call.answer(answers), call.fail, share=share)

    def _followed(self, waiter: Waiter) -> None:
        waiter.accepted = True
        self.followers.touch(waiter)

    def call_task(self, call: PendingCall) -> None:
        """A task's own name, called as a remote procedure."""
        self.slices.in_order(call, self._call_task)

    def _call_task(self, call: PendingCall) -> None:
        self.check_accepting()
        draft = self.intake.plain(call.procedure, call.args, call.kwargs, call.authid)
        for _ in self.admission.take_in(draft, call, follows=True):
            pass  # there is one job
        job = draft.jobs[0]
        caller = CallFollower(call)
        self.followers.follow(job.id, caller)

        def gone(cancelled: bool) -> None:  # noqa: FBT001 - PendingCall.on_gone has one argument
            self.followers.unfollow([job.id], caller)
            if caller.has_joined:  # others wait for the job
                return
            if cancelled or (job.policy.cancel_on_caller_lost and not self.followers.is_joined(job.id)):
                act = self.auditing.cancelled_call(call, job.id) if cancelled else None
                self.cancel(
                    job.raw, "cancelled by its caller" if cancelled else "its caller went away", lambda _: None, None, act
                )

        call.on_gone = gone
        self._accept(
            call,
            draft,
            lambda: None,
            lambda error: self._turned_away(call, caller, [job.id], error),
            joined=lambda _, means: self.joins.join_caller(caller, job.id, means),
        )

    def _turned_away(self, call: PendingCall, follower: Follower, jobs: Iterable[str], error: TaskbahnError) -> None:
        self.followers.unfollow(list(jobs), follower)
        call.fail(error)

    def cancel(
        self, raw: bytes, reason: str, answer: Callable[[Answer | None], None], by: str | None = None, act: Act | None = None
    ) -> None:
        """Cancel a job in whatever state it is; *answer* gets what became of it after the commit."""
        self.turn_input.add_cancel(raw, reason, answer, by, act)
        self.loop.schedule_turn()

    def tell(self, told: Told, answer: Callable[[tuple[Answer, str] | None], None], act: Act | None = None) -> None:
        """Have a job remember what a client tells it; *answer* gets what became of it after the commit."""
        self.check_accepting()
        self._ask(lambda turn: turn.add_told(told, answer, act))

    def report(self, acknowledge: Acknowledge | None, worker: AttachedWorker, report: messages.Report) -> None:
        """A worker's report; acknowledged, with the attempts that are not the worker's any more, when it is recorded."""
        self.turn_input.add_report(acknowledge, worker, report)
        delayed = self.loop.delayed
        if report.done and delayed is not None and len(delayed.dispatched_early) == 1:
            # most likely the outcome for which the commit waits
            self.loop.run_turn_now()
        else:
            self.loop.schedule_turn()

    def lost(self, loss: LostAttempt) -> None:
        """An attempt ended without a report of its worker."""
        self._ask(lambda turn: turn.add_loss(loss))

    def room_changed(self) -> None:
        """A worker came, or something else made room: look for work."""
        self._ask(TurnInput.ask_place)

    def _ask(self, ask: Callable[[TurnInput], None]) -> None:
        ask(self.turn_input)
        self.loop.schedule_turn()

    # the clock

    def start(self, start: StartState, running: list[LiveJob]) -> None:
        """Begin with the maintenance; *running* are the jobs that the store has as running."""
        self.state.running_at_start = running
        self.maintenance.start()
        self.sweep_at(start.next_sweep)
        self.large_flows.start(start.unsealed)
        if start.has_duties:  # a budget cut off the last commit
            self._ask(TurnInput.ask_continuation)

    def _store_progress(self) -> None:
        if any(not job.progress_stored for job in self.state.jobs.values()):
            self.room_changed()

    def prune_from(self, after: int | None) -> None:
        """Go on pruning after a seq; None: the end was reached, begin again in a while."""
        is_over = after is None and not self.state.vacant
        self._prune_after = after or 0
        self._prunes.run_in(PRUNE_SECONDS if is_over else PRUNE_PAUSE_SECONDS)

    def _purge(self) -> None:
        if self.limit_book.is_used:
            self._ask(TurnInput.ask_purge)

    def _end_pauses(self) -> None:
        if self.limit_book.end_pauses():
            self.room_changed()

    def store_minutes(self, *, all_of_them: bool = False) -> None:
        """Write down the minutes of the charts that are over; all of them: the one that goes on as well."""
        self._ask(lambda turn: turn.add_minutes(self.history.take_minutes(all_of_them=all_of_them)))

    def sweep_at(self, when: float | None) -> None:
        """Have the store swept at a time of the wall clock."""
        if when is None or (self._next_sweep is not None and self._next_sweep <= when):
            return
        self._next_sweep = when
        self._sweeps.run_in(min(MAX_SWEEP_SECONDS, max(0.0, when - self.wall())))

    def _sweep(self) -> None:
        self._next_sweep = None
        self._ask(TurnInput.ask_sweep)

    # a turn

    def decide(self, delayed: TurnEffects | None = None) -> TurnEffects | None:
        """Begin a turn of the input, and of the one whose commit was delayed; None when there is nothing."""
        turn_input = self.turn_input
        turn_input.add_submissions(self.fair_queue.take())
        if not turn_input:
            return delayed
        self.turn_input = TurnInput()
        effects = TurnEffects(CommitBatch(), turn_input)
        effects.steps = self._decide(effects, delayed, self.wall())
        return effects

    def _decide(self, effects: TurnEffects, delayed: TurnEffects | None, now: float) -> Iterator[None]:
        turn_input, batch, state = effects.turn_input, effects.batch, self.state
        self.limit_book.begin_turn(turn_input, delayed)
        batch.ended, batch.is_continued = turn_input.ended, turn_input.is_continued
        batch.reactions = Reactions(now, DEFAULT_KEEP, goes_on=turn_input.is_continued, task=state.task_of, key_of=state.key_of)
        if turn_input.reports or turn_input.losses or turn_input.returns:
            yield from self._outcomes.apply(effects, now)
        yield from self.assignment.place(effects, now)
        new_partitions, state.new_partitions = state.new_partitions, []
        if self.limit_book.is_used:  # once more: some may have come between two steps
            self.limit_book.take_in(new_partitions)
        if turn_input.prune_after is not None:  # now: a partition that comes and vanishes between two steps is not in the batch
            batch.vacated = state.take_vacant(VACATED_LIMIT)
            self.limit_book.forget(batch.vacated)
        for part in parts_of(new_partitions):
            batch.partitions += [PartitionRow(partition.id, partition.queue, partition.task) for partition in part]
            yield
        batch.forgotten_tasks = turn_input.forgotten_tasks
        batch.limits, batch.forgotten_limits = self.limit_book.take_rows()
        batch.acts = self.limit_book.take_acts()
        batch.tasks = [(task.name, task.packed, task.declared_at) for task in turn_input.tasks]
        turn_input.give_kept(batch)
        # the store counts on from the number in a job's row, so the row must have the newest one
        needs_numbers = turn_input.place or turn_input.cancels or turn_input.sweep or batch.submissions
        batch.snapshots = snapshots(list(state.jobs.values())) if needs_numbers else []
        if turn_input.cancels:
            decide_cancels(self.state, batch, turn_input, self.turn_input, now)
        if turn_input.job_pauses or turn_input.resumes:
            decide_pauses(self.state, batch, turn_input, self.turn_input)
        batch.retries = [RetryJob(raw) for raw, *_ in turn_input.retries]
        batch.skips = [SkipJob(raw) for raw, *_ in turn_input.skips]
        batch.told = [told for told, *_ in turn_input.told]
        give_acts(batch, turn_input)
        batch.sweep = Sweep(now, SWEEP_LIMIT, DEFAULT_KEEP) if turn_input.sweep else None
        if turn_input.prune_after is not None:
            batch.prune = Prune(now, turn_input.prune_after, PRUNE_LIMIT)
        if turn_input.minutes:
            batch.minutes, batch.drop_minutes = turn_input.minutes, DropMinutes(int(now - KEEP_MINUTES), DROP_LIMIT)
        if delayed is not None:
            effects.follows(delayed)

    def dispatch_early(self, turn: TurnEffects) -> float | None:
        """Hand out early what may go before the commit; return how long the commit may wait.  None: commit at once."""
        return self._early_dispatch.hand_out(turn)

    def pipeline_next_turn(self, done: TurnEffects, result: CommitResult) -> TurnEffects | None:
        """Decide the next turn before the effects of the one just committed are seen; None: it must wait for them."""
        if not (self.turn_input or self.fair_queue) or not self._pipelining.may(done, result, self.turn_input):
            return None
        if self.fair_queue.next_jobs() > MAX_PIPELINED_JOBS:
            return None
        with self._pipelining.counted(done, result):
            turn = self.decide()
            if turn is not None:
                turn.decide_all()
            return turn

    def committed(self, turn: TurnEffects, result: CommitResult) -> Iterator[None]:
        """Publish the effects, in the order in which they happened."""
        return self._post_commit.show(turn, result, self.wall())

    def refused(self, turn: TurnEffects, error: StoreUnavailable) -> None:
        """Turn new jobs away; all else in the batch is tried again."""
        self._early_dispatch.take_back(turn, str(error))
        turn.forget(set(turn.turn_input.new))
        for submission in [*turn.turn_input.take_submissions(), *self.fair_queue.take(math.inf)]:
            self.admission.forget(submission.jobs)
            submission.refused(error)
            for job in submission.jobs:  # followers may wait for a job that was turned away
                self.publisher.resend_outcome(job.id)

    def retried(self, turn: TurnEffects) -> None:
        """The store gets a batch again: its moves take the time of now."""
        turn.retried(self.wall())

    # helpers

    def _accept(
        self,
        call: PendingCall,
        draft: Draft,
        accepted: Callable[[], None],
        refused: Callable[[TaskbahnError], None],
        left_out: Callable[[Sequence[LiveJob]], None] = lambda _: None,
        joined: Callable[[LiveJob, str], None] = lambda _, __: None,
        share: Share | None = None,
    ) -> None:
        if draft.flows and share is not None:
            accepted, refused = share.before(accepted), share.before(refused)
        answers, links, asks = draft.answers or None, draft.has_links, draft.asks  # a plain call has no answers
        then = self.large_flows.feed(call, draft, accepted, refused) if draft.flows else accepted
        parts = (call.caller, draft.jobs, draft.size, then, refused, answers, left_out, draft.counts, links, joined, asks)
        self.fair_queue.put(Submission(*parts, is_confined=draft.is_confined, by_tags=draft.by_tags))
        if len(self.state.jobs) == len(self.followers) == 1:
            # a single job, for which its client waits: no other input comes soon
            self.loop.run_turn_now()
        else:
            self.loop.schedule_turn()

    def check_accepting(self) -> None:
        """Raise unless the store takes commits, and the router goes on."""
        if not self.accepting:
            raise NotReady("the router is stopping; send it again in a few seconds")
        if self.loop.error is not None:
            raise StoreUnavailable(str(self.loop.error))
