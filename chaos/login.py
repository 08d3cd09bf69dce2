"""The login of a storm: a token for each part of the cast, and for the page one after the other that ends soon."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from taskbahn import Taskbahn
from taskbahn.errors import TaskbahnError
from taskbahn_router.access.offline import create_token

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "page"
"""The kind of client that logs in with browser tokens, as a page does."""
PAGE_TAGS = ["page:1"]
EXPIRES = 12.0  # seconds that a browser token is good for: sessions end by it, again and again
RENEW = 5.0  # seconds after which the page gets another one
PATIENCE = 300.0  # seconds for a node that is away
ROLES = {"worker": "worker", "client": "client", "operator": "operator"}
OPERATORS = frozenset(("schedule", "trigger", "people", "parent"))  # kinds of clients that see or change what is not their own


def make_tokens(data: Path) -> dict[str, str]:
    """Return a token of each role, of a node that has not run yet."""
    return {role: create_token(data, f"chaos-{name}", role, None, "chaos")[0] for name, role in ROLES.items()}


def role_of(kind: str) -> str:
    """Return the role of a kind of clients."""
    return "operator" if kind in OPERATORS else "client"


class PageTokens:
    """Gets browser tokens from the node, as the backend of a page does."""

    def __init__(self, url: str) -> None:
        self._backend = Taskbahn(url, timeout=PATIENCE, connect_within=PATIENCE)
        self._ends = threading.Event()
        self._text = self._next()
        self._thread = threading.Thread(target=self._renew, name="page-tokens", daemon=True)
        self._thread.start()

    def newest(self) -> str:
        """Return the newest one.  Raises TimeoutError while the node gives none; then the page tries again."""
        if time.monotonic() > self._until:
            raise TimeoutError("the backend has no token that is good")
        return self._text

    def close(self) -> None:
        """Get no more."""
        self._ends.set()
        self._thread.join()
        self._backend.close()

    def _next(self) -> str:
        began = time.monotonic()
        text = self._backend.token(start=["*"], tags=PAGE_TAGS, cancel=True, expires=EXPIRES)
        self._until = began + EXPIRES
        return text

    def _renew(self) -> None:
        while not self._ends.wait(RENEW):
            try:
                self._text = self._next()
            except TaskbahnError:  # the node is away; the next one comes later
                continue
