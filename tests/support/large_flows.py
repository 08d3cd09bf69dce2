"""Large flows at a dispatcher in the process, with commits that tests let be made one by one."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from support.dispatcher_harness import DispatcherHarness, job_id
from support.flow_runner import FlowRunner, s
from support.storing import FakeSqliteStore, FakeStore
from taskbahn.protocol import messages
from taskbahn_router.submission import flows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from support.recorded_call import RecordedCall

ID = job_id(7)
SLICE = 4


@contextmanager
def flow_runner(kind: str, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[FlowRunner]:
    """Return a dispatcher over a kind of store, which takes slices of four jobs."""
    patch.setattr(flows, "SLICE_JOBS", SLICE)
    store = FakeStore() if kind == "memory" else FakeSqliteStore(folder)
    yield FlowRunner(DispatcherHarness(store), slots=2, echo=lambda *a: list(a), one=lambda: 1, total=sum, fail=_fail)
    store.close()


def _fail() -> None:
    raise ValueError("no")


def ones(count: int) -> dict[str, Any]:
    return {"group": [s("one")] * count}


def submit(runner: FlowRunner, flow: dict[str, Any], *, lasts: float = 1000, **more: Any) -> RecordedCall:
    """Submit a flow to a store that takes some more commits."""
    runner.harness.store.lasts = lasts
    asked = runner.harness.ask(messages.SUBMIT, [{"flow": flow, "id": ID, **more}])
    runner.harness.settle()
    runner.harness.store.lasts = 1000
    return asked


def begin(runner: FlowRunner, flow: dict[str, Any], *, commits: int) -> RecordedCall:
    """Submit a flow, and let some commits be made; the next one is on its way."""
    runner.harness.hold_commits()
    asked = runner.harness.ask(messages.SUBMIT, [{"flow": flow, "id": ID}])
    runner.harness.settle()
    for _ in range(commits):
        commit(runner)
    return asked


def commit(runner: FlowRunner) -> None:
    """Let the commit be made that is on its way."""
    runner.harness.writing.held.pop(0)()
    runner.harness.settle()


def stored(runner: FlowRunner) -> int:
    return len(runner.rows())
