"""The whole dispatcher as one thing that starts and stops; it owns the store and its threads."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

import taskbahn_router
from taskbahn import wire
from taskbahn.errors import ServiceError, TaskbahnError
from taskbahn.pages import pages, value_bytes
from taskbahn.steady_timers import steady_timers
from taskbahn_router.clock import MonotonicUtc, boot_seconds
from taskbahn_router.dispatcher.dispatcher import Dispatcher
from taskbahn_router.metrics.history_query import HistoryQuery
from taskbahn_router.metrics.queue_age import TICK
from taskbahn_router.queries.jobs import JobQueries
from taskbahn_router.queries.status import StatusQuery
from taskbahn_router.store_threads import Thread
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.workers.admin import Workers
from taskbahn_router.workers.offers import Offers
from taskbahn_router.workers.registry import WorkerRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from taskbahn_router.model.pending_call import Call
    from taskbahn_router.model.ports import RouterPort
    from taskbahn_router.stores.contract import Store

CHANGES_SECONDS = 0.25
LAG_SECONDS = 0.5
LAGS = 4  # of which the least tells whether something is wrong: one late turn is nothing
SLEPT_SECONDS = 1.0  # by which timers are late when the machine was suspended


class Service:
    """Starts and stops the dispatcher; `Service.running` is the one of this process, for the health pages."""

    log = Logger("taskbahn.service")
    running: Service | None = None

    def __init__(
        self,
        data: Path,
        outside: RouterPort,
        *,
        reactor: Any,
        wall: Callable[[], float],
        uniform: Callable[[], float],
        store: Store | None = None,
        steady: Callable[[], float] = boot_seconds,
        settings: Sequence[dict[str, Any]] = (),
    ) -> None:
        steady_timers(reactor)
        self._reactor = reactor
        wall = self._wall = MonotonicUtc(wall, steady)
        self._outside = outside
        self._store: Store = store if store is not None else SqliteStore(data)
        self._writing = Thread(reactor, "taskbahn-store")
        self._reading = Thread(reactor, "taskbahn-reader")
        self._declared: set[str] = set()
        self._lags = deque([0.0], LAGS)
        self._ahead = wall() - reactor.seconds()  # of the reactor, which stands still while the machine is suspended
        self.stopped = False
        self._settings = list(settings)
        self.dispatcher = Dispatcher(self._store, self._writing, clock=reactor, wall=wall, uniform=uniform, edge=self)
        self.registry = WorkerRegistry(self.dispatcher, outside, self._declare, taskbahn_router.__version__)
        self.offers = Offers(self.dispatcher, self.registry, outside)
        self.workers = Workers(self.dispatcher)
        self.views: JobQueries | None = None

    async def start(self) -> None:
        """Open the store, register the procedures, begin.  Raises StoreUnusable."""
        start = await self._writing.run(self._store.open)
        running = self.dispatcher.board.load(start)
        reader = await self._reading.run(self._store.reader)
        self._reader = reader
        dispatcher = self.dispatcher
        dispatcher.history.begin(start.minutes)
        self._status = StatusQuery(
            dispatcher, reader, self._reading, lambda: str(dispatcher.loop.error or ""), lambda: min(self._lags)
        )
        self._history_query = HistoryQuery(
            dispatcher.board, dispatcher.history, dispatcher.wall, reader, self._reading, self._failed
        )
        views = self.views = JobQueries(
            dispatcher.board, dispatcher.followers, reader, self._reading, self._failed,
            wall=self._wall, clock=self._reactor, history=dispatcher.history, waiting=self._outside.unread_bytes,
        )  # fmt: skip
        dispatcher.start(running, start.next_sweep)  # before anybody may call: workers come back and say what they run
        self.registry.start()
        for uri, handler in {
            wire.SUBMIT: dispatcher.submit,
            wire.JOB_WAIT: views.wait,
            wire.JOB_WATCH: views.watch,
            wire.JOB_GET: views.get,
            wire.JOB_EVENTS: views.events,
            wire.JOB_CANCEL: dispatcher.cancel_jobs,
            wire.JOB_RETRY: dispatcher.retry_jobs,
            wire.VIEW_STATUS: lambda call: call.answer(self.status()),
            wire.VIEW_HISTORY: self._history_query.history,
            wire.VIEW_TASKS: views.tasks,
            wire.VIEW_JOBS: views.jobs,
            wire.VIEW_ERRORS: views.errors,
            wire.VIEW_QUEUES: views.queues,
            wire.VIEW_WORKERS: self.workers.view,
            wire.VIEW_SETTINGS: lambda call: call.answer(self._settings),
            wire.ADMIN_DRAIN: self.workers.drain,
            wire.WORKER_ATTACH: self.registry.attach,
            wire.WORKER_REPORT: self.registry.report,
        }.items():
            await self._outside.register_procedure(uri, self._guarded(handler))
        for task in dispatcher.board.tasks:
            self._declare(task)
        self._publish_changes()
        self._measure_lag(self._reactor.seconds())
        self._look()
        self._history_query.load()
        Service.running = self

    def stop(self) -> Deferred[None]:
        """Commit what was gathered and close the store; safe twice. A Deferred, for which a reactor that is shutting down waits."""
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        if self.stopped:
            return
        self.stopped = True
        self.dispatcher.accepting = False
        if self.dispatcher.loop.error is None:
            await self.dispatcher.loop.idle()
            self.dispatcher.store_minutes(all_of_them=True)
            await self.dispatcher.loop.idle()
        self._writing.run(self._store.close)
        if self.views is not None:
            self._reading.run(self._reader.close)
        self._writing.stop()
        self._reading.stop()

    @property
    def trouble(self) -> str:
        """Why this service is not ready, as a sentence; empty when it is."""
        if self.stopped:
            return "the router is stopping"
        return str(self.dispatcher.loop.error or "")

    def status(self) -> dict[str, Any]:
        """Return the `wire_views.Status`."""
        board = self.dispatcher.board
        workers = [worker for worker in board.workers.values() if worker.orders is not None]
        return {
            "version": taskbahn_router.__version__,
            "started_at": self.dispatcher.started_at,
            "now": self._wall(),
            "jobs": dict(board.counts),
            "workers": len(workers),
            "slots": sum(worker.room.slots for worker in workers),
            "running": board.counts["running"],
            "lag": self._lags[-1],
            **self._status.status(),
        }

    # what the dispatcher asks of the outside

    def publish(self, topic: str, value: Any) -> None:
        """Publish to whoever subscribes."""
        self._outside.publish_event(topic, value)

    def is_watched(self, topic: str) -> bool:
        """Return whether anybody subscribes to *topic*."""
        return self._outside.is_watched(topic)

    def watches_jobs(self) -> bool:
        """Return whether anybody subscribes to the topic of any job."""
        return self._outside.watches_jobs()

    def flush_sockets(self) -> None:
        """Give the sockets at once what was sent."""
        self._outside.flush_sockets()

    def resend_outcome(self, job: str) -> None:
        """Read how a job stands and tell its followers, if it is final."""
        if self.views is not None:
            self.views.resend_outcome(job)

    def later(self, function: Callable[[], Any]) -> None:
        """Call a function when this turn of the event loop is over."""
        self._reactor.callLater(0, function)

    # helpers

    def _declare(self, task: str) -> None:
        """Register a task's own name, once."""
        if task not in self._declared:
            self._declared.add(task)
            registered = self._outside.register_procedure(task, self._guarded(self.dispatcher.call_task))
            registered.addErrback(self._not_registered, task)

    def _not_registered(self, failure: Any, task: str) -> None:
        self._declared.discard(task)
        self.log.warn("{task} cannot be called by its name: {why}", task=task, why=failure.value)

    def _guarded(self, handler: Callable[[Call], None]) -> Callable[[Call], None]:
        """Answer a call with the error of its handler, so that none stays open by mistake."""

        def handle(call: Call) -> None:
            try:
                handler(call)
            except TaskbahnError as error:
                call.fail(error)
            except Exception as error:  # noqa: BLE001 - the edge of the loop: whatever it is, the caller gets an answer
                self.log.failure("{procedure} failed", procedure=call.procedure)
                call.fail(
                    ServiceError(f"an internal error in {call.procedure}: {type(error).__name__}; the router's log has more")
                )

        return handle

    def _failed(self, call: Call, failure: Any) -> None:
        error = failure.value
        if not isinstance(error, TaskbahnError):
            self.log.failure("{procedure} failed", failure, procedure=call.procedure)
            error = ServiceError(f"an internal error in {call.procedure}: {type(error).__name__}; the router's log has more")
        call.fail(error)

    def look_who_watches(self) -> None:
        """Collect changes for dashboards if there are any."""
        self.dispatcher.publisher.changes_wanted = self._outside.is_watched(wire.CHANGES_TOPIC)

    def _publish_changes(self) -> None:
        if self.stopped:
            return
        publisher = self.dispatcher.publisher
        self.look_who_watches()
        changes = publisher.take_changes()
        if publisher.changes_wanted:
            for page in list(pages(changes, value_bytes)) or [[]]:
                self._outside.publish_event(wire.CHANGES_TOPIC, {"jobs": page, "status": self.status()})
        self._reactor.callLater(CHANGES_SECONDS, self._publish_changes)

    def _look(self) -> None:
        if not self.stopped:
            self._reactor.callLater(TICK, self._look)  # first: whatever fails below is logged, and looked at again
            self._status.look()

    def _measure_lag(self, due: float) -> None:
        if self.stopped:
            return
        now = self._reactor.seconds()
        self._lags.append(max(0.0, now - due))
        ahead, self._ahead = self._ahead, self._wall() - now
        if self._ahead - ahead > SLEPT_SECONDS:
            self.dispatcher.sweep_at(self._wall())
        self._reactor.callLater(LAG_SECONDS, self._measure_lag, now + LAG_SECONDS)
