"""How jobs stand, read in bulk through the client SDK."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from chaos.tasks import GATED, RATED
from taskbahn.protocol import messages
from taskbahn.protocol.states import FINAL_STATES, State

if TYPE_CHECKING:
    from taskbahn import Taskbahn
    from taskbahn.client.client import RawOutcome
    from taskbahn.errors import TaskbahnError

PAGE = 500
UNFINISHED = tuple(state for state in State if state not in FINAL_STATES)
PATIENCE = 120.0


class Standing(NamedTuple):
    """The state of a job: enough of it to see whether anything of an outcome changes. result: JSON text."""

    id: str
    task: str
    state: str
    attempt: int
    number: int
    finished_at: float | None
    result: str | None = None
    error: dict[str, Any] | None = None
    attempts: tuple[tuple[int, float, float | None, str], ...] = ()  # of tasks under limits: attempt, start, end, outcome
    root: str | None = None  # of a job that belongs to others
    parent: str | None = None


class Outcomes:
    """Takes outcomes from the client; see `taskbahn.client.client.OutcomeListener`."""

    def __init__(self, expected: int) -> None:
        self.taken_so_far: dict[str, RawOutcome] = {}
        self.complete = threading.Event()
        self._left = expected
        if not expected:
            self.complete.set()

    def take(self, outcome: RawOutcome) -> None:
        """Take the outcome of one job."""
        self.taken_so_far[outcome[0]] = outcome
        self._one_less()

    def batch_delivered(self) -> None:
        """There is nothing to do at the end of a message."""

    def fail(self, id: str, error: TaskbahnError) -> None:
        """The outcome cannot be had; the job will stand there without."""
        self._one_less()

    def _one_less(self) -> None:
        self._left -= 1
        if self._left <= 0:
            self.complete.set()


def unfinished(app: Taskbahn) -> bool:
    """Return whether any job has not ended."""
    return any(app.view.jobs(state=state, limit=1).jobs for state in UNFINISHED)


def due(app: Taskbahn) -> bool:
    """Return whether any schedule is to fire, or has due times that wait."""
    return any(view.next_at is not None or view.waiting for view in app.schedules.views())


def taken_permits(app: Taskbahn) -> list[str]:
    """Return the keys of limits on concurrency that are in use, or have jobs waiting."""
    limits = [limit for limit in app.view.limits().limits if limit.kind == "concurrency"]
    return [f"{limit.name} {key.key}: {key.used} used, {key.jobs} wait" for limit in limits for key in limit.keys]


def all_jobs(app: Taskbahn) -> dict[str, Standing]:
    """Return all jobs that there are, by id; those that have ended with their outcomes.  Raises TimeoutError."""
    found: dict[str, Standing] = {}
    before: Any = None
    while True:
        page = app.view.jobs(before=before, limit=PAGE)
        for view in page.jobs:
            row = (view.id, view.task, view.state, view.attempt, view.number, view.finished_at)
            found[view.id] = Standing(*row, root=view.root, parent=view.parent)
        before = page.next
        if before is None:
            break
    ended = [id for id, standing in found.items() if standing.state in FINAL_STATES]
    outcomes = _outcomes(app, ended)
    for id, (_, state, result, error) in outcomes.items():
        found[id] = found[id]._replace(state=state, result=result, error=error)
    for standing in list(found.values()):
        if standing.task in (*GATED, RATED):
            shown = app.job(standing.id).view().attempts
            known = tuple((one.attempt, one.started_at, one.ended_at, one.outcome) for one in shown)
            found[standing.id] = standing._replace(attempts=known)
    return found


def _outcomes(app: Taskbahn, ids: list[str]) -> dict[str, RawOutcome]:
    sink = Outcomes(len(ids))
    for start in range(0, len(ids), messages.MAX_WAIT):
        app.client.wait(ids[start : start + messages.MAX_WAIT], sink)
    if not sink.complete.wait(PATIENCE):
        raise TimeoutError(f"{len(ids) - len(sink.taken_so_far):,} of {len(ids):,} outcomes did not come within {PATIENCE:.0f} s")
    return sink.taken_so_far
