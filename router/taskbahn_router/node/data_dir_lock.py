"""One node per data directory: locks that its processes hold, and that the kernel takes back when they end in any way.

There are two. `lock` is held by `taskbahn up` and Crossbar's controller together, so it is free when both are gone. `owner` is held
by `taskbahn up` alone, for as long as it means to stay: who finds it taken need not wait, and who finds it free while `lock` is
taken meets a node that is ending, which takes a moment.
Crossbar's own node.pid is no lock: it stays behind after a SIGKILL, and another process may have its number by then.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from taskbahn_router.host.file_lock import Held, Lock, holder_of

if TYPE_CHECKING:
    from pathlib import Path

ENDING_SECONDS = 20.0  # seconds that a start waits for a node that is just ending; `launcher` gives it fewer to stop
POLL_SECONDS = 0.03


class DataDirTaken(Exception):
    """Another node has the folder; `pid` is its `taskbahn up`, 0 when that has gone or is ending and the rest of it stays."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"taken by process {pid}" if pid else "taken by a node that is ending")
        self.pid = pid


class DataDirLock:
    """The right to run a node in *folder*; held by this process, and by those that inherit `descriptor`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock(folder / "lock")
        self._owner = Lock(folder / "owner")

    @property
    def descriptor(self) -> int:
        """The open file that the shared lock belongs to."""
        return self._lock.descriptor

    def take(self) -> bool:
        """Take it; return whether the node before was killed, in which case its router process may still be ending. Safe twice.

        Raises DataDirTaken: at once if a node stays, later if one is ending and does not end.  OSError: the folder cannot be written.
        """
        if self._lock.descriptor >= 0:
            return False
        until = time.monotonic() + ENDING_SECONDS
        while not self._take_both():
            owner = holder_of(self._folder / "owner")
            if (owner is not None and owner.pid) or time.monotonic() > until:
                raise DataDirTaken(owner.pid if owner else 0)
            time.sleep(POLL_SECONDS)
        left = self._folder / "node.pid"
        was_killed = left.exists()
        left.unlink(missing_ok=True)
        return was_killed

    def make_way(self) -> None:
        """Say that this node is ending, so that the next one waits for it; safe twice, and in a handler of signals."""
        self._owner.release()

    def release(self) -> None:
        """Release both locks; safe twice."""
        self._owner.release()
        self._lock.release()

    def _take_both(self) -> bool:
        try:
            self._lock.take()
        except Held:
            return False
        try:
            self._owner.take()
        except Held:  # another process holds the lock for a moment, to see whether it is free
            self._lock.release()
            return False
        return True
