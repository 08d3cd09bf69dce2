"""Files with secrets in them, which others than their owner must not read."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from taskbahn.errors import InvalidOption

if TYPE_CHECKING:
    from pathlib import Path

MAX_FILE_BYTES = 16_384
READERS = 0o077  # of a mode: all but the owner


def read_private(path: Path, source: str, what: str, option: str, most: int = MAX_FILE_BYTES) -> bytes:
    """Return what is in a file that is its owner's alone.   source: who names it.   what: is in it, as `key`.   most: bytes.

    Raises InvalidOption.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise InvalidOption(f"{source} = {path}: {error.strerror or error}", option=option) from None
    try:
        found = os.fstat(file)  # of the file that is open: the path may lead elsewhere by now
        if not stat.S_ISREG(found.st_mode):
            raise InvalidOption(f"{source} = {path}: it is no file with a {what} in it", option=option)
        if found.st_mode & READERS:
            mode = stat.S_IMODE(found.st_mode)
            raise InvalidOption(
                f"{source} = {path}: others may read or change this {what} (mode {mode:03o}); run `chmod 600 {path}`, and make a "
                "new one if they may have read it",
                option=option,
            )
        return os.read(file, most)
    finally:
        os.close(file)
