"""What a job is doing, and why it has not begun: for the error of a wait that is over."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.attempt.async_deadline import wait_within
from taskbahn.attempt.clock import CLOCK
from taskbahn.attempt.waiting import Deadline
from taskbahn.errors import TaskbahnError
from taskbahn.jobs.progress import progress_of
from taskbahn.protocol import messages, views
from taskbahn.protocol.states import FINAL_STATES, State

if TYPE_CHECKING:
    from collections.abc import Generator

    from taskbahn.client.client import Client
    from taskbahn.future import Future

LOOK_SECONDS = 2.0  # seconds to find out what a job is doing when a wait for it is over
MOST_REASONS = 3  # that an error names


def words_of(client: Client, id: str, timeout: float) -> str:
    """Return what a job is doing after a wait of *timeout* seconds, and what holds it, as a sentence without a full stop."""
    steps = _words(id, timeout)
    procedure = next(steps)
    try:
        while True:
            try:
                answer = client.ask(procedure, id).get(LOOK_SECONDS)
            except (TaskbahnError, TimeoutError) as error:
                procedure = steps.throw(error)
            else:
                procedure = steps.send(answer)
    except StopIteration as end:
        return str(end.value)


async def words_of_async(client: Client, id: str, timeout: float) -> str:
    """As `words_of`, for asyncio and Twisted."""
    steps = _words(id, timeout)
    procedure = next(steps)
    try:
        while True:
            try:
                answer = await _answer(client.ask(procedure, id))
            except (TaskbahnError, TimeoutError) as error:
                procedure = steps.throw(error)
            else:
                procedure = steps.send(answer)
    except StopIteration as end:
        return str(end.value)


async def _answer(asked: Future[Any]) -> Any:
    if not await wait_within(asked, None, Deadline(CLOCK.monotonic() + LOOK_SECONDS)):
        raise TimeoutError
    return asked.now()


def _words(id: str, timeout: float) -> Generator[str, Any, str]:
    """Return the words; each step is a procedure that is asked about the job."""
    try:
        view = msgspec.convert((yield messages.JOB_GET), views.JobView)
    except (TaskbahnError, TimeoutError) as error:
        words = str(error) or "no answer"
        return f"there is no outcome of job {id} after {timeout:g} s, and its state cannot be read ({words})"
    reasons: list[str] = []
    if view.state not in FINAL_STATES:
        with suppress(TaskbahnError, TimeoutError):
            reasons = _reasons((yield messages.JOB_EXPLAIN))
    said = f"job {id} ({view.task}) is {describe(view, has_reasons=bool(reasons))} after {timeout:g} s"
    return f"{said}: {'; '.join(reasons)}" if reasons else said


def _reasons(answer: Any) -> list[str]:
    """Return the first things that hold a job, as `job.explain()` names them."""
    found = msgspec.convert(answer, list[views.WaitReason])
    closed = [reason.why[:1].lower() + reason.why[1:] for reason in found if not reason.open]
    return closed[:MOST_REASONS] + ([f"and {len(closed) - MOST_REASONS} more"] if len(closed) > MOST_REASONS else [])


def describe(view: views.JobView, *, has_reasons: bool) -> str:
    """Say in a few words what a job is doing.   has_reasons: whether the sentence goes on with what holds it."""
    if view.state == State.RUNNING:
        progress = progress_of(view.progress)
        stages = [stage.name for stage in progress.stages if stage.ended_at is None and not stage.is_to_come]
        percent = f" {progress.fraction:.0%}" if progress.fraction is not None else ""
        doing = f", {' › '.join(stages) or 'at'}{percent}" if stages or percent else ""  # noqa: RUF001 - a separator, not a >
        if view.worker is None:  # a flow, whose members run
            return f"running ({doing.removeprefix(', ')})" if doing else "running"
        return f"running (attempt {view.attempt} on {view.worker}{doing})"
    if view.state == State.WAITING and view.due_at is not None:
        return f"waiting (due in {max(0.0, view.due_at - CLOCK.time()):.0f} s)"
    if view.state == State.READY and not has_reasons:
        return f"ready (in queue {view.queue!r}, no worker has taken it yet)"
    return view.state
