"""The router's side of a simulation: the real dispatcher over a store in memory, with a clock that only the simulation moves."""

from __future__ import annotations

import math
import random
from itertools import count
from typing import TYPE_CHECKING, Any

import msgpack
from autobahn.wamp.types import CallResult
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.task import Clock

from taskbahn.errors import TaskbahnError, from_info
from taskbahn_router.core.audit import Origin
from taskbahn_router.dispatcher.maintenance import MaintenanceService
from taskbahn_router.dispatcher.wall_timer import WallTimer
from taskbahn_router.model.pending_call import PendingCall
from taskbahn_router.parts import Parts
from taskbahn_router.procedures import handlers
from taskbahn_router.stores.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    Answered = Callable[[Any], object]
    Failed = Callable[[TaskbahnError], object]


ROUTINE = ("prune", "alarms", "audit", "audit counts")  # services that come again and again, and of which no job hears


class Caller:
    """What gets the answers to one call."""

    __slots__ = ("on_answer", "on_fail", "on_progress", "pending")

    def __init__(self, on_answer: Answered, on_fail: Failed, on_progress: Callable[..., object] | None) -> None:
        self.on_answer = on_answer
        self.on_fail = on_fail
        self.on_progress = on_progress
        self.pending: PendingCall | None = None


class Node:
    """A node without Crossbar: it is called by `call`, and has no subscribers.

    since: seconds since 1970 when it starts.   It is the router, the owner of the parts and what carries answers to callers, as
    `taskbahn_router.model.ports` and `taskbahn_router.parts` have it.
    """

    def __init__(self, since: float) -> None:
        self.clock = Clock()
        self.clock.rightNow = (
            since  # one clock for all: a difference of two of them would be rounded, and a time come before itself
        )
        self._requests = count(1)
        self._callers: dict[int, Caller] = {}
        store = MemoryStore()
        self.parts = Parts(
            store, AtOnce(), AtOnce(), self, self, clock=self.clock, wall=self.wall, uniform=random.Random(0).random  # noqa: S311 - the jitter of retries
        )  # fmt: skip
        self.parts.begin(store.open(), store.reader())
        self._handlers = handlers(self.parts)
        self.turn()

    def wall(self) -> float:
        """Return the time, in seconds since 1970."""
        return float(self.clock.seconds())

    def turn(self) -> None:
        """Run what is due now."""
        while any(timer.getTime() <= self.clock.seconds() for timer in self._timers()):
            self.clock.advance(0)

    def next_time(self) -> float:
        """Return when the dispatcher has something to do the next time, but for what it does again and again; inf: never."""
        return min(self._next_times().values(), default=math.inf)

    def next_besides_schedules(self) -> float:
        """As `next_time`, if no schedule would fire."""
        return min((time for name, time in self._next_times().items() if name != "schedules"), default=math.inf)

    def _next_times(self) -> dict[str, float]:
        """Return when each service has something to do."""
        misses_workers = any(worker.orders is None for worker in self.parts.dispatcher.state.workers.values())
        return {
            service.name: self._due_at(timer.getTime(), service)
            for timer in self._timers()
            if isinstance(service := getattr(timer.func, "__self__", None), MaintenanceService)
            and (service.name not in ROUTINE if service.interval is None else service.name == "heartbeats" and misses_workers)
        }

    def _due_at(self, timer: float, service: MaintenanceService) -> float:
        """Return when a service is really due: one by the wall clock looks now and then whether that was set, which it is not here."""
        owner = getattr(service.run_now, "__self__", None)
        return timer if not isinstance(owner, WallTimer) or owner.due_at is None else max(timer, owner.due_at)

    def unserved(self, queues: Collection[str]) -> set[str]:
        """Return the queues in which jobs are ready, besides these."""
        state = self.parts.dispatcher.state
        return {state.partitions_by_id[id].queue for id in state.partitions_with_backlog}.difference(queues)

    def stop(self) -> None:
        """Run nothing any more."""
        for timer in self._timers():
            timer.cancel()

    def _timers(self) -> list[Any]:
        return list(self.clock.getDelayedCalls())

    def call(
        self,
        procedure: str,
        args: list[Any],
        kwargs: dict[str, Any],
        *,
        session: int,
        on_answer: Answered,
        on_fail: Failed,
        on_progress: Callable[..., object] | None = None,
    ) -> Caller:
        """Call a procedure of the dispatcher, with what arrives of the arguments when they have travelled."""
        request, caller = next(self._requests), Caller(on_answer, on_fail, on_progress)
        args, kwargs = _travelled([args, kwargs])
        caller.pending = PendingCall(
            self, request, procedure, args, kwargs, caller=session, authid="simulated", wants_progress=on_progress is not None
        )
        self._callers[request] = caller
        try:
            self._handlers.get(procedure, self.parts.dispatcher.call_task)(caller.pending)
        except TaskbahnError as error:
            caller.pending.fail(error)
        return caller

    @staticmethod
    def leave(caller: Caller, *, cancelled: bool = False) -> None:
        """The caller has gone, or waits no longer."""
        if caller.pending is not None:
            caller.pending.open = False
            caller.pending.gone(cancelled=cancelled)

    # answers

    def progress(self, request: int, value: Any) -> None:
        """Send a progressive result."""
        on_progress = self._callers[request].on_progress
        if on_progress is not None:
            on_progress(_travelled(value))

    def answer(self, request: int, args: list[Any], kwargs: dict[str, Any] | None) -> None:
        """Send the result."""
        args, kwargs = _travelled([args, kwargs or {}])
        value = CallResult(*args, **kwargs) if kwargs or len(args) > 1 else args[0] if args else None
        self._callers.pop(request).on_answer(value)

    def fail(self, request: int, error: TaskbahnError) -> None:
        """Send an error."""
        said = {"error": error.uri, "message": str(error), "detail": error.detail}
        self._callers.pop(request).on_fail(from_info(_travelled(said)))

    # the router

    def register_procedure(self, uri: str, handler: Callable[[PendingCall], None]) -> Deferred[None]:
        """Offer a procedure."""
        self._handlers[uri] = handler
        return succeed(None)

    def unregister_procedure(self, uri: str) -> None:
        """Offer a procedure no longer."""
        self._handlers.pop(uri, None)

    def publish_event(self, topic: str, value: Any) -> None:
        """Publish nothing: no page looks at a simulation."""

    def pass_on(self, topic: str, args: list[Any], kwargs: dict[str, Any]) -> None:
        """Publish nothing."""

    def is_watched(self, topic: str) -> bool:
        """Return whether there are subscribers."""
        return False

    def watches_jobs(self) -> bool:
        """Return whether there are subscribers."""
        return False

    def flush_sockets(self) -> None:
        """Do nothing: there are no sockets."""

    def subscribe_events(self, uri: str, match: str, heard: Callable[..., None]) -> None:
        """Hear of no events but those of `app.publish`, which the dispatcher has itself."""

    def unsubscribe_events(self, uri: str, match: str) -> None:
        """End a subscription."""

    def call_offer(self, uri: str, args: list[Any], kwargs: dict[str, Any], on_progress: Callable[..., None]) -> Deferred[Any]:
        """Call a procedure of another session, of which there are none."""
        raise NotImplementedError(
            f"a simulation has no browser that offers {uri}: {len(args) + len(kwargs)} arguments, {on_progress}"
        )

    def end_session(self, session: int, reason: str) -> None:
        """Close a session, which a simulation does not have."""

    def has_session(self, session: int) -> bool:
        """Return whether a session has joined, and not left."""
        return True

    def origin(self, session: int | None, authid: str | None) -> Origin:
        """Return where calls come from."""
        return Origin(authid)

    def unread_bytes(self, session: int | None) -> int:
        """Return how much waits for a reader."""
        return 0

    # the owner of the parts

    def declare(self, task: str) -> None:
        """Register the name of a task: no plain client calls it here."""

    def withdraw(self, task: str) -> None:
        """Unregister the name of a task."""

    def failed(self, call: PendingCall, failure: Any) -> None:
        """Answer a call whose question to the store failed."""
        call.fail(failure.value if isinstance(failure.value, TaskbahnError) else TaskbahnError(failure.getErrorMessage()))

    def lag(self) -> float:
        """Return by how much the loop is late."""
        return 0.0

    least_lag = lag


class AtOnce:
    """Runs the functions of the store where they are asked for."""

    @staticmethod
    def run(function: Callable[..., Any], *args: Any) -> Deferred[Any]:
        """Return a Deferred with the function's result."""
        return maybeDeferred(function, *args)


def _travelled(value: Any) -> Any:
    """Return what arrives of a value at the other end of a connection."""
    return msgpack.unpackb(msgpack.packb(value, use_bin_type=True), raw=False, strict_map_key=False)
