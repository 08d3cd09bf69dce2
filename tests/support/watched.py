"""A dispatcher whose numbers are looked at, as the service looks at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from support.dispatcher_harness import DispatcherHarness
from taskbahn.protocol import messages, views
from taskbahn_router.model.pending_call import PendingCall

if TYPE_CHECKING:
    from support.storing import FakeSqliteStore, FakeStore


class Watched:
    """A harness with all that the service does about numbers: a look each second, and `taskbahn.view.history`."""

    def __init__(self, store: FakeStore | FakeSqliteStore | None = None) -> None:
        self.harness = DispatcherHarness(store)
        self._begin()

    def _begin(self) -> None:
        harness = self.harness
        self.history = harness.dispatcher.history
        self.overview, self.answers = harness.parts.status, harness.parts.history
        self.overview.look()

    def passes(self, seconds: int) -> None:
        for _ in range(seconds):
            self.harness.passes(1)
            self.overview.look()
        self.harness.settle()

    def restart(self, *, cleanly: bool, loading: float = 0.0) -> None:
        """A restart; *loading*: seconds between the begin of the counting and the look into the store."""
        if cleanly:
            self.harness.dispatcher.store_minutes(all_of_them=True)
            self.harness.settle()
        self.harness.restart()
        self.harness.passes(loading)
        self._begin()
        self.answers.load()

    def ask(self, **given: Any) -> views.History:
        harness = self.harness
        harness._requests += 1
        call = PendingCall(harness, harness._requests, messages.VIEW_HISTORY, [], given)
        sent: list[tuple[Any, ...]] = []
        harness.asked[call.request] = type("Sent", (), {"sent": sent})()
        self.answers.history(call)
        return msgspec.convert(sent[0][1], views.History)

    def status(self) -> views.Status:
        rest = {"version": "", "started_at": 0, "now": 0, "jobs": {}, "workers": 0, "slots": 0, "running": 0, "lag": 0}
        return msgspec.convert({**rest, **self.overview.status()}, views.Status)

    def one_job(self, *, wait: int = 0, seconds: float = 1.0, fails: bool = False, **options: Any) -> None:
        """A job that waits so long, on a worker that comes and goes."""
        self.harness.submit(**options)
        self.passes(wait)
        worker = self.harness.worker()
        if fails:
            worker.failed(*worker.take())
        else:
            worker.done(*worker.take(), seconds=seconds)
        self.harness.settle()
        worker.lost()
        self.harness.settle()
