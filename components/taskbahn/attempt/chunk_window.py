"""The chunks of one attempt on their way: a generator that is faster than its chunks are recorded waits."""

from __future__ import annotations

import contextlib
from collections import deque
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

MAX_WAITING_CHUNKS = 1_000  # chunks of one attempt that are not recorded yet
MAX_WAITING_BYTES = 4 * 1024 * 1024
LOOK_SECONDS = 0.1  # seconds between two looks whether a waiting attempt has to stop


class ChunkWindow:
    """The chunks of one attempt that are not recorded yet. One thread sends, another one hears of what is recorded; no lock
    is held, for an exception that stops the attempt may arrive anywhere.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, int]] = deque()  # mark, bytes
        self._sent_bytes = 0
        self._recorded_bytes = 0
        self._tokens: SimpleQueue[None] = SimpleQueue()
        self._waiter: asyncio.Future[None] | None = None

    @property
    def is_full(self) -> bool:
        """True when the attempt may send no more chunks for now."""
        return (
            len(self._waiting) >= MAX_WAITING_CHUNKS or self._sent_bytes - self._recorded_bytes >= MAX_WAITING_BYTES
        ) and bool(self._waiting)

    def __len__(self) -> int:
        return len(self._waiting)

    def sent(self, mark: int, size: int) -> None:
        """Note a chunk of *size* bytes that is about to be sent under *mark*."""
        self._sent_bytes += size
        self._waiting.append((mark, size))

    def recorded(self, mark: int) -> None:
        """Note that all chunks up to *mark* are recorded; from any thread."""
        waiting = self._waiting
        while waiting and waiting[0][0] <= mark:
            self._recorded_bytes += waiting.popleft()[1]
        if not self.is_full:
            if self._tokens.empty():
                self._tokens.put(None)
            waiter = self._waiter
            if waiter is not None:
                with contextlib.suppress(RuntimeError):  # the loop of the waiter is closed
                    waiter.get_loop().call_soon_threadsafe(_wake, waiter)

    def wait(self, check: Callable[[], None]) -> None:
        """Wait until more may be sent; *check* raises Cancelled or TimeLimit if the attempt has to stop."""
        while self.is_full:
            check()
            try:
                self._tokens.get(timeout=LOOK_SECONDS)
            except Empty:
                continue

    async def wait_async(self) -> None:
        """As `wait`; a stop cancels the coroutine."""
        import asyncio  # late: most processes of a worker need no asyncio

        while True:
            waiter = self._waiter = asyncio.get_running_loop().create_future()
            if not self.is_full:  # only after the waiter is there: another thread may have recorded chunks meanwhile
                return
            await waiter


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
