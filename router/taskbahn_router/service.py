"""The whole dispatcher as one thing that starts and stops; it owns the store and its threads."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from taskbahn.errors import ServiceError, TaskbahnError
from taskbahn.protocol import messages
from taskbahn.protocol.message_pages import pages, value_bytes
from taskbahn.transport.monotonic_reactor import steady_timers
from taskbahn_router.access.password_checks import HashThreads
from taskbahn_router.clock import MonotonicUtc, boot_seconds
from taskbahn_router.metrics.queue_age import TICK
from taskbahn_router.parts import Parts
from taskbahn_router.procedures import handlers
from taskbahn_router.publishing.publisher import MAX_CHANGES
from taskbahn_router.store_threads import Thread
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.workers.offers import Offers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from taskbahn_router.company.login import CompanyLogin
    from taskbahn_router.core.role_limits import Limits
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.ports import RouterPort
    from taskbahn_router.outside.tokens import OutsideTokens
    from taskbahn_router.stores.contract import Store
    from taskbahn_router.workers.node_worker import Process

CHANGES_SECONDS = 0.25
LAG_SECONDS = 0.5
SWEEP_SECONDS = 600.0  # between two looks at which logins of browsers the store need not keep
EXPIRY_SECONDS = 0.5  # between two looks at which credentials are over
LAGS = 4  # last lags of the event loop; the least of them says whether something is wrong
SLEPT_SECONDS = 1.0  # seconds: timers that are later than this were late because the machine was suspended


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
        keep_audit: float | None = None,
        start_worker: Callable[[str, Callable[[str], None]], Process] | None = None,
        role_limits: Mapping[str, Limits] | None = None,
    ) -> None:
        steady_timers(reactor)
        self._reactor = reactor
        wall = self._wall = MonotonicUtc(wall, steady)
        self._outside = outside
        self._store: Store = (
            store if store is not None else SqliteStore(data, lambda sentence: self.log.info("{sentence}", sentence=sentence))
        )
        self._writing = Thread(reactor, "taskbahn-store")
        self._reading = Thread(reactor, "taskbahn-reader")
        self._hashing = HashThreads(reactor)
        self._declared: set[str] = set()
        self._lags = deque([0.0], LAGS)
        # seconds by which UTC is ahead of the reactor, which does not advance while the machine is suspended
        self._ahead = wall() - reactor.seconds()
        self.stopped = False
        self.company_login: CompanyLogin | None = None
        self.outside_tokens: OutsideTokens | None = None
        self.parts = Parts(
            self._store, self._writing, self._reading, outside, self, clock=reactor, wall=wall, uniform=uniform, settings=settings,
            start_worker=start_worker, hashing=self._hashing, role_limits=role_limits,
        )  # fmt: skip
        self.dispatcher = self.parts.dispatcher
        if keep_audit is not None:
            self.dispatcher.auditing.keep = keep_audit
        self.offers = Offers(self.dispatcher, self.parts.registry, outside)

    async def start(self) -> None:
        """Open the store, register the procedures, begin.  Raises StoreUnusable."""
        start = await self._writing.run(self._store.open)
        self._reader = reader = await self._reading.run(self._store.reader)
        self.parts.begin(start, reader)  # before any session may call
        await self.parts.triggers_known  # before any session may publish
        for uri, handler in handlers(self.parts).items():
            await self._outside.register_procedure(uri, self._guarded(handler))
        for task in self.dispatcher.state.tasks:
            self.declare(task)
        maintenance = self.dispatcher.maintenance
        maintenance.add("changes", self._publish_changes, interval=CHANGES_SECONDS, first=0.0)
        maintenance.add("lag", self._measure_lag, interval=LAG_SECONDS, first=0.0)
        maintenance.add("credentials", self.parts.credentials.end_expired, interval=EXPIRY_SECONDS)
        maintenance.add("browser_tokens", self.parts.token_issue.sweep, interval=SWEEP_SECONDS)
        maintenance.add("browser_sessions", self.parts.browser_sessions.sweep, interval=SWEEP_SECONDS)
        maintenance.add("problems", self.parts.status.look, interval=TICK, first=0.0)
        self.parts.history.load()
        Service.running = self

    def stop(self) -> Deferred[None]:
        """Commit what was gathered and close the store; safe twice. A Deferred, for which a reactor that is shutting down waits."""
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        if self.stopped:
            return
        self.stopped = True
        self.dispatcher.accepting = False
        self.dispatcher.maintenance.stop()
        self.parts.node_worker.stop()
        if self.dispatcher.loop.error is None:
            await self.dispatcher.loop.idle()
            self.dispatcher.store_minutes(all_of_them=True)
            self.dispatcher.auditing.stop()
            await self.dispatcher.loop.idle()
        self._writing.run(self._store.close)
        if self.parts.has_begun:
            self._reading.run(self._reader.close)
        self._writing.stop()
        self._hashing.stop()
        self._reading.stop()

    @property
    def trouble(self) -> str:
        """Why this service is not ready, as a sentence; empty when it is."""
        if self.stopped:
            return "the router is stopping"
        return str(self.dispatcher.loop.error or "")

    def has_session(self, session: int) -> bool:
        """Return whether a session has joined, and not left."""
        return self._outside.has_session(session)

    # what the parts ask of the service

    def later(self, function: Callable[[], Any]) -> None:
        """Call a function when this turn of the event loop is over."""
        self._reactor.callLater(0, function)

    def lag(self) -> float:
        """Return by how many seconds the event loop was late just now."""
        return self._lags[-1]

    def least_lag(self) -> float:
        """Return the least of the last few lags: one late turn is nothing."""
        return min(self._lags)

    def declare(self, task: str) -> None:
        """Register a task's own name, once."""
        if task not in self._declared:
            self._declared.add(task)
            registered = self._outside.register_procedure(task, self._guarded(self.parts.call_task))
            registered.addErrback(self._not_registered, task)

    def withdraw(self, task: str) -> None:
        """Unregister the name of a forgotten task."""
        if task in self._declared:
            self._declared.discard(task)
            self._outside.unregister_procedure(task)

    def _not_registered(self, failure: Any, task: str) -> None:
        self._declared.discard(task)
        self.log.warn("{task} cannot be called by its name: {why}", task=task, why=failure.value)

    def _guarded(self, handler: Callable[[PendingCall], None]) -> Callable[[PendingCall], None]:
        """Answer a call with the error of its handler, so that none stays open by mistake."""

        def handle(call: PendingCall) -> None:
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

    def failed(self, call: PendingCall, failure: Any) -> None:
        """Answer a call whose question to the store failed."""
        error = failure.value
        if not isinstance(error, TaskbahnError):
            self.log.failure("{procedure} failed", failure, procedure=call.procedure)
            error = ServiceError(f"an internal error in {call.procedure}: {type(error).__name__}; the router's log has more")
        call.fail(error)

    def look_who_watches(self) -> None:
        """Collect changes for dashboards if there are any."""
        self.dispatcher.publisher.changes_wanted = self._outside.is_watched(messages.CHANGES_TOPIC)

    def _publish_changes(self) -> None:
        publisher = self.dispatcher.publisher
        self.look_who_watches()
        changes = publisher.take_changes()
        is_cut = len(changes) >= MAX_CHANGES  # newer ones may have pushed out older ones
        if publisher.changes_wanted:
            for page in list(pages(changes, value_bytes)) or [[]]:
                self._outside.publish_event(
                    messages.CHANGES_TOPIC, {"jobs": page, "cut": is_cut, "status": self.parts.status_view()}
                )

    def _measure_lag(self) -> None:
        self._lags.append(self.dispatcher.maintenance["lag"].late)
        ahead, self._ahead = self._ahead, self._wall() - self._reactor.seconds()
        if self._ahead - ahead > SLEPT_SECONDS:
            self.dispatcher.sweep_at(self._wall())
            self.parts.firings.fire_at(self._wall())
            self.parts.alarms.watch_at(self._wall())
        elif ahead - self._ahead > SLEPT_SECONDS:
            self.parts.schedule_book.compute_again()
