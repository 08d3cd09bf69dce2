"""The disk under the data directory: what a start needs of it, what is wrong with it, and what to do about that."""

from __future__ import annotations

import errno
import os
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ROOM_BYTES = 1 << 20  # bytes: configuration, keys and a new database take 0.3 MiB, the first jobs some more
KIB = 1024
PAGE_BYTES = 4096
FULL = {errno.ENOSPC, errno.EDQUOT}


def check_free_space(folder: Path, size: int = ROOM_BYTES) -> None:
    """Write *size* bytes, by default as many as a start does, and take them away.  Raises OSError.

    It writes, for no number shows quotas, reserved blocks and whether the disk is well.
    """
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        left = size
        while left:
            left -= file.write(bytes(left))  # a nearly full disk takes what fits, and refuses the next write
        os.fsync(file.fileno())


def what_is_wrong(folder: Path) -> str:
    """Return what is wrong with the disk under *folder*, found by writing to it; empty when it takes what is written."""
    try:
        check_free_space(folder, PAGE_BYTES)
    except OSError as error:
        kind = "full" if error.errno in FULL else "read-only" if error.errno == errno.EROFS else "broken"
        return f"{kind} ({error.strerror})"
    return ""


def why(error: OSError, data: Path) -> str:
    """Return the sentence for a start that could not write to the data directory."""
    if error.errno in FULL:
        return (
            f"the disk of {data} is full ({error.strerror}; {_left(data)}): a start needs {ROOM_BYTES // KIB} KiB; "
            "make room there, or give a directory on another disk with --data"
        )
    if error.errno == errno.EROFS:
        return (
            f"the disk of {data} is read-only ({error.strerror}): mount it for writing - the kernel's log says whether it was made "
            "read-only because of errors - or give a directory on another disk with --data"
        )
    return f"the data directory {data} cannot be written ({error.strerror}): give one that this user may write to with --data"


def _left(data: Path) -> str:
    """Say how much is free; the nearest parent that exists is on the same disk."""
    there = next(folder for folder in (data, *data.parents) if folder.exists())
    disk = os.statvfs(there)
    files = f" and {disk.f_favail} files" if disk.f_files else ""  # some file systems do not count them
    return f"{disk.f_bavail * disk.f_frsize // KIB} KiB{files} are free"
