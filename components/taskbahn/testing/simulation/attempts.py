"""The attempts of a simulation, each with a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable

    from taskbahn.attempt.context import AttemptContext, Record
    from taskbahn.testing.simulation.node import Caller
    from taskbahn.testing.simulation.worker import Worker

LOOK_SECONDS = 0.01  # seconds after which a woken loop is looked at: whether its coroutines wait again


class Attachment:
    """A session of the worker for some of its queues, as if it were a worker of its own."""

    def __init__(self, session: int, queues: list[str]) -> None:
        self.session = session
        self.queues = queues
        self.caller: Caller | None = None


class Attempt:
    """One attempt and its thread.   is_running: it is the one that runs.   is_lost: what it says is not heard any more."""

    def __init__(self, context: AttemptContext, attachment: Attachment, main: Callable[[Attempt], object]) -> None:
        self.context = context
        self.attachment = attachment
        self.is_running = self.is_lost = False
        self.loop: AttemptLoop | None = None
        self.coroutine: asyncio.Task[Record] | None = None
        self.thread = threading.Thread(target=main, args=(self,), name=f"taskbahn-{context.task}", daemon=True)


class AttemptLoop(asyncio.SelectorEventLoop):
    """The event loop of one attempt. While its coroutines wait for something of Taskbahn, what wakes it waits for its turn."""

    def __init__(self, worker: Worker, attempt: Attempt) -> None:
        super().__init__()
        self._worker = worker
        self._attempt = attempt
        self._lock = threading.Lock()
        self._coming = 0  # calls from other threads that are on their way
        self._ready: deque[asyncio.Handle]  # of asyncio's base class: what is called next
        self.is_parked = False

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> Any:  # type: ignore[override]
        """Have *callback* called on the loop, when it is the attempt's turn."""
        if threading.get_ident() == self._attempt.thread.ident:
            return super().call_soon_threadsafe(callback, *args, context=context)
        with self._lock:
            is_parked = self.is_parked
            self._coming += not is_parked
        if is_parked:
            self._worker.wakes(self._attempt, lambda: self._wake(callback, *args, context=context))
            return None
        return super().call_soon_threadsafe(lambda: self._come(callback, *args), context=context)

    def _come(self, callback: Any, *args: Any) -> None:
        with self._lock:
            self._coming -= 1
        callback(*args)

    def rest(self) -> None:
        """Note that the coroutines wait; soon, if there is something on its way with which they go on. On this loop's thread."""
        with self._lock:
            self.is_parked = not self._coming and not self._ready
        if self.is_parked:
            self._worker.rests(self._attempt)
        else:
            self.call_later(LOOK_SECONDS, self._look)

    def go_on(self) -> None:
        """Note that a coroutine goes on. On this loop's thread."""
        with self._lock:
            was_parked, self.is_parked = self.is_parked, False
        if was_parked:  # by a timer of the loop: what the driver does waits for it
            self._worker.wakes(self._attempt, lambda: None)

    def _wake(self, callback: Any, *args: Any, context: Any) -> None:
        with self._lock:
            self.is_parked = False
            self._coming += 1

        def woken() -> None:
            self.call_later(LOOK_SECONDS, self._look)
            callback(*args)

        super().call_soon_threadsafe(lambda: self._come(woken), context=context)

    def _look(self) -> None:
        waits = self._attempt.context.waits
        if not self.is_parked and waits is not None and waits._holds:  # noqa: SLF001 - it wakes only what has not parked it again
            self.rest()
