"""Group commit: what comes in while one commit is on its way goes into the next one.

An idle system therefore commits at once and a busy one commits hundreds of moves at a time, without configuration.
Nothing of a turn is seen outside before its commit is durable, but for what `early_dispatch` lets go before.
What may follow on what is the table in `turn_machine`.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from taskbahn.errors import StoreUnavailable
from taskbahn.tuning import poll_turns
from taskbahn_router.dispatcher.turn_machine import TurnEvent, TurnState, advance
from taskbahn_router.promises.engine import LOOP_BUDGET, THREAD_BUDGET
from taskbahn_router.stores.contract import StoreLocked
from taskbahn_router.submission import slices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn_router.model.ports import Clock, Runner
    from taskbahn_router.model.turn import TurnEffects
    from taskbahn_router.stores.contract import CommitBatch, CommitResult, Store

    Following = tuple[TurnEffects, Deferred[CommitResult]]  # a pipelined turn, and what comes of its commit

SMALL_COMMIT_ROWS = 16  # rows up to which a commit may be delayed, or be made on the event loop if the disk is quick
QUICK_SECONDS = 0.002
FIRST_RETRY = 0.1  # seconds after a refused commit
LONGEST_RETRY = 2.0
LOCK_SECONDS = 5.0  # seconds for which another program may hold the data before the commit counts as refused
LOCK_RETRY = 0.02
POLL_TURNS = poll_turns()


_give_way = getattr(os, "sched_yield", lambda: None)  # lets another process run; macOS does not have it


class Turns(Protocol):
    """Makes and publishes what the loop commits; the dispatcher."""

    def decide(self, delayed: TurnEffects | None) -> TurnEffects | None:
        """Begin a turn of the input and of the one whose commit was delayed; None when there is nothing.

        Its `steps` decide it. Between two of them other input may come, which is for the next turn.
        """

    def dispatch_early(self, turn: TurnEffects) -> float | None:
        """Hand out what may go before the commit, which may then wait for the returned seconds.  None: commit at once."""

    def pipeline_next_turn(self, done: TurnEffects, result: CommitResult) -> TurnEffects | None:
        """Make the whole next turn before the effects of the one just committed are seen; None: not now."""

    def committed(self, turn: TurnEffects, result: CommitResult) -> Iterator[None]:
        """Publish the effects, step by step."""

    def refused(self, turn: TurnEffects, error: StoreUnavailable) -> None:
        """Take back what may be taken back; what is left in the batch is tried again."""

    def retried(self, turn: TurnEffects) -> None:
        """Bring a batch up to date before it is tried again."""


class GroupCommit:
    """Commits turn after turn, one at a time; `state` says where it is."""

    log = Logger("taskbahn.commit")

    def __init__(self, store: Store, turns: Turns, runner: Runner, clock: Clock) -> None:
        self._store = store
        self._turns = turns
        self._runner = runner
        self._clock = clock
        self._state = TurnState.IDLE
        self._release_timer: Any = None
        self._polls_left = 0
        self._retry_delay = FIRST_RETRY
        self._locked_at: float | None = None
        self._commit_seconds = 0.0  # seconds that recent commits on the event loop took
        self._idle: list[Deferred[None]] = []
        self.delayed: TurnEffects | None = None  # the turn whose commit waits for outcomes
        self.error: StoreUnavailable | None = None
        self.commits = 0

    @property
    def state(self) -> TurnState:
        """Where the loop is; moved by the table only."""
        return self._state

    def _move(self, event: TurnEvent) -> TurnState:
        self._state = advance(self._state, event)
        return self._state

    def schedule_turn(self) -> None:
        """Input came; a turn follows when this turn of the event loop is over."""
        before = self._state
        if self._move(TurnEvent.SCHEDULE) is not before:
            self._clock.callLater(0, self._due)

    def run_turn_now(self) -> None:
        """Input came, and no other is likely to come with it: make a turn now."""
        before = self._state
        if self._move(TurnEvent.RUN_NOW) is not before:
            self._turn()

    def idle(self) -> Deferred[None]:
        """Fire when everything gathered so far is committed, or the store refuses: then there is nothing to wait for."""
        waiting: Deferred[None] = Deferred()
        self._idle.append(waiting)
        self.schedule_turn()
        return waiting

    def _due(self) -> None:
        before = self._state
        if self._move(TurnEvent.DUE) is not before:
            self._turn()

    def _release(self) -> None:
        """The outcomes did not come in time: commit without them."""
        self._release_timer = None
        self._move(TurnEvent.RELEASE)
        self._turn(may_delay=False)

    def _turn(self, *, may_delay: bool = True) -> None:
        delayed, self.delayed = self.delayed, None
        try:
            turn = self._turns.decide(delayed)
        except BaseException:
            self._keep(delayed)
            raise
        if turn is None:
            self._move(TurnEvent.NOTHING)
            self._tell_idle()
        else:
            self._decide(turn, delayed, may_delay=may_delay)

    def _decide(self, turn: TurnEffects, delayed: TurnEffects | None, *, may_delay: bool) -> None:
        """Decide a slice of a turn, and the rest of it when the event loop has served others."""
        if turn.steps is not None:
            try:
                is_decided = slices.run_slice(turn.steps, self._clock, slices.TURN_SLICE_SECONDS)
            except BaseException:
                self._keep(delayed)
                raise
            if not is_decided:
                self._cancel_release()
                self._clock.callLater(0, partial(self._decide, turn, delayed, may_delay=False))
                return
            turn.steps = None
        wait = self._dispatch_early(turn) if may_delay and turn.batch.rows() <= SMALL_COMMIT_ROWS and not self._idle else None
        if wait is not None:
            self._delay_commit(turn, wait)
            if self._is_quick(turn.batch):
                self._store.prepare(turn.batch)
            return
        self._cancel_release()
        self._move(TurnEvent.COMMIT)
        self._commit(turn)

    def _keep(self, delayed: TurnEffects | None) -> None:
        """Keep the delayed turn, for the one that takes it over cannot be decided."""
        if delayed is None:
            self._move(TurnEvent.NOTHING)
        else:  # workers run the jobs of this turn already
            self._delay_commit(delayed, 0.0)

    def _dispatch_early(self, turn: TurnEffects) -> float | None:
        try:
            return self._turns.dispatch_early(turn)
        except Exception:  # noqa: BLE001 - logged; the commit must follow
            self.log.failure("a turn could not be handed out early")
            return None

    def _delay_commit(self, turn: TurnEffects, seconds: float) -> None:
        self.delayed = turn
        self._move(TurnEvent.DELAY)
        if self._release_timer is None:  # at 0 s the sockets have the attempts
            self._release_timer = self._clock.callLater(seconds, self._release)
        elif not seconds:
            self._release_timer.reset(0)
        if seconds:
            polls, self._polls_left = bool(self._polls_left), POLL_TURNS
            if not polls:
                self._busy_poll()

    def _cancel_release(self) -> None:
        if self._release_timer is not None:
            self._release_timer.cancel()
            self._release_timer = None

    def _busy_poll(self) -> None:
        """Keep the event loop awake until the outcome comes: to wake it takes 0.05 ms at the router and as much at the sender."""
        if self.delayed is None:
            self._polls_left = 0
        elif self._polls_left:
            self._polls_left -= 1
            _give_way()
            self._clock.callLater(0, self._busy_poll)

    def _tell_idle(self) -> None:
        waiting, self._idle = self._idle, []
        for deferred in waiting:
            deferred.callback(None)

    def _commit(self, turn: TurnEffects) -> None:
        if self._is_quick(turn.batch):
            self._commit_on_the_spot(turn)
        else:
            self._expect(turn, self._commit_on_the_thread(turn))

    def _commit_on_the_thread(self, turn: TurnEffects) -> Deferred[CommitResult]:
        turn.batch.allow(THREAD_BUDGET)
        self._commit_seconds *= 0.9  # a slow disk counts less with each commit since
        return self._runner.run(self._store.commit, turn.batch)

    def _expect(self, turn: TurnEffects, outcome: Deferred[CommitResult]) -> None:
        outcome.addCallbacks(lambda result: self._done(turn, result), lambda failure: self._failed(turn, failure)).addErrback(
            lambda failure: self.log.failure("a turn's effects failed", failure)
        )

    def _is_quick(self, batch: CommitBatch) -> bool:
        return self._commit_seconds < QUICK_SECONDS and batch.rows() <= SMALL_COMMIT_ROWS

    def _commit_on_the_spot(self, turn: TurnEffects) -> None:
        """Commit on the event loop: an idle system is quicker so. While the state is COMMITTING no other thread calls the store."""
        turn.batch.allow(LOOP_BUDGET)
        began = self._clock.seconds()
        try:
            result = self._store.commit(turn.batch)
        except Exception:  # noqa: BLE001 - reported like a failure on the thread
            # a failing commit may take long, as on a broken disk: the next ones go to the store's thread
            self._commit_seconds = LONGEST_RETRY
            self._failed(turn, Failure())  # type: ignore[no-untyped-call]
            return
        taken = self._clock.seconds() - began
        self._commit_seconds = max(taken, 0.8 * self._commit_seconds + 0.2 * taken)
        self._done(turn, result)

    def _done(self, turn: TurnEffects, result: CommitResult) -> None:
        self._move(TurnEvent.DONE)
        if self.error is not None:
            self.log.warn("the store takes commits again")
        self.error = self._locked_at = None
        self._retry_delay = FIRST_RETRY
        self.commits += 1
        following = self._pipeline(turn, result)
        self._publish(self._turns.committed(turn, result), following)

    def _publish(self, steps: Iterator[None], following: Following | None) -> None:
        """Publish a slice of the effects, and the rest of them when the event loop has served others."""
        is_published = True
        try:
            is_published = slices.run_slice(steps, self._clock, slices.TURN_SLICE_SECONDS)
        finally:
            if is_published:  # or an error ended it
                self._published(following)
        if not is_published:
            self._clock.callLater(0, self._publish_more, steps, following)

    def _publish_more(self, steps: Iterator[None], following: Following | None) -> None:
        try:
            self._publish(steps, following)
        except Exception:  # noqa: BLE001 - logged, as in the first slice
            self.log.failure("a turn's effects failed")

    def _published(self, following: Following | None) -> None:
        if self._move(TurnEvent.PUBLISHED) is TurnState.SCHEDULED:
            self._clock.callLater(0, self._due)
        if following is not None:
            self._expect(*following)

    def _pipeline(self, done: TurnEffects, result: CommitResult) -> Following | None:
        """Start to commit the next turn, if it may be; an error there must not hold back the effects of the durable turn."""
        try:
            turn = self._turns.pipeline_next_turn(done, result)
        except Exception:  # noqa: BLE001 - logged
            self.log.failure("a turn could not be decided")
            return None
        if turn is None:
            return None
        self._move(TurnEvent.PIPELINE)
        return turn, self._commit_on_the_thread(turn)

    def _retry(self, turn: TurnEffects) -> None:
        self._move(TurnEvent.RETRY)
        try:
            self._turns.retried(turn)
        finally:
            self._commit(turn)

    def _failed(self, turn: TurnEffects, failure: Failure) -> None:
        error = failure.value
        if isinstance(error, StoreLocked) and self._may_wait():
            self._move(TurnEvent.LOCKED)
            self._clock.callLater(LOCK_RETRY, self._retry, turn)
            return
        self._move(TurnEvent.REFUSED)
        self._clock.callLater(self._retry_delay, self._retry, turn)
        self._retry_delay = min(LONGEST_RETRY, self._retry_delay * 2)
        self.error = self._told(failure)
        try:
            self._turns.refused(turn, self.error)
        finally:
            self._tell_idle()

    def _told(self, failure: Failure) -> StoreUnavailable:
        """Log why the store refuses, once; return it as an error for clients."""
        error = failure.value
        if not isinstance(error, StoreUnavailable):
            self.log.failure("the store failed in a way that it should not", failure)
            error = StoreUnavailable(
                f"the store failed: {error}; the router's log has more, and the router tries again by itself"
            )
        if self.error is None:
            self.log.error("{error}", error=error)
        return error

    def _may_wait(self) -> bool:
        """Return whether a lock is young: its holder is likely to release it soon, so clients get no error yet."""
        now = self._clock.seconds()
        if self._locked_at is None:
            self._locked_at = now
        return now - self._locked_at < LOCK_SECONDS
