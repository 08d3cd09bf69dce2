"""A fork waits until no other thread is in the middle of an import.

A copy has the forking thread alone: a module that another thread was importing would stay half done in it, and locked for good.
Taskbahn imports much at its first use, so that first use in a thread and a fork in another may meet.
"""

from __future__ import annotations

import importlib._bootstrap as bootstrap
import threading
import time

LONGEST_WAIT = 5.0  # seconds; an import may itself wait for the thread that forks
LOOK = 0.001  # seconds between two looks


def _is_importing_elsewhere() -> bool:
    me = threading.get_ident()
    locks = [reference() for reference in list(getattr(bootstrap, "_module_locks", {}).values())]
    return any(getattr(lock, "owner", None) not in (None, me) for lock in locks)


def wait_for_imports() -> None:
    """Return when no other thread imports anything, or after five seconds."""
    deadline = time.monotonic() + LONGEST_WAIT
    while _is_importing_elsewhere() and time.monotonic() < deadline:
        time.sleep(LOOK)
