"""`eager` and `simulated` agree about what becomes of a job, and what it has said."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskbahn import GiveUp, Retry, Taskbahn, WrongTask, current
from taskbahn.testing import eager, simulated

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn import Job

app = Taskbahn()


@dataclass
class Act:
    """One thing that an attempt does.   fails: attempts, from the first, that it ends."""

    kind: str
    n: int = 0
    fails: int = 0


class Broken(Exception):
    """What a task raises."""


def do(act: Act) -> None:
    attempt = current.attempt or 0
    if act.kind == "log":
        logging.getLogger("shop").warning("line %d", act.n)
    elif act.kind == "print":
        print(f"printed {act.n}")
    elif act.kind == "progress":
        current.progress(act.n, 10, message=f"{act.n} done", data={"n": act.n})
    elif act.kind == "stage":
        with current.stage(f"stage {act.n}", 4, weight=0.5) as stage:
            stage.advance(act.n % 4)
    elif act.kind == "chunk":
        current.chunk({"n": act.n})
    elif attempt <= act.fails:
        errors = {"retry": Retry(act.n), "give up": GiveUp(f"enough {act.n}"), "raise": Broken(f"no {act.n}")}
        raise errors[act.kind]


@app.task(name="plain", retries=2)
def plain(acts: list[Act]) -> int:
    for act in acts:
        do(act)
    return len(acts)


@app.task(name="on_loop", retries=1)
async def on_loop(acts: list[Act]) -> date:
    for act in acts:
        do(act)
        await asyncio.sleep(0)
    return date(2026, 1, len(acts) + 1)


@app.task(name="tries_once")
def tries_once(acts: list[Act]) -> None:
    for act in acts:
        do(act)


@app.task(name="yields", retries=2)
def yields(acts: list[Act]) -> Iterator[date]:
    for number, act in enumerate(acts, 1):
        do(act)
        yield date(2026, 1, number)


@app.task(name="yields_on_loop", retries=2, delivery="at_most_once")
async def yields_on_loop(acts: list[Act]) -> AsyncIterator[int]:
    for number, act in enumerate(acts):
        do(act)
        yield number


TASKS = [plain, on_loop, tries_once, yields, yields_on_loop]
KINDS = ["log", "print", "progress", "stage", "chunk", "retry", "give up", "raise"]
ACTS = st.lists(st.builds(Act, st.sampled_from(KINDS), st.integers(0, 9), st.integers(0, 3)), max_size=6)


def refused_for_its_id() -> str:
    job = plain.start([])
    assert plain.options(id=job.id).start([Act("log")]).result() == 0
    with pytest.raises(WrongTask) as wrong:
        tries_once.options(id=job.id).call([])
    with pytest.raises(WrongTask):
        tries_once.options(id=job.id).start([])
    return str(wrong.value).replace(job.id, "ID")


def test_an_id_of_another_tasks_job_is_refused_in_the_same_words() -> None:
    with eager(app):
        said = refused_for_its_id()
    with simulated(app):
        assert refused_for_its_id() == said
    assert said == (
        "job ID is of the task 'plain', not of 'tries_once'; nothing was accepted under its id: give a new id, or none"
    )


def known_of(job: Job[Any]) -> dict[str, Any]:
    """Return all that a caller can find out about a job that has ended, without times."""
    error = job.error()
    view, events = job.view(), list(job.events())
    try:
        chunks: Any = list(job.chunks())
    except Exception as raised:  # noqa: BLE001 - as the error of the job
        chunks = str(raised)
    progress = view.progress and {
        **view.progress,
        "stages": [
            {name: value for name, value in one.items() if not name.endswith("_at")} for one in view.progress.get("stages", ())
        ],
    }
    return {
        "result": None if error else job.result(),
        "error": (type(error), str(error), view.error),
        "chunks": chunks,
        "said": [(event.kind, event.data, event.attempt) for event in events if event.kind in ("chunk", "log")],
        "logs": [(line.level, line.logger, line.message, line.attempt) for line in job.logs()],
        "progress": progress,
        "view": (view.task, view.state, view.attempt, view.args, view.kwargs, view.result),
        "times": (view.started_at is None, view.finished_at is None),
    }


def in_thread(test: Callable[[], Any]) -> Any:
    """Run a test where no event loop runs: pytest-twisted has one in this thread."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(test()))
    thread.start()
    thread.join()
    return found[0]


@settings(max_examples=60, deadline=None)
@given(task=st.sampled_from(TASKS), acts=ACTS)
def test_eager_and_simulated_agree_on_all_that_a_job_leaves(task: Any, acts: list[Act]) -> None:
    def under(helper: Any) -> Any:
        with helper(app):
            return known_of(task.start(acts))

    assert in_thread(lambda: under(eager)) == in_thread(lambda: under(simulated))


def test_eager_gives_the_chunks_of_a_generator() -> None:
    with eager(app):
        assert list(yields.start([Act("log"), Act("log")]).chunks()) == [date(2026, 1, 1), date(2026, 1, 2)]
