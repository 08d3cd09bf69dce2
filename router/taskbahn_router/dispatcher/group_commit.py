"""Group commit: what comes in while one commit is on its way goes into the next one.

An idle system therefore commits at once and a busy one commits hundreds of moves at a time; nobody configures this.
Nothing of a turn is seen outside before its commit is durable, but for what `early_dispatch` lets go before.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from taskbahn.errors import StoreUnavailable
from taskbahn_router.stores.contract import StoreLocked

if TYPE_CHECKING:
    from taskbahn_router.model.ports import Clock, Runner
    from taskbahn_router.stores.contract import Batch, CommitResult, Store

FEW = 16  # rows of a commit that may be held back, and that is done without changing threads if the disk is quick
QUICK_SECONDS = 0.002
FIRST_RETRY = 0.1  # seconds after a refused commit
LONGEST_RETRY = 2.0
LOCK_SECONDS = 5.0  # for which a commit waits for another program that holds the data, before it counts as refused
LOCK_RETRY = 0.02
POLL_TURNS = 50  # turns of the event loop, some 0.02 ms each, that it does not sleep while a quick job is held back


_give_way = getattr(os, "sched_yield", lambda: None)  # to whoever has no processor; macOS does not have it


class Turns(Protocol):
    """What the loop commits; the dispatcher."""

    def decide(self) -> Batch | None:
        """Make a batch of what was gathered and what was held back; None when there is nothing."""

    def dispatch_early(self, batch: Batch) -> float | None:
        """Let out what may be let out before the commit; the batch is then held back, for the returned seconds at most.

        None: it must be committed.
        """

    def pipeline_next_turn(self, result: CommitResult) -> Batch | None:
        """Make the next batch before the effects of the one just committed are seen; None: not now."""

    def committed(self, batch: Batch, result: CommitResult) -> None:
        """Let the effects be seen."""

    def refused(self, batch: Batch, error: StoreUnavailable) -> None:
        """Take back what may be taken back; what is left in the batch is tried again."""


class GroupCommit:
    """Commits turn after turn, one at a time."""

    log = Logger("taskbahn.commit")

    def __init__(self, store: Store, turns: Turns, runner: Runner, clock: Clock) -> None:
        self._store = store
        self._turns = turns
        self._runner = runner
        self._clock = clock
        self._busy = False
        self._scheduled = False
        self._hold: Any = None  # the timer of what is held back
        self._looks = 0
        self._retry_delay = FIRST_RETRY
        self._locked_at: float | None = None
        self._commit_seconds = 0.0  # of recent commits on the spot
        self._idle: list[Deferred[None]] = []
        self.error: StoreUnavailable | None = None
        self.commits = 0

    def schedule_turn(self) -> None:
        """Something was gathered; a commit follows when this turn of the loop is over."""
        if not self._busy and not self._scheduled:
            self._scheduled = True
            self._clock.callLater(0, self._turn)

    def run_turn_now(self) -> None:
        """Something was gathered with which nothing else is to be expected: make a turn now."""
        if not self._busy:
            self._turn()

    def idle(self) -> Deferred[None]:
        """Fire when everything gathered so far is committed, or the store refuses: then there is nothing to wait for."""
        waiting: Deferred[None] = Deferred()
        self._idle.append(waiting)
        self.schedule_turn()
        return waiting

    def _turn(self) -> None:
        self._scheduled = False
        if self._busy:
            return
        batch = self._turns.decide()
        if batch is None:
            self._tell_idle()
            return
        wait = self._turns.dispatch_early(batch) if batch.rows() <= FEW and not self._idle else None
        if wait is not None:
            self._delay_commit(wait)
            if self._is_quick(batch):
                self._store.prepare(batch)
            return
        if self._hold is not None:
            self._hold.cancel()
            self._hold = None
        self._busy = True
        self._commit(batch)

    def _delay_commit(self, seconds: float) -> None:
        if self._hold is None:  # 0 s: until the sockets have what was let out
            self._hold = self._clock.callLater(seconds, self._release)
        elif not seconds:
            self._hold.reset(0)
        if seconds:
            watching, self._looks = bool(self._looks), POLL_TURNS
            if not watching:
                self._busy_poll()

    def _busy_poll(self) -> None:
        """Do not sleep for the moment until the outcome comes: being woken takes the router 0.05 ms, and who sends it as much again."""
        if self._hold is None:
            self._looks = 0
        elif self._looks:
            self._looks -= 1
            _give_way()
            self._clock.callLater(0, self._busy_poll)

    def _release(self) -> None:
        """What is held back has waited long enough."""
        self._hold = None
        batch = self._turns.decide()
        if batch is not None:
            self._busy = True
            self._commit(batch)

    def _tell_idle(self) -> None:
        waiting, self._idle = self._idle, []
        for deferred in waiting:
            deferred.callback(None)

    def _commit(self, batch: Batch) -> None:
        if self._is_quick(batch):
            self._commit_on_the_spot(batch)
        else:
            self._expect(batch, self._commit_on_the_thread(batch))

    def _commit_on_the_thread(self, batch: Batch) -> Deferred[CommitResult]:
        self._commit_seconds *= 0.9  # forget in time that the disk was slow
        return self._runner.run(self._store.commit, batch)

    def _expect(self, batch: Batch, outcome: Deferred[CommitResult]) -> None:
        outcome.addCallbacks(lambda result: self._done(batch, result), lambda failure: self._failed(batch, failure)).addErrback(
            lambda failure: self.log.failure("a turn's effects failed", failure)
        )

    def _is_quick(self, batch: Batch) -> bool:
        return self._commit_seconds < QUICK_SECONDS and batch.rows() <= FEW

    def _commit_on_the_spot(self, batch: Batch) -> None:
        """An idle system is quicker without a change of threads; nobody else calls the store meanwhile, for `_busy` is set."""
        began = self._clock.seconds()
        try:
            result = self._store.commit(batch)
        except Exception:  # noqa: BLE001 - told like a failure on the thread
            self._commit_seconds = LONGEST_RETRY  # what fails may take long, as a broken disk does: no more of it here
            self._failed(batch, Failure())  # type: ignore[no-untyped-call]
            return
        taken = self._clock.seconds() - began
        self._commit_seconds = max(taken, 0.8 * self._commit_seconds + 0.2 * taken)
        self._done(batch, result)

    def _done(self, batch: Batch, result: CommitResult) -> None:
        self._busy = False
        if self.error is not None:
            self.log.warn("the store takes commits again")
        self.error = self._locked_at = None
        self._retry_delay = FIRST_RETRY
        self.commits += 1
        followers = self._go_on(result)
        try:
            self._turns.committed(batch, result)
        finally:
            if followers is not None:
                self._expect(*followers)
            self.schedule_turn()

    def _go_on(self, result: CommitResult) -> tuple[Batch, Deferred[CommitResult]] | None:
        """Have the next turn written meanwhile, if it may; what fails there must not keep the effects of what is durable."""
        try:
            batch = self._turns.pipeline_next_turn(result)
        except Exception:  # noqa: BLE001 - logged
            self.log.failure("a turn could not be decided")
            return None
        if batch is None:
            return None
        self._busy = True
        return batch, self._commit_on_the_thread(batch)

    def _failed(self, batch: Batch, failure: Failure) -> None:
        error = failure.value
        if isinstance(error, StoreLocked) and self._may_wait():
            self._clock.callLater(LOCK_RETRY, self._commit, batch)
            return
        if not isinstance(error, StoreUnavailable):
            self.log.failure("the store failed in a way that it should not", failure)
            error = StoreUnavailable(
                f"the store failed: {error}; the router's log has more, and the router tries again by itself"
            )
        if self.error is None:
            self.log.error("{error}", error=error)
        self.error = error
        self._clock.callLater(self._retry_delay, self._commit, batch)
        self._retry_delay = min(LONGEST_RETRY, self._retry_delay * 2)
        self._turns.refused(batch, error)
        self._tell_idle()

    def _may_wait(self) -> bool:
        """Return whether a lock is young: whoever holds it is likely to let go soon, and nobody need hear of it."""
        now = self._clock.seconds()
        if self._locked_at is None:
            self._locked_at = now
        return now - self._locked_at < LOCK_SECONDS
