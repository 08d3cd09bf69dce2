"""Keeps the tests of an application from its developer's running node.

The plugin of pytest forbids connections and its fixtures allow some; under another runner of tests that runs, they are forbidden too.
Processes that the tests start learn from their environment which node they are to be kept from.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import TYPE_CHECKING

from taskbahn.attempt.blocking import is_worker
from taskbahn.errors import InvalidRequest
from taskbahn.transport.address import DEFAULT_URL, same_node, shown_address
from taskbahn.transport.credentials import split_address

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
KEPT_FROM = "TASKBAHN_NOT_FOR_TESTS"  # in the environment: addresses that what runs below a run of tests may not connect to
RUNNERS = ("unittest.__main__", "twisted.trial.__main__")  # of `python -m`: modules of tests are imported before any runs


@contextlib.contextmanager
def without_nodes() -> Iterator[None]:
    """Refuse connections to any node, for tests that run without pytest: in `setUpModule`, or around a whole run."""
    was_closed, GUARD.is_closed = GUARD.is_closed, True
    before = keep_children_away()
    try:
        yield
    finally:
        GUARD.is_closed = was_closed
        let_children(before)


def allow_nodes(*urls: str) -> None:
    """Let the tests of this process, and what they start, connect to the nodes with these addresses; without an address, to any."""
    if urls:
        GUARD.allowed.update(urls)
        let_children(" ".join(kept for kept in _kept() if not any(same_node(kept, url) for url in urls)))
    else:
        GUARD.is_closed = False
        let_children("")


@contextlib.contextmanager
def allowing(url: str) -> Iterator[None]:
    """Let tests and what they start connect to one node meanwhile."""
    before, was_allowed = os.environ.get(KEPT_FROM, ""), url in GUARD.allowed
    allow_nodes(url)
    try:
        yield
    finally:
        let_children(before)
        if not was_allowed:
            GUARD.allowed.discard(url)


def keep_children_away() -> str:
    """Have processes that start from now on keep away from the node of this environment; return what it was before."""
    before = os.environ.get(KEPT_FROM, "")
    url, _ = split_address(os.environ.get("TASKBAHN_URL") or DEFAULT_URL, "TASKBAHN_URL")
    let_children(" ".join(dict.fromkeys([*before.split(), *url.split()])))
    return before


def let_children(kept_from: str) -> None:
    """Have processes that start from now on keep away from no other addresses than these."""
    if kept_from:
        os.environ[KEPT_FROM] = kept_from
    else:
        os.environ.pop(KEPT_FROM, None)


def _kept() -> list[str]:
    return os.environ.get(KEPT_FROM, "").split()


class Guard:
    """Which routers may be connected to.   is_closed: none but those of `allowed`; None: so while a runner of tests runs."""

    def __init__(self) -> None:
        self.is_closed: bool | None = None
        self.allowed: set[str] = set()

    def check(self, url: str) -> None:
        """Raise InvalidRequest if this process may not connect to *url*."""
        if url in self.allowed or not (is_for_tests(url) if self.is_closed is None else self.is_closed):
            return
        raise InvalidRequest(
            f"this test would connect to {shown_address(url)}, which may be a node that is in use: start jobs within `eager(app)`, "
            "`recorded(app)` or `simulated(app)` of taskbahn.testing, or take the fixture `taskbahn_app` for a real node of the test's own; "
            "`taskbahn_nodes = allow` in pytest's configuration, or `taskbahn.testing.allow_nodes()` under another runner, lets tests "
            "connect anywhere"
        )


def is_for_tests(url: str) -> bool:
    """Return whether this process runs tests, or is a child of tests that would connect to the node from which they are kept."""
    return any(same_node(url, kept) for kept in _kept()) or are_tests_running()


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
