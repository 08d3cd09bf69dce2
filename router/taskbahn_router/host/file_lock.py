"""A file that one process holds at a time, and that says which: the kernel takes the hold back, however that process ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Holder(NamedTuple):
    """The process that holds a lock, and the one that had started it; 0: not known."""

    pid: int
    parent: int


class Held(Exception):
    """Another process holds the file."""

    def __init__(self, holder: Holder) -> None:
        super().__init__(f"held by process {holder.pid}")
        self.holder = holder


class Lock:
    """The hold on one file; processes that inherit `descriptor` share it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    @property
    def descriptor(self) -> int:
        """The open file that the hold belongs to; -1 when there is none."""
        return self._file.fileno() if self._file else -1

    def take(self) -> None:
        """Take it and write down who has it.  Raises Held; OSError: the file cannot be made, or not be locked."""
        file = self._path.open("a+", encoding="ascii")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _read(file)
            file.close()
            if isinstance(error, BlockingIOError):
                raise Held(holder) from None
            raise  # the file system supports no locks
        with contextlib.suppress(OSError):  # on a full disk the lock holds without a note of its holder
            file.truncate(0)
            line = f"{os.getpid()} {os.getppid()}\n"
            os.write(file.fileno(), line.encode())  # a buffered file would write again at its end, and raise
        self._file = file

    def release(self) -> None:
        """Release the file; safe twice."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # the note may be missing, if the disk was full
                self._file.close()
            self._file = None


def holder_of(path: Path) -> Holder | None:
    """Return the process that holds the file; None without one, or when it must not be read."""
    try:
        with path.open(encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _read(file)
    except OSError:
        pass
    return None


def _read(file: IO[str]) -> Holder:
    file.seek(0)
    try:
        pid, parent = file.read().split()
        return Holder(int(pid), int(parent))
    except ValueError:  # the holder is just writing it
        return Holder(0, 0)
