"""Keeps the tests of an application from its developer's running node.

The plugin of pytest forbids connections and its fixtures allow some; under another runner of tests that runs, they are forbidden too.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TYPE_CHECKING

from taskbahn.attempt.blocking import is_worker
from taskbahn.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# Functions that are on the stack only while tests run: an application may import the modules, and use what else is in them.
RUN_BY = {
    "unittest.case": ("run",),
    "unittest.suite": ("run",),
    "twisted.trial._synctest": ("run",),
    "twisted.trial._asynctest": ("_wait",),
    "twisted.trial._asyncrunner": ("run",),
}
RUNNERS = ("unittest.__main__", "twisted.trial.__main__")  # of `python -m`: modules of tests are imported before any runs


@contextlib.contextmanager
def without_nodes() -> Iterator[None]:
    """Refuse connections to any node, for tests that run without pytest: in `setUpModule`, or around a whole run."""
    was_closed, GUARD.is_closed = GUARD.is_closed, True
    try:
        yield
    finally:
        GUARD.is_closed = was_closed


def allow_nodes(*urls: str) -> None:
    """Let the tests of this process connect to the nodes with these addresses; without an address, to any."""
    if urls:
        GUARD.allowed.update(urls)
    else:
        GUARD.is_closed = False


class Guard:
    """Which routers may be connected to.   is_closed: none but those of `allowed`; None: so while a runner of tests runs."""

    def __init__(self) -> None:
        self.is_closed: bool | None = None
        self.allowed: set[str] = set()

    def check(self, url: str) -> None:
        """Raise InvalidRequest if this process may not connect to *url*."""
        if url in self.allowed or not (are_tests_running() if self.is_closed is None else self.is_closed):
            return
        raise InvalidRequest(
            f"this test would connect to {url}, which may be a node that is in use: start jobs within `eager(app)`, `recorded(app)` or "
            "`simulated(app)` of taskbahn.testing, or take the fixture `taskbahn_app` for a real node of the test's own; "
            "`taskbahn_nodes = allow` in pytest's configuration, or `taskbahn.testing.allow_nodes()` under another runner, lets tests "
            "connect anywhere"
        )


def are_tests_running() -> bool:
    """Return whether this is a process of Django's tests, or a test of unittest or trial runs in this thread or in the main one.

    A worker is none: its tasks may run tests.
    """
    if is_worker():
        return False
    django = sys.modules.get("django.test.utils")
    if django is not None and hasattr(getattr(django, "_TestState", None), "saved_data"):
        return True  # between `setup_test_environment` and `teardown_test_environment`, in all threads
    if "unittest.case" not in sys.modules:
        return False
    if getattr(getattr(sys.modules.get("__main__"), "__spec__", None), "name", "") in RUNNERS:
        return True
    frames = sys._current_frames()  # noqa: SLF001 - there is no other way to see another thread
    return any(_runs_tests(frames.get(id or 0)) for id in {threading.get_ident(), threading.main_thread().ident})


def _runs_tests(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_name in RUN_BY.get(frame.f_globals.get("__name__", ""), ()):
            return True
        frame = frame.f_back
    return False


GUARD = Guard()
