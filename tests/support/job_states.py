"""Jobs in the state that a test wants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.dispatcher_harness import job_id
from taskbahn.protocol import messages
from taskbahn.protocol.states import State

if TYPE_CHECKING:
    from support.dispatcher_harness import DispatcherHarness, FakeWorker


def bring(harness: DispatcherHarness, worker: FakeWorker, state: State, id: str = job_id(1)) -> None:
    """Bring the job *id* into a state."""
    if state is State.READY:
        worker.lost()
    options: dict[State, dict[str, Any]] = {State.WAITING: {"delay": 50}, State.EXPIRED: {"start_within": 1}}
    harness.submit(id=id, **options.get(state, {}))
    harness.settle()
    worker.take()
    if state is State.SUCCEEDED:
        worker.done((id, 1))
    elif state is State.FAILED:
        worker.failed((id, 1))
    elif state is State.CANCELLED:
        harness.ask(messages.JOB_CANCEL, [id])
    elif state is State.EXPIRED:
        worker.hands_back((id, 1), draining=True)
        harness.passes(2)
    harness.settle()
    assert harness.state(id) == state
