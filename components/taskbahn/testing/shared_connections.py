"""Django's connections to databases in tests: tasks that run in other threads see what the test's transaction has.

Django's `TestCase` wraps each test into a transaction that nothing commits. A connection belongs to a thread, so the threads of tasks
would look from outside: at a table that is locked, or at none of the test's rows. They get the test's own connection instead, as the
live server of Django's tests does. One thread at a time runs then: the test waits while a task does.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class SharedConnections:
    """Those connections of the thread that makes it which are within a transaction; none without Django."""

    def __init__(self) -> None:
        self._all: Any = getattr(sys.modules.get("django.db"), "connections", None)
        found = () if self._all is None else self._all.all(initialized_only=True)
        self._shared = {one.alias: one for one in found if one.in_atomic_block}
        self._before: dict[int, dict[str, Any]] = {}  # what threads had under their names
        self._users: Counter[int] = Counter()  # by thread

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Let other threads use them meanwhile."""
        for one in self._shared.values():
            one.inc_thread_sharing()
        try:
            yield
        finally:
            for one in self._shared.values():
                one.dec_thread_sharing()

    @contextlib.contextmanager
    def here(self) -> Iterator[None]:
        """Have this thread use them meanwhile."""
        self._begin()
        try:
            yield
        finally:
            self._end()

    @contextlib.asynccontextmanager
    async def in_loop(self) -> AsyncIterator[None]:
        """Have coroutines use them meanwhile: Django's asynchronous methods look into the database in a thread of their own."""
        if not self._shared:
            yield
            return
        sync_to_async: Any = importlib.import_module("asgiref.sync").sync_to_async  # it comes with Django
        with self.here():
            await sync_to_async(self._begin)()
            try:
                yield
            finally:
                await sync_to_async(self._end)()

    def _begin(self) -> None:
        """Use them in this thread; coroutines of several attempts share one."""
        id = threading.get_ident()
        if self._shared and id not in self._before:
            self._before[id] = {one.alias: one for one in self._all.all(initialized_only=True) if one.alias in self._shared}
            for alias, one in self._shared.items():
                self._all[alias] = one
        self._users[id] += 1

    def _end(self) -> None:
        id = threading.get_ident()
        self._users[id] -= 1
        if self._users[id]:
            return
        before = self._before.pop(id, {})
        for alias in self._shared:
            if alias in before:
                self._all[alias] = before[alias]
            else:
                del self._all[alias]
