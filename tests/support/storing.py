"""A store that refuses when it is told to, and a thread that is none and may be slow: what a dispatcher of the tests stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, fail, maybeDeferred

from taskbahn.errors import StoreUnavailable
from taskbahn_router.stores.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.stores.contract import Batch, CommitResult


class FakeStore(MemoryStore):
    """Refuses commits while `refuses` says so, and remembers how often each job was started and ended."""

    def __init__(self) -> None:
        super().__init__()
        self.refuses = ""
        self.commits: list[Batch] = []

    def commit(self, batch: Batch) -> CommitResult:
        if self.refuses:
            raise StoreUnavailable(self.refuses)
        self.commits.append(batch)
        return super().commit(batch)


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
