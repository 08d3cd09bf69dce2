"""Threads that an attempt starts belong to it: `threading.Thread`, and what is submitted to a `ThreadPoolExecutor`.

`asyncio.to_thread` and `loop.run_in_executor` submit to such an executor. Code outside of attempts pays one look at a
context variable for each thread that it starts.
"""

from __future__ import annotations

import concurrent.futures.thread as executor_threads
import contextlib
import threading
from typing import TYPE_CHECKING, Any

from taskbahn.attempt.context import ACTIVE
from taskbahn.attempt.ownership import carry
from taskbahn.attempt.stops import Stop

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

# An executor's thread outlives the attempt that made the executor start it; each piece of work says whose it is.
# There is no public way to know such a thread.
EXECUTOR_TARGET = getattr(executor_threads, "_worker", object())


class HelperThreads:
    """Puts the hooks in place with `start` and takes them away with `stop`; both may be called twice."""

    def __init__(self) -> None:
        self._originals: tuple[Any, Any] | None = None

    def start(self) -> None:
        """Let threads inherit their attempt from now on."""
        if self._originals is not None:
            return
        start, submit = self._originals = threading.Thread.start, executor_threads.ThreadPoolExecutor.submit

        def start_carried(thread: threading.Thread) -> None:
            if ACTIVE.get() is not None and getattr(thread, "_target", None) is not EXECUTOR_TARGET:
                _carry_run(thread)
            start(thread)

        def submit_carried(pool: Any, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            return submit(pool, function if ACTIVE.get() is None else carry(function), *args, **kwargs)

        threading.Thread.start = start_carried  # type: ignore[method-assign, assignment]
        executor_threads.ThreadPoolExecutor.submit = submit_carried  # type: ignore[method-assign]

    def stop(self) -> None:
        """Put back the original functions."""
        if self._originals is None:
            return
        threading.Thread.start, executor_threads.ThreadPoolExecutor.submit = self._originals  # type: ignore[method-assign]
        self._originals = None


def _carry_run(thread: threading.Thread) -> None:
    run = carry(thread.run)

    def run_carried() -> None:
        try:
            with contextlib.suppress(Stop):  # `current.check()`: the thread ends with its attempt, which says why
                run()
        finally:
            vars(thread).pop("run", None)  # or the thread would refer to itself

    thread.run = run_carried  # type: ignore[method-assign]
