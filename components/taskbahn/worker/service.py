"""The worker: a session to the dispatcher on one side, pools on the other, the books between them."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import msgspec
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallOptions
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from taskbahn.attempt.context import AttemptContext
from taskbahn.attempt.ownership import PROCESS
from taskbahn.errors import InvalidRequest, RouterUnavailable
from taskbahn.protocol import messages
from taskbahn.protocol.vitals import Vitals
from taskbahn.transport.connection import Connection
from taskbahn.worker.blockades import blocked_of, log_blockade
from taskbahn.worker.capture import Capture
from taskbahn.worker.failure import outcome
from taskbahn.worker.helper_processes import HelperProcesses
from taskbahn.worker.helper_threads import HelperThreads
from taskbahn.worker.inputs import InputReader
from taskbahn.worker.limits import Sweeper, order_stop
from taskbahn.worker.outbox import Outbox
from taskbahn.worker.pools.loop import LoopPool
from taskbahn.worker.pools.process import ProcessPool
from taskbahn.worker.pools.thread import ThreadPool
from taskbahn.worker.refused_role import explained
from taskbahn.worker.relay import Relay
from taskbahn.worker.reporter import Reporter
from taskbahn.worker.swallowed import Swallowed
from taskbahn.worker.vitals import Measure

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

    from taskbahn.app import Taskbahn
    from taskbahn.transport.session import Session
    from taskbahn.worker.loop_watch import Blockade
    from taskbahn.worker.pool import Pool

LOOP_SLOTS = 100  # slots of `async def` tasks, unless the user says otherwise


@dataclass(frozen=True)
class Settings:
    """How a worker is to be run. slots: attempts at a time, None: one a CPU, or 100 if all tasks are `async def`."""

    target: str  # MODULE:APP, for child processes
    url: str
    name: str | None = None
    slots: int | None = None
    queues: list[str] = field(default_factory=lambda: [messages.DEFAULT_QUEUE])

    def slots_for(self, app: Taskbahn) -> int:
        """Return how many attempts the dispatcher may hand out at a time."""
        if self.slots is not None:
            return self.slots
        only_async = all(task.pool == "loop" for task in app.tasks.values())
        return LOOP_SLOTS if only_async else os.cpu_count() or 1


class Worker:
    """Runs attempts for as long as it is wanted; lives on the event loop of an `AsyncioSelectorReactor`.

    on_attached: called after each welcome.   on_refused: called with the dispatcher's answer when it does not take this
    worker, or dismisses it.   on_lost: called with the reason when the session ends, though it was wanted.   task_reactor: see `LoopThread`.
    on_failed: see `Reporter`.
    """

    log = Logger("taskbahn.worker")

    def __init__(
        self,
        app: Taskbahn,
        settings: Settings,
        *,
        reactor: Any,
        loop: asyncio.AbstractEventLoop,
        on_refused: Callable[[Exception], None] = lambda _: None,
        on_attached: Callable[[], None] = lambda: None,
        on_lost: Callable[[str], None] = lambda _: None,
        on_failed: Callable[[AttemptContext, dict[str, Any]], None] = lambda _, __: None,
        task_reactor: Any = None,
    ) -> None:
        self.app = app
        self.settings = settings
        self.slots = settings.slots_for(app)
        self.id = settings.name or f"{socket.gethostname()}-{os.getpid()}-{os.urandom(2).hex()}"
        self.is_draining = False
        self._is_stopped = False
        self._loop = loop
        self._since: float | None = None
        self._suspends = False  # whether the dispatcher knows attempts that wait without a slot
        self._task_reactor = task_reactor
        self._blockade: Blockade | None = None
        self._measure = Measure(self._children)
        self.reporter = Reporter(
            loop,
            on_refused=self._refused,
            on_unanswered=self._unanswered,
            on_chunks=self._chunks_recorded,
            on_failed=on_failed,
            measure=self._vitals,
        )
        self.outbox = Outbox(loop, self.reporter.deliver)
        self.connection = Connection(settings.url, reactor=reactor, on_open=self._open, on_lost=self._lost, access=app.access)
        self._capture = Capture()
        self._pools = self._make_pools(loop)
        self._pool_of = {name: self._pools[task.pool] for name, task in app.tasks.items()}
        self._sweeper = Sweeper(loop, list(self._pools.values()), is_busy=self._is_busy, on_blocked=self.reporter.hand_back)
        hit_again = self._sweeper.hit_again
        self._inputs = InputReader(self._ask, self._give, self.reporter.hand_back, app.tasks)
        self._helpers = HelperThreads(), HelperProcesses(hit_again), Relay(), Swallowed(hit_again)
        self._on_refused = on_refused
        self._on_attached = on_attached
        self._on_lost = on_lost

    def _children(self) -> list[int]:
        pool = self._pools.get("process")
        return [child.pid for child in pool.children] if isinstance(pool, ProcessPool) else []

    def _is_busy(self) -> bool:
        return bool(self.reporter.held) or self._blockade is not None or any(pool.running() for pool in self._pools.values())

    def _runs_here(self) -> bool:
        return any(pool.running() for name, pool in self._pools.items() if name != "process")

    def _make_pools(self, loop: asyncio.AbstractEventLoop) -> dict[str, Pool]:
        tasks = self.app.tasks
        pools: dict[str, Pool] = {}
        wanted = {task.pool for task in tasks.values()}
        if "process" in wanted:
            pools["process"] = ProcessPool(self.settings.target, self.slots, self.outbox, loop, self.reporter.hand_back)
        if "thread" in wanted:
            pools["thread"] = ThreadPool(tasks, self.slots, self.outbox)
        if "loop" in wanted:
            pools["loop"] = LoopPool(
                tasks,
                self.settings.slots or LOOP_SLOTS,
                self.outbox,
                on_back=self.reporter.hand_back,
                on_blocked=self._blocked,
                reactor=self._task_reactor,
            )
        return pools

    def _vitals(self) -> Vitals:
        vitals = self._measure()
        vitals.blocked = blocked_of(self._blockade, time.monotonic())
        return vitals

    def _blocked(self, blockade: Blockade | None) -> None:
        """Say in the logs and to the dispatcher that the event loop of tasks is blocked, or is not any more."""
        log_blockade(self._blockade, blockade, time.monotonic())
        self._blockade = blockade
        self.reporter.tell_vitals()

    async def start(self) -> None:
        """Warm up, then connect, and go on trying; returns before the router has answered. Raises ChildCannotStart."""
        await self.warm_up()
        self.connection.start().addErrback(lambda _: None)

    async def warm_up(self) -> None:
        """Make everything ready that needs no router; raises ChildCannotStart."""
        self._capture.start()
        for pool in self._pools.values():
            await pool.start()
        for helper in self._helpers:
            helper.start()
        PROCESS.work(lambda sentence: self.log.warn("{sentence}", sentence=sentence), self._runs_here)

    async def stop(self) -> None:
        """End everything at once; see `drain` for the polite way. Safe to call twice."""
        self._is_stopped = True
        self._sweeper.stop()
        await self.connection.stop().asFuture(self._loop)
        self.reporter.disconnected()
        for pool in self._pools.values():
            await pool.stop()
        self.outbox.stop()
        self._measure.close()
        PROCESS.work(None)
        for helper in self._helpers:
            helper.stop()
        self._capture.stop()

    def drain(self) -> None:
        """Take no more, and hand back what has not started."""
        self.is_draining = True
        self.reporter.drain()
        self._inputs.stop()
        for pool in self._pools.values():
            self.reporter.hand_back(pool.take_back())
            pool.suspend_parked()

    def give_up(self) -> None:
        """Stop what still runs and hand it back; not charged."""
        now = time.monotonic()
        for context in list(self.reporter.held.values()):
            order_stop(self._pool_of[context.task], context, "back", "the worker is stopped", now)

    @property
    def is_clear(self) -> bool:
        """True when nothing runs and all is recorded."""
        return self.reporter.is_clear

    def hello(self) -> messages.Hello:
        """Return how this worker introduces itself now."""
        return messages.Hello(
            protocol=messages.PROTOCOL,
            worker=self.id,
            slots=self.slots,
            tasks=[task.declaration() for task in self.app.tasks.values()],
            queues=self.settings.queues,
            running=self.reporter.running(),
            reports=messages.REPORTS_PREFIX + secrets.token_hex(16),
            host=socket.gethostname(),
            pid=os.getpid(),
            version=_version(),
            python=".".join(map(str, sys.version_info[:3])),
            since=self._since,
            schedules=list(self.app.declared_schedules.values()),
            triggers=list(self.app.declared_triggers.values()),
        )

    async def _open(self, session: Session) -> None:
        """Attach; returns when the dispatcher has welcomed the worker, raises what it answers instead."""
        welcomed: Deferred[messages.Welcome] = Deferred()
        hello = self.hello()
        heard: Deferred[None] = Deferred()  # the dispatcher's call for this worker's reports, which stays open

        def report() -> Deferred[None]:
            if not heard.called:
                self._loop.call_soon(heard.callback, None)  # after the session has noted the call
            return Deferred()

        try:
            await session.register(report, hello.reports)
        except ApplicationError as error:
            self._on_refused(explained(session, error))
            raise

        def on_order(plain: Any) -> None:
            order = msgspec.convert(plain, messages.WorkerOrder)
            if order.welcome is not None and not welcomed.called:
                self._suspends = order.welcome.suspends  # at once: attempts may come before the coroutine goes on
                welcomed.callback(order.welcome)
            self._obey(order)

        def ended(answer: Any) -> None:
            waiting: Deferred[Any] = heard if welcomed.called else welcomed
            if not waiting.called:
                waiting.errback(answer if hasattr(answer, "value") else RuntimeError("the dispatcher let this worker go"))
            else:
                self._dismissed(session, answer)

        attached = session.call(messages.WORKER_ATTACH, messages.plain(hello), options=CallOptions(on_progress=on_order))
        attached.addCallbacks(ended, ended)
        try:
            welcome = await welcomed
            await heard
        except Exception as error:
            self._on_refused(error)
            raise
        self._since = welcome.since
        for key in welcome.noted:  # before it reports notes of its own: the first one of a name counts
            await self._inputs.read_again(key, self._told)
        self.reporter.connected(partial(session.at_once, session.report), welcome.heartbeat)
        self._on_attached()

    def _obey(self, order: messages.WorkerOrder) -> None:
        for job, attempt, name, text in order.notes:  # first: what was recorded may be a note that came later
            self._told((job, attempt), name, text)
        if order.recorded:
            self.reporter.recorded(order.refused, order.recorded)
        if order.waits:
            self.reporter.waits()
        if order.run:
            self._run(order.run)
        for job, attempt, reason in order.cancel:
            context = self.reporter.held.get((job, attempt))
            if context is not None and not self._inputs.stop([context.key]):
                order_stop(self._pool_of[context.task], context, "cancelled", reason or "the job was cancelled", time.monotonic())
        if order.back:
            self._take_back(order.back)

    def _run(self, attempts: Iterable[messages.Attempt]) -> None:
        held, outbox = self.reporter.held, self.outbox
        batches: dict[Pool, list[AttemptContext]] = {}
        for one in attempts:
            context = AttemptContext(one.id, one.attempt, one.task, one.packed, one.run_within, outbox)
            held[one.id, one.attempt] = context
            context.can_park, context.has_permits, context.is_once = self._suspends, one.has_permits, one.is_once
            context.deadline = one.deadline
            pool = self._pool_of.get(one.task)
            if pool is None:
                error = {"type": "UnknownTask", "message": f"this worker has no task {one.task!r}"}
                outbox.put_here(outcome(context, kind="error", error=error, retry=True))
            elif (one.lacks_inputs or one.has_notes) and not self.is_draining:
                self._inputs.read(context, inputs=one.lacks_inputs, notes=one.has_notes)
            elif pool in batches:
                batches[pool].append(context)
            else:
                batches[pool] = [context]
        if self.is_draining:
            self.reporter.hand_back([context for batch in batches.values() for context in batch])
            return
        for pool, batch in batches.items():
            pool.give(batch)
        self._sweeper.wake()

    def _ask(self, procedure: str, *args: Any, **kwargs: Any) -> Deferred[Any]:
        session = self.connection.attached
        if session is None:
            raise RouterUnavailable("the connection to the router is lost")
        asked: Deferred[Any] = session.call(procedure, *args, **kwargs)
        return asked

    def _give(self, context: AttemptContext) -> None:
        """Let an attempt begin that has all its arguments."""
        if context.key not in self.reporter.held:
            return  # the dispatcher does not know it any more
        if self.is_draining:
            self.reporter.hand_back([context])
        else:
            self._pool_of[context.task].give([context])
            self._sweeper.wake()

    def _take_back(self, count: int) -> None:
        found: list[AttemptContext] = []
        for pool in self._pools.values():
            if len(found) < count:
                found += pool.take_back(count - len(found))
        self.reporter.hand_back(found)

    def _refused(self, keys: list[tuple[str, int]]) -> None:
        for key in keys:
            context = self.reporter.held.pop(key, None)
            if context is not None and not self._inputs.stop([key]):
                reason = "the dispatcher does not know this attempt any more"
                order_stop(self._pool_of[context.task], context, "refused", reason, time.monotonic())

    def _chunks_recorded(self, context: AttemptContext, mark: int) -> None:
        pool = self._pool_of[context.task]
        if isinstance(pool, ProcessPool):
            pool.chunks_recorded(context, mark)
        elif context.output is not None:
            context.output.recorded(mark)

    def _told(self, key: tuple[str, int], name: str, text: str) -> None:
        """Pass on what came from outside to the job of an attempt; an attempt that has not begun reads it."""
        context = self.reporter.held.get(key)
        if context is not None:
            context.told(name, text)
            pool = self._pool_of[context.task]
            if isinstance(pool, ProcessPool):
                pool.told(context, name, text)

    def _unanswered(self, seconds: float) -> None:
        """Connect and report again: the dispatcher is stuck, or its acknowledgement was lost, though the connection seems alive."""
        if self.connection.session is not None:
            self.connection.session.reason = f"it has not answered for {seconds:.0f} s"
        self.connection.drop()

    def _dismissed(self, session: Session, answer: Any) -> None:
        """The standing call has ended: with the session, or because the dispatcher dismisses the worker."""
        if session is self.connection.session and session.is_attached():
            error = getattr(answer, "value", None)
            if getattr(error, "error", "") == InvalidRequest.uri:
                self.reporter.drop_reports()
            if error is not None:
                self._on_refused(error)
            session.leave()

    def _lost(self, reason: str) -> None:
        self.reporter.disconnected()
        if not self._is_stopped:
            self._on_lost(reason)


def _version() -> str:
    with suppress(PackageNotFoundError):
        return version("taskbahn")
    return ""
