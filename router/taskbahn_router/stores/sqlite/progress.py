"""How far a long statement of SQLite is, said while it runs."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

SAID_SECONDS = 2.0  # seconds between two sentences
STEPS_BETWEEN_LOOKS = 100_000  # of SQLite's engine, some milliseconds


@dataclass(slots=True)
class Progress:
    """What goes on now; its user sets the sentence."""

    sentence: str = ""


@contextmanager
def progress_said(connection: sqlite3.Connection, say: Callable[[str], object]) -> Iterator[Progress]:
    """Say every few seconds what goes on: SQLite makes an index in one step, 0.1 to 0.5 s for a million jobs."""
    began = said = time.monotonic()
    progress = Progress()

    def look() -> int:
        nonlocal said
        now = time.monotonic()
        if now - said >= SAID_SECONDS:
            said = now
            say(f"{progress.sentence}; this takes {now - began:.0f} s so far")
        return 0  # go on

    connection.set_progress_handler(look, STEPS_BETWEEN_LOOKS)
    try:
        yield progress
    finally:
        connection.set_progress_handler(None, STEPS_BETWEEN_LOOKS)
