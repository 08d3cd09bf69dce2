"""Passwords are hashed beside the event loop, few at once; how many wait is bounded, so that a flood of logins ends."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from taskbahn.errors import NotReady
from taskbahn_router.access.passwords import OF_NO_PASSWORD, hashed, is_password
from taskbahn_router.store_threads import Thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.model.ports import Runner

THREADS = max(1, min(4, (os.cpu_count() or 1) // 2))  # the other half of the cores is for the event loop and the store
MAX_OPEN = 40  # about a second of work for one thread
MAX_OPEN_OF_ONE = 8  # of one address
BUSY = "too many passwords are being checked now: try again in a moment"


class HashThreads:
    """Threads that hash. They are started when they are needed first: a node without login has none."""

    def __init__(self, reactor: Any, count: int = THREADS) -> None:
        self._reactor = reactor
        self._count = count
        self._threads: list[Thread] = []
        self._next = 0

    def run(self, function: Callable[..., Any], *args: Any) -> Deferred[Any]:
        """Run a function on one of the threads; the Deferred fires on the loop."""
        if not self._threads:
            self._threads = [Thread(self._reactor, f"taskbahn-passwords-{number}") for number in range(self._count)]
        self._next = (self._next + 1) % len(self._threads)
        return self._threads[self._next].run(function, *args)

    def stop(self) -> None:
        """End after what is queued, which is bounded, and wait for it."""
        for thread in self._threads:
            thread.stop()


class PasswordChecks:
    """Hashes and compares.   runner: runs functions elsewhere than on the event loop."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._open: Counter[str] = Counter()  # by address

    def hash(self, password: bytes, address: str) -> Deferred[bytes]:
        """Give what the node keeps of a prepared password.  Raises NotReady: too many are open."""
        return self._run(address, hashed, password)

    def compare(self, kept: bytes | None, password: bytes, address: str) -> Deferred[bool]:
        """Say whether a prepared password is that of which *kept* is kept.   None: there is none, which takes as long.  Raises NotReady."""
        return self._run(address, is_password, OF_NO_PASSWORD if kept is None else kept, password)

    def _run(self, address: str, function: Callable[..., Any], *args: Any) -> Deferred[Any]:
        if self._open.total() >= MAX_OPEN or self._open[address] >= MAX_OPEN_OF_ONE:
            raise NotReady(BUSY)
        self._open[address] += 1

        def ended(result: Any) -> Any:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]
            return result

        return self._runner.run(function, *args).addBoth(ended)
