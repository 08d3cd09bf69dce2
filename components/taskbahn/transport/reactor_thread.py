"""A Twisted reactor of the client's own, on a thread of its own, so that the client works in any program.

It is never installed as *the* reactor: a program with Twisted keeps its own, may start it whenever it likes, and may
block on a job without blocking the connection; a forked child simply makes another one.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from taskbahn.attempt.blocking import on_reactor
from taskbahn.transport.monotonic_reactor import steady_timers

try:
    from twisted.internet.epollreactor import EPollReactor as Reactor
except ImportError:  # macOS, Windows
    from twisted.internet.selectreactor import SelectReactor as Reactor

if TYPE_CHECKING:
    from collections.abc import Callable

JOIN_SECONDS = 2.0


def make_reactor() -> Any:
    """Return a new reactor, not installed."""
    kind: Any = Reactor
    reactor = kind()
    steady_timers(reactor)
    reactor._registerAsIOThread = False  # noqa: SLF001 - that is the business of the program's reactor
    return reactor


class ReactorThread:
    """Runs `reactor` on a daemon thread from `start` to `stop`."""

    def __init__(self, name: str) -> None:
        self.reactor = make_reactor()
        self._lock = threading.RLock()  # reentrant: a signal handler may call in the middle of a call
        self._is_over = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def _run(self) -> None:
        on_reactor()
        try:
            self.reactor.run(installSignalHandlers=False)
        finally:
            with self._lock:
                self._is_over = True
                _close(self.reactor)

    def start(self) -> None:
        """Begin to run."""
        self._thread.start()

    def call(self, function: Callable[..., Any], *args: Any) -> None:
        """Have *function* called on the thread soon; never, once it has stopped."""
        with self._lock:  # under the lock: after `stop`, another owner may have the descriptor that wakes the reactor
            if not self._is_over:
                self.reactor.callFromThread(function, *args)

    def stop(self) -> None:
        """Stop; returns when the thread has ended, or after two seconds."""
        self.call(self._crash)
        if threading.current_thread() is not self._thread:
            self._thread.join(JOIN_SECONDS)

    def _crash(self) -> None:
        if self.reactor.running:
            self.reactor.stop()


def _close(reactor: Any) -> None:
    """Close the descriptors of a reactor that has stopped: Twisted leaves them to the end of the process."""
    waker, reactor.waker = reactor.waker, None
    reactor._internalReaders.discard(waker)  # noqa: SLF001 - no public way to it
    reactor.removeReader(waker)
    waker.connectionLost(None)
    poller = getattr(reactor, "_poller", None)
    if poller is not None:
        poller.close()
