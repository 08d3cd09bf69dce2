"""Where attempts put what they have to say, from any thread, and where the event loop takes it."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from taskbahn.attempt.context import NOTICE
from taskbahn.worker.sendable import lost

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from taskbahn.attempt.context import AttemptContext, AttemptOutput, Record

PROGRESS_INTERVAL = 0.05  # seconds between two progress records of one attempt, at least


class ProgressGate:
    """Lets the newest progress of each attempt through, at most every `PROGRESS_INTERVAL`."""

    def __init__(self) -> None:
        self._touched: deque[AttemptContext] = deque()

    def touch(self, context: AttemptContext) -> None:
        """Note that the progress of *context* has changed; from any thread."""
        self._touched.append(context)

    def take(self, now: float) -> tuple[list[Record], float | None]:
        """Return what may be sent at *now* (monotonic), and the seconds until more may be; None if nothing waits."""
        records: list[Record] = []
        wait: float | None = None
        for _ in range(len(self._touched)):
            context = self._touched.popleft()
            output = context.output
            if output is None or not output.is_changed:
                continue  # the outcome brought the progress along
            remaining = output.sent_at + PROGRESS_INTERVAL - now
            if remaining <= 0:
                records.append(_progress_of(output, now))
            else:
                self._touched.append(context)
                wait = remaining if wait is None else min(wait, remaining)
        return records, wait


def _progress_of(output: AttemptOutput, now: float) -> Record:
    try:
        return output.progress_record(now)
    except Exception as error:  # noqa: BLE001 - it costs this record
        return lost((NOTICE, [*output.context.key, "progress", 0.0, None]), error)


class Outbox:
    """The `RecordSink` of attempts in this process: hands batches of records to *deliver*, on the event loop.

    The loop is woken once for all records that come before it looks.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, deliver: Callable[[list[Record]], None]) -> None:
        self._loop = loop
        self.deliver = deliver  # takes batches on the event loop
        self._records: deque[Record] = deque()
        self._is_signalled = False
        self._gate = ProgressGate()
        self._timer: asyncio.TimerHandle | None = None
        self._is_touched = False

    def put(self, record: Record) -> None:
        """Take *record*; from any thread."""
        self._records.append(record)
        if not self._is_signalled:
            self._is_signalled = True
            self._loop.call_soon_threadsafe(self._drain)

    def hold(self, record: Record) -> None:
        """Take *record*, in its order, without waking the loop: it goes with what comes next, or after `wake`; from any thread."""
        self._records.append(record)

    def wake(self) -> None:
        """Have what was held delivered; from any thread."""
        if self._records and not self._is_signalled:
            self._is_signalled = True
            self._loop.call_soon_threadsafe(self._drain)

    def put_here(self, record: Record) -> None:
        """Take *record*, on the event loop's own thread: without waking it."""
        self._records.append(record)
        if not self._is_signalled:
            self._is_signalled = True
            self._loop.call_soon(self._drain)

    def touch(self, context: AttemptContext) -> None:
        """Have the progress of *context* sent; from any thread."""
        self._gate.touch(context)
        self._is_touched = True
        if not self._is_signalled:
            self._is_signalled = True
            self._loop.call_soon_threadsafe(self._drain)

    def stop(self) -> None:
        """Stop looking."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._is_signalled = True

    def _drain(self) -> None:
        self._is_signalled = False
        records = self._records
        batch: list[Record] = []
        if self._is_touched:
            self._take_progress(batch)
        try:
            while True:
                batch.append(records.popleft())
        except IndexError:
            if batch:
                self._deliver(batch)

    def _deliver(self, batch: list[Record]) -> None:
        try:
            self.deliver(batch)
        except Exception:  # noqa: BLE001 - what follows must still be heard
            from twisted.logger import Logger  # late: child processes have this module and no Twisted

            Logger("taskbahn.worker").failure("what attempts said could not be passed on")

    def _take_progress(self, batch: list[Record]) -> None:
        self._is_touched = False
        ready, wait = self._gate.take(time.monotonic())
        batch += ready
        if wait is not None and self._timer is None:
            self._timer = self._loop.call_later(wait, self._again)

    def _again(self) -> None:
        self._timer = None
        self._is_touched = True
        self._drain()
