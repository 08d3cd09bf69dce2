"""What a client of any release does with a node: run as a program, prints what it has seen as JSON.

python -m support.release_client URL FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import taskbahn
from taskbahn import JobCancelled, JobFailed, State, Taskbahn, UnknownJob, UnknownTask

SECONDS = 40.0
UNKNOWN_JOB = "0192f0c1-2d3e-7abc-8def-0123456789ab"


def main(url: str, folder: Path) -> dict[str, Any]:
    """Use the client in each way that a user would."""
    with Taskbahn(url) as app:
        seen = {
            "package": str(Path(taskbahn.__file__).parents[1]),
            "call": app.get("release.add").call(1, b=2),
            "batch": app.get("release.add").start_many((n,) for n in range(300)).results(SECONDS),
        }
        return {**seen, **results(app), **errors(app), **events(app, folder / "gate"), **cancelled(app), **questions(app)}


def results(app: Taskbahn) -> dict[str, Any]:
    """Know a job by its id."""
    job = app.get("release.add").options(tags=["old"], priority=3).start(20, 22)
    same = app.job(job.id)
    result = same.result(SECONDS)
    view = same.view()
    return {"result": result, "view": [view.task, view.state, view.args, view.result, view.tags, view.priority]}


def errors(app: Taskbahn) -> dict[str, Any]:
    """Catch errors by their class."""
    caught = {}
    for name, kind, ask in (
        ("failed", JobFailed, lambda: app.get("release.fail").call("no such photograph")),
        ("task", UnknownTask, lambda: app.get("release.ad").start()),
        ("job", UnknownJob, lambda: app.job(UNKNOWN_JOB).view()),
    ):
        try:
            ask()
        except kind as error:
            caught[name] = str(error)
    return {"errors": caught}


def events(app: Taskbahn, gate: Path) -> dict[str, Any]:
    """Follow a job while it runs."""
    job = app.get("release.process_talk").start(str(gate))
    kinds = []
    for event in job.events():
        kinds.append(event.kind)
        if event.kind == "chunk":
            gate.touch()
    return {"kinds": kinds, "logs": [line.message for line in job.logs()], "talked": job.result(SECONDS)}


def cancelled(app: Taskbahn) -> dict[str, Any]:
    """Cancel a job that waits and one that runs; start the first once more, in a queue in which it waits for a worker."""
    waiting = app.get("release.add").options(delay=60, queue="unserved").start(1)
    running = app.get("release.thread_talk").start("/no/such/gate")
    next(event for event in running.events() if event.kind == "chunk")
    states = [waiting.cancel("enough").value]
    running.cancel("enough")
    try:
        running.result(SECONDS)
    except JobCancelled as error:
        states.append(str(error))
    return {"cancelled": [*states, waiting.retry() in set(State), waiting.cancel().value]}


def questions(app: Taskbahn) -> dict[str, Any]:
    """Ask all that can be asked."""
    view = app.view
    found = view.jobs(state="succeeded", task="release.add", tag="old").jobs
    asked = [view.status(), view.tasks(), view.queues(), view.workers(), view.settings(), view.history(), view.errors()]
    return {"found": len(found), "answers": [bool(answer) for answer in asked]}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]))))
