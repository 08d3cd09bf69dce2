"""Plain functions in threads of the worker process."""

from __future__ import annotations

import ctypes
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from taskbahn.attempt.context import PARKED
from taskbahn.attempt.stops import Cancelled, Stop, TimeLimit
from taskbahn.worker.capture import Streams
from taskbahn.worker.execution import AttemptContexts, execute
from taskbahn.worker.failure import escaped, stopped
from taskbahn.worker.helper_processes import end_helpers, ends_with_helpers
from taskbahn.worker.importing import imports
from taskbahn.worker.pool import WaitQueue
from taskbahn.worker.shield import Shield, unless_shielded
from taskbahn.worker.swallowed import pause_before_again

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from taskbahn.attempt.context import AttemptContext, Record
    from taskbahn.tasks.task import Task
    from taskbahn.worker.outbox import Outbox

MAX_PARKED = 100  # threads that wait without a slot; attempts beyond that number are suspended at once
MAX_ABANDONED_THREADS = 100  # threads that never returned; beyond that number their slots are lost


class ThreadSlot:
    """One thread and the attempt in it."""

    def __init__(self) -> None:
        self.context: AttemptContext | None = None
        self.is_abandoned = False
        self.lock = threading.Lock()  # held while the worker throws an exception into the thread, or clears it
        self.thread: threading.Thread | None = None

    def throw(self, context: AttemptContext) -> None:
        """Raise in the thread, if it still runs *context*; arrives when it next executes Python code."""
        kind = TimeLimit if context.stop == "time_limit" else Cancelled
        with self.lock:
            if self.context is not context or context.ended:
                return
            if imports(self.thread.ident if self.thread is not None else None):
                again = threading.Timer(pause_before_again(), self.throw, (context,))
                again.daemon = True
                again.start()
            else:
                unless_shielded(context, lambda: _set_async_exception(self.thread, kind))

    def settle(self) -> None:
        """Make sure that nothing thrown at the last attempt arrives in the next one."""
        while True:
            try:
                with self.lock:
                    _set_async_exception(self.thread, None)
            except Stop:
                continue
            return


def _set_async_exception(thread: threading.Thread | None, kind: type[BaseException] | None) -> None:
    if thread is not None and thread.ident is not None:
        raised = None if kind is None else ctypes.py_object(kind)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), raised)


class ThreadPool:
    """Runs plain functions, at most *slots* at a time; see `worker.pool.Pool`.

    Threads take from the line themselves. They are woken by as many tokens as there is work for: one thread may well
    do all of a batch of short jobs without another one waking up.
    """

    log = Logger("taskbahn.worker")

    def __init__(self, tasks: Mapping[str, Task[..., Any]], slots: int, outbox: Outbox) -> None:
        self.slots = slots
        self._tasks = tasks
        self._new_context = AttemptContexts().new
        self._outbox = outbox
        self._line = WaitQueue()
        self._tokens: SimpleQueue[bool] = SimpleQueue()  # True: look at the waiting attempts, False: end
        self._places: list[ThreadSlot] = []
        self._abandoned = 0
        self._is_stopped = False
        self._parked: set[AttemptContext] = set()
        self._parking = threading.Lock()
        self.is_leaving = False

    async def start(self) -> None:
        """Start the threads."""
        self._streams = Streams()
        while len(self._places) < self.slots:
            self._add_place()

    async def stop(self) -> None:
        """Take nothing more; threads that still run something end with the process."""
        self._is_stopped = True
        self._line.take_back(None)
        for _ in self._places:
            self._tokens.put(False)

    def give(self, contexts: Iterable[AttemptContext]) -> None:
        """Queue *contexts*, and wake threads for them."""
        given = self._line.extend(contexts)
        for _ in range(min(given, self.slots - self._tokens.qsize())):
            self._tokens.put(True)

    def take_back(self, count: int | None = None) -> list[AttemptContext]:
        """Give up unstarted attempts."""
        return self._line.take_back(count)

    def running(self) -> list[AttemptContext]:
        """Return the attempts that run now."""
        found = [place.context for place in list(self._places)]
        return [context for context in found if context is not None and not context.ended]

    def interrupt(self, context: AttemptContext) -> None:
        """Raise in the thread, or take the attempt out of the line."""
        if self._line.remove(context):
            self._outbox.put_here(stopped(context, context.stop_reason))
            return
        self._throw(context)

    def _throw(self, context: AttemptContext) -> None:
        for place in list(self._places):
            if place.context is context:
                place.throw(context)
                self.leave(context)  # a thread that waits looks why

    def abandon(self, context: AttemptContext) -> None:
        """Give up an attempt that no exception reaches: put its outcome, and start another thread in its place."""
        for place in self._places:
            if place.context is context and not context.ended:
                if ends_with_helpers(context):
                    return
                end_helpers(context, at_once=True)  # processes that the attempt has started since
                context.ended = place.is_abandoned = True
                self._places.remove(place)
                self._parked.discard(context)
                self._abandoned += 1
                self._outbox.put_here(stopped(context, f"{context.stop_reason}; the thread did not stop and was left behind"))
                self.log.warn("a thread hangs in {task}, job {job}, and was left behind", task=context.task, job=context.job)
                if self._abandoned <= MAX_ABANDONED_THREADS:
                    self._add_place()
                return

    def park(self, context: AttemptContext, *, may_suspend: bool) -> bool:
        """Run another attempt in the slot of one that waits; from any thread."""
        shield = Shield(context, self._throw)  # a `Stop` while a thread starts would cost a slot
        try:
            shield.enter()
            if not self._make_room(context, may_suspend=may_suspend):
                return False
            self._outbox.put((PARKED, [*context.key, True]))
            return True
        finally:
            shield.leave()

    def _make_room(self, context: AttemptContext, *, may_suspend: bool) -> bool:
        with self._parking:
            if may_suspend and len(self._parked) >= MAX_PARKED:
                return False
            self._parked.add(context)
            try:
                if len(self._places) < self.slots + len(self._parked):
                    self._add_place()
            except RuntimeError:  # the system has no thread left
                self._parked.discard(context)
                return False
        return True

    def unpark(self, context: AttemptContext) -> None:
        """The attempt goes on, though another one may have its slot; from any thread."""
        self._parked.discard(context)
        self._outbox.put((PARKED, [*context.key, False]))

    def leave(self, context: AttemptContext) -> None:
        """Have a parked attempt suspended."""
        if context.waits is not None:
            context.waits.wake()

    def suspend_parked(self) -> None:
        """End the attempts that wait without a slot, and those that will."""
        self.is_leaving = True
        for context in self.running():
            self.leave(context)

    def _retires(self, place: ThreadSlot) -> bool:
        """Return whether a thread is one too many, since those that waited went on."""
        if len(self._places) <= self.slots + len(self._parked):
            return False
        with self._parking:
            if place not in self._places or len(self._places) <= self.slots + len(self._parked):
                return False
            self._places.remove(place)
        if self._line.waiting:
            self._tokens.put(True)
        return True

    def blocked(self, now: float) -> list[AttemptContext]:
        """Return attempts that wait for a slot and get none."""
        return self._line.blocked(now)

    def _add_place(self) -> None:
        place = ThreadSlot()
        place.thread = threading.Thread(target=self._serve, args=(place,), name="taskbahn-thread", daemon=True)
        self._places.append(place)
        try:
            self._new_context().run(place.thread.start)  # an attempt that makes room has started it, and it belongs to none
        except RuntimeError:
            self._places.remove(place)
            raise
        if self._line.waiting:
            self._tokens.put(True)

    def _serve(self, place: ThreadSlot) -> None:
        take, wait, put, tasks = self._line.waiting.popleft, self._tokens.get, self._outbox.put, self._tasks
        while not self._retires(place):
            try:
                context = take()
            except IndexError:
                if wait():
                    continue
                return
            context.parking = self if context.can_park else None
            place.context = context
            record = self._run(place, tasks[context.task], context)
            place.context = None
            self._parked.discard(context)  # a `Stop` may have come between its wait and the end of it
            if place.is_abandoned:  # its outcome is reported already, and the streams may belong to another worker by now
                return
            self._streams.restore()
            put(record)

    def _run(self, place: ThreadSlot, task: Task[..., Any], context: AttemptContext) -> Record:
        record: Record | None = None
        try:
            record = self._new_context().run(execute, task, context)
            if context.stop is None:  # the attempt has ended, so the worker throws nothing more at it
                return record
            place.settle()
        except Stop:  # the `Stop` came after the function had returned; the worker throws nothing twice
            place.settle()
        except BaseException as error:  # noqa: BLE001 - a thread that ends takes its slot with it
            context.ended = True
            return escaped(context, error)
        return record or stopped(context, context.stop_reason)
