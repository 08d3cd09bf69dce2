"""A store that refuses when a test asks for it, and a runner that may be slow, in the thread of the test."""

from __future__ import annotations

import math
import sqlite3
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, fail, maybeDeferred

from taskbahn.errors import StoreUnavailable
from taskbahn_router.stores.memory import MemoryStore
from taskbahn_router.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from taskbahn_router.stores.contract import CommitBatch, CommitResult, StartState
    from taskbahn_router.stores.sqlite.reader import SqliteReader


class FakeStore(MemoryStore):
    """Refuses commits while `refuses` says so, or from the end of `lasts` on, and remembers how often each job was started and ended."""

    def __init__(self) -> None:
        super().__init__()
        self.refuses = ""
        self.lasts = math.inf  # commits until it refuses
        self.commits: list[CommitBatch] = []

    def commit(self, batch: CommitBatch) -> CommitResult:
        if self.lasts <= 0:
            self.refuses, self.lasts = "full", math.inf
        if self.refuses:
            raise StoreUnavailable(self.refuses)
        self.lasts -= 1
        self.commits.append(batch)
        return super().commit(batch)


def changes(store: FakeStore | FakeSqliteStore) -> int:
    """Return how many commits there were, but for those that only say in the audit what was refused."""
    return sum(not batch.audit for batch in store.commits)


class QuickStore(SqliteStore):
    """SQLite without what makes it durable, which is not the question where this is used."""

    def open(self) -> StartState:
        start = super().open()
        assert self._connection is not None
        self._connection.execute("PRAGMA synchronous = OFF")
        return start

    def _lengthen_log(self, connection: sqlite3.Connection) -> None:
        pass


class FakeSqliteStore(QuickStore):
    """As `FakeStore`, over SQLite; all readers are one."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.refuses = ""
        self.lasts = math.inf  # commits until it refuses
        self.commits: list[CommitBatch] = []
        self._reader: SqliteReader | None = None

    def commit(self, batch: CommitBatch) -> CommitResult:
        if self.lasts <= 0:
            self.refuses, self.lasts = "full", math.inf
        if self.refuses:
            raise StoreUnavailable(self.refuses)
        self.lasts -= 1
        self.commits.append(batch)
        return super().commit(batch)

    def reader(self) -> SqliteReader:
        if self._reader is None:
            self._reader = super().reader()
        return self._reader


class FakeRunner:
    """Runs functions at once, or holds them, or what came of them, back until `release`; when it *fails*, the store is unavailable."""

    def __init__(self) -> None:
        self.holds = False
        self.holds_answers = False
        self.fails = ""
        self.held: list[Callable[[], object]] = []

    def run(self, function: Callable[..., Any], *args: Any) -> Deferred[Any]:
        if self.fails:
            return fail(StoreUnavailable(self.fails))
        if not self.holds and not self.holds_answers:
            return maybeDeferred(function, *args)
        done: Deferred[Any] = Deferred()
        if self.holds_answers:
            came = maybeDeferred(function, *args)
            self.held.append(lambda: came.chainDeferred(done))
            return done
        self.held.append(lambda: maybeDeferred(function, *args).chainDeferred(done))
        return done

    def release(self) -> None:
        """Run what is held, and hold no longer."""
        self.holds = self.holds_answers = False
        held, self.held = self.held, []
        for run in held:
            run()
