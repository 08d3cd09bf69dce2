"""The worker process of the node's own tasks: starts when one of their jobs is ready, and ends when there has been none for a while.

Most nodes never send anything, and start none. No other worker may offer these tasks: their names are refused to all but this one.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Protocol

from twisted.logger import Logger

from taskbahn.errors import InvalidName
from taskbahn.protocol.outgoing import BUILT_IN, NODE_QUEUE

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.protocol import messages
    from taskbahn_router.dispatcher.dispatcher import Dispatcher

LOOK_SECONDS = 0.5
IDLE_SECONDS = 300.0  # seconds without a job, after which it ends
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds between an end that nothing asked for and the next start, doubled each time
GOOD_SECONDS = 60.0  # seconds that it has to live for the pause to be short again


class Process(Protocol):
    """A process that was started."""

    def stop(self) -> None:
        """Ask it to end, when its jobs have ended."""


class NodeWorker:
    """Starts and ends it.   start: starts a process; None: there is none, as in tests, and such jobs wait."""

    log = Logger("taskbahn.node_worker")

    def __init__(self, dispatcher: Dispatcher, start: Callable[[str, Callable[[str], None]], Process] | None) -> None:
        self._dispatcher = dispatcher
        self._state = dispatcher.state
        self._start = start
        self._process: Process | None = None
        self._id = ""
        self._started_at = self._busy_at = 0.0
        self._not_before = 0.0
        self._pause = FIRST_PAUSE
        self._is_stopping = False
        self.can_start = start is not None
        self.trouble = ""  # why it does not stay, as a sentence
        if start is not None:
            dispatcher.maintenance.add("node worker", self._look, interval=LOOK_SECONDS)

    def declared_by(self, hello: messages.Hello) -> list[messages.TaskDeclaration]:
        """Return the tasks that a worker declares; those of the node are known.  Raises InvalidName for them from any other worker."""
        named = [task.name for task in hello.tasks if task.name in BUILT_IN]
        if not named:
            return hello.tasks
        if self._process is None or not secrets.compare_digest(hello.worker.encode(), self._id.encode()):
            raise InvalidName(named[0])
        return []

    def stop(self) -> None:
        """Let it end with the node."""
        self._is_stopping = True
        if self._process is not None:
            self._process.stop()

    def _look(self) -> None:
        now = self._dispatcher.clock.seconds()
        if self.trouble and self._id in self._state.workers:
            self.trouble = ""
        if self._has_jobs():
            self._busy_at = now
            if self._process is None and now >= self._not_before and not self._is_stopping:
                self._begin(now)
        elif self._process is not None and now - max(self._busy_at, self._started_at) > IDLE_SECONDS:
            self._process.stop()

    def _has_jobs(self) -> bool:
        partitions = (self._state.partitions.get((NODE_QUEUE, name)) for name in BUILT_IN)
        if any(partition is not None and partition.ready > 0 for partition in partitions):
            return True
        worker = self._state.workers.get(self._id)
        return worker is not None and bool(worker.attempts)

    def _begin(self, now: float) -> None:
        assert self._start is not None  # noqa: S101 - it looks only then
        self._id = f"node-{secrets.token_hex(8)}"
        self._started_at = now
        try:
            self._process = self._start(self._id, self._ended)
        except OSError as error:
            self._ended(f"it cannot be started: {error}")

    def _ended(self, why: str) -> None:
        now = self._dispatcher.clock.seconds()
        self._process = None
        if not why or self._is_stopping:
            self.trouble = ""
            return
        if now - self._started_at > GOOD_SECONDS:
            self._pause = FIRST_PAUSE
        self.trouble = why
        self.log.warn("the node's own worker has ended ({why}); next start in {pause:.0f} s", why=why, pause=self._pause)
        self._not_before = now + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
