"""The callbacks that tasks declare for all their jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidFlow, did_you_mean
from taskbahn_router.core.flow_form import CALLBACKS
from taskbahn_router.core.flow_graph import compiled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn_router.core.flow_graph import Declared
    from taskbahn_router.core.flow_jobs import FlowJob

MOST_JOBS = 100  # that follow one job
NO_ID = bytes(16)


def check_callbacks(task: str, callbacks: Mapping[str, Any]) -> None:
    """Raise `InvalidFlow` for callbacks that a task declares and that cannot follow each of its jobs."""
    for word in callbacks:
        if word not in CALLBACKS:
            raise InvalidFlow(f"the declaration of {task}: {word!r:.100} is no callback{did_you_mean(word, CALLBACKS)}")
    if callbacks:
        member = {"task": task, **callbacks}
        try:  # two jobs in one flow, so that a name in them is there twice
            _jobs({"group": [member, member]}, NO_ID, {}, lambda _: {})
        except InvalidFlow as error:
            raise InvalidFlow(f"the callbacks that {task} declares: {error.message}", **error.detail) from None


def jobs_after(task: str, id: bytes, options: Mapping[str, Any], declared: Declared) -> list[FlowJob]:
    """Return a job of a task, and those that follow it.  options: what these inherit."""
    return _jobs({"task": task}, id, options, declared)


def _jobs(flow: Mapping[str, Any], id: bytes, options: Mapping[str, Any], declared: Declared) -> list[FlowJob]:
    steps = compiled(flow, id, options, MOST_JOBS, declared)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            jobs: list[FlowJob] = end.value
            return jobs
