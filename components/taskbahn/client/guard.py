"""Keeps the tests of an application from its developer's running node: `taskbahn.testing.plugin` forbids connections, fixtures allow some."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from taskbahn.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def without_nodes() -> Iterator[None]:
    """Refuse connections to any node, for tests that run without pytest: in `setUpModule`, or around a whole run."""
    was_closed, GUARD.is_closed = GUARD.is_closed, True
    try:
        yield
    finally:
        GUARD.is_closed = was_closed


class Guard:
    """Which routers may be connected to.   is_closed: none but those of `allowed`."""

    def __init__(self) -> None:
        self.is_closed = False
        self.allowed: set[str] = set()

    def check(self, url: str) -> None:
        """Raise InvalidRequest if this process may not connect to *url*."""
        if self.is_closed and url not in self.allowed:
            raise InvalidRequest(
                f"this test would connect to {url}, which may be a node that is in use: start jobs within `eager(app)`, `recorded(app)` or "
                "`simulated(app)` of taskbahn.testing, or take the fixture `taskbahn_app` for a real node of the test's own; "
                "`taskbahn_nodes = allow` in pytest's configuration lets tests connect anywhere"
            )


GUARD = Guard()
