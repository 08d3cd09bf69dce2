"""A fork waits until no other thread is in the middle of an import.

A copy has the forking thread alone: a module that another thread was importing would stay half done in it, and locked for good.
Taskbahn imports much at its first use, so that first use in a thread and a fork in another may meet. The forking thread waits five
seconds at most, since the import may itself wait for it. The copy then drops each half imported module, and imports it again when it needs it.
"""

from __future__ import annotations

import importlib._bootstrap as bootstrap
import sys
import threading
import time

MAX_WAIT_SECONDS = 5.0  # seconds; an import may itself wait for the thread that forks
LOOK_SECONDS = 0.001  # seconds between two looks


def _imported_elsewhere() -> list[str]:
    """Return the names of the modules that other threads are importing."""
    me = threading.get_ident()
    locks = [(name, reference()) for name, reference in list(getattr(bootstrap, "_module_locks", {}).items())]
    return [name for name, lock in locks if getattr(lock, "owner", None) not in (None, me)]


def wait_for_imports() -> None:
    """Return when no other thread imports anything, or after five seconds."""
    deadline = time.monotonic() + MAX_WAIT_SECONDS
    while _imported_elsewhere() and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)


def forget_half_imports() -> None:
    """In a copy: drop each module that another thread was importing, with its submodules and its lock. That thread is not in the copy."""
    for name in _imported_elsewhere():
        bootstrap._module_locks.pop(name, None)  # type: ignore[attr-defined]  # noqa: SLF001 - no public way to it
        for each in [each for each in sys.modules if each == name or each.startswith(f"{name}.")]:
            del sys.modules[each]
