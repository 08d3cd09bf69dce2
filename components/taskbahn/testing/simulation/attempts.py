"""The attempts of a simulation, each with a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
        self.is_parked = False

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> Any:  # type: ignore[override]
        """Have *callback* called on the loop, when it is the attempt's turn."""
        if self.is_parked and threading.get_ident() != self._attempt.thread.ident:
            self._worker.wakes(self._attempt, lambda: self._wake(callback, *args, context=context))
            return None
        return super().call_soon_threadsafe(callback, *args, context=context)

    def _wake(self, callback: Any, *args: Any, context: Any) -> None:
        self.is_parked = False

        def woken() -> None:
            self.call_later(LOOK_SECONDS, self._look)
            callback(*args)

        super().call_soon_threadsafe(woken, context=context)

    def _look(self) -> None:
        waits = self._attempt.context.waits
        if not self.is_parked and waits is not None and waits._holds:  # noqa: SLF001 - it wakes only what has not parked it again
            self.is_parked = True
            self._worker.rests(self._attempt)
