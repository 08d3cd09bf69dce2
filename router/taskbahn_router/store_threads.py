"""Threads for the store: one writes, one reads, and each does one thing after the other."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable


class Thread:
    """A thread that runs functions one after the other; the store's own, or a reader's."""

    def __init__(self, reactor: Any, name: str) -> None:
        self._reactor = reactor
        self._work: SimpleQueue[tuple[Deferred[Any], Callable[..., Any], tuple[Any, ...]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self._thread.start()

    def run(self, function: Callable[..., Any], *args: Any) -> Deferred[Any]:
        """Run a function on this thread; the Deferred fires on the loop."""
        done: Deferred[Any] = Deferred()
        self._work.put((done, function, args))
        return done

    def stop(self) -> None:
        """End after what is queued, and wait for it."""
        if self._thread.is_alive():
            self._work.put(None)
            self._thread.join()

    def _loop(self) -> None:
        while (item := self._work.get()) is not None:
            done, function, args = item
            try:
                value = function(*args)
            except BaseException:  # noqa: BLE001 - it travels to the caller that waits
                self._reactor.callFromThread(done.errback, Failure())  # type: ignore[no-untyped-call]
            else:
                self._reactor.callFromThread(done.callback, value)
