"""`async def` tasks, as asyncio tasks on the worker's event loop."""

from __future__ import annotations

import asyncio
import time
from types import AsyncGeneratorType
from typing import TYPE_CHECKING, Any

from taskbahn.attempt import ACTIVE, DONE
from taskbahn.streaming import stream_async
from taskbahn.worker.execution import AttemptContexts
from taskbahn.worker.failure import escaped, failed, stopped
from taskbahn.worker.pool import Line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from taskbahn.attempt import AttemptContext
    from taskbahn.task import Task
    from taskbahn.worker.outbox import Outbox


class LoopPool:
    """Runs coroutines, at most *slots* at a time; see `worker.pool.Pool`."""

    def __init__(self, tasks: Mapping[str, Task[..., Any]], slots: int, outbox: Outbox, loop: asyncio.AbstractEventLoop) -> None:
        self.slots = slots
        self._tasks = tasks
        self._new_context = AttemptContexts().new
        self._outbox = outbox
        self._loop = loop
        self._line = Line()
        self._running: dict[AttemptContext, asyncio.Task[None]] = {}
        self._abandoned: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Nothing to prepare."""

    async def stop(self) -> None:
        """Cancel all and forget them."""
        self._line.take_back(None)
        for task in [*self._running.values(), *self._abandoned]:
            task.cancel()
        self._running.clear()

    def give(self, contexts: Iterable[AttemptContext]) -> None:
        """Start these as far as there are slots."""
        self._line.extend(contexts)
        self._start_waiting()

    def take_back(self, count: int | None = None) -> list[AttemptContext]:
        """Give up unstarted attempts."""
        return self._line.take_back(count)

    def running(self) -> list[AttemptContext]:
        """Return the attempts that run now."""
        return list(self._running)

    def interrupt(self, context: AttemptContext) -> None:
        """Cancel the asyncio task, or take the attempt out of the line."""
        task = self._running.get(context)
        if task is not None:
            task.cancel(context.stop_reason)
        elif self._line.remove(context):
            self._outbox.put_here(stopped(context, context.stop_reason))

    def abandon(self, context: AttemptContext) -> None:
        """Its coroutine swallows the cancellation: leave it alone and use its slot for others."""
        task = self._running.pop(context, None)
        if task is not None:
            context.ended = True
            self._abandoned.add(task)
            task.add_done_callback(self._abandoned.discard)
            self._outbox.put_here(stopped(context, f"{context.stop_reason}; the coroutine did not let itself be cancelled"))
            self._start_waiting()

    def blocked(self, now: float) -> list[AttemptContext]:
        """Return attempts that wait for a slot and get none."""
        return self._line.blocked(now)

    def _start_waiting(self) -> None:
        waiting, running = self._line.waiting, self._running
        while waiting and len(running) < self.slots:
            context = waiting.popleft()
            running[context] = self._loop.create_task(self._run(context), context=self._new_context())

    async def _run(self, context: AttemptContext) -> None:
        task = self._tasks[context.task]
        ACTIVE.set(context)
        try:
            context.begin()
            args, kwargs = task.signature.unpack(context.packed)
            made = task.function(*args, **kwargs)
            is_stream = type(made) is AsyncGeneratorType
            result = task.signature.pack_result(await stream_async(context, task.signature, made) if is_stream else await made)
        except BaseException as error:  # noqa: BLE001 - what a task raises is its outcome
            record = failed(task, context, error)
        else:
            record = DONE, [context.job, context.attempt, result, context.started_at, time.time()]
        if context.ended:
            return
        context.ended = True
        try:
            context.finish()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the slot is for others now
            record = escaped(context, error)
        ACTIVE.set(None)  # or what the worker does from here on would belong to it
        self._running.pop(context, None)
        if self._running or self._line.waiting:
            self._outbox.put_here(record)
            self._start_waiting()
        else:  # nothing else will follow soon
            self._outbox.put_now(record)
