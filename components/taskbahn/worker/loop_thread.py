"""The event loop of `async def` tasks, on a thread of its own: what a task does there holds up neither the connection nor other pools.

Nothing that a task does ends the loop: `loop.stop()`, `reactor.stop()` and a `SystemExit` that escapes from a helper of a task become
lines of the worker's log, and the loop goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from taskbahn.attempt.stops import Cancelled
from taskbahn.worker.forked import keep_from_copies

if TYPE_CHECKING:
    from collections.abc import Callable

MONOTONIC = time.monotonic
THROW_SECONDS = 0.2  # seconds between two exceptions that are thrown into a lost thread
MAX_FAILS, FAIL_PAUSE = 10, 0.1  # times that the loop may fail at its descriptors, and the seconds between two
BROKEN_EXIT_CODE = 70  # exit code of a worker whose loop has failed (EX_SOFTWARE of sysexits.h)
MAX_THROWS = 50  # exceptions into one lost thread: what still runs after ten seconds is not Python code


def keep_clock(loop: asyncio.AbstractEventLoop) -> None:
    """Have *loop* read the clock itself, and not what a task may have put in the place of `time.monotonic`: its timers would not run."""
    loop.time = MONOTONIC  # type: ignore[method-assign]


class LoopThread:
    """Runs an asyncio loop from `start` to `stop`, or until it is given up by `lose`.

    reactor: an `AsyncioSelectorReactor`, not running, for tasks that use Twisted; it and its loop run here.
    """

    log = Logger("taskbahn.worker")

    def __init__(self, reactor: Any = None) -> None:
        self.loop: asyncio.AbstractEventLoop = reactor._asyncioEventloop if reactor else asyncio.new_event_loop()  # noqa: SLF001 - it has no other name
        keep_clock(self.loop)
        keep_from_copies(self.loop)
        self.is_lost = False
        self.kept: set[asyncio.Task[None]] = (
            set()
        )  # tasks of attempts that were given up; asyncio itself keeps a task only while it is due
        self._reactor = reactor
        self._stop_reactor: Callable[[], None] | None = None
        self._is_stopped = False
        self._fails = 0
        self._thread = threading.Thread(target=self._run, name="taskbahn-loop", daemon=True)

    @property
    def ident(self) -> int:
        """The thread's identifier; 0 before it runs."""
        return self._thread.ident or 0

    def start(self) -> None:
        """Begin to run."""
        self._thread.start()

    def call(self, function: Callable[..., Any], *args: Any) -> None:
        """Have *function* called on the loop soon; from any thread. Nothing happens if the loop is closed."""
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(function, *args)

    def keep(self, task: asyncio.Task[None]) -> None:
        """Keep a task that was given up for as long as it runs; from any thread."""
        self.kept.add(task)
        self.call(task.add_done_callback, self.kept.discard)

    def stop(self) -> None:
        """Cancel what runs there and end; does not wait for it."""
        self._is_stopped = True
        self.call(self.loop.stop)

    def join(self, seconds: float) -> bool:
        """Wait until the thread has ended; return whether it has."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def lose(self) -> None:
        """Give up a loop that does not come back: nothing of it counts any more, and its thread is to end as soon as it can."""
        self.is_lost = True
        self.stop()
        threading.Thread(target=self._throw, name="taskbahn-lost-loop", daemon=True).start()

    def _throw(self) -> None:
        """Raise in the thread, again and again: it stops where it next executes Python code."""
        for _ in range(MAX_THROWS):
            if self.join(THROW_SECONDS):
                return
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(Cancelled))

    def _run(self) -> None:
        with contextlib.suppress(Cancelled):  # a lost thread may get it at any point
            asyncio.set_event_loop(self.loop)
            if self._reactor is not None:
                self._reactor.stop, self._stop_reactor = self._refuse_to_stop, self._reactor.stop
                self._reactor.startRunning(installSignalHandlers=False)
            while not self._is_stopped:
                self._run_on()
            self._end()

    def _run_on(self) -> None:
        try:
            self.loop.run_forever()
        except OSError as error:  # a task has closed the descriptor of the loop's selector
            self._fails += 1
            if self._fails >= MAX_FAILS and not self.is_lost:
                why = "the event loop of tasks cannot go on ({error}), and the worker with it; has a task closed its descriptors?"
                self.log.error(why, error=error)  # noqa: TRY400 - its place is in asyncio
                os._exit(BROKEN_EXIT_CODE)
            time.sleep(FAIL_PAUSE)
            return
        except BaseException as error:  # noqa: BLE001 - asyncio lets SystemExit and KeyboardInterrupt through
            if not self.is_lost:
                self.log.warn("{kind} came out of the event loop of tasks, which goes on", kind=type(error).__name__)
            return
        if not self._is_stopped:
            self.log.warn("a task stopped the event loop of the worker; it goes on")

    def _refuse_to_stop(self) -> None:
        self.log.warn("a task called reactor.stop(), which would stop the worker's tasks: it goes on")

    def _end(self) -> None:
        self.loop.set_task_factory(None)  # a factory that a task has set counts no more
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        with contextlib.suppress(BaseException):  # errors of the user's code count no more
            if tasks:
                self.loop.run_until_complete(asyncio.wait(tasks))  # however long it takes: no thread waits for this one
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            if self._stop_reactor is not None and not self.is_lost:
                self._stop_reactor()  # the reactor's threads end with it
                self.loop.run_forever()
        self.loop.close()
