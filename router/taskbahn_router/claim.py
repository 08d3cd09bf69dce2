"""One node per data directory: a lock that its processes hold together, and that the kernel takes back when they end in any way.

Crossbar's own node.pid is no lock: it stays behind after a SIGKILL, and its number may be somebody else's by then.
"""

from __future__ import annotations

import fcntl
import time
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ENDING_SECONDS = 5.0  # for a node that is just ending; see lifeline
POLL_SECONDS = 0.03


class Claim:
    """The right to run a node in *folder*; held by this process, and by those that inherit `descriptor`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[str] | None = None

    @property
    def descriptor(self) -> int:
        """The open file that the lock belongs to."""
        return self._file.fileno() if self._file else -1

    def take(self) -> bool:
        """Take it; return whether the node before was killed, in which case its router process may still be ending. Safe twice.

        Raises BlockingIOError: another node has it, and keeps it.  OSError: the folder cannot be written.
        """
        if self._file is not None:
            return False
        file = (self._folder / "lock").open("w", encoding="utf-8")
        until = time.monotonic() + ENDING_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    file.close()
                    raise
                time.sleep(POLL_SECONDS)
        self._file = file
        left = self._folder / "node.pid"
        was_killed = left.exists()
        left.unlink(missing_ok=True)
        return was_killed

    def release(self) -> None:
        """Let go; safe twice."""
        if self._file is not None:
            self._file.close()
            self._file = None
