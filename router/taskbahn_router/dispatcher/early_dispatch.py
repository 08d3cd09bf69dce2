"""Attempts that reach their worker before their commit, so that a single job need not wait for the disk twice.

When a turn holds nothing but new jobs that start at once, they are handed out first and written down while their worker is at
work. If clients wait for the outcomes of all of them, and the tasks are known to be quick, the commit waits for a moment, so
that one commit takes job and outcome. Only the worker sees anything of it before: if the router dies in between, the caller
has no answer, as if the job had come a moment later. So this is not for jobs that must never start twice, nor for
what may be a repetition of a job that is there already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.errors import StoreUnavailable
from taskbahn_router.dispatcher.outcomes import release_slot
from taskbahn_router.model.turn import DispatchedEarly

if TYPE_CHECKING:
    from taskbahn_router.model.state import AttachedWorker, DispatcherState, LiveJob
    from taskbahn_router.model.turn import TurnEffects
    from taskbahn_router.publishing.publisher import Publisher
    from taskbahn_router.stores.contract import Store

QUICK_TASK = 0.001  # seconds of an attempt, below which a task is quick
HOLD_SECONDS = 0.002  # seconds that a commit waits for the outcomes of its jobs


class EarlyDispatch:
    """Hands out attempts before the commit, and takes them back when the store refuses it."""

    def __init__(self, state: DispatcherState, publisher: Publisher, store: Store) -> None:
        self._state = state
        self._publisher = publisher
        self._store = store

    def hand_out(self, effects: TurnEffects) -> float | None:
        """Send the jobs of a turn to their workers; return how long its commit may wait.  None: no job may go before it."""
        new, started = effects.turn_input.new, effects.started
        if not started or len(new) != len(started) + len(effects.dispatched_early) or not effects.turn_input.is_only_new():
            return None
        try:
            if not all(self._may(job, worker) for job, worker in started):
                return None
        except StoreUnavailable:  # the commit meets the same refusal
            return None
        for job, worker in started:
            worker.order_run(job)
            self._publisher.dirty_workers.add(worker.id)
            effects.dispatched_early.append(DispatchedEarly(job, worker, job.number))
        effects.started = []
        self._publisher.flush()
        self._publisher.flush_sockets()
        return HOLD_SECONDS if all(job.has_waiter and self._is_quick(job) for job in new) else 0.0

    def take_back(self, effects: TurnEffects, reason: str) -> None:
        """The store refused the commit: cancel the attempts. Their slots stay taken until they have ended."""
        for job, worker, _ in effects.dispatched_early:
            worker.order_cancel(job.id, job.attempt, reason)
            self._publisher.dirty_workers.add(worker.id)
        for job, worker in effects.started:
            release_slot(worker, job.id)
        effects.started, effects.dispatched_early = [], []
        self._publisher.flush()

    def _may(self, job: LiveJob, worker: AttachedWorker) -> bool:
        return worker.orders is not None and not job.policy.at_most_once and (job.is_new or not self._store.knows(job.raw))

    def _is_quick(self, job: LiveJob) -> bool:
        task = self._state.tasks.get(job.partition.task)
        return task is not None and task.seconds_each is not None and task.seconds_each < QUICK_TASK
